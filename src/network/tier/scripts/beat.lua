-- A server shows that it is there, and renews the leases it holds.
--
-- KEYS: stamps, servers; then the leases. ARGV: the server, how long stamps are kept; then the leases' numbers.
local me, keep = ARGV[1], ARGV[2]
-- A server that was not seen for so long is gone.
local GONE = 5 * MICRO
local LEASE = 3000

local now = clock()
-- First: a full Redis lets everything through after a first write that needs no memory.
redis.call('ZADD', KEYS[2], text(now), me)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now - GONE))
redis.call('PEXPIRE', KEYS[2], 60000)
redis.call('PEXPIRE', KEYS[1], keep)
for index = 3, #KEYS do
  local held = redis.call('GET', KEYS[index])
  local mine = me .. ' ' .. ARGV[index] .. ' g '
  if held and string.sub(held, 1, #mine) == mine then redis.call('PEXPIRE', KEYS[index], LEASE) end
end
return redis.call('ZCARD', KEYS[2])
