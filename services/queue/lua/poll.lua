-- include clock room presence passes gate
--
-- Purpose: tells clients where they stand, or their pass; a poll is a sign of life.
-- Atomic because: a position must count those ahead at one instant, and the sign of life must not
--   bring back a place that an admission is just taking.
-- Clock: Redis TIME, never going back.
-- KEYS:
--   1 the line
-- ARGV:
--   1 rules: JSON {waitingTtlMs, mostWaiting, outageMs, settings}
--   2 epoch the caller knows, or empty
--   3 empty
--   4 batch: JSON {opensAtMs?, clients: [[id, longest, factor]]}
-- RETURNS: {"polled", epoch, {answer…}} with an answer for each client:
--   {position, wait s, poll after s} | {token, admitted ms, expires ms, poll after s} | "notInLine"
--   or {"absent"}: there is no room, or {"lost"}: nothing was done
-- Repeats safely: it is one more sign of life.

local lost = enter(false)
if lost then return { lost } end
sweep()

local batch = cjson.decode(ARGV[4])
local opens = batch.opensAtMs

local function poll(id, longest, factor)
  local member = member_of(id)
  local sequence, present = place_of(member)
  if sequence then
    if not present then come_back(member, sequence) end
    local position = redis.call('ZRANK', LINE, member)
    local wait, after = advise_waiting(position, opens, longest, factor)
    expect_within(member, page_of(sequence), after)
    return { position, wait, after }
  end
  local pass = live_pass(member)
  if not pass then return 'notInLine' end
  return { pass.token, pass.admitted, pass.expires, advise_admitted(pass, longest, factor) }
end

local answers = {}
for at, client in ipairs(batch.clients) do answers[at] = poll(client[1], client[2], client[3]) end
save()
return { 'polled', room.epoch, answers }
