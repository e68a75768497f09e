-- Keeps a session.
-- KEYS: the session. ARGV: until when, whose it is, and how long that is.

redis.call('SET', KEYS[1], ARGV[2] .. ARGV[1], 'PX', ARGV[3])
return 0
