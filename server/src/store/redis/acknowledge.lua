-- Ends a claim.
-- ARGV: now, claim.

local claim = ARGV[2]
local r = load()
local ends = r and redis.call('ZSCORE', CLAIMS, claim)
if not ends then
  return { 'unknown' }
end
keep_record(r)
local was_parked = redis.call('UNLINK', parked_key(claim)) == 1
local is_live = tonumber(ends) > now
if is_live then
  redis.call('ZADD', CLAIMS, now, claim)
end
settle(r)
-- By the time alone, one that ended it a moment ago may seem to have ended it in the future.
return { is_live and was_parked and 'ok' or 'known' }
