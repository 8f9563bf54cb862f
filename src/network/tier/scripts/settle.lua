-- An exchange ended: what was written, what it says about the budget, the answer for others, and the end of the lease.
--
-- KEYS: stamps, budget, lease; then the pointer and the customer, when there is an answer to fill in.
local me, number, release = ARGV[1], ARGV[2], ARGV[3] == '1'
local outcome, pause = ARGV[4], tonumber(ARGV[5])
local per_second, burst, keep = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local asked, pointer, value, kept, concerns = tonumber(ARGV[9]), ARGV[10], ARGV[11], ARGV[12], ARGV[13]
-- What was written: `x` for anything, `c` for customers: new ones, and the changed ones that follow.
local written, channel, message, changed = ARGV[14], ARGV[15], ARGV[16], 17

-- Most customers of whom a change is remembered. Beyond, anything may have changed.
local MOST = 10000
local LONGEST = 30 * MICRO
-- What was accepted from one event to the next tells the limit when the budget was open for at most so many pauses.
local SHORT = 10
local CONSISTENT = 0.8
-- As shares of the rate that was refused: where the rate starts after an event, and its level.
local START, LEVEL = 0.85, 0.95
-- Of a slower rate too few are counted in a second.
local FEW = 10
-- Less time says nothing about a rate.
local PART = MICRO / 8

local now = clock()
local failure
local function try(...)
  local result = redis.pcall(...)
  if type(result) == 'table' and result.err then
    failure = failure or result
    return nil
  end
  return result
end

