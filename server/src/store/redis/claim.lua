-- The opening.
-- ARGV: now, lease, longest lease, access, claim, proof or '', tries, how much is remembered, and how
-- many claims live at most.

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

local ends = redis.call('ZSCORE', CLAIMS, claim)
if ends then
  local seal, first = parked(claim, ends)
  local head = seal and redis.call('GET', part_key(0))
  if head then
    return { 'known', flat, extend(r, claim, first, lease, lease_max), seal, head }
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
keep_record(r)
local opened_at = (r.opened_at or '') .. struct.pack('>I8', now)
redis.call('HSET', RECORD, 'opened_at', string.sub(opened_at, -8 * remembered))
local views_left = r.views_left and redis.call('HINCRBY', RECORD, 'views_left', -1)
ends = extend(r, claim, now, lease, lease_max)
if ends > now then
  redis.call('SET', parked_key(claim), seal .. string.format('%.0f', now), 'PX', ends - now)
end
if last then
  r.used_up_at = now
  redis.call('HSET', RECORD, 'used_up_at', now)
  settle_last(r, lease_max)
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
-- Of what has changed in the record, the answer tells only this.
for i = 1, #flat, 2 do
  if flat[i] == 'views_left' then
    flat[i + 1] = tostring(views_left)
  end
end
return { 'ok', flat, ends, seal, head }
