-- Stores what the identity provider now says of a user and notes that they were here. It gives no row if they are gone,
-- if somebody else has the address, or if another log-in has stored the same. The ORM's UPDATE gives back no row.
--
-- The user's row is locked before that of the quota, as where a user is deleted or changes tier.
WITH changed AS (
    UPDATE users u
    SET email = :email::text,
        name = coalesce(:name::text, u.name),
        avatar_url = coalesce(:avatar_url::text, u.avatar_url)
    WHERE u.auth0_id = :auth0_id::text
      AND (u.email, u.name, u.avatar_url) IS DISTINCT FROM
          (:email::text, coalesce(:name::text, u.name), coalesce(:avatar_url::text, u.avatar_url))
      AND NOT EXISTS (
          SELECT FROM users other WHERE lower(other.email) = lower(:email::text) AND other.id <> u.id
      )
    RETURNING *
), noted AS (
    UPDATE user_quotas q
    SET last_active_at = clock.now
    FROM changed, (SELECT coalesce(:now::timestamptz, statement_timestamp()) AS now) AS clock
    WHERE q.user_id = changed.id
      AND (q.last_active_at IS NULL OR q.last_active_at < clock.now - :pause::interval)
)
SELECT :columns FROM changed
