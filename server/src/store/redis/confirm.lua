-- Makes a pending share live.
-- ARGV: now, token, number, tries, time to live of the record beyond the expiry.

local number, tries = ARGV[3], tonumber(ARGV[4])
local r, flat = load()
if not r or r.token ~= ARGV[2] then
  return { 'unknown' }
end
if not r.pending_until then
  keep_record(r)
  if r.number == number then
    return { 'known', flat }
  end
  return { 'unknown' }
end
if is_over(r) then
  keep_record(r)
  return { 'over', flat }
end
if r.number ~= number then
  keep_record(r)
  local left = tries - redis.call('HINCRBY', RECORD, 'wrong_numbers', 1)
  if left > 0 then
    return { 'wrong number', left }
  end
  drop_content(r)
  redis.call('HSET', RECORD, 'burned_at', now)
  return { 'last number', ARGV[1] }
end
if not is_complete(r) then
  -- Redis' own clock is ahead: the time to live was the time to confirm.
  return { 'expired', r.pending_until }
end
go_live(r, tonumber(ARGV[5]))
redis.call('HDEL', RECORD, 'pending_until')
return { 'ok', redis.call('HGETALL', RECORD) }
