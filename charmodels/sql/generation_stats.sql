-- Counts generations by all that they are counted by; the ORM has no percentiles.
WITH found AS MATERIALIZED (:found)
SELECT
    count(*) AS total,
    (SELECT coalesce(jsonb_object_agg(status, number), '{}') FROM (
        SELECT status, count(*) AS number FROM found GROUP BY status
    ) AS statuses) AS by_status,
    count(*) FILTER (WHERE status = 'COMPLETED') AS completed,
    count(*) FILTER (WHERE status = 'FAILED') AS failed,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - created_at)::float8)
        FILTER (WHERE started_at IS NOT NULL) AS queue_seconds,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM completed_at - started_at)::float8)
        FILTER (WHERE status = 'COMPLETED') AS processing_seconds,
    min(created_at) FILTER (WHERE status = 'PENDING') AS oldest_pending,
    min(created_at) AS first_request,
    coalesce(sum(rescues), 0)::bigint AS rescues
FROM found
