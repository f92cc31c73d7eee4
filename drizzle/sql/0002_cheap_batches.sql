-- Fails with this SQLSTATE. A statement that is sent together with COMMIT, before its own answer is
-- known, has to fail where the transaction may not commit.
CREATE FUNCTION "long_running_migrations"."refuse"(code text, message text) RETURNS bigint
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message;
END
$$;
