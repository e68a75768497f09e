-- Notes what a share takes. This script touches no key of a share, and those of shares none of these.
-- KEYS: of all that is stored, then of what of it is staged: a sorted set, each share by when its content
-- is gone of itself, and a hash, the bytes of each share and under '' their sum. Then one that does not
-- exist, as in the prelude.
-- ARGV: now, share, and for each of the two: bytes that come or go, when they are gone ('' = as it was,
-- 0 = now), and the most that the sum may come to ('' = no limit).

local now, share = tonumber(ARGV[1]), ARGV[2]
-- As many of those gone of themselves are taken out at once.
local MOST = 1000

local function account(name, i)
  local ends, bytes = KEYS[2 * i + 1], KEYS[2 * i + 2]
  local gone = redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, MOST)
  -- There is none named '', but it is a first write that takes no memory.
  redis.call('ZREM', ends, '', unpack(gone))
  if redis.call('EXISTS', ends) == 0 then
    redis.call('UNLINK', bytes)
  end
  for _, other in ipairs(gone) do
    local had = redis.call('HGET', bytes, other)
    if had then
      redis.call('HDEL', bytes, other)
      redis.call('HINCRBY', bytes, '', -tonumber(had))
    end
  end
  return {
    name = name,
    ends = ends,
    bytes = bytes,
    more = tonumber(ARGV[3 * i + 3]),
    gone_at = tonumber(ARGV[3 * i + 4]),
    quota = tonumber(ARGV[3 * i + 5]),
  }
end

local function is_full(a)
  return a.more > 0 and a.quota and tonumber(redis.call('HGET', a.bytes, '') or 0) + a.more > a.quota
end

local function note(a)
  local had = tonumber(redis.call('HGET', a.bytes, share) or 0)
  local has = a.gone_at == 0 and 0 or math.max(had + a.more, 0)
  if has == 0 then
    redis.call('HDEL', a.bytes, share)
    redis.call('ZREM', a.ends, share)
  else
    redis.call('HSET', a.bytes, share, has)
    if a.gone_at then
      -- What comes does not shorten the time of what is there.
      local later = a.more > 0 and redis.call('ZSCORE', a.ends, share)
      redis.call('ZADD', a.ends, math.max(a.gone_at, tonumber(later or 0)), share)
    end
  end
  redis.call('HINCRBY', a.bytes, '', has - had)
  local last = redis.call('ZRANGE', a.ends, -1, -1, 'WITHSCORES')[2]
  local ttl = last and last - now or 0
  redis.call('PEXPIRE', a.ends, ttl)
  redis.call('PEXPIRE', a.bytes, ttl)
end

local stored, staged = account('stored', 0), account('staged', 1)
for _, a in ipairs({ stored, staged }) do
  if is_full(a) then
    return a.name
  end
end
note(stored)
note(staged)
return ''
