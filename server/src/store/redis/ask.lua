-- Sets what a pending share is confirmed with.
-- ARGV: now, owner, token, number, whose session it begins or ''.

local r, flat = load_owned(ARGV[2])
if not r then
  return { 'unknown' }
end
if not r.pending_until then
  return { 'conflict' }
end
if is_over(r) then
  return { 'over', flat }
end
keep_record(r)
redis.call('HSET', RECORD, 'token', ARGV[3], 'number', ARGV[4])
if ARGV[5] == '' then
  redis.call('HDEL', RECORD, 'session_of')
else
  redis.call('HSET', RECORD, 'session_of', ARGV[5])
end
return { 'ok', r.pending_until }
