-- Part of the scripts that touch the line: places, who is there, who has been silent for too long.

-- So many fit a packed sorted set (Redis' default is 128 entries).
local PAGE_SIZE = 64
-- Clients looked after by one script; more wait for the next, so that nobody else waits long.
local SWEEP_MOST = 2000
-- Longer than the longest interval between two polls.
local AMNESTY_MS = 65000

-- A sequence is the time of the arrival in 1/4096 ms.
local function joined_at(sequence) return math.floor(sequence / 4096) end

local function page_key(page) return prefix .. 'page:' .. page end

-- The last page that begins at or before the sequence.
local function page_of(sequence)
  return redis.call('ZREVRANGEBYSCORE', PAGES, whole(sequence), '-inf', 'LIMIT', 0, 1)[1]
end

local function new_page(sequence)
  set('pages', room.pages + 1)
  redis.call('ZADD', PAGES, whole(sequence), whole(room.pages))
  return whole(room.pages)
end

-- The page for a client who comes; an arrival at the end fills the last page and begins the next.
local function page_for(sequence, at_the_end)
  if not at_the_end then return page_of(sequence) or new_page(sequence) end
  if not room.page or room.filled >= PAGE_SIZE then
    local before = room.page and whole(room.page)
    if before and redis.call('EXISTS', page_key(before)) == 0 then
      redis.call('ZREM', PAGES, before)
    end
    set('page', tonumber(new_page(sequence)))
    set('filled', 0)
  end
  set('filled', room.filled + 1)
  return whole(room.page)
end

local function look_after(member, page, deadline)
  redis.call('ZADD', page_key(page), whole(deadline), member)
  redis.call('ZADD', DUE, 'LT', whole(deadline), page)
end

-- The client's sequence, and whether it counts as there. nil: it does not stand in line.
local function place_of(member)
  local score = redis.call('ZSCORE', LINE, member)
  if score then return score * 4096, true end
  score = redis.call('ZSCORE', AWAY, member)
  if score then return score * 4096, false end
  return nil
end

-- Waiting state ends the waiting TTL after a sign of life.
local function keep_state(member)
  local state, lapse = prefix .. 's:' .. member, whole(room.now + rules.waitingTtlMs)
  if redis.call('PEXPIREAT', state, lapse) == 0 then
    redis.call('SET', state, '1', 'PXAT', lapse)
  end
end

local function deadline_after(poll_after)
  return room.now + math.min((2 * poll_after + 5) * 1000 + 1, rules.waitingTtlMs)
end

-- The client was heard now and told when to ask again; it is absent once its grace is over.
local function expect_within(member, page, poll_after)
  look_after(member, page, deadline_after(poll_after))
  keep_state(member)
end

-- The same for one that is on this page and was expected earlier: what is due of the page stays
-- true. False: it is not so, and nothing was done.
local function expect_later(member, page, poll_after)
  local deadline = whole(deadline_after(poll_after))
  if redis.call('ZADD', page_key(page), 'XX', 'GT', 'CH', deadline, member) == 0 then
    return false
  end
  keep_state(member)
  return true
end

local function come_back(member, sequence)
  redis.call('ZREM', AWAY, member)
  redis.call('ZADD', LINE, exact(sequence / 4096), member)
end

local function close_page(page)
  redis.call('ZREM', DUE, page)
  if page ~= (room.page and whole(room.page)) then redis.call('ZREM', PAGES, page) end
end

-- Takes a client's place away.
local function drop(member, sequence, present)
  redis.call('ZREM', present and LINE or AWAY, member)
  redis.call('DEL', prefix .. 's:' .. member)
  local page = page_of(sequence)
  redis.call('ZREM', page_key(page), member)
  if redis.call('EXISTS', page_key(page)) == 0 then close_page(page) end
end

-- While a room recovers, who was served since must not come back by a ticket of before.
local function remember_served(member)
  if room.returning ~= 1 or room.now >= room.born + rules.waitingTtlMs then return end
  redis.call('SADD', SERVED, member)
  redis.call('PEXPIREAT', SERVED, whole(room.born + rules.waitingTtlMs))
end

-- Admitted or left: no ticket brings this place back.
local function drop_for_good(member, sequence, present)
  drop(member, sequence, present)
  redis.call('ZREM', LAPSED, member)
  remember_served(member)
end

local function lapse(member, sequence, present)
  drop(member, sequence, present)
  set('abandoned', room.abandoned + 1)
  redis.call('ZADD', LAPSED, 'LT', whole(sequence), member)
  if redis.call('ZCARD', LAPSED) > rules.mostWaiting then redis.call('ZPOPMAX', LAPSED) end
end

-- The client's deadline is over: it gives way, or is forgotten.
local function give_way(member)
  local sequence, present = place_of(member)
  if not sequence then return end
  local lapses = redis.call('PEXPIRETIME', prefix .. 's:' .. member)
  if lapses <= room.now then return lapse(member, sequence, present) end
  if present then
    redis.call('ZREM', LINE, member)
    redis.call('ZADD', AWAY, exact(sequence / 4096), member)
  end
  redis.call('ZADD', page_key(page_of(sequence)), whole(lapses), member)
end

local function sweep_page(page, most)
  local late = redis.call('ZRANGEBYSCORE', page_key(page), '-inf', whole(room.now), 'LIMIT', 0, most)
  for _, member in ipairs(late) do give_way(member) end
  local first = redis.call('ZRANGE', page_key(page), 0, 0, 'WITHSCORES')
  if first[2] then redis.call('ZADD', DUE, first[2], page) else close_page(page) end
  return math.max(1, #late)
end

-- Where clients wait, some process looks at least twice a second. If none did, Redis or all of
-- them were away and nobody could be heard: silence counts again when everybody has had the time.
local function forgives()
  if room.looked and room.now - room.looked > rules.outageMs then
    set('amnesty', room.now + AMNESTY_MS)
  end
  return room.amnesty and room.now < room.amnesty
end

-- Time passes: the silent give way. True when nobody is left to look after now.
local function sweep()
  local budget = SWEEP_MOST
  while true do
    local first = redis.call('ZRANGE', DUE, 0, 0, 'WITHSCORES')
    if not first[2] or tonumber(first[2]) > room.now or forgives() then return true end
    if budget <= 0 then return false end
    budget = budget - sweep_page(first[1], budget)
  end
end
