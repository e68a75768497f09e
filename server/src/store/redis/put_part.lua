-- Stores a part of a staged share.
-- ARGV: now, what there is no room in or '', owner, number, seal or '', the key's name under which the part
-- without it has arrived, time to live of a staged share, of its parts, and at most.

local n, seal, arrived = tonumber(ARGV[4]), ARGV[5], PREFIX .. ARGV[6]
local staged, part_ttl, most = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])

local function put()
  local r = load_owned(ARGV[3])
  if not r then
    return { 'unknown' }
  end
  if not is_staged(r) then
    return { 'conflict' }
  end
  local expected = math.min(tonumber(r.size) - SEAL_LEN - n * PART_LEN, PART_LEN)
  local len = redis.call('STRLEN', arrived)
  if expected <= 0 or len ~= expected or (n == 0) ~= (#seal == SEAL_LEN) then
    return { 'wrong part' }
  end
  local again = redis.call('EXISTS', part_key(n)) == 1
  if not again and ARGV[2] ~= '' then
    return { 'full', ARGV[2] }
  end

  -- There was room for it, and this takes none.
  redis.call('RENAME', arrived, part_key(n))
  redis.call('PEXPIRE', part_key(n), part_ttl)
  if n == 0 then
    redis.call('SET', SEAL, seal, 'PX', part_ttl)
  end
  redis.call('ZADD', STAGED, now, n)
  keep_staged(r, staged, part_ttl, most)
  -- The ledger knew that before.
  kept = false
  return { again and 'known' or 'ok' }
end

local answer = put()
redis.call('UNLINK', arrived)
return answer
