-- The tags of the public gallery that begin with a text, or an alias of which does, by popularity; behind them those
-- that are like it. As in gallery_keys, what is popular is found by walking from the most popular on, and what is not by an
-- index; both stop after so many. There is one row more, without a tag, that says how much is not folded.
--
-- What is asked for stands in a subquery, and how many in the text, so that a plan for any values is no worse than one
-- for these, and the planner keeps it: planning takes as long as all the rest.
WITH asked AS MATERIALIZED (
    SELECT :prefix::text AS prefix, :last::text AS last
), unfolded AS MATERIALIZED (
    SELECT tag, sum(d.change)::bigint AS change
    FROM tag_deltas AS d
    CROSS JOIN LATERAL unnest(d.tags) AS tag
    GROUP BY tag
), walked AS MATERIALIZED (
    SELECT t.tag, t.count
    FROM (
        SELECT tag, count FROM tag_totals WHERE style_type = '' ORDER BY count DESC, tag LIMIT :walk
    ) AS t
    WHERE starts_with(t.tag, (SELECT prefix FROM asked))
), bounds AS MATERIALIZED (
    SELECT (SELECT count(*) FROM walked)
           >= :most::bigint + (
               SELECT count(*) FROM unfolded WHERE change < 0 AND starts_with(tag, (SELECT prefix FROM asked))
           ) AS is_enough,
           (
               SELECT min(count) + coalesce(min(change), 0)
               FROM (
                   SELECT tag, count, NULL::bigint AS change FROM walked
                   UNION ALL
                   SELECT tag, NULL, change FROM unfolded
               ) AS changed
               GROUP BY tag
               HAVING min(count) IS NOT NULL
               ORDER BY 1 DESC
               OFFSET :most::bigint - 1 LIMIT 1
           ) AS needed
), looked_up AS MATERIALIZED (
    SELECT t.tag, t.count
    FROM tag_totals AS t
    WHERE t.style_type = '' AND t.tag ~>=~ (SELECT prefix FROM asked) AND t.tag ~<=~ (SELECT last FROM asked)
      AND NOT (SELECT is_enough FROM bounds)
    ORDER BY t.tag USING ~<~
    LIMIT :looked_up
), noted AS (
    -- What is not folded may have brought up others, but only such as gained what they were behind.
    SELECT tag
    FROM unfolded
    WHERE starts_with(tag, (SELECT prefix FROM asked))
      AND (NOT (SELECT is_enough FROM bounds) OR (SELECT needed FROM bounds) <= change + coalesce((
          SELECT count FROM tag_totals WHERE style_type = '' ORDER BY count DESC, tag OFFSET :walk - 1 LIMIT 1
      ), 0))
    UNION
    SELECT tag FROM tag_aliases WHERE starts_with(alias, (SELECT prefix FROM asked))
), begins AS MATERIALIZED (
    -- Put together by grouping: a join might compare each with each.
    SELECT tag, min(count) + coalesce(min(change), 0) AS count
    FROM (
        SELECT tag, count, NULL::bigint AS change FROM walked
        UNION ALL
        SELECT tag, count, NULL FROM looked_up
        UNION ALL
        SELECT n.tag, coalesce((
            SELECT t.count FROM tag_totals AS t WHERE t.style_type = '' AND t.tag = n.tag
        ), 0), NULL
        FROM noted AS n
        UNION ALL
        SELECT tag, NULL, change FROM unfolded
    ) AS found
    GROUP BY tag
    HAVING min(count) + coalesce(min(change), 0) > 0
), resembles AS (
    SELECT s.tag, s.count + coalesce(u.change, 0) AS count, s.likeness
    FROM charmodels_similar_tags(
        (SELECT prefix FROM asked),
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
