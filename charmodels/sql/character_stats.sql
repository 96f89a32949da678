-- Counts the characters of a queryset by all that they are counted by, in one statement: the ORM groups by one thing at a
-- time. The tags are counted apart, so that the server may use several processes for either.
WITH counted AS (
    SELECT style_type, generation_status, is_public AND generation_status = 'COMPLETED' AS is_shown,
           template_id IS NOT NULL AS has_template, count(*) AS characters
    FROM (:found) AS found
    GROUP BY 1, 2, 3, 4
), by_tag AS (
    SELECT tag, count(*) AS characters
    FROM (SELECT unnest(found.tags) AS tag FROM (:found) AS found) AS tagged
    GROUP BY tag
    ORDER BY characters DESC, tag
    LIMIT :most::bigint
)
SELECT coalesce(sum(characters), 0)::bigint AS total,
       coalesce(sum(characters) FILTER (WHERE is_shown), 0)::bigint AS public,
       coalesce(sum(characters) FILTER (WHERE has_template), 0)::bigint AS from_template,
       (SELECT coalesce(json_object_agg(style_type, n), '{}')
        FROM (SELECT style_type, sum(characters) AS n FROM counted GROUP BY 1) AS each) AS by_style,
       (SELECT coalesce(json_object_agg(generation_status, n), '{}')
        FROM (SELECT generation_status, sum(characters) AS n FROM counted GROUP BY 1) AS each) AS by_status,
       (SELECT coalesce(json_object_agg(tag, characters ORDER BY characters DESC, tag), '{}') FROM by_tag) AS tags
FROM counted
