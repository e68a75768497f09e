-- Admits a share to answer a request.
-- ARGV: now, access, share, how many are admitted.

local share, most = ARGV[3], tonumber(ARGV[4])

local r, flat = load_request(ARGV[2])
if not r then
  return { 'unknown' }
end
if is_over(r) then
  return { 'over', flat }
end
keep_record(r)
local offers = r.offers or ''
for at = 1, #offers, #share do
  if string.sub(offers, at, at + #share - 1) == share then
    return { 'ok' }
  end
end
if #offers >= most * #share then
  return { 'conflict' }
end
redis.call('HSET', RECORD, 'offers', offers .. share)
return { 'ok' }
