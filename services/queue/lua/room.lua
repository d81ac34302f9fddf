-- Part of every script: the keys of one event's room, its state, its clock, and how it is saved.
--
-- KEYS[1] is the line, q:<event>:z (q:{<event>}:z in a cluster). All other keys of the room begin
-- with the same prefix, so they lie in the same slot; scripts derive them from it.
--   z           zset   the line: those present, u:<client>, score = time of arrival in ms; the
--                      fraction (1/4096 ms) keeps the order within one. ZRANK is the position.
--   away        zset   the same for those who have missed their poll; their score is kept
--   s:u:<c>     "1"    waiting state; it ends the waiting TTL after the client's last sign of life,
--                      so its end (PEXPIRETIME) is the client's lapse
--   page:<n>    zset   presence: u:<client>, score = when to look after it (absent or lapsed). Pages
--                      follow the order of arrival and stay small, so that Redis packs them: about
--                      25 B a client instead of the 100 B of one big sorted set
--   pages       zset   page n, score = the first sequence on it
--   due         zset   page n, score = no later than the earliest deadline on it
--   passes      hash   u:<client> → a live pass; pass:u:<client> shows its token, with a TTL
--   live        zset   u:<client>, score = the end of its live pass
--   spent, ends hash, zset   spent passes by token, and when each may be forgotten
--   lapsed      zset   u:<client>, score = earliest sequence that silence alone has cost it
--   served      set    who was admitted or left since the room came back from a loss
--   times       zset   admissions of the last 60 s: <epoch>:<number>, score = instant
--   journal     stream admissions by their number
--   m           hash   everything else: epoch, clock, counters, settings

local prefix = string.sub(KEYS[1], 1, -2)
local LINE, AWAY, META = KEYS[1], prefix .. 'away', prefix .. 'm'
local PAGES, DUE = prefix .. 'pages', prefix .. 'due'
local PASSES, LIVE = prefix .. 'passes', prefix .. 'live'
local SPENT, ENDS = prefix .. 'spent', prefix .. 'ends'
local LAPSED, SERVED = prefix .. 'lapsed', prefix .. 'served'
local TIMES, JOURNAL = prefix .. 'times', prefix .. 'journal'

local WINDOW_MS = 60000
local rules = cjson.decode(ARGV[1])

-- Lua would print 14 digits; a sequence has 16, an instant with a fraction 17. Whole numbers are
-- several times cheaper to print.
local format = string.format
local function whole(number) return format('%d', number) end
local function exact(number) return format('%.17g', number) end

local room
local changed = {}

local function set(field, value)
  room[field] = value
  changed[field] = value
end

local FIELDS = {
  'epoch', 'born', 'now', 'last', 'next', 'number', 'abandoned', 'closed', 'returning', 'looked',
  'amnesty', 'lost', 'presume', 'pages', 'page', 'filled',
  'permits', 'ttl', 'paused', 'pacing', 'draining', 'version',
}
local TEXTS = { epoch = true, pacing = true }

local function read_room()
  local values = redis.call('HMGET', META, unpack(FIELDS))
  if not values[1] then return nil end
  local read = {}
  for at, field in ipairs(FIELDS) do
    local value = values[at]
    if value then read[field] = TEXTS[field] and value or tonumber(value) end
  end
  read.next = read.next or -math.huge
  read.closed = read.closed or -math.huge
  return read
end

-- Time never goes back: where Redis' clock does, it stands still until that has caught up.
local function look_at_clock()
  local wall = wall_ms()
  if wall > (room.now or 0) then set('now', wall) end
end

local function begin_room(epoch, settings)
  room = {
    epoch = epoch, last = 0, number = 0, abandoned = 0, pages = 0, filled = 0,
    next = -math.huge, closed = -math.huge,
  }
  look_at_clock()
  set('epoch', epoch)
  set('born', room.now)
  for _, field in ipairs({ 'last', 'number', 'abandoned', 'pages', 'filled' }) do set(field, 0) end
  set('permits', settings.permits)
  set('ttl', settings.ttl)
  set('paused', settings.paused)
  set('pacing', settings.pacing)
  set('draining', settings.draining)
  set('version', settings.version or 0)
end

-- Opens the room. ARGV[2]: the epoch the caller knows, or ''. ARGV[3]: random text for a new one.
-- Returns nil when all is well, else the word to answer with: "lost" where the caller knows a room
-- that is not there, "absent" where there is none and none is wanted.
local function enter(create)
  room = read_room()
  if room then
    look_at_clock()
    return nil
  end
  if ARGV[2] ~= '' then return 'lost' end
  if not create then return 'absent' end
  begin_room(string.sub(ARGV[3], 1, 12), rules.settings)
  return nil
end

local function save()
  local pairs_to_write = {}
  for field, value in pairs(changed) do
    if type(value) == 'number' then value = exact(value) end
    pairs_to_write[#pairs_to_write + 1] = field
    pairs_to_write[#pairs_to_write + 1] = value
  end
  if #pairs_to_write > 0 then redis.call('HSET', META, unpack(pairs_to_write)) end
end
