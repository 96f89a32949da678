-- One page of the public gallery by relevance: the newest of what a search finds, ranked. ts_rank reads every document
-- that it ranks, so the number of candidates is bounded; how far they reach is part of the cursor, so that all pages rank
-- the same ones. As in gallery_keys, they are found by walking from the newest on, or else by an index. Which of the two,
-- a few of the newest tell: walking far is worth it only where the search finds many of them.
WITH hint AS MATERIALIZED (
    SELECT :tagged AS tagged
), probe AS MATERIALIZED (
    SELECT count(*) AS found
    FROM (
        SELECT FROM (
            SELECT e.* FROM gallery_entries AS e
            WHERE :range
            ORDER BY e.created_at DESC, e.character_id DESC
            LIMIT (SELECT CASE WHEN tagged <= :few::bigint THEN 0 ELSE :walk::bigint END FROM hint)
        ) AS e
        WHERE :conditions
        LIMIT :dense::bigint
    ) AS dense
), walked AS MATERIALIZED (
    SELECT e.created_at, e.character_id, e.document
    FROM (
        SELECT e.* FROM gallery_entries AS e
        WHERE :range
        ORDER BY e.created_at DESC, e.character_id DESC
        LIMIT (SELECT CASE WHEN found < :dense::bigint THEN 0 ELSE :far::bigint END FROM probe)
    ) AS e
    WHERE :conditions
    LIMIT :candidates::bigint
), looked_up AS (
    SELECT found.created_at, found.character_id, found.document
    FROM (:found OFFSET 0) AS found
    WHERE (SELECT count(*) FROM walked) < :candidates::bigint
    ORDER BY found.created_at DESC, found.character_id DESC
    LIMIT :candidates::bigint
), candidates AS MATERIALIZED (
    SELECT * FROM walked WHERE (SELECT count(*) FROM walked) >= :candidates::bigint
    UNION ALL
    SELECT * FROM looked_up
), reach AS MATERIALIZED (
    SELECT count(*) AS candidates,
           max(created_at) AS newest,
           min(created_at) AS oldest,
           (SELECT character_id FROM candidates ORDER BY created_at, character_id LIMIT 1) AS last
    FROM candidates
), ranked AS (
    SELECT character_id AS id, ts_rank(document, :query, 1)::float8 AS rank FROM candidates
)
SELECT ranked.id, ranked.rank, reach.candidates, reach.newest, reach.oldest, reach.last
FROM ranked
CROSS JOIN reach
WHERE :after
ORDER BY ranked.rank DESC, ranked.id DESC
LIMIT :rows::bigint
