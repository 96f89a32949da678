-- One page of the rows of a queryset by relevance: as gallery_ranked, for rows that are not in the gallery, whose documents
-- are made as they are read.
WITH candidates AS MATERIALIZED (
    SELECT m.id, m.created_at, ts_rank(:document, :query, 1)::float8 AS rank
    FROM :table AS m
    WHERE m.id IN (:chosen)
), reach AS MATERIALIZED (
    SELECT count(*) AS candidates, max(created_at) AS newest, min(created_at) AS oldest FROM candidates
)
SELECT ranked.id, ranked.rank, reach.candidates, reach.newest, reach.oldest
FROM candidates AS ranked
CROSS JOIN reach
WHERE :after
ORDER BY ranked.rank DESC, ranked.id DESC
LIMIT :rows::bigint
