-- Takes a share back.
-- ARGV: now, owner or '' for the server's operator.

local r = load()
if not r or ARGV[2] ~= '' and r.owner ~= ARGV[2] then
  return { 'unknown' }
end
keep_record(r)
drop_content(r)
redis.call('UNLINK', STAGED)
for _, claim in ipairs(redis.call('ZRANGE', CLAIMS, 0, -1)) do
  redis.call('UNLINK', parked_key(claim))
end
for _, claim in ipairs(redis.call('ZRANGEBYSCORE', CLAIMS, '(' .. string.format('%.0f', now), '+inf')) do
  redis.call('ZADD', CLAIMS, now, claim)
end
local is_new = not r.revoked_at and (r.used_up_at or not is_over(r))
if is_new then
  redis.call('HSET', RECORD, 'revoked_at', now)
end
return { is_new and 'ok' or 'known', redis.call('HGETALL', RECORD) }
