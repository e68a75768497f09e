-- Stores a part of a staged share.
-- ARGV: now, owner, number, seal or '', the part without it, time to live of a staged share, and of its parts.

local n, seal, part = tonumber(ARGV[3]), ARGV[4], ARGV[5]
local staged, staged_parts = tonumber(ARGV[6]), ARGV[7]

local r = load_owned(ARGV[2])
if not r then
  return { 'unknown' }
end
if not is_staged(r) then
  return { 'conflict' }
end
local expected = math.min(tonumber(r.size) - SEAL_LEN - n * PART_LEN, PART_LEN)
if expected <= 0 or #part ~= expected or (n == 0) ~= (#seal == SEAL_LEN) then
  return { 'wrong part' }
end

-- First, so that it is refused when memory is full.
redis.call('SET', part_key(n), part, 'PX', staged_parts)
if n == 0 then
  redis.call('SET', SEAL, seal, 'PX', staged_parts)
end
redis.call('ZADD', STAGED, now, n)
keep_staged(r, staged)
return { 'ok' }
