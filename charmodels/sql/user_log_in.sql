-- Finds who logs in, and whoever else has the address. If nothing about them has changed, it also notes that they were
-- here, unless that was noted a moment ago. The ORM cannot read one table and write another in one statement.
WITH found AS (
    SELECT * FROM users WHERE auth0_id = :auth0_id::text OR lower(email) = lower(:email::text)
), noted AS (
    UPDATE user_quotas q
    SET last_active_at = clock.now
    FROM found, (SELECT coalesce(:now::timestamptz, statement_timestamp()) AS now) AS clock
    WHERE q.user_id = found.id
      AND found.auth0_id = :auth0_id::text
      AND found.email = :email::text
      AND (:name::text IS NULL OR found.name = :name::text)
      AND (:avatar_url::text IS NULL OR found.avatar_url = :avatar_url::text)
      AND (q.last_active_at IS NULL OR q.last_active_at < clock.now - :pause::interval)
)
SELECT :columns FROM found
