-- Counts what a query finds in the public gallery, as far as it takes. As in gallery_ranked, by walking or by an index.
WITH hint AS MATERIALIZED (
    SELECT :tagged AS tagged
), glanced AS MATERIALIZED (
    SELECT count(*) AS found
    FROM (
        SELECT e.* FROM gallery_entries AS e
        WHERE :range
        ORDER BY e.created_at DESC, e.character_id DESC
        LIMIT (SELECT CASE WHEN tagged <= :few::bigint THEN 0 ELSE :glance::bigint END FROM hint)
    ) AS e
    WHERE :conditions
), whole AS MATERIALIZED (
    SELECT :is_whole AS is_whole
), walked AS MATERIALIZED (
    SELECT FROM (
        SELECT e.* FROM gallery_entries AS e
        WHERE :range
        ORDER BY e.created_at DESC, e.character_id DESC
        LIMIT (
            SELECT CASE
                WHEN found * :far::bigint >= :most::bigint * :glance::bigint OR (SELECT is_whole FROM whole)
                THEN :far::bigint ELSE 0
            END
            FROM glanced
        )
    ) AS e
    WHERE :conditions
    LIMIT :most::bigint
), looked_up AS (
    SELECT FROM (:found) AS found WHERE (SELECT count(*) FROM walked) < :most::bigint AND NOT (SELECT is_whole FROM whole)
    LIMIT :most::bigint
)
SELECT greatest((SELECT count(*) FROM walked), (SELECT count(*) FROM looked_up)) AS found
