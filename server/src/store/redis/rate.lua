-- Counts what a network does, for all servers on this Redis.
-- KEYS: of one network, for each kind of what it does: when its allowance is whole again.
-- ARGV: now and the window, then for each key what is taken of the window; all in microseconds.
-- Answers how long to wait until it fits; 0 = it was counted.

local now, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local after, wait = {}, 0
for i, key in ipairs(KEYS) do
  after[i] = math.max(tonumber(redis.call('GET', key) or 0), now) + tonumber(ARGV[i + 2])
  wait = math.max(wait, after[i] - now - window)
end
if wait > 0 then
  return wait
end
for i, key in ipairs(KEYS) do
  -- It matters no longer than till then.
  redis.call('SET', key, string.format('%.0f', after[i]), 'PX', math.ceil((after[i] - now) / 1000))
end
return 0
