-- Creates a share, published if there is content.
-- ARGV: now, what there is no room in or '', time to live of the record, and of the content, seal or '',
-- rest of part 0, then names and values of the record.

local known, flat = load()
if known then
  keep_record(known)
  return { 'known', flat }
end
if ARGV[2] ~= '' then
  return { 'full', ARGV[2] }
end
if #flat > 0 then
  redis.call('UNLINK', RECORD, SEAL, CLAIMS, STAGED)
end
redis.call('HSET', RECORD, unpack(ARGV, 7, argc))
redis.call('PEXPIRE', RECORD, ARGV[3])
if ARGV[5] ~= '' then
  redis.call('SET', SEAL, ARGV[5], 'PX', ARGV[4])
  redis.call('SET', part_key(0), ARGV[6], 'PX', ARGV[4])
end
return { 'ok' }
