-- Makes the documents of up to $2 entries anew, in the order of their keys after $1. The characters are locked first, as by
-- whoever changes one, so that no text is read that somebody is about to change.
WITH batch AS (
    SELECT c.id, c.name, c.tags, c.prompt FROM characters AS c
    WHERE c.id > $1 AND c.is_public AND c.generation_status = 'COMPLETED'
    ORDER BY c.id
    LIMIT $2
    FOR NO KEY UPDATE OF c
), made AS (
    UPDATE gallery_entries AS e
    SET document = charmodels_document(charmodels_search_config(), each.name, each.tags, each.prompt)
    FROM batch AS each
    WHERE e.character_id = each.id
)
SELECT count(*) AS documents, (SELECT id FROM batch ORDER BY id DESC LIMIT 1) AS last FROM batch
