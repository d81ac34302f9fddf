-- Part of the scripts that speak of admission: the same rules as admission.ts and advice.ts, which
-- explain them; a model-based test holds the two together.

local ACCUMULATED_MS = 1000

local counted

-- Admissions in the window that ends now, both ends included.
local function in_window()
  if not counted then
    redis.call('ZREMRANGEBYSCORE', TIMES, '-inf', '(' .. whole(room.now - WINDOW_MS))
    counted = redis.call('ZCARD', TIMES)
  end
  return counted
end

local function time_at(rank)
  local found = redis.call('ZRANGE', TIMES, rank, rank, 'WITHSCORES')
  return found[2] and tonumber(found[2])
end

local function interval_ms() return WINDOW_MS / room.permits end

local function paced_from()
  local earliest, latest = room.now - ACCUMULATED_MS, room.now + interval_ms()
  return math.min(latest, math.max(earliest, room.next))
end

local function window_opens()
  local blocking = in_window() - room.permits
  if blocking < 0 then return room.now end
  return math.max(room.now, time_at(blocking) + WINDOW_MS + 1)
end

-- When the next permit opens; now, when one is open.
local function next_permit()
  local paced = room.pacing == 'smooth' and math.ceil(paced_from()) or -math.huge
  return math.max(room.now, paced, window_opens(), room.closed)
end

local function permits_now()
  local left = math.max(0, room.permits - in_window())
  if room.pacing == 'burst' then return left end
  local ahead = room.now - paced_from()
  if ahead < 0 then return 0 end
  return math.min(left, math.floor(ahead / interval_ms()) + 1)
end

-- Nothing in it changes while polls and joins are answered.
local next_permit_ms

local function wait_ms(position, opens)
  local from = math.max(room.now, opens or room.now, room.closed)
  if room.pacing == 'smooth' then
    next_permit_ms = next_permit_ms or next_permit()
    return math.max(from, next_permit_ms) + position * interval_ms() - room.now
  end
  local left = math.max(0, room.permits - in_window())
  if position < left then return from - room.now end
  local behind = position - left
  local before = time_at(behind % room.permits) or from
  local minutes = math.floor(behind / room.permits)
  return math.max(from, before + WINDOW_MS + 1) + minutes * WINDOW_MS - room.now
end

local function poll_after(ms, longest, factor)
  return math.min(longest, math.max(1, math.floor(ms / 1000 * factor + 0.5)))
end

-- estimatedWaitSeconds, pollAfterSeconds
local function advise_waiting(position, opens, longest, factor)
  local wait = wait_ms(position, opens)
  local until_start = math.max(0, (opens or 0) - room.now)
  return math.ceil(wait / 1000), poll_after(math.max(wait / 2, until_start), longest, factor)
end

local function advise_admitted(pass, longest, factor)
  return poll_after((pass.expires - room.now) / 2, longest, factor)
end
