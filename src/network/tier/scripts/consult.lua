-- A piece of work asks for an answer, and for a place in the budget.
--
-- KEYS: stamps, budget, servers; then the lease when there is a question or a claim; then the pointers, one for each API
-- key that is tried. Customers lie under `customers` and a name from a pointer, in the same slot.
local me, claim, left = ARGV[1], ARGV[2], tonumber(ARGV[3])
local interactive, must_exist, only_known, skip = ARGV[4] == '1', ARGV[5] == '1', ARGV[6] == '1', ARGV[7] == '1'
local fresh, fresh_absent, stale = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local per_second, burst, customers, keep = tonumber(ARGV[11]), tonumber(ARGV[12]), ARGV[13], tonumber(ARGV[14])
-- What a new lease is called. The server knows it also when it is not told that it has it.
local proposed = ARGV[15]

-- A place that is not further away is waited for where it was given. For others the work asks again when its time comes,
-- because a 429 may move them.
local SHORT = 100000
-- A lease lasts so long without being renewed.
local LEASE = 3000000
-- A server that is so late for its place has lost it: after a standstill all would come at once.
local GRACE = 500000
-- Between two questions whether another's answer has come.
local SOONEST, LATEST = 25000, 250000
-- It is expected after so many times what is usual: some of them are a little late, and those who ask spread by a quarter.
local LATER, USUALLY = 1.5, 50000
-- What background work leaves, as a share of the burst; and how long it stays away at most.
local RESERVED, REST = 0.2, 1000000

local now = clock()
local servers = redis.call('ZCARD', KEYS[3])
local asks = #KEYS > 4

local began, last, created, anything
if #KEYS > 3 then
  local marks = redis.call('ZMSCORE', KEYS[1], 'b', 'l', 'c', 'a')
  began, last, created, anything = tonumber(marks[1]), tonumber(marks[2]), tonumber(marks[3]) or 0, tonumber(marks[4]) or 0
end

if asks and began and not skip then
  local floor = math.max(began, anything)
  for index = 5, #KEYS do
    local pointer = redis.call('GET', KEYS[index])
    local asked = pointer and tonumber(string.sub(pointer, 2, 17))
    if asked and asked > floor then
      local kind = string.sub(pointer, 18, 18)
      if kind == 'a' and not must_exist and asked > created then
        local age = math.max(now - asked, 0)
        if age < (only_known and stale or fresh_absent) then
          return {'h', servers, index - 5, age, pointer, false}
        end
      elseif kind == 'c' then
        local value = redis.call('GET', customers .. string.sub(pointer, 19, 42))
        local since = value and tonumber(string.sub(value, 2, 17))
        local changed = tonumber(redis.call('ZSCORE', KEYS[1], string.sub(pointer, 43, 66))) or 0
        if since and since > floor and since > changed and asked > changed then
          local age = math.max(now - math.min(asked, since), 0)
          if age < (only_known and stale or fresh) then
            return {'h', servers, index - 5, age, pointer, value}
          end
        end
      end
    end
  end
end
if only_known then return {'r', servers, 0} end

if asks and skip then
  -- They do not open: forged, damaged, or of a version that this one does not read.
  for index = 5, #KEYS do redis.call('DEL', KEYS[index]) end
end
if #KEYS > 3 and not began then
  began = now - 1
  redis.call('ZADD', KEYS[1], 'NX', text(began), 'b')
  redis.call('PEXPIRE', KEYS[1], keep)
end

local budget = load_budget(KEYS[2], now)
local rate, tokens = speed(budget, now, per_second, burst)
local number, spot, is_lost
local held = #KEYS > 3 and redis.call('GET', KEYS[4])
if held then
  local owner, held_number, state, event, offset = string.match(held, '^(%x+) (%d+) (%a) (%d+) (%-?%d+)$')
  if owner then
    -- `g`: it may go. `w` and `c`: it has an appointment, without a claim yet or with one.
    local is_waiting = state ~= 'g'
    local go = place_at(budget, tonumber(event), tonumber(offset)) or 0
    if go > now + FAR then go = 0 end
    local is_late = is_waiting and go + GRACE < now
    if owner == me and (held_number == claim or asks and state == 'w') then
      number = held_number
      if is_waiting and not is_late then spot = go end
    elseif is_late then
      -- The lease goes to the one that is here.
      number = nil
    elseif asks then
      local away = math.max(go - now, 0)
      if away > left then return {'r', servers, away} end
      -- Where nothing can be written the end of the lease could not be told either: better to know than to wait.
      redis.call('SET', KEYS[4], held, 'KEEPTTL')
      -- When its answer is expected; if it is late, less and less often.
      local expected = math.min(go, now) + (budget.took > 0 and budget.took or USUALLY) * LATER
      local pause = math.min(math.max((now - go) / 2, expected - now, SOONEST), LATEST)
      return {'a', servers, math.floor(away + pause), 0}
    else
      -- Another server has asked meanwhile. What is left of this work goes on without the lease.
      is_lost = true
    end
  end
end

local go, tat = now, budget.tat
if rate > 0 and not (spot and interactive) then
  local gap = MICRO / rate
  local reserve = interactive and 0 or math.floor(tokens * RESERVED)
  -- A slow rate may have its next place later than that.
  if budget.tat - (tokens - 1) * gap > now + FAR + gap then budget.tat = now end
  go = math.max(now, budget.reopen, budget.tat - (tokens - 1 - reserve) * gap)
  tat = math.max(budget.tat, go) + gap
elseif spot then
  go = math.max(spot, now)
end
local away = go - now
if away > left then
  if number then redis.call('DEL', KEYS[4]) end
  return {'r', servers, math.floor(away)}
end
if not interactive and away > 0 then
  -- It takes no place ahead of time, and no lease: players who come meanwhile go first.
  if number then redis.call('DEL', KEYS[4]) end
  return {'a', servers, math.floor(math.min(math.max(away, SOONEST), REST)), 0}
end
if tat ~= budget.tat or away > 0 then
  budget.tat = tat
  if away > 0 then
    local since = now - budget.pressing
    if since < MICRO then budget.pressed = budget.pressed + since end
    budget.pressing = now
  end
  save_budget(redis.call, KEYS[2], budget, {'tat', 'pressed', 'pressing'})
end
away = math.ceil(away)
if #KEYS == 3 or is_lost then return {'g', servers, away, false, false} end

-- Handed out in one order with those of writes: `l` is the last of both.
local asked = stamp(last, now)
redis.call('ZADD', KEYS[1], text(asked), 'l')
number = number or proposed
local waits = away > SHORT
local state = ' g '
if waits then state = number == claim and ' c ' or ' w ' end
redis.call('SET', KEYS[4],
  me .. ' ' .. number .. state .. text(budget.event) .. ' ' .. text(go - budget.reopen),
  'PX', text((away + LEASE) / 1000))
if waits then return {'a', servers, away, 1} end
return {'g', servers, away, number, text(asked)}
