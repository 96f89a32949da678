-- The characters of the public gallery that are most like one: by the tags that they share, of which a rare one weighs more
-- (its inverse document frequency), then by the style, then the newest. Who could be like it is bounded: all who have its
-- rarest tags, as many of these as have so many holders together, and those among the newest who share any tag or the
-- style. Weights, bounds and scores are one statement; the ORM has none of them.
WITH given AS MATERIALIZED (
    SELECT id, style_type, tags FROM characters WHERE id = :id::uuid
), counts AS MATERIALIZED (
    SELECT tag, sum(count) AS count
    FROM (
        SELECT t.tag, t.count FROM tag_totals AS t, given
        WHERE t.style_type = '' AND t.tag = ANY (given.tags || ''::text)
        UNION ALL
        SELECT tag, d.change FROM given, tag_deltas AS d CROSS JOIN LATERAL unnest(d.tags || ''::text) AS tag
        WHERE tag = ANY (given.tags || ''::text)
    ) AS counted
    GROUP BY tag
), weights AS MATERIALIZED (
    SELECT held.tag, ln(1 + size.count / (1.0 + held.count)) + 0.01 AS weight,
           sum(held.count) OVER (ORDER BY held.count, held.tag) AS holders
    FROM (SELECT coalesce(max(count), 0) AS count FROM counts WHERE tag = '') AS size
    CROSS JOIN (
        SELECT own_tag AS tag, coalesce(c.count, 0) AS count
        FROM given
        CROSS JOIN LATERAL unnest(given.tags) AS own_tag
        LEFT JOIN counts AS c ON c.tag = own_tag
    ) AS held
), edge AS MATERIALIZED (
    SELECT created_at, character_id FROM gallery_entries
    ORDER BY created_at DESC, character_id DESC
    OFFSET :newest::bigint - 1 LIMIT 1
), candidates AS (
    SELECT e.character_id, e.created_at, e.style_type, e.tags
    FROM (SELECT * FROM gallery_entries ORDER BY created_at DESC, character_id DESC LIMIT :newest::bigint) AS e
    WHERE e.tags && (SELECT tags FROM given) OR e.style_type = (SELECT style_type FROM given)
    UNION ALL
    SELECT found.character_id, found.created_at, found.style_type, found.tags
    FROM (
        SELECT * FROM gallery_entries AS e
        WHERE e.tags && (SELECT array_agg(tag) FROM weights WHERE holders <= :looked_up::bigint)
        OFFSET 0
    ) AS found
    WHERE (found.created_at, found.character_id) < (SELECT created_at, character_id FROM edge)
), best AS (
    SELECT c.character_id, c.created_at, c.style_type = (SELECT style_type FROM given) AS has_style,
           (SELECT coalesce(sum(weight), 0) FROM weights WHERE weights.tag = ANY (c.tags)) AS score
    FROM candidates AS c
    WHERE c.character_id <> :id::uuid
    ORDER BY score DESC, has_style DESC, c.created_at DESC, c.character_id DESC
    LIMIT :most::bigint
)
SELECT :columns
FROM characters
JOIN (SELECT character_id, score, has_style FROM best) AS best ON best.character_id = characters.id
ORDER BY best.score DESC, best.has_style DESC, characters.created_at DESC, characters.id DESC
