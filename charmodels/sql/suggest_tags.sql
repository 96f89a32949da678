-- The tags of the public gallery that begin with a text, or an alias of which does, by popularity; behind them those that
-- are like it. As in gallery_keys, what is popular is found by walking from the most popular on, and what is not by an
-- index; both stop after so many. There is one row more, without a tag, that says how much is not folded.
--
-- How many stands in the text: of a parameter the planner would guess that it is a tenth of all, and plan anew each time.
WITH unfolded AS MATERIALIZED (
    SELECT tag, sum(d.change)::bigint AS change
    FROM tag_deltas AS d
    CROSS JOIN LATERAL unnest(d.tags) AS tag
    GROUP BY tag
), walked AS MATERIALIZED (
    SELECT t.tag, t.count, coalesce(u.change, 0) AS change
    FROM (
        SELECT tag, count FROM tag_totals WHERE style_type = '' ORDER BY count DESC, tag LIMIT :walk
    ) AS t
    LEFT JOIN unfolded AS u ON u.tag = t.tag
    WHERE starts_with(t.tag, :prefix::text)
), bounds AS MATERIALIZED (
    SELECT (SELECT count(*) FROM walked)
           >= :most::bigint + (SELECT count(*) FROM unfolded WHERE change < 0 AND starts_with(tag, :prefix::text))
           AS is_enough,
           (SELECT count + change FROM walked ORDER BY 1 DESC OFFSET :most::bigint - 1 LIMIT 1) AS needed
), looked_up AS MATERIALIZED (
    SELECT t.tag, t.count
    FROM tag_totals AS t
    WHERE t.style_type = '' AND t.tag ~>=~ :prefix::text AND t.tag ~<=~ :last::text
      AND NOT (SELECT is_enough FROM bounds)
    ORDER BY t.tag USING ~<~
    LIMIT :looked_up
), noted AS (
    -- What is not folded may have brought up others, but only such as gained what they were behind.
    SELECT tag
    FROM unfolded
    WHERE starts_with(tag, :prefix::text)
      AND (NOT (SELECT is_enough FROM bounds) OR (SELECT needed FROM bounds) <= change + coalesce((
          SELECT count FROM tag_totals WHERE style_type = '' ORDER BY count DESC, tag OFFSET :walk - 1 LIMIT 1
      ), 0))
    UNION
    SELECT tag FROM tag_aliases WHERE starts_with(alias, :prefix::text)
), begins AS MATERIALIZED (
    SELECT found.tag, min(found.count) + coalesce(min(u.change), 0) AS count
    FROM (
        SELECT tag, count FROM walked
        UNION ALL
        SELECT tag, count FROM looked_up
        UNION ALL
        SELECT n.tag, coalesce((
            SELECT t.count FROM tag_totals AS t WHERE t.style_type = '' AND t.tag = n.tag
        ), 0)
        FROM noted AS n
    ) AS found
    LEFT JOIN unfolded AS u ON u.tag = found.tag
    GROUP BY found.tag
    HAVING min(found.count) + coalesce(min(u.change), 0) > 0
), resembles AS (
    SELECT s.tag, s.count + coalesce(u.change, 0) AS count, s.likeness
    FROM charmodels_similar_tags(
        :prefix::text,
        (SELECT :most::bigint + count(*) FROM begins),
        ARRAY(SELECT tag FROM unfolded WHERE change > 0 ORDER BY change DESC LIMIT :further)
    ) AS s
    LEFT JOIN unfolded AS u ON u.tag = s.tag
    WHERE (SELECT count(*) FROM begins) < :most::bigint AND s.tag NOT IN (SELECT tag FROM begins)
)
(
    SELECT tag, count
    FROM (
        SELECT tag, count, 2 AS likeness FROM begins
        UNION ALL
        SELECT tag, count, likeness FROM resembles WHERE count > 0
    ) AS suggested
    ORDER BY likeness DESC, count DESC, tag
    LIMIT :most::bigint
)
UNION ALL
SELECT NULL, count(*) FROM tag_deltas
