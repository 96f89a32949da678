-- One page of the public gallery by relevance: the newest of what a search finds, ranked. ts_rank reads every document
-- that it ranks, so the number of candidates is bounded; how far they reach is part of the cursor, so that all pages rank
-- the same ones. As in gallery_keys, they are found by walking from the newest on, or else by an index. Which of the two,
-- a glance at the newest tells: walking far is worth it only where finds that keep coming as they did would be enough.
-- What an index finds is sorted without the documents, which are read for the candidates alone. A walk through all of the
-- range is complete whatever it found: so it is on every page but the first.
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
), walk AS MATERIALIZED (
    SELECT CASE
               WHEN found * :far::bigint >= :enough::bigint * :glance::bigint OR :is_whole THEN :far::bigint ELSE 0
           END AS entries
    FROM glanced
), walked AS MATERIALIZED (
    SELECT e.created_at, e.character_id, e.document
    FROM (
        SELECT e.* FROM gallery_entries AS e
        WHERE :range
        ORDER BY e.created_at DESC, e.character_id DESC
        LIMIT (SELECT entries FROM walk)
    ) AS e
    WHERE :conditions
    ORDER BY e.created_at DESC, e.character_id DESC
    LIMIT :candidates::bigint
), complete AS MATERIALIZED (
    SELECT (SELECT count(*) FROM walked) >= :candidates::bigint
        OR (SELECT entries FROM walk) > (
            SELECT count(*)
            FROM (
                SELECT FROM gallery_entries AS e
                WHERE :range
                ORDER BY e.created_at DESC, e.character_id DESC
                LIMIT (SELECT entries FROM walk)
            ) AS within
        ) AS is_complete
), looked_up AS (
    SELECT found.character_id
    FROM (:found OFFSET 0) AS found
    WHERE NOT (SELECT is_complete FROM complete) AND :within_found
    ORDER BY found.created_at DESC, found.character_id DESC
    LIMIT :candidates::bigint
), candidates AS MATERIALIZED (
    SELECT * FROM walked WHERE (SELECT is_complete FROM complete)
    UNION ALL
    SELECT e.created_at, e.character_id, e.document
    FROM looked_up
    JOIN gallery_entries AS e USING (character_id)
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
