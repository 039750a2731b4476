-- Fencing tokens in PostgreSQL: run this once. `SELECT raise_fence(lock_name, token)` is then the first statement of every transaction that writes what
-- the lock guards. It refuses a token lower than the greatest that it has seen, and it makes writers under the same lock name wait for
-- each other until they commit: so of two, the one that comes second sees the token of the first.

CREATE TABLE IF NOT EXISTS fence (
  name  text   PRIMARY KEY,
  token bigint NOT NULL
);

CREATE OR REPLACE FUNCTION raise_fence(lock_name text, new_token bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  -- One statement looks and raises, and locks the row, also when it refuses.
  INSERT INTO fence AS f (name, token) VALUES (lock_name, new_token)
  ON CONFLICT (name) DO UPDATE SET token = excluded.token WHERE f.token <= excluded.token;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'cannot write % with token %: a later holder was here already', lock_name, new_token
      USING ERRCODE = 'LK412';
  END IF;
END
$$;
