-- Answers a request.
-- ARGV: now, access, the share and its sealed secret, when the share expires or '' if it may not answer,
-- how long its record is kept beyond that.

local answer, till, more = ARGV[3], ARGV[4], tonumber(ARGV[5])

local r, flat = load_request(ARGV[2])
if not r then
  return { 'unknown' }
end
if r.answer == answer then
  keep_record(r)
  return { 'known', r.used_up_at }
end
if is_over(r) then
  keep_record(r)
  return { 'over', flat }
end
if till == '' then
  return { 'conflict' }
end
r.gone_at = math.max(tonumber(r.gone_at), tonumber(till) + more)
keep_record(r)
drop_content(r)
redis.call('HSET', RECORD, 'answer', answer, 'answer_until', till, 'used_up_at', now,
  'views_left', 0, 'gone_at', string.format('%.0f', r.gone_at))
return { 'ok', now }
