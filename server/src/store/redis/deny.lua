-- Takes a share back that was not confirmed.
-- ARGV: now, token.

local r = load()
if not r or r.token ~= ARGV[2] or not r.pending_until then
  return { 'unknown' }
end
keep_record(r)
drop_content(r)
local was_over = is_over(r)
if not was_over then
  redis.call('HSET', RECORD, 'revoked_at', now)
end
return { was_over and 'known' or 'ok', redis.call('HGETALL', RECORD) }
