-- Compares the entries of the gallery with what the trigger would write of the characters, the next ones in the order of
-- their keys; the last lot has no end. At one moment, which the ORM could not give two queries.
WITH reach AS MATERIALIZED (
    SELECT (
        SELECT id FROM characters WHERE id > :after::uuid ORDER BY id OFFSET :batch::bigint - 1 LIMIT 1
    ) AS last
), shown AS (
    SELECT c.*
    FROM characters AS c
    WHERE c.id > :after::uuid AND (c.id <= (SELECT last FROM reach) OR (SELECT last FROM reach) IS NULL)
      AND c.is_public AND c.generation_status = 'COMPLETED'
), entries AS (
    SELECT e.*
    FROM gallery_entries AS e
    WHERE e.character_id > :after::uuid
      AND (e.character_id <= (SELECT last FROM reach) OR (SELECT last FROM reach) IS NULL)
), found AS (
    SELECT CASE
        WHEN e.character_id IS NULL THEN 'missing'
        WHEN c.id IS NULL THEN 'surplus'
        WHEN (e.user_id, e.created_at, e.style_type, e.template_id, e.tags, e.document, e.content)
             IS DISTINCT FROM
             (c.user_id, c.created_at, c.style_type, c.template_id, c.tags,
              charmodels_document((SELECT charmodels_search_config()), c.name, c.tags, c.prompt),
              charmodels_content(c.name, c.prompt)) THEN 'different'
        ELSE 'right'
    END AS what
    FROM shown AS c
    FULL JOIN entries AS e ON e.character_id = c.id
)
SELECT count(*) FILTER (WHERE what <> 'surplus') AS compared,
       count(*) FILTER (WHERE what = 'missing') AS missing,
       count(*) FILTER (WHERE what = 'different') AS different,
       count(*) FILTER (WHERE what = 'surplus') AS surplus,
       (SELECT last FROM reach) AS last
FROM found
