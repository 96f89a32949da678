-- The most used tags of the public gallery. The totals come in their order out of an index, some more than are asked for.
-- What is not folded yet may have sent some of these down: as many more are read. It may have brought up others, but only
-- such as gained what they were behind. There is one row more, without a tag, that says how much is not folded.
WITH unfolded AS MATERIALIZED (
    SELECT tag, sum(d.change)::bigint AS change
    FROM tag_deltas AS d
    CROSS JOIN LATERAL unnest(d.tags) AS tag
    WHERE :style::text = '' OR d.style_type = :style::text
    GROUP BY tag
), first AS MATERIALIZED (
    SELECT t.tag, t.count
    FROM tag_totals AS t
    WHERE t.style_type = :style::text AND t.tag <> ''
    ORDER BY t.count DESC, t.tag
    LIMIT :most::bigint + :more::bigint + (SELECT count(*) FROM unfolded WHERE change < 0)
), changed AS MATERIALIZED (
    SELECT f.tag, f.count + coalesce(u.change, 0) AS count
    FROM first AS f
    LEFT JOIN unfolded AS u ON u.tag = f.tag
), risen AS MATERIALIZED (
    SELECT u.tag, u.change
    FROM unfolded AS u
    WHERE u.change + coalesce((SELECT min(count) FROM first), 0)
          >= coalesce((SELECT count FROM changed ORDER BY count DESC OFFSET :most::bigint - 1 LIMIT 1), 1)
      AND NOT EXISTS (SELECT FROM first AS f WHERE f.tag = u.tag)
), counted AS (
    SELECT tag, count FROM changed
    UNION ALL
    SELECT r.tag, r.change + coalesce((
        SELECT t.count FROM tag_totals AS t WHERE t.style_type = :style::text AND t.tag = r.tag
    ), 0)
    FROM risen AS r
)
(SELECT tag, count FROM counted WHERE count > 0 ORDER BY count DESC, tag LIMIT :most::bigint)
UNION ALL
SELECT NULL, count(*) FROM tag_deltas
