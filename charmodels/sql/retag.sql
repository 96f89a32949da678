-- Puts a tag in the place of others on the next rows that have one, in the order of their keys. Each row is changed from
-- its own tags, which the server reads again where it had to wait for another change of the row. The ORM has no words for
-- that. No index leads to the private rows with a tag, and a tag is renamed once: so all rows are walked through, some at
-- a time, which costs everybody else nothing, as an index would.
WITH span AS MATERIALIZED (
    SELECT id, tags && :olds::text[] AS has FROM :table WHERE id > :after::uuid ORDER BY id LIMIT :walk::bigint
), found AS MATERIALIZED (
    SELECT t.id
    FROM :table AS t
    WHERE t.id IN (SELECT id FROM (SELECT id FROM span WHERE has ORDER BY id LIMIT :batch::bigint) AS first)
    ORDER BY t.id
    FOR NO KEY UPDATE
), changed AS (
    UPDATE :table AS t
    SET tags = ARRAY(
        SELECT renamed.tag
        FROM (
            SELECT CASE WHEN own.own = ANY (:olds::text[]) THEN :into::text ELSE own.own END AS tag,
                   min(own.ordinality) AS place
            FROM unnest(t.tags) WITH ORDINALITY AS own
            GROUP BY 1
        ) AS renamed
        ORDER BY renamed.place
    )
    FROM found
    WHERE t.id = found.id AND t.tags && :olds::text[]
    RETURNING t.id
)
SELECT (SELECT count(*) FROM changed) AS changed,
       CASE WHEN (SELECT count(*) FROM span WHERE has) > :batch::bigint
            THEN (SELECT id FROM span WHERE has ORDER BY id OFFSET :batch::bigint - 1 LIMIT 1)
            ELSE (SELECT id FROM span ORDER BY id DESC LIMIT 1)
       END AS reached
