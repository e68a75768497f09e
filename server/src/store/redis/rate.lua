-- Counts what somebody does, for all servers on this Redis: each key from `first` on is for a kind of what
-- one network or address does, and holds when its allowance is whole again. The last arguments are the
-- window and, for each of these keys, what is taken of it; all in microseconds.
-- Returns how long to wait until it fits; 0 = it was counted.
local function charge(first)
  local now, at = tonumber(ARGV[1]) * 1000, #ARGV - #KEYS + first - 1
  local window = tonumber(ARGV[at])
  local after, wait = {}, 0
  for i = first, #KEYS do
    local whole = tonumber(redis.call('GET', KEYS[i]) or 0)
    after[i] = math.max(whole, now) + tonumber(ARGV[at + i - first + 1])
    wait = math.max(wait, after[i] - now - window)
  end
  if wait > 0 then
    return wait
  end
  for i = first, #KEYS do
    -- It matters no longer than till then.
    local ttl = math.ceil((after[i] - now) / 1000)
    redis.call('SET', KEYS[i], string.format('%.0f', after[i]), 'PX', ttl)
  end
  return 0
end
