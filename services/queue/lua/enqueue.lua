-- include clock room presence passes gate
--
-- Purpose: clients join the line, one after the other; one that stands in it, or has a pass, keeps
--   what it has. A ticket of before may bring an earlier place back.
-- Atomic because: two joins of one client at once must give one place, and no two clients the same.
-- Clock: Redis TIME, never going back.
-- KEYS:
--   1 the line
-- ARGV:
--   1 rules: JSON {waitingTtlMs, mostWaiting, outageMs, settings}
--   2 epoch the caller knows, or empty
--   3 random text, for a room that begins
--   4 batch: JSON {sales: [{opensAtMs, closesAtMs, cancelled, joinLeadMs}],
--       clients: [{id, sale (index from 1), longest, factor, onlyBack?,
--       formerly?: {sequence, epoch}}]}
-- RETURNS: {"joined", epoch, {answer…}} with an answer for each client:
--   {"waiting", position, wait s, poll after s, sequence, joined ms}
--   {"admitted", token, admitted ms, expires ms, poll after s, sequence, joined ms}
--   {"closed", "notBegun" | "ended" | "cancelled" | "draining" | "noPlace"} | {"full"}
--   or {"lost"}: nothing was done
-- Repeats safely: a client that is in line keeps its place.

local lost = enter(true)
if lost then return { lost } end
sweep()
forget_passes()

local batch = cjson.decode(ARGV[4])
local standing = redis.call('ZCARD', LINE) + redis.call('ZCARD', AWAY)

local function is_free(sequence)
  local score = exact(sequence / 4096)
  return redis.call('ZCOUNT', LINE, score, score) == 0
    and redis.call('ZCOUNT', AWAY, score, score) == 0
end

-- A ticket of this very room counts where silence alone has cost the place.
local function counts_here(member, formerly)
  local earliest = redis.call('ZSCORE', LAPSED, member)
  return earliest and formerly.sequence >= tonumber(earliest)
    and formerly.sequence <= room.last and is_free(formerly.sequence)
end

-- One of an earlier epoch: the room has lost what it knew, its window too.
local function counts_from_before(member, formerly)
  if room.now >= room.born + rules.waitingTtlMs then return false end
  if room.returning ~= 1 then
    set('returning', 1)
    set('closed', math.max(room.closed, room.born + WINDOW_MS + 1))
    next_permit_ms = nil
  end
  return redis.call('SISMEMBER', SERVED, member) == 0 and is_free(formerly.sequence)
end

local function regain(member, formerly)
  if not formerly then return nil end
  local counts = formerly.epoch == room.epoch and counts_here or counts_from_before
  return counts(member, formerly) and formerly or nil
end

local function answer_waiting(client, sale, member, sequence)
  local position = redis.call('ZRANK', LINE, member)
  local wait, poll = advise_waiting(position, sale.opensAtMs, client.longest, client.factor)
  return poll, { 'waiting', position, wait, poll, sequence, joined_at(sequence) }
end

local function rejoin(client, sale, member, sequence, present)
  if not present then come_back(member, sequence) end
  local poll, answer = answer_waiting(client, sale, member, sequence)
  expect_within(member, page_of(sequence), poll)
  return answer
end

local function join(client, sale, member, former)
  local at_the_end = not former
  local sequence = former and former.sequence or math.max(room.last + 1, room.now * 4096)
  if sequence > room.last then set('last', sequence) end
  redis.call('ZADD', LINE, exact(sequence / 4096), member)
  standing = standing + 1
  local poll, answer = answer_waiting(client, sale, member, sequence)
  expect_within(member, page_for(sequence, at_the_end), poll)
  return answer
end

local function enqueue(client)
  local sale, member = batch.sales[client.sale], member_of(client.id)
  if sale.cancelled then return { 'closed', 'cancelled' } end
  if room.now >= sale.closesAtMs then return { 'closed', 'ended' } end
  if room.now < sale.opensAtMs - sale.joinLeadMs then return { 'closed', 'notBegun' } end
  local pass = live_pass(member)
  if pass then
    local poll = advise_admitted(pass, client.longest, client.factor)
    return { 'admitted', pass.token, pass.admitted, pass.expires, poll, pass.sequence,
      joined_at(pass.sequence) }
  end
  local sequence, present = place_of(member)
  if sequence then return rejoin(client, sale, member, sequence, present) end
  local former = regain(member, client.formerly)
  if not former and client.onlyBack then return { 'closed', 'noPlace' } end
  if not former and room.draining == 1 then return { 'closed', 'draining' } end
  if standing >= rules.mostWaiting then return { 'full' } end
  return join(client, sale, member, former)
end

local answers = {}
for at, client in ipairs(batch.clients) do answers[at] = enqueue(client) end
save()
return { 'joined', room.epoch, answers }
