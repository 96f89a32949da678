-- Deletes finished generations, the oldest first, in the order of an index, from where the last statement ended. Nobody
-- is waited for: what is locked is left to the next time.
WITH old AS MATERIALIZED (
    SELECT id, user_id, created_at FROM generations
    WHERE (created_at, id) > ($1::timestamptz, $2::uuid) AND created_at < $3
      AND completed_at < $3 AND status = ANY ($4::text[])
    ORDER BY created_at, id LIMIT $5 FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM generations g USING old WHERE g.id = old.id AND g.user_id = old.user_id
)
SELECT created_at, id FROM old ORDER BY created_at, id
