-- Renews the lease of a live claim.
-- ARGV: now, lease, longest lease, claim.

local claim = ARGV[4]
local r = load()
local ends = r and redis.call('ZSCORE', CLAIMS, claim)
if not ends then
  return { 'unknown' }
end
local seal, first = parked(claim, ends)
if not seal then
  redis.call('UNLINK', parked_key(claim))
  settle(r)
  return { 'claim over' }
end
return { 'ok', extend(r, claim, first, tonumber(ARGV[2]), tonumber(ARGV[3])) }
