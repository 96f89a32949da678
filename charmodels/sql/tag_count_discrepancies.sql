-- Compares the counts of tags, what is folded and what is not, with a recount; at one moment, which the ORM could not give
-- several queries.
WITH recount AS (
    SELECT style, tag, count(*) AS count
    FROM gallery_entries AS e
    CROSS JOIN LATERAL unnest(e.tags || ''::text) AS tag
    CROSS JOIN LATERAL unnest(ARRAY[e.style_type, '']) AS style
    GROUP BY style, tag
), counted AS (
    SELECT style, tag, sum(count)::bigint AS count
    FROM (
        SELECT style_type AS style, tag, count FROM tag_totals
        UNION ALL
        SELECT style, tag, d.change
        FROM tag_deltas AS d
        CROSS JOIN LATERAL unnest(d.tags || ''::text) AS tag
        CROSS JOIN LATERAL unnest(ARRAY[d.style_type, '']) AS style
    ) AS noted
    GROUP BY style, tag
    HAVING sum(count) <> 0
)
SELECT count(r.count) AS compared,
       count(*) FILTER (WHERE c.count IS NULL) AS missing,
       count(*) FILTER (WHERE r.count <> c.count) AS different,
       count(*) FILTER (WHERE r.count IS NULL) AS surplus
FROM recount AS r
FULL JOIN counted AS c ON c.style = r.style AND c.tag = r.tag
