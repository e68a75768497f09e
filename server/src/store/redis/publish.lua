-- Makes a staged share live.
-- ARGV: now, owner, time to live of staged parts, and of the record beyond the expiry.

local r, flat = load_owned(ARGV[2])
if not r then
  return { 'unknown' }
end
if not is_staged(r) then
  keep_record(r)
  return { 'ok', flat }
end

redis.call('ZREMRANGEBYSCORE', STAGED, '-inf', now - tonumber(ARGV[3]))
local count = part_count(r)
local complete = redis.call('ZCARD', STAGED) == count and redis.call('EXISTS', SEAL) == 1
for n = 0, count - 1 do
  complete = complete and redis.call('EXISTS', part_key(n)) == 1
end
if not complete then
  return { 'parts missing' }
end

local ttl = tonumber(r.expires_in) * 1000
r.expires_at = now + ttl
r.gone_at = r.expires_at + tonumber(ARGV[4])
keep_record(r)
redis.call('PEXPIRE', SEAL, ttl)
for n = 0, count - 1 do
  redis.call('PEXPIRE', part_key(n), ttl)
end
redis.call('HSET', RECORD, 'expires_at', r.expires_at, 'gone_at', r.gone_at)
redis.call('UNLINK', STAGED)
kept = { r.expires_at, 0 }
return { 'ok', redis.call('HGETALL', RECORD) }
