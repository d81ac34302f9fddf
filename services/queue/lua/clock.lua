-- Part of every script: the clock of the gate, which all processes share.

-- Whole milliseconds since 1970, by the Redis server. room.lua keeps it from going back.
local function wall_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
