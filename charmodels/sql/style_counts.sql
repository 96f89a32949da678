-- How many characters of the public gallery there are of each style: the totals, and what is not folded into them yet.
SELECT style_type, sum(count)::bigint AS characters
FROM (
    SELECT style_type, count FROM tag_totals WHERE tag = '' AND style_type <> ''
    UNION ALL
    SELECT style_type, change FROM tag_deltas
) AS counted
GROUP BY style_type
HAVING sum(count) > 0
ORDER BY characters DESC, style_type
