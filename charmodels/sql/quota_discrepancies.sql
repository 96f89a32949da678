-- Compares the counters, open holds and grants of up to $2 users, in the order of their keys after $1, with the ledger.
-- One statement, so all of it is read at one moment. Comparing sums over five tables is nothing that the ORM can say.
WITH users_to_check AS (
    SELECT * FROM user_quotas WHERE user_id > $1 ORDER BY user_id LIMIT $2
), entries AS (
    SELECT l.*, charmodels_granted(l.grants) AS granted,
           CASE l.kind WHEN 'HOLD' THEN 1 WHEN 'RELEASE' THEN -1 WHEN 'EXPIRE' THEN -1 ELSE 0 END AS sign
    FROM users_to_check u
    JOIN quota_ledger l ON l.user_id = u.user_id
), counters AS (
    SELECT u.user_id, u.daily_used, u.granted_used,
           coalesce(sum(e.sign * (e.amount - e.granted)), 0) AS daily_accounted,
           coalesce(sum(e.sign * e.granted), 0) AS granted_accounted
    FROM users_to_check u
    LEFT JOIN entries e ON e.user_id = u.user_id AND e.quota_day = u.quota_day
    GROUP BY u.user_id, u.daily_used, u.granted_used
), open_holds AS (
    SELECT coalesce(h.user_id, e.user_id) AS user_id, sum(coalesce(h.amount, 0)) AS counted,
           sum(coalesce(e.amount, 0)) AS accounted,
           bool_or((h.amount, h.quota_day, h.grants) IS DISTINCT FROM (e.amount, e.quota_day, e.grants)) AS differs
    FROM (SELECT h.* FROM users_to_check u JOIN quota_holds h ON h.user_id = u.user_id) AS h
    FULL JOIN (
        SELECT * FROM entries opening
        WHERE opening.kind = 'HOLD' AND NOT EXISTS (
            SELECT FROM entries closing
            WHERE closing.hold_id = opening.hold_id AND closing.kind IN ('COMMIT', 'RELEASE', 'EXPIRE')
        )
    ) AS e ON e.hold_id = h.id
    GROUP BY coalesce(h.user_id, e.user_id)
), parts AS (
    SELECT e.user_id, part.key::uuid AS grant_id,
           sum(CASE WHEN e.kind = 'GRANT' THEN part.value::integer ELSE 0 END) AS amount,
           sum(e.sign * part.value::integer) AS spent
    FROM entries e
    CROSS JOIN LATERAL jsonb_each_text(e.grants) AS part
    WHERE e.grants IS NOT NULL
    GROUP BY e.user_id, part.key
), grants AS (
    SELECT coalesce(g.user_id, p.user_id) AS user_id,
           sum(coalesce(g.amount, 0)) AS amount_counted, sum(coalesce(p.amount, 0)) AS amount_accounted,
           bool_or(g.amount IS DISTINCT FROM p.amount) AS amount_differs,
           sum(coalesce(g.spent, 0)) AS spent_counted, sum(coalesce(p.spent, 0)) AS spent_accounted,
           bool_or(g.spent IS DISTINCT FROM p.spent) AS spent_differs
    FROM (SELECT g.* FROM users_to_check u JOIN quota_grants g ON g.user_id = u.user_id) AS g
    FULL JOIN parts p ON p.grant_id = g.id
    GROUP BY coalesce(g.user_id, p.user_id)
), found AS (
    SELECT user_id, 'daily_used' AS what, daily_used AS counted, daily_accounted AS accounted
    FROM counters WHERE daily_used <> daily_accounted
    UNION ALL
    SELECT user_id, 'granted_used', granted_used, granted_accounted
    FROM counters WHERE granted_used <> granted_accounted
    UNION ALL
    SELECT user_id, 'open holds', counted, accounted FROM open_holds WHERE differs
    UNION ALL
    SELECT user_id, 'grants', amount_counted, amount_accounted FROM grants WHERE amount_differs
    UNION ALL
    SELECT user_id, 'spent of grants', spent_counted, spent_accounted FROM grants WHERE spent_differs
)
SELECT (SELECT count(*) FROM users_to_check) AS checked,
       (SELECT user_id FROM users_to_check ORDER BY user_id DESC LIMIT 1) AS last,
       (
           SELECT coalesce(json_agg(json_build_object(
               'user_id', user_id, 'what', what, 'counted', counted, 'accounted', accounted
           ) ORDER BY user_id, what), '[]')
           FROM found
       ) AS found
