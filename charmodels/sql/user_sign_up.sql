-- Makes the user of a first log-in, with their quota's row, unless somebody has the identity or the address by now: then
-- it gives no row. The ORM's ON CONFLICT DO NOTHING does not tell whether it made one. The row of the quota is made here
-- because the one that the trigger makes is not to be seen before the statement is over; the trigger leaves this one.
WITH made AS (
    INSERT INTO users (id, created_at, updated_at, email, auth0_id, name, avatar_url)
    SELECT :id::uuid, clock.now, clock.now, :email::text, :auth0_id::text, :name::text, :avatar_url::text
    FROM (SELECT coalesce(:now::timestamptz, statement_timestamp()) AS now) AS clock
    ON CONFLICT DO NOTHING
    RETURNING *
), noted AS (
    INSERT INTO user_quotas (user_id, last_active_at) SELECT id, created_at FROM made
)
SELECT :columns FROM made
