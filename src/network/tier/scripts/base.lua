-- What the scripts share. Every time is in microseconds of this Redis's clock, which is the only one that counts: the
-- servers' clocks may differ. Numbers stay below 2^53, where Lua's are exact.
local MICRO = 1000000

local function clock()
  local time = redis.call('TIME')
  return time[1] * MICRO + time[2]
end

local function text(number)
  return string.format('%.0f', number)
end

-- Stamps. One sorted set holds when what was written last: `b` the set itself began, `l` the last stamp of all, `c` customers
-- were created, `a` anything may have changed, and each customer that was changed. What was asked not after one of them is
-- doubtful. The set goes as a whole or not at all: with it goes `b`, and everything asked before is doubtful.

-- The stamp of a question that is asked, or a write that is made, now: later than every one so far, even when this clock was
-- set back or a replica with a slower one took over.
local function stamp(last, now)
  return math.max((last or 0) + 1, now)
end