if written ~= '' then
  local marks = redis.call('ZMSCORE', KEYS[1], 'b', 'l')
  local at = text(stamp(tonumber(marks[2]), now))
  local scores = {at, 'l'}
  local function note(name)
    scores[#scores + 1] = at
    scores[#scores + 1] = name
  end
  if not marks[1] then note('b') end
  if written == 'x' then
    note('a')
  else
    -- A changed customer may have got a key that no customer had.
    note('c')
    for index = changed, #ARGV do note(ARGV[index]) end
  end
  if try('ZADD', KEYS[1], unpack(scores)) then
    redis.call('PEXPIRE', KEYS[1], keep)
    if redis.call('ZCARD', KEYS[1]) > MOST then
      local past = text(now - keep * 1000)
      redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. past)
      redis.call('ZADD', KEYS[1], 'NX', past, 'b')
      if redis.call('ZCARD', KEYS[1]) > MOST then
        redis.call('DEL', KEYS[1])
        redis.call('ZADD', KEYS[1], at, 'b', at, 'l')
      end
    end
  else
    -- A full Redis writes nothing and still deletes: without stamps nothing is believed.
    redis.pcall('DEL', KEYS[1])
  end
  try('PUBLISH', channel, message)
end

local function window(budget)
  local second = math.floor(now / MICRO)
  if second ~= budget.second then
    budget.last = second == budget.second + 1 and budget.count or 0
    if budget.last == 0 then budget.began = now end
    budget.second, budget.count = second, 0
    budget.peak = math.max(budget.peak, budget.last)
  end
end

local function limited(budget)
  local closes = math.min(pause or MICRO, LONGEST)
  if now < budget.reopen then
    -- Sent before the pause: the same event.
    local later = math.max(budget.reopen, now + closes)
    budget.tat = budget.tat + later - budget.reopen
    budget.reopen, budget.limited = later, now
    return
  end
  local rate, tokens = speed(budget, now, per_second, burst)
  local waiting = 0
  if rate > 0 then
    local next = budget.tat - (tokens - 1) * MICRO / rate
    -- When the last place is behind, none waits.
    if next - MICRO / rate > now then waiting = next - now end
  end
  local is_known = budget.level > 0 and now - budget.limited < FORGOTTEN
  if is_known and budget.trusted == 0 then
    -- The pause was too short. That tells nothing new about the rate.
    budget.patience = math.min(budget.patience * 2, LONGEST)
  else
    window(budget)
    -- What was accepted in the last second, or since it began.
    local refused = budget.count + budget.last * (1 - now % MICRO / MICRO)
    local busy = now - budget.began
    if busy < MICRO then refused = (budget.count + budget.last) * MICRO / math.max(busy, PART) end
    if rate > 0 and (rate < FEW or rate < refused or refused == 0) then refused = rate end
    if refused == 0 then refused = 1 end
    local lower, upper = refused, refused * LEVEL
    if is_known then
      -- What was accepted since the last event, with the pause and without the part of it that was of no use.
      local open, shut = now - budget.reopen, budget.reopen - budget.closed
      local wasted = math.min(math.max(MICRO, budget.patience / 2), shut)
      local credited = budget.accepted * MICRO / math.max(open + shut - wasted, PART)
      if open <= shut * SHORT and budget.pressed * 2 >= open and credited < refused * CONSISTENT then
        lower, upper = budget.accepted * MICRO / (open + shut), credited
      end
    end
    budget.level = math.max(upper, SLOWEST)
    budget.start = math.min(math.max(lower * START, SLOWEST), budget.level)
    budget.patience = MICRO
  end
  budget.limited, budget.closed, budget.before = now, now, budget.reopen
  budget.reopen = now + math.max(closes, budget.patience)
  budget.event, budget.trusted, budget.accepted, budget.pressed, budget.pressing = budget.event + 1, 0, 0, 0, 0
  local slower, fewer = speed(budget, budget.reopen, per_second, burst)
  budget.stretch = rate > 0 and rate / slower or 1
  -- One goes when it reopens, to see whether the pause was long enough, and then the others in their order.
  budget.tat = budget.reopen + (fewer - 1) * MICRO / slower + math.min(waiting * budget.stretch, FAR / 2)
end

local held, is_mine = KEYS[3] and redis.call('GET', KEYS[3]), false
if held then
  local mine = me .. ' ' .. number .. ' '
  is_mine = string.sub(held, 1, #mine) == mine
end

-- What an exchange takes, so that those who wait for its answer come when it is there.
local function note_time(budget)
  local event, offset = string.match(held, '(%d+) (%-?%d+)$')
  local go = event and place_at(budget, tonumber(event), tonumber(offset))
  local took = go and now - go
  if took and took > 0 and took < FAR then budget.took = budget.took + (took - budget.took) / (budget.took > 0 and 8 or 1) end
end

if outcome ~= '' then
  local budget = load_budget(KEYS[2], now)
  if outcome == 'l' then
    limited(budget)
  elseif outcome == 'f' then
    if budget.failures == 0 then budget.failing = now end
    budget.failures = budget.failures + 1
  else
    window(budget)
    budget.count, budget.accepted = budget.count + 1, budget.accepted + 1
    if is_mine then note_time(budget) end
    if now >= budget.reopen then budget.trusted = 1 end
    if budget.failures >= OUT_FAILURES and now - budget.failing >= OUT_TIME then budget.back = now end
    budget.failing, budget.failures = 0, 0
  end
  save_budget(try, KEYS[2], budget)
end

if pointer ~= '' and not failure then
  local marks = redis.call('ZMSCORE', KEYS[1], 'b', 'a', concerns)
  local began = tonumber(marks[1])
  local floor = math.max(began or math.huge, tonumber(marks[2]) or 0, tonumber(marks[3]) or 0)
  local limit = stamp(now, now)
  -- What is there was asked for later, unless its time cannot be right.
  local function is_newer(key)
    local there = redis.call('GET', key)
    local since = there and tonumber(string.sub(there, 2, 17))
    return since and since > asked and since < limit + 3600 * MICRO
  end
  if asked > floor then
    if value ~= '' and not is_newer(KEYS[5]) then try('SET', KEYS[5], value, 'PX', kept) end
    if not is_newer(KEYS[4]) then try('SET', KEYS[4], pointer, 'PX', kept) end
  end
end

if release and is_mine then redis.call('DEL', KEYS[3]) end
return failure or 'OK'
