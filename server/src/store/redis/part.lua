-- Whether a live claim may have a part, which is read behind this: in here its bytes would be copied twice
-- more.
-- ARGV: now, lease, longest lease, claim, number.

local claim, n = ARGV[4], tonumber(ARGV[5])
local r = load()
local ends = r and redis.call('ZSCORE', CLAIMS, claim)
if not ends then
  return { 'unknown' }
end
local seal, first = parked(claim, ends)
local is_there = seal and redis.call('EXISTS', part_key(n)) == 1
if seal and n >= part_count(r) then
  return { 'wrong part' }
end
if not is_there then
  redis.call('UNLINK', parked_key(claim))
  settle(r)
  return { 'claim over' }
end
extend(r, claim, first, tonumber(ARGV[2]), tonumber(ARGV[3]))
return { 'ok' }
