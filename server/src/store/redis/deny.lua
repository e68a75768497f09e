-- Takes a share back that was not confirmed.
-- ARGV: now, token.

local r = load()
if not r or r.token ~= ARGV[2] or not r.pending_until then
  return { 'unknown' }
end
keep_record(r)
drop_content(r)
if not is_over(r) then
  redis.call('HSET', RECORD, 'revoked_at', now)
end
return { 'ok', redis.call('HGETALL', RECORD) }
