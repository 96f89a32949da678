-- Counts what a query finds by style and by tag. The ORM groups by one thing at a time, and not by the elements of an array.
WITH found AS MATERIALIZED (
    :found
), by_style AS (
    SELECT style_type, count(*) AS characters FROM (:for_styles) AS counted GROUP BY style_type
), by_tag AS (
    SELECT tag, count(*) AS characters
    FROM (SELECT unnest(counted.tags) AS tag FROM (:for_tags) AS counted) AS tagged
    GROUP BY tag
    ORDER BY characters DESC, tag
    LIMIT :most::bigint
)
SELECT (SELECT coalesce(json_object_agg(style_type, characters ORDER BY characters DESC, style_type), '{}') FROM by_style)
           AS styles,
       (SELECT coalesce(json_object_agg(tag, characters ORDER BY characters DESC, tag), '{}') FROM by_tag) AS tags
