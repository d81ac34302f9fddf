-- include clock room presence passes
--
-- Purpose: clients give up their places, and passes that are not spent.
-- Atomic because: a client that is admitted at the same instant must lose the pass as well.
-- Clock: Redis TIME, never going back.
-- KEYS:
--   1 the line
-- ARGV:
--   1 rules: JSON {waitingTtlMs, mostWaiting, outageMs, settings}
--   2 epoch the caller knows, or empty
--   3 empty
--   4 batch: JSON [id]
-- RETURNS: {"done", epoch, {"left" | "notInLine", …}}
--   or {"absent"}: there is no room, or {"lost"}: nothing was done
-- Repeats safely: who has left is not in line.

local lost = enter(false)
if lost then return { lost } end
sweep()

local function leave(id)
  local member = member_of(id)
  local pass = live_pass(member)
  if pass then
    remove_pass(member)
    remember_served(member)
  end
  local sequence, present = place_of(member)
  if sequence then
    drop_for_good(member, sequence, present)
    set('abandoned', room.abandoned + 1)
  end
  return (pass or sequence) and 'left' or 'notInLine'
end

local answers = {}
for at, id in ipairs(cjson.decode(ARGV[4])) do answers[at] = leave(id) end
save()
return { 'done', room.epoch, answers }
