-- Takes whose session a confirmed share begins, which it does once.
-- ARGV: now, owner.

local r, flat = load_owned(ARGV[2])
if not r then
  return { 'unknown' }
end
if r.expires_at and r.session_of then
  redis.call('HDEL', RECORD, 'session_of')
end
return { 'ok', flat }
