-- Ends a claim.
-- ARGV: now, claim.

local claim = ARGV[2]
local r = load()
local ends = r and redis.call('ZSCORE', CLAIMS, claim)
if not ends then
  return { 'unknown' }
end
keep_record(r)
redis.call('UNLINK', parked_key(claim))
local is_live = tonumber(ends) > now
if is_live then
  redis.call('ZADD', CLAIMS, now, claim)
end
settle(r)
return { is_live and 'ok' or 'known' }
