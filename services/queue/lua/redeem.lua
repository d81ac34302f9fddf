-- include clock room passes
--
-- Purpose: spends passes, each for one purchase; the same purchase may present its pass again.
-- Atomic because: of two purchases with one pass, one must be refused.
-- Clock: Redis TIME, never going back.
-- KEYS:
--   1 the line
-- ARGV:
--   1 rules: JSON {waitingTtlMs, mostWaiting, outageMs, settings}
--   2 epoch the caller knows, or empty
--   3 empty
--   4 batch: JSON [[id, token, key of the purchase]]
-- RETURNS: {"done", epoch, {"redeemed" | "replayed" | "invalid", …}}
--   or {"absent"}: there is no room, or {"lost"}: nothing was done
-- Repeats safely: the key is remembered for one more TTL, and its repetition is "replayed".

local lost = enter(false)
if lost then return { lost } end
forget_passes()

local function redeem_again(member, token, key)
  local text = redis.call('HGET', SPENT, token)
  local forget = redis.call('ZSCORE', ENDS, token)
  if not text or tonumber(forget) <= room.now then return 'invalid' end
  local spent = cjson.decode(text)
  return spent.member == member and spent.key == key and 'replayed' or 'invalid'
end

local function redeem(id, token, key)
  local member = member_of(id)
  local pass = live_pass(member)
  if not pass or pass.token ~= token then return redeem_again(member, token, key) end
  remove_pass(member)
  local spent = { member = member, key = key, pass = pass_text(pass) }
  redis.call('HSET', SPENT, token, cjson.encode(spent))
  redis.call('ZADD', ENDS, whole(room.now + pass.ttl), token)
  return 'redeemed'
end

local answers = {}
for at, one in ipairs(cjson.decode(ARGV[4])) do answers[at] = redeem(one[1], one[2], one[3]) end
save()
return { 'done', room.epoch, answers }
