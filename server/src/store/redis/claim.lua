-- The opening.
-- ARGV: now, lease, longest lease, access, claim, proof or '', tries, how much is remembered, and how
-- many claims live at most.
-- Answers the share's size, its expiry, how many views are left or false, when the lease ends, seal, rest.

local lease, lease_max = tonumber(ARGV[2]), tonumber(ARGV[3])
local access, claim, proof = ARGV[4], ARGV[5], ARGV[6]
local tries, remembered, most = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])

local r, flat = load()
if not r or r.access ~= access or is_staged(r) or r.pending_until then
  return { 'unknown' }
end

if r.request then
  return { 'conflict' }
end

-- Without an opening there is no claim.
local ends = r.opened_at and redis.call('ZSCORE', CLAIMS, claim)
if ends then
  local seal, first = parked(claim, ends)
  local head = seal and redis.call('GET', part_key(0))
  if head then
    ends = extend(r, claim, first, lease, lease_max)
    return { 'known', r.size, r.expires_at, r.views_left or false, ends, seal, head }
  end
  redis.call('UNLINK', parked_key(claim))
  settle(r)
  -- Past claims are not remembered for ever where there is no end of views: there it is a new one.
  if r.views then
    return { 'claim over' }
  end
end

if is_over(r) then
  return { 'over', flat }
end
if not r.passphrase and proof ~= '' then
  return { 'no passphrase' }
end
if r.passphrase and proof == '' then
  return { 'passphrase required' }
end
if r.passphrase and proof ~= r.passphrase then
  keep_record(r)
  local left = tries - redis.call('HINCRBY', RECORD, 'failed', 1)
  if left <= 0 then
    r.burned_at = now
    redis.call('HSET', RECORD, 'burned_at', now)
    redis.call('UNLINK', SEAL)
    settle_last(r, lease_max)
  end
  return { 'wrong passphrase', left }
end

local head = redis.call('GET', part_key(0))
local last = r.views_left == '1'
local seal = head and redis.call(last and 'GETDEL' or 'GET', SEAL)
if not seal then
  -- Redis' own clock is ahead: the time to live was the time to the expiry.
  return { 'expired', r.expires_at }
end
if not last then
  keep_record(r)
end
local opened_at = (r.opened_at or '') .. struct.pack('>I8', now)
local changes = { 'opened_at', string.sub(opened_at, -8 * remembered) }
local views_left = r.views_left and tostring(tonumber(r.views_left) - 1)
if views_left then
  changes[3], changes[4] = 'views_left', views_left
end
if last then
  r.used_up_at = now
  changes[5], changes[6] = 'used_up_at', now
end
redis.call('HSET', RECORD, unpack(changes))
ends = lease_end(r, now, lease, lease_max)
redis.call('ZADD', CLAIMS, ends, claim)
if ends > now then
  redis.call('SET', parked_key(claim), seal .. string.format('%.0f', now), 'PX', ends - now)
end
if last then
  settle_last(r, lease_max, ends > now)
end
if not r.opened_at then
  redis.call('PEXPIRE', CLAIMS, tonumber(r.gone_at) - now)
  return { 'ok', r.size, r.expires_at, views_left or false, ends, seal, head }
end
-- Claims that are over are forgotten, but for the newest.
local over = redis.call('ZCOUNT', CLAIMS, '-inf', now)
if over > remembered then
  redis.call('ZREMRANGEBYRANK', CLAIMS, 0, over - remembered - 1)
end
-- Too many live ones: the oldest make room.
local excess = redis.call('ZCARD', CLAIMS) - most - remembered
if excess > 0 then
  for _, oldest in ipairs(redis.call('ZRANGE', CLAIMS, 0, excess - 1)) do
    redis.call('UNLINK', parked_key(oldest))
  end
  redis.call('ZREMRANGEBYRANK', CLAIMS, 0, excess - 1)
end
return { 'ok', r.size, r.expires_at, views_left or false, ends, seal, head }
