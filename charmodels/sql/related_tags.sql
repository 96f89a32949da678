-- The tags that the newest characters with a tag have beside it, and at least as often as chance would have it: as often
-- as in the gallery as a whole. The more of a tag's characters are among them the better, but by the root of how many
-- there are, or those that occur once would lead. There is one row more, without a tag, that says how much is not folded.
WITH unfolded AS MATERIALIZED (
    SELECT tag, sum(d.change)::bigint AS change
    FROM tag_deltas AS d
    CROSS JOIN LATERAL unnest(d.tags || ''::text) AS tag
    GROUP BY tag
), chosen AS MATERIALIZED (
    SELECT each.tags
    FROM (:chosen) AS key
    CROSS JOIN LATERAL (
        -- OFFSET 0: one by one.
        SELECT e.tags FROM gallery_entries AS e WHERE e.character_id = key.character_id OFFSET 0
    ) AS each
), met AS MATERIALIZED (
    SELECT tag, count(*) AS count
    FROM chosen
    CROSS JOIN LATERAL unnest(tags) AS tag
    WHERE tag <> ALL (SELECT unnest(:tag))
    GROUP BY tag
), weighed AS MATERIALIZED (
    SELECT w.tag, w.count, coalesce(u.change, 0) + coalesce((
        SELECT t.count FROM tag_totals AS t WHERE t.style_type = '' AND t.tag = w.tag
    ), 0) AS total
    FROM (SELECT tag, count FROM met UNION ALL SELECT '', count(*) FROM chosen) AS w
    LEFT JOIN unfolded AS u ON u.tag = w.tag
)
(
    SELECT w.tag, w.count
    FROM weighed AS w, weighed AS everything
    WHERE w.tag <> '' AND everything.tag = '' AND w.count * everything.total >= everything.count * w.total
    ORDER BY w.count / sqrt(greatest(w.total, 1)) DESC, w.tag
    LIMIT :most::bigint
)
UNION ALL
SELECT NULL, count(*) FROM tag_deltas
