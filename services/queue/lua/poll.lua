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
--   4 batch: JSON {opensAtMs?, clients: [[id, longest, factor, page that it was on last, or 0]]}
-- RETURNS: {"polled", epoch, answers, {{token, admitted ms, expires ms, poll after s}, …}}
--   answers: four 32-bit numbers a client, big end first, because thousands are read a second:
--   position, wait s, poll after s, page | -1, 0, 0, 0: not in line
--   | -2, index from 0 into the list of passes, 0, 0
--   or {"absent"}: there is no room, or {"lost"}: nothing was done
-- Repeats safely: it is one more sign of life.

local lost = enter(false)
if lost then return { lost } end
sweep()

local batch = cjson.decode(ARGV[4])
local opens = batch.opensAtMs

local passes, answers = {}, {}
local pack = struct.pack

-- The usual case, with three commands instead of six: present, and still on the page it was on.
local function poll_known(member, longest, factor, page)
  local position = redis.call('ZRANK', LINE, member)
  if not position then return nil end
  local wait, after = advise_waiting(position, opens, longest, factor)
  if not expect_later(member, page, after) then return nil end
  return pack('>i4i4i4i4', position, wait, after, page)
end

local function poll_place(member, longest, factor)
  local sequence, present = place_of(member)
  if not sequence then return nil end
  if not present then come_back(member, sequence) end
  local position = redis.call('ZRANK', LINE, member)
  local wait, after = advise_waiting(position, opens, longest, factor)
  local page = page_of(sequence)
  expect_within(member, page, after)
  return pack('>i4i4i4i4', position, wait, after, tonumber(page))
end

local function poll_pass(member, longest, factor)
  local pass = live_pass(member)
  if not pass then return pack('>i4i4i4i4', -1, 0, 0, 0) end
  local after = advise_admitted(pass, longest, factor)
  passes[#passes + 1] = { pass.token, pass.admitted, pass.expires, after }
  return pack('>i4i4i4i4', -2, #passes - 1, 0, 0)
end

local function poll(id, longest, factor, page)
  local member = member_of(id)
  return page > 0 and poll_known(member, longest, factor, page)
    or poll_place(member, longest, factor)
    or poll_pass(member, longest, factor)
end

for at, client in ipairs(batch.clients) do
  answers[at] = poll(client[1], client[2], client[3], client[4])
end
save()
return { 'polled', room.epoch, table.concat(answers), passes }
