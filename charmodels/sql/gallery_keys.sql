-- The keys of one page of the public gallery, found by tags or words, in one of two ways.
--
-- What many of the newest entries have is found by walking from the newest on: that stops when the page is full, and
-- after so many entries in any case. What few of them have is found by the indexes on tags, words and parts of words,
-- which give all there are, to be sorted. PostgreSQL chooses between the two by how common a tag is, as if the rows that
-- have it were spread evenly; for a trend that died it walks through nearly everything. Here it has no choice: OFFSET 0
-- keeps it from looking for an order inside, and values stand in subqueries, so that statistics do not tempt it.
--
-- A glance at the very newest fills the page, or tells whether a walk is going to: there is one only if finds that keep
-- coming as they did would fill it, or if there are no more entries of that owner or time. What the counters say of the tags spares even the glance where they are rare, and the
-- reading of a long list of an index where they are common and a text is searched as well.
WITH hint AS MATERIALIZED (
    SELECT :tagged AS tagged
), glanced AS MATERIALIZED (
    SELECT e.created_at, e.character_id
    FROM (
        SELECT e.* FROM gallery_entries AS e
        WHERE :range AND :after
        ORDER BY e.created_at :direction, e.character_id :direction
        LIMIT (SELECT CASE WHEN tagged <= :few::bigint THEN 0 ELSE :glance::bigint END FROM hint)
    ) AS e
    WHERE :conditions
    ORDER BY e.created_at :direction, e.character_id :direction
    LIMIT :rows::bigint
), whole AS MATERIALIZED (
    SELECT :is_whole AS is_whole
), walked AS MATERIALIZED (
    SELECT e.created_at, e.character_id
    FROM (
        SELECT e.* FROM gallery_entries AS e
        WHERE :range AND :after
        ORDER BY e.created_at :direction, e.character_id :direction
        LIMIT (
            SELECT CASE
                WHEN count(*) < :rows::bigint AND (
                    count(*) * :walk::bigint >= :rows::bigint * :glance::bigint OR (SELECT is_whole FROM whole)
                )
                THEN :walk::bigint ELSE 0
            END
            FROM glanced
        )
    ) AS e
    WHERE :conditions
    ORDER BY e.created_at :direction, e.character_id :direction
    LIMIT :rows::bigint
), filled AS MATERIALIZED (
    SELECT character_id FROM glanced WHERE (SELECT count(*) FROM glanced) >= :rows::bigint
    UNION ALL
    SELECT character_id FROM walked
    WHERE (SELECT count(*) FROM walked) >= :rows::bigint OR (SELECT is_whole FROM whole)
), looked_up AS (
    SELECT found.created_at, found.character_id
    FROM (:found OFFSET 0) AS found
    WHERE NOT EXISTS (SELECT FROM filled) AND NOT (SELECT is_whole FROM whole) AND :after_found
    ORDER BY found.created_at :direction, found.character_id :direction
    LIMIT :rows::bigint
)
SELECT character_id FROM filled
UNION ALL
SELECT character_id FROM looked_up
