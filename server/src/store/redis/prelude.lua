-- In front of every script. KEYS[1] is the share's record, a hash; the share's other keys have the same
-- prefix, hash tag included. ARGV[1] is the time now in milliseconds: no script asks for the time.
--
-- KEYS[2] never exists. While a Cluster moves the share from one node to another, it refuses scripts with
-- a key that is there and one that is not (TRYAGAIN): all of them, then, before they do anything, and none
-- is stopped halfway at a key that has gone ahead.
--
-- Behind these there may be keys of rates, never in a Cluster, with as many arguments and one more.
--
-- Two rules: every key is written with its time to live, and what must work while memory is full
-- begins with a write that takes none, for Redis then refuses a script at its first write or never.

local SEAL_LEN = 56
local PART_LEN = 1049600

local RECORD = KEYS[1]
local PREFIX = string.sub(RECORD, 1, -#'record' - 1)
-- The first 56 bytes of the ciphertext, as long as there is a view to spend.
local SEAL = PREFIX .. 'seal'
-- A sorted set: each claim that was answered, by the end of its lease. It is live while that is to come.
local CLAIMS = PREFIX .. 'claims'
-- A sorted set while staged: the number of each part, by when it came.
local STAGED = PREFIX .. 'staged'

local now = tonumber(ARGV[1])
local has_rates = #KEYS > 2
local argc = has_rates and #ARGV - (#KEYS - 1) or #ARGV

-- When the content is gone of itself, and until when it is staged, once the script has changed that:
-- behind the script's answer, for the ledger.
local kept = false

local function part_key(n)
  return PREFIX .. 'part:' .. n
end

-- The seal that a live claim may ask for again, and behind it when the claim was first made.
local function parked_key(claim)
  return PREFIX .. 'claim:' .. claim
end

-- The record as a table, nil if there is none or its time is over, and as a reply.
local function load()
  local flat = redis.call('HGETALL', RECORD)
  local r = {}
  for i = 1, #flat, 2 do
    r[flat[i]] = flat[i + 1]
  end
  return r.gone_at and now < tonumber(r.gone_at) and r or nil, flat
end

-- As `load`, if the token is the owner's.
local function load_owned(owner)
  local r, flat = load()
  if r and r.owner == owner then
    return r, flat
  end
end

-- As `load`, if it is a request and the token its holders'.
local function load_request(access)
  local r, flat = load()
  if r and r.request and r.access == access and r.expires_at and not r.pending_until then
    return r, flat
  end
end

local function is_staged(r)
  return not r.expires_at and not r.pending_until and not r.revoked_at
end

local function is_over(r)
  local ends = r.expires_at or r.pending_until
  return r.used_up_at or r.burned_at or r.revoked_at or ends and now >= tonumber(ends)
end

local function part_count(r)
  return math.ceil((tonumber(r.size) - SEAL_LEN) / PART_LEN)
end

-- Sets the record's time to live. A first write that takes no memory, and one that replicas are waited for
-- with where a repeated request finds all done: without one it is not known what they have.
local function keep_record(r)
  redis.call('PEXPIRE', RECORD, tonumber(r.gone_at) - now)
end

-- Whether all of the content is there.
local function is_complete(r)
  for n = 0, part_count(r) - 1 do
    if redis.call('EXISTS', part_key(n)) == 0 then
      return false
    end
  end
  return redis.call('EXISTS', SEAL) == 1
end

-- Keeps the content so long from now, which the record notes as `field`, and the record for `more`.
local function keep_content(r, field, ttl, more)
  r[field] = now + ttl
  r.gone_at = r[field] + more
  keep_record(r)
  redis.call('PEXPIRE', SEAL, ttl)
  for n = 0, part_count(r) - 1 do
    redis.call('PEXPIRE', part_key(n), ttl)
  end
  redis.call('HSET', RECORD, field, r[field], 'gone_at', r.gone_at)
  kept = { r[field], 0 }
end

-- Starts the expiry.
local function go_live(r, more)
  keep_content(r, 'expires_at', tonumber(r.expires_in) * 1000, more)
end

-- Keeps a staged share for another while, and its parts a little longer, but for at most `most` from when
-- they came. So not every request renews the parts, and none is gone before the record.
local function keep_staged(r, staged, part_ttl, most)
  r.gone_at = now + staged
  keep_record(r)
  redis.call('HSET', RECORD, 'gone_at', r.gone_at)
  redis.call('PEXPIRE', STAGED, staged)
  local first = redis.call('ZRANGE', STAGED, 0, 0)[1]
  if first and redis.call('PTTL', part_key(first)) < staged then
    local all = redis.call('ZRANGE', STAGED, 0, -1, 'WITHSCORES')
    for i = 1, #all, 2 do
      local ttl = math.min(part_ttl, tonumber(all[i + 1]) + most - now)
      redis.call('PEXPIRE', part_key(all[i]), ttl)
      if all[i] == '0' then
        redis.call('PEXPIRE', SEAL, ttl)
      end
    end
  end
  kept = { now + part_ttl, now + part_ttl }
end

-- Deletes everything that can be opened.
local function drop_content(r)
  redis.call('UNLINK', SEAL)
  for n = 0, part_count(r) - 1 do
    redis.call('UNLINK', part_key(n))
  end
  kept = { 0, 0 }
end

local function has_live_claim()
  return redis.call('ZCOUNT', CLAIMS, '(' .. string.format('%.0f', now), '+inf') > 0
end

-- Once no view is left, the content stays for as long as there is a live claim.
local function settle(r)
  local spent = r.used_up_at or r.burned_at
  if spent and not has_live_claim() and redis.call('EXISTS', part_key(0)) == 1 then
    drop_content(r)
  end
end

-- As `settle`, when the last view has just gone, maybe to a claim that is live: no lease outlasts
-- `lease_max` from now.
local function settle_last(r, lease_max, is_live)
  local ttl = math.min(lease_max, tonumber(r.expires_at) - now)
  kept = { now + ttl, 0 }
  if not is_live then
    settle(r)
  end
  for n = 0, part_count(r) - 1 do
    redis.call('PEXPIRE', part_key(n), ttl)
  end
end

-- The parked seal and the first time of a claim, if it is live.
local function parked(claim, ends)
  local value = tonumber(ends) > now and redis.call('GET', parked_key(claim))
  if value then
    return string.sub(value, 1, SEAL_LEN), tonumber(string.sub(value, SEAL_LEN + 1))
  end
end

-- Until when a claim's lease lasts with a request now.
local function lease_end(r, first, lease, lease_max)
  return math.min(now + lease, first + lease_max, tonumber(r.expires_at))
end

-- Notes it, and returns it.
local function extend(r, claim, first, lease, lease_max)
  local ends = lease_end(r, first, lease, lease_max)
  redis.call('PEXPIRE', parked_key(claim), ends - now)
  redis.call('ZADD', CLAIMS, ends, claim)
  return ends
end
