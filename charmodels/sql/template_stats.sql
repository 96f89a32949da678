-- Counts the templates of a queryset, in one statement.
WITH counted AS (
    SELECT style_type, count(*) AS templates, count(*) FILTER (WHERE is_active) AS active, sum(usage_count) AS used
    FROM (:found) AS found
    GROUP BY style_type
)
SELECT coalesce(sum(templates), 0)::bigint AS total,
       coalesce(sum(active), 0)::bigint AS active,
       coalesce(sum(used), 0)::bigint AS used,
       coalesce(json_object_agg(style_type, templates), '{}') AS by_style
FROM counted
