-- Publishes a staged share.
-- ARGV: now, owner, time to live of staged parts, of the record beyond the expiry, and of a pending share,
-- '' if it is to be live.

local r, flat = load_owned(ARGV[2])
if not r then
  return { 'unknown' }
end
if not is_staged(r) then
  keep_record(r)
  return { 'known', flat }
end

redis.call('ZREMRANGEBYSCORE', STAGED, '-inf', now - tonumber(ARGV[3]))
if redis.call('ZCARD', STAGED) ~= part_count(r) or not is_complete(r) then
  return { 'parts missing' }
end
-- Who asked for it has shown who they are.
if ARGV[5] == '' or r.answers then
  go_live(r, tonumber(ARGV[4]))
else
  keep_content(r, 'pending_until', tonumber(ARGV[5]), tonumber(ARGV[4]))
end
redis.call('UNLINK', STAGED)
return { 'ok', redis.call('HGETALL', RECORD) }
