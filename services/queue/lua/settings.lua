-- include clock room
--
-- Purpose: reads the settings, or changes some of them.
-- Atomic because: two operators at once must not undo each other.
-- Clock: Redis TIME, never going back.
-- KEYS:
--   1 the line
-- ARGV:
--   1 rules: JSON {waitingTtlMs, mostWaiting, outageMs, settings}
--   2 epoch the caller knows, or empty
--   3 random text, for a room that begins
--   4 change: JSON {permits?, ttl?, paused?, pacing?, draining?}, flags as 0 and 1; or empty to read
-- RETURNS: {"settings", epoch, permits, ttl, paused, pacing, draining, version, number}
--   or {"absent"}: there is no room and nothing to change, or {"lost"}: nothing was done
-- Repeats safely: it sets, it does not add.

local lost = enter(ARGV[4] ~= '')
if lost then return { lost } end
if ARGV[4] ~= '' then
  for field, value in pairs(cjson.decode(ARGV[4])) do set(field, value) end
  set('version', room.version + 1)
end
save()
return {
  'settings', room.epoch, room.permits, room.ttl, room.paused, room.pacing, room.draining,
  room.version, room.number,
}
