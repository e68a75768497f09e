-- Creates a share, live if there is content.
-- ARGV: now, time to live of the record, time to live of the content, seal or '', rest of part 0,
-- then names and values of the record.

local known, flat = load()
if known then
  return { 'known', flat }
end
if redis.call('EXISTS', RECORD) == 1 then
  redis.call('UNLINK', RECORD, SEAL, CLAIMS, STAGED)
end
redis.call('HSET', RECORD, unpack(ARGV, 6))
redis.call('PEXPIRE', RECORD, ARGV[2])
if ARGV[4] ~= '' then
  redis.call('SET', SEAL, ARGV[4], 'PX', ARGV[3])
  redis.call('SET', part_key(0), ARGV[5], 'PX', ARGV[3])
end
return { 'ok' }
