-- include clock room presence passes gate
--
-- Purpose: issues the passes that are due now to the earliest clients who are there.
-- Atomic because: several processes look at once, and together they must keep every window.
-- Clock: Redis TIME, never going back.
-- KEYS:
--   1 the line
-- ARGV:
--   1 rules: JSON {waitingTtlMs, mostWaiting, outageMs, settings}
--   2 epoch the caller knows, or empty
--   3 random secret text: the new passes are derived from it
--   4 look: JSON {opensAtMs, closesAtMs, cancelled, seen (number of the last admission that the
--       caller knows), most (passes of one call), keep (entries of the journal), keepMs (of an
--       ended sale's room)}
-- RETURNS: {"looked", epoch, now, waiting, look again ms | -1, number of the last admission,
--     last sequence given, permits, ttl, paused, pacing, draining, version,
--     {number, client, token, admitted ms, expires ms, waited ms, sequence, …},
--     {number, client, ms, …}}
--   the passes of this call, and the admissions of others that the caller has not seen
--   or {"absent"}: there is no room, {"lost"} or {"rewound"}: it knows less than the caller; nothing was done
-- Repeats safely: the second time it is one more look, and tells what the first one admitted.

local lost = enter(false)
if lost then return { lost } end
local look = cjson.decode(ARGV[4])
if look.seen > room.number then return { 'rewound' } end

local all_swept = sweep()
forget_passes()
set('looked', room.now)

-- After a loss: whatever could have been issued since anybody looked last counts as issued.
local function presume()
  if not room.presume or room.now < room.closed then return end
  local left = math.max(0, room.permits - in_window())
  local most = left
  if room.pacing == 'smooth' then
    most = math.ceil((room.presume + ACCUMULATED_MS) / interval_ms()) + 1
  end
  for at = 1, math.min(left, most) do
    redis.call('ZADD', TIMES, whole(room.lost), 'lost:' .. whole(room.lost) .. ':' .. at)
  end
  counted = nil
  redis.call('HDEL', META, 'presume')
  room.presume = nil
end

local function gate()
  if look.cancelled or room.now >= look.closesAtMs or room.paused == 1 then return false, -1 end
  if room.now < look.opensAtMs then return false, look.opensAtMs - room.now end
  if room.now < room.closed then return false, room.closed - room.now end
  return true
end

local function new_token(number)
  local hex = redis.sha1hex(ARGV[3] .. ':' .. whole(number))
  local variant = string.sub('89ab', tonumber(string.sub(hex, 17, 17), 16) % 4 + 1)
  return string.format('pass_%s-%s-4%s-%s%s-%s', string.sub(hex, 1, 8), string.sub(hex, 9, 12),
    string.sub(hex, 14, 16), string.sub(variant, 1, 1), string.sub(hex, 18, 20),
    string.sub(hex, 21, 32))
end

-- The earliest who are there; whom the sweep has not reached yet is looked at here.
local function first_present(most)
  local found = redis.call('ZRANGE', LINE, 0, most - 1, 'WITHSCORES')
  if all_swept then return found end
  local there = {}
  for at = 1, #found, 2 do
    local member, sequence = found[at], found[at + 1] * 4096
    local deadline = redis.call('ZSCORE', page_key(page_of(sequence)), member)
    if tonumber(deadline) > room.now then
      there[#there + 1] = member
      there[#there + 1] = found[at + 1]
    else
      give_way(member)
    end
  end
  return there
end

local issued = {}

local function issue(member, sequence)
  set('number', room.number + 1)
  drop_for_good(member, sequence, true)
  local pass = {
    token = new_token(room.number), sequence = sequence, admitted = room.now,
    expires = room.now + room.ttl * 1000, ttl = room.ttl * 1000,
  }
  keep_pass(member, pass)
  redis.call('ZADD', TIMES, whole(room.now), room.epoch .. ':' .. whole(room.number))
  local client, joined = string.sub(member, 3), joined_at(sequence)
  redis.call('XADD', JOURNAL, 'MAXLEN', '~', look.keep, whole(room.number) .. '-0',
    'c', client, 'j', whole(joined), 'a', whole(room.now))
  local waited = math.max(0, room.now - joined)
  local told = { room.number, client, pass.token, pass.admitted, pass.expires, waited, sequence }
  for _, value in ipairs(told) do issued[#issued + 1] = value end
end

local function admit()
  local permits = math.min(permits_now(), look.most)
  local done = 0
  while done < permits do
    local there = first_present(permits - done)
    if #there == 0 and (all_swept or redis.call('ZCARD', LINE) == 0) then break end
    for at = 1, #there, 2 do issue(there[at], there[at + 1] * 4096) end
    done = done + #there / 2
  end
  set('next', paced_from() + done * interval_ms())
  counted = in_window() + done
end

-- What others have admitted meanwhile.
local function elsewhere(from, to)
  local others = {}
  if from >= to then return others end
  local found = redis.call('XRANGE', JOURNAL, whole(from + 1) .. '-0', whole(to) .. '-0')
  for _, entry in ipairs(found) do
    local fields = entry[2]
    others[#others + 1] = tonumber(string.match(entry[1], '^%d+'))
    others[#others + 1] = fields[2]
    others[#others + 1] = tonumber(fields[6])
  end
  return others
end

local before = room.number
presume()
local open, again = gate()
if open then
  admit()
  again = next_permit() - room.now
end
save()
if room.now >= look.closesAtMs then
  redis.call('PEXPIRE', META, look.keepMs)
  redis.call('PEXPIRE', JOURNAL, look.keepMs)
end
local waiting = redis.call('ZCARD', LINE) + redis.call('ZCARD', AWAY)
return {
  'looked', room.epoch, room.now, waiting, again, room.number,
  room.last, room.permits, room.ttl, room.paused, room.pacing, room.draining, room.version,
  issued, elsewhere(look.seen, before),
}
