-- A grant and its entry in the ledger, or nothing where the user is not there or the key was used: the ORM knows no
-- INSERT that depends on another. The lock waits for whoever deletes the user, but not for who changes their quota.
WITH owner AS (
    SELECT user_id FROM user_quotas WHERE user_id = $2 FOR KEY SHARE
), granted AS (
    INSERT INTO quota_grants (id, user_id, amount, key, reason, expires_at, created_at)
    SELECT $1, user_id, $3, $4, $5, $6, coalesce($7::timestamptz, statement_timestamp()) FROM owner
    ON CONFLICT (user_id, key) WHERE key IS NOT NULL DO NOTHING
    RETURNING *
), entered AS (
    INSERT INTO quota_ledger (id, user_id, kind, amount, grants, key, reason, expires_at, created_at)
    SELECT id, user_id, 'GRANT', amount, jsonb_build_object(id, amount), key, reason, expires_at, created_at
    FROM granted
)
SELECT * FROM granted
