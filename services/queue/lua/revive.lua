-- include clock room presence passes
--
-- Purpose: a room that Redis has lost, or knows an older state of, begins anew with what a queue
--   process remembers: settings, the admissions of the last window, their count, the passes that it
--   has issued and not seen spent (one that another process has seen spent buys nothing more: the
--   ticket service knows it). Several processes tell what they know; for RECOVERY_MS nobody is admitted, so that all of them can, and so that
--   clients come back to their places with their tickets.
-- Atomic because: the first one makes the room, all others must add to it.
-- Clock: Redis TIME, never going back.
-- KEYS:
--   1 the line
-- ARGV:
--   1 rules: JSON {waitingTtlMs, mostWaiting, outageMs, settings}
--   2 empty
--   3 random text, for a room that begins
--   4 memory: JSON {epoch, number, last, lookedMs, settings: {permits, ttl, paused, pacing, draining,
--       version}, times: [number, ms, …], passes: [[id, token, sequence, admitted ms, expires ms]]}
-- RETURNS: {"whole", epoch} where the room knows all that, or {"revived", epoch, now}
-- Repeats safely: what is told twice is there once.

local RECOVERY_MS = 5000

local memory = cjson.decode(ARGV[4])
local lost = enter(false)
if not lost and room.epoch == memory.epoch and room.number >= memory.number then
  return { 'whole', room.epoch }
end
if lost then begin_room(string.sub(ARGV[3], 1, 12), memory.settings) end

-- Neither time nor the order of arrivals goes back.
if memory.lookedMs > room.now then set('now', memory.lookedMs) end
if memory.last > room.last then set('last', memory.last) end
-- The first witness of a loss closes the gate; later ones only add what they know. Where clients
-- came back before any witness, it is closed for a whole window, which is now no longer needed.
if lost or room.epoch == memory.epoch or not room.lost then
  set('lost', room.now)
  set('returning', 1)
  set('closed', room.now + RECOVERY_MS)
  room.presume = nil
end
if room.now < room.closed then
  -- The process that looked last knows most: only since then anything may be missing.
  local unseen = math.max(0, room.lost - memory.lookedMs)
  set('presume', math.min(room.presume or unseen, unseen))
end
if memory.settings.version > room.version then
  for field, value in pairs(memory.settings) do set(field, value) end
end
if memory.number > room.number then set('number', memory.number) end
for at = 1, #memory.times, 2 do
  if memory.times[at + 1] >= room.now - WINDOW_MS then
    local name = memory.epoch .. ':' .. whole(memory.times[at])
    redis.call('ZADD', TIMES, whole(memory.times[at + 1]), name)
  end
end
for _, pass in ipairs(memory.passes) do
  local member, expires = member_of(pass[1]), pass[5]
  if expires > room.now and not live_pass(member) then
    keep_pass(member, {
      token = pass[2], sequence = pass[3], admitted = pass[4], expires = expires,
      ttl = expires - pass[4],
    })
    local sequence, present = place_of(member)
    if sequence then drop_for_good(member, sequence, present) end
  end
end
save()
return { 'revived', room.epoch, room.now }
