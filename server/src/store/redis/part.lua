-- A part for a live claim.
-- ARGV: now, lease, longest lease, claim, number.

local claim, n = ARGV[4], tonumber(ARGV[5])
local r = load()
local ends = r and redis.call('ZSCORE', CLAIMS, claim)
if not ends then
  return { 'unknown' }
end
local seal, first = parked(claim, ends)
local part = seal and redis.call('GET', part_key(n))
if seal and n >= part_count(r) then
  return { 'wrong part' }
end
if not part then
  redis.call('UNLINK', parked_key(claim))
  settle(r)
  return { 'claim over' }
end
extend(r, claim, first, tonumber(ARGV[2]), tonumber(ARGV[3]))
return { 'ok', part }
