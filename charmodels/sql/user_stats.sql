-- Counts the users of a queryset, by the tier in force. The ORM aggregates in the queryset's own SELECT, where LIMIT cuts
-- the one row of the result and a join counts a user twice; and it cannot count by tiers and over all of them at once.
WITH by_tier AS (
    SELECT
        CASE WHEN u.subscription_expires_at <= :now::timestamptz THEN 'FREE' ELSE u.subscription_tier END AS tier,
        count(*) AS users,
        count(*) FILTER (WHERE q.last_active_at >= :since::timestamptz) AS active,
        sum(q.total_generated) AS generated
    FROM users u
    LEFT JOIN user_quotas q ON q.user_id = u.id
    WHERE u.id IN (:chosen)
    GROUP BY 1
)
SELECT
    coalesce(sum(users), 0)::bigint AS total,
    coalesce(sum(active), 0)::bigint AS active,
    coalesce(sum(generated), 0) AS total_generated,
    coalesce(jsonb_object_agg(tier, users), '{}') AS by_tier
FROM by_tier
