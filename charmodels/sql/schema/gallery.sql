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
    spent uuid[];
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
        RETURNING id, count
    )
    SELECT (SELECT count(*) FROM taken), ARRAY(SELECT id FROM added WHERE count = 0) INTO folded, spent;
    DELETE FROM tag_totals WHERE id = ANY (spent);
    RETURN folded;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_similar_tags(given text, most bigint, further text[])
RETURNS TABLE (tag text, count bigint, likeness real)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT SET pg_trgm.similarity_threshold = 0.4 SET plan_cache_mode = force_generic_plan
AS $function$
    -- The tags that are like a text, by trigrams, as far as they are folded: of the 300 most popular and of `further` those
    -- that are a little like it, and of all of them those that are more so. An index finds the latter, but it gives every
    -- tag that shares enough trigrams with the text; where most tags begin alike, that may be most of them. What the
    -- popular ones share tells in advance: then it must be more, or the index is left alone.
    #variable_conflict use_column
DECLARE
    trigrams integer := cardinality(show_trgm(given));
    sharing_some bigint;
    sharing_most bigint;
    likely text[];
BEGIN
    IF trigrams = 0 THEN
        RETURN;
    END IF;
    SELECT count(*) FILTER (WHERE shared >= 0.4), count(*) FILTER (WHERE shared >= 0.6),
           coalesce(array_agg(tag) FILTER (WHERE likeness >= 0.3), '{}')
    INTO sharing_some, sharing_most, likely
    FROM (
        SELECT tag, likeness, likeness / (1 + likeness) * (trigrams + char_length(tag) + 2) / trigrams AS shared
        FROM (
            SELECT tag, similarity(tag, given) AS likeness
            FROM (
                SELECT tag FROM tag_totals WHERE style_type = '' AND tag <> '' ORDER BY count DESC, tag LIMIT 300
            ) AS popular
            OFFSET 0  -- or each use of it would compare again
        ) AS compared
    ) AS probed;
    IF sharing_some > 6 THEN
        PERFORM set_config('pg_trgm.similarity_threshold', '0.6', true);
    END IF;
    RETURN QUERY
    SELECT tag, count, similarity(tag, given)
    FROM (
        SELECT tag, count FROM tag_totals WHERE style_type = '' AND tag % given AND sharing_most <= 6
        UNION
        SELECT tag, coalesce((SELECT t.count FROM tag_totals AS t WHERE t.style_type = '' AND t.tag = each.tag), 0)
        FROM unnest(likely || further) AS each (tag)
        WHERE similarity(tag, given) >= 0.3
    ) AS found
    ORDER BY 3 DESC, 2 DESC, 1
    LIMIT most;
END
$function$;
