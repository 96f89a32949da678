-- Renews the leases of a worker's jobs; no row for a job that is another's by now. With $5 a job that somebody has
-- locked is left out too: it is being ended, and to wait for that could be a deadlock.
WITH asked AS MATERIALIZED (
    SELECT unnest($1::uuid[]) AS id, unnest($2::uuid[]) AS token
), held AS MATERIALIZED (
    SELECT j.generation_id FROM asked JOIN generation_jobs j ON j.generation_id = asked.id
    WHERE j.attempt_token = asked.token AND $5 FOR NO KEY UPDATE OF j SKIP LOCKED
)
UPDATE generation_jobs j
SET lease_expires_at = coalesce($4::timestamptz, statement_timestamp()) + $3::interval
FROM asked
WHERE j.generation_id = asked.id AND j.attempt_token = asked.token
  AND (NOT $5::boolean OR j.generation_id IN (SELECT generation_id FROM held))
RETURNING j.generation_id, j.attempt_token, j.lease_expires_at, j.cancel_requested
