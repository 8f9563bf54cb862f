-- Gives leases up that will not be used. KEYS: the leases. ARGV: the server; then the leases' numbers.
for index, key in ipairs(KEYS) do
  local held = redis.call('GET', key)
  local mine = ARGV[1] .. ' ' .. ARGV[index + 1] .. ' '
  if held and string.sub(held, 1, #mine) == mine then redis.call('DEL', key) end
end
return 'OK'
