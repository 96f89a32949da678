-- The one row of settings, and the functions of the gallery that read its tables.
INSERT INTO gallery_settings (id) VALUES (1) ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION charmodels_canonical_tags(given text[]) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE SET search_path FROM CURRENT AS $function$
    -- Tags with aliases resolved, each once, in the order of first appearance.
    SELECT coalesce(array_agg(tag ORDER BY place), '{}')
    FROM (
        SELECT coalesce(a.tag, given_tag) AS tag, min(place) AS place
        FROM unnest(given) WITH ORDINALITY AS each (given_tag, place)
        LEFT JOIN tag_aliases a ON a.alias = given_tag
        GROUP BY 1
    ) AS canonical
$function$;

CREATE OR REPLACE FUNCTION charmodels_search_config() RETURNS regconfig
LANGUAGE sql STABLE PARALLEL SAFE SET search_path FROM CURRENT AS $function$
    -- The configuration by which the gallery's texts are stemmed.
    SELECT search_config::regconfig FROM gallery_settings
$function$;

CREATE OR REPLACE FUNCTION charmodels_fold_tags(most integer) RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
    -- Adds up to `most` notes to the totals and drops them, in one transaction, so that a reader who adds both counts
    -- each note once. One at a time: a second caller does nothing. Returns how many notes.
DECLARE
    folded integer;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('charmodels_fold_tags', 0)) THEN
        RETURN 0;
    END IF;
    WITH taken AS (
        DELETE FROM tag_deltas WHERE id IN (SELECT id FROM tag_deltas ORDER BY id LIMIT most)
        RETURNING style_type, tags, change
    ), changes AS (
        SELECT style, tag, sum(change) AS change
        FROM taken
        CROSS JOIN LATERAL unnest(tags || ''::text) AS tag
        CROSS JOIN LATERAL unnest(ARRAY[style_type, '']) AS style
        GROUP BY style, tag
        HAVING sum(change) <> 0
    ), added AS (
        INSERT INTO tag_totals (style_type, tag, count)
        SELECT style, tag, change FROM changes ORDER BY style, tag
        ON CONFLICT (style_type, tag) DO UPDATE SET count = tag_totals.count + excluded.count
    )
    SELECT count(*) INTO folded FROM taken;
    DELETE FROM tag_totals WHERE count = 0;
    RETURN folded;
END
$function$;
