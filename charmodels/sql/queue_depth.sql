-- How long the queue is, in one snapshot: counts with a FILTER each and the oldest request, which the ORM cannot say.
-- The table has open work only, so it is read as it is.
SELECT count(*) FILTER (WHERE j.attempt_token IS NULL) AS pending,
       count(*) FILTER (WHERE j.attempt_token IS NOT NULL) AS processing,
       min(g.created_at) FILTER (WHERE j.attempt_token IS NULL) AS oldest_pending
FROM generation_jobs j JOIN generations g ON g.id = j.generation_id AND g.user_id = j.user_id
