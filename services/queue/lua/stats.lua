-- include clock room presence passes gate
--
-- Purpose: the waiting room in numbers.
-- Atomic because: the numbers are of one instant.
-- Clock: Redis TIME, never going back.
-- KEYS:
--   1 the line
-- ARGV:
--   1 rules: JSON {waitingTtlMs, mostWaiting, outageMs, settings}
--   2 epoch the caller knows, or empty
--   3 empty
--   4 empty
-- RETURNS: {"stats", epoch, waiting, live passes, admitted in the last minute, admitted,
--     abandoned, permits, paused}
--   or {"absent"}: there is no room, or {"lost"}: nothing was done
-- Repeats safely: it changes nothing but what time changes.

local lost = enter(false)
if lost then return { lost } end
sweep()
save()
return {
  'stats', room.epoch,
  redis.call('ZCARD', LINE) + redis.call('ZCARD', AWAY),
  redis.call('ZCOUNT', LIVE, '(' .. whole(room.now), '+inf'),
  in_window(), room.number, room.abandoned, room.permits, room.paused,
}
