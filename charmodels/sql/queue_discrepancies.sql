-- Compares the jobs of the queue, and the holds that pay for them, with the open generations, at one moment, which the
-- ORM could not give several queries.
WITH open AS (
    SELECT id, status FROM generations WHERE status IN ('PENDING', 'PROCESSING')
), found AS (
    SELECT CASE
        WHEN j.generation_id IS NULL THEN 'missing'
        WHEN o.id IS NULL THEN 'surplus'
        WHEN (j.attempt_token IS NOT NULL) <> (o.status = 'PROCESSING') OR h.id IS NULL THEN 'different'
        ELSE 'right'
    END AS what
    FROM open AS o
    FULL JOIN generation_jobs AS j ON j.generation_id = o.id
    LEFT JOIN quota_holds AS h ON h.id = j.hold_id AND h.user_id = j.user_id
    UNION ALL
    SELECT 'surplus' FROM quota_holds AS h
    WHERE h.generation_id IN (SELECT id FROM generations)
      AND NOT EXISTS (SELECT FROM generation_jobs AS j WHERE j.hold_id = h.id)
)
SELECT
    count(*) FILTER (WHERE what <> 'surplus') AS compared,
    count(*) FILTER (WHERE what = 'missing') AS missing,
    count(*) FILTER (WHERE what = 'different') AS different,
    count(*) FILTER (WHERE what = 'surplus') AS surplus
FROM found
