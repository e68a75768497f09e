-- The parts of a staged share that are there.
-- ARGV: now, owner, time to live of a staged share, of its parts, and at most.

local r, flat = load_owned(ARGV[2])
if not r then
  return { 'unknown' }
end
if is_over(r) then
  return { 'over', flat }
end
if not is_staged(r) then
  return { 'known', flat }
end
redis.call('ZREMRANGEBYSCORE', STAGED, '-inf', now - tonumber(ARGV[5]))
keep_staged(r, tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]))
return { 'ok', flat, redis.call('ZRANGE', STAGED, 0, -1) }
