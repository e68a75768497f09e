-- Gives a grant to a share, unless another has it.
-- KEYS: the grant. ARGV: the share, and how long the grant lasts. Answers whether the share has it.

if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 1
end
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0
