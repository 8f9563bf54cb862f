-- The budget: a hash, read and written whole numbers of microseconds and rates a second.
local FIELDS = {
  'tat', 'event', 'closed', 'reopen', 'before', 'stretch', 'start', 'level', 'limited', 'patience', 'trusted', 'accepted',
  'pressed', 'pressing', 'began', 'second', 'count', 'last', 'peak', 'failing', 'failures', 'back', 'took'
}

-- No pause, and no place, is further away. What is comes from another clock.
local FAR = 120 * MICRO

local function load_budget(key, now)
  local values = redis.call('HMGET', key, unpack(FIELDS))
  local budget = {}
  for index, name in ipairs(FIELDS) do
    budget[name] = tonumber(values[index]) or 0
  end
  if budget.reopen > now + FAR then
    -- This clock was set back, or a replica with another took over.
    budget.reopen, budget.closed, budget.limited, budget.tat, budget.back = now, now, now, now, 0
  end
  return budget
end

-- It is forgotten when no server has used it for so long.
local REMEMBERED = 3600 * 1000

local function save_budget(call, key, budget, names)
  local fields = {}
  for _, name in ipairs(names or FIELDS) do
    fields[#fields + 1] = name
    fields[#fields + 1] = string.format('%.17g', budget[name])
  end
  if call('HSET', key, unpack(fields)) then redis.call('PEXPIRE', key, REMEMBERED) end
end

-- A limit is forgotten after so long without a 429.
local FORGOTTEN = 900 * MICRO
-- From where it starts after an event, the rate returns to its level in so many pauses.
local RETURN = 8
-- From there it probes: a twentieth more after so long in which the rate was what was waited for, slowly at first.
local PROBE, PROBE_STEP = 30 * MICRO, 0.05
-- The burst while a limit is known, in seconds of the rate.
local LEARNT_BURST = 0.1
local SLOWEST = 1 / 30
-- PayNow is out when so many exchanges failed over so long and none was answered. Then, and for so long after the first
-- answer, the network asks more slowly: at a tenth, rising to the whole.
local OUT_FAILURES, OUT_TIME, RAMP, TRICKLE = 5, 3 * MICRO, 10 * MICRO, 0.1
-- The rate that a ramp leads to when none is known.
local USUAL = 50
local UNBOUNDED = 1000000000

local function returning(budget)
  return math.min(math.max((budget.reopen - budget.closed) * RETURN, MICRO), 240 * MICRO)
end

-- The rate now, and the burst. A rate of 0 is none: everything may go at once.
local function speed(budget, now, per_second, burst)
  local rate, tokens = per_second, math.max(burst, 1)
  if rate == 0 then tokens = UNBOUNDED end
  if budget.level > 0 and now - budget.limited < FORGOTTEN then
    local back, passed = returning(budget), math.max(now - budget.reopen, 0)
    local learnt
    if passed < back then
      learnt = budget.start + (budget.level - budget.start) * passed / back
    else
      local probed = math.max(budget.pressed - back, 0) / PROBE
      learnt = budget.level * (1 + PROBE_STEP * probed * probed * probed)
    end
    learnt = math.max(learnt, SLOWEST)
    if rate == 0 or learnt < rate then rate = learnt end
    tokens = math.min(tokens, math.max(1, rate * LEARNT_BURST))
  end
  local share = 1
  if budget.failures >= OUT_FAILURES and now - budget.failing >= OUT_TIME then
    share = TRICKLE
  elseif budget.back > 0 and now >= budget.back and now - budget.back < RAMP then
    share = TRICKLE + (1 - TRICKLE) * (now - budget.back) / RAMP
  end
  if share < 1 then
    if rate == 0 then rate = math.max(budget.peak, USUAL) end
    rate = rate * share
    tokens = math.max(1, math.min(tokens, rate * LEARNT_BURST))
  end
  return rate, tokens
end

-- Where a place stands that was given as so long after the reopening of its event: a pause moves all places, in their order,
-- and a slower rate draws them apart. Nil for a place from before the last two events.
local function place_at(budget, event, offset)
  if event == budget.event then
    return budget.reopen + offset
  elseif event == budget.event - 1 then
    return budget.reopen + math.max(0, budget.before + offset - budget.closed) * budget.stretch
  end
end
