-- include clock room presence passes
--
-- Purpose: gives back what this very purchase has spent, when the reservation was refused.
-- Atomic because: nobody may ever hold two passes, or a pass and a place.
-- Clock: Redis TIME, never going back.
-- KEYS:
--   1 the line
-- ARGV:
--   1 rules: JSON {waitingTtlMs, mostWaiting, outageMs, settings}
--   2 epoch the caller knows, or empty
--   3 empty
--   4 batch: JSON [[id, token, key of the purchase]]
-- RETURNS: {"done", epoch, {"restored" | "nothing", …}}
--   or {"absent"}: there is no room, or {"lost"}: nothing was done
-- Repeats safely: what is given back is not spent any more.

local lost = enter(false)
if lost then return { lost } end
sweep()
forget_passes()

local function restore(id, token, key)
  local member = member_of(id)
  local text = redis.call('HGET', SPENT, token)
  if not text then return 'nothing' end
  local spent = cjson.decode(text)
  local pass = pass_from(spent.pass)
  if spent.member ~= member or spent.key ~= key then return 'nothing' end
  if pass.expires <= room.now or live_pass(member) then return 'nothing' end
  redis.call('HDEL', SPENT, token)
  redis.call('ZREM', ENDS, token)
  keep_pass(member, pass)
  -- One that joined anew meanwhile has its pass again and needs no second one.
  local sequence, present = place_of(member)
  if sequence then drop_for_good(member, sequence, present) end
  return 'restored'
end

local answers = {}
for at, one in ipairs(cjson.decode(ARGV[4])) do answers[at] = restore(one[1], one[2], one[3]) end
save()
return { 'done', room.epoch, answers }
