-- Part of the scripts that touch passes: live ones by client, spent ones by token.

-- Passes forgotten by one script. One that is over counts as gone whether forgotten yet or not.
local FORGET_MOST = 1000

local function member_of(client) return 'u:' .. client end

local function pass_text(pass)
  return table.concat({
    pass.token, whole(pass.sequence), whole(pass.admitted), whole(pass.expires), whole(pass.ttl),
  }, ' ')
end

local PASS_TEXT = '^(%S+) (%d+) (%d+) (%d+) (%d+)'

local function pass_from(text)
  local token, sequence, admitted, expires, ttl = string.match(text, PASS_TEXT)
  return {
    token = token, sequence = tonumber(sequence), admitted = tonumber(admitted),
    expires = tonumber(expires), ttl = tonumber(ttl),
  }
end

local function keep_pass(member, pass)
  redis.call('HSET', PASSES, member, pass_text(pass))
  redis.call('ZADD', LIVE, whole(pass.expires), member)
  redis.call('SET', prefix .. 'pass:' .. member, pass.token, 'PXAT', whole(pass.expires))
end

local function remove_pass(member)
  redis.call('HDEL', PASSES, member)
  redis.call('ZREM', LIVE, member)
  redis.call('DEL', prefix .. 'pass:' .. member)
end

-- Neither spent nor expired.
local function live_pass(member)
  local text = redis.call('HGET', PASSES, member)
  if not text then return nil end
  local pass = pass_from(text)
  if pass.expires <= room.now then return nil end
  return pass
end

local function forget_passes()
  local over = redis.call('ZRANGEBYSCORE', LIVE, '-inf', whole(room.now), 'LIMIT', 0, FORGET_MOST)
  for _, member in ipairs(over) do remove_pass(member) end
  local old = redis.call('ZRANGEBYSCORE', ENDS, '-inf', whole(room.now), 'LIMIT', 0, FORGET_MOST)
  for _, token in ipairs(old) do
    redis.call('HDEL', SPENT, token)
    redis.call('ZREM', ENDS, token)
  end
end
