-- The functions that constraints, defaults and triggers call. They come before the tables.
CREATE OR REPLACE FUNCTION charmodels_uuidv7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE AS $function$
    -- A random UUID whose first 48 bits are the Unix time in milliseconds and whose version is 7 (RFC 9562, 5.7).
    -- PostgreSQL 18 has one of its own; this serves 15 to 17 as well.
    SELECT encode(
        set_bit(
            set_bit(
                overlay(
                    uuid_send(gen_random_uuid())
                    PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6
                ),
                52, 1
            ),
            53, 1
        ),
        'hex'
    )::uuid
$function$;

CREATE OR REPLACE FUNCTION charmodels_tags_fit(tags text[], longest integer) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $function$
    -- Whether no tag is NULL, empty or too long. A CHECK holds no subquery, but it may call a function; one in SQL the
    -- server would read anew for every statement, in the hope to put its text in the place of the call.
DECLARE
    tag text;
BEGIN
    FOREACH tag IN ARRAY tags LOOP
        IF tag IS NULL OR char_length(tag) NOT BETWEEN 1 AND longest THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_touch() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_keep_owner() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    RAISE EXCEPTION 'user_id of % never changes', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_user_id_immutable', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_open_quota() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
BEGIN
    INSERT INTO user_quotas (user_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_claim_provider_request() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM provider_requests
        WHERE provider_request_id = OLD.provider_request_id AND generation_id = OLD.id;
    END IF;
    IF NEW.provider_request_id IS NOT NULL THEN
        INSERT INTO provider_requests (provider_request_id, user_id, generation_id)
        VALUES (NEW.provider_request_id, NEW.user_id, NEW.id);
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (SELECT FROM users WHERE id = OLD.user_id) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_change_tier() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
BEGIN
    -- An override belongs to the tier that it was given with.
    IF NEW.subscription_tier <> OLD.subscription_tier THEN
        UPDATE user_quotas SET daily_quota = NULL WHERE user_id = NEW.id AND daily_quota IS NOT NULL;
    END IF;
    INSERT INTO quota_ledger (user_id, kind, amount, reason, expires_at)
    VALUES (NEW.id, 'TIER', 0, OLD.subscription_tier || ' to ' || NEW.subscription_tier, NEW.subscription_expires_at);
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_publish() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    -- Whoever inserts a public row may say since when it is; an object that is behind, when it is saved, forgets nothing.
    NEW.published_at := CASE
        WHEN NOT NEW.is_public THEN NULL
        WHEN TG_OP = 'INSERT' THEN clock_timestamp()
        WHEN OLD.is_public THEN coalesce(OLD.published_at, clock_timestamp())
        ELSE clock_timestamp()
    END;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_store_canonical_tags() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
BEGIN
    IF EXISTS (SELECT FROM tag_aliases WHERE alias = ANY (NEW.tags)) THEN
        NEW.tags := charmodels_canonical_tags(NEW.tags);
    END IF;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_document(config regconfig, name text, tags text[], prompt text) RETURNS tsvector
LANGUAGE sql STABLE PARALLEL SAFE AS $function$
    -- What full-text search reads of a character or template: the name (A), the tags (B), the prompt (C).
    SELECT setweight(to_tsvector(config, coalesce(name, '')), 'A')
        || setweight(to_tsvector(config, array_to_string(tags, ' ')), 'B')
        || setweight(to_tsvector(config, prompt), 'C')
$function$;

CREATE OR REPLACE FUNCTION charmodels_content(name text, prompt text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    -- What a substring is looked for in. The separator keeps one that ends the name from going on in the prompt.
    SELECT lower(coalesce(name, '') || E'\x1f' || prompt)
$function$;

CREATE OR REPLACE FUNCTION charmodels_pattern(part text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    -- The LIKE pattern for a substring; what would be a wild card in it stands for itself.
    SELECT '%' || replace(replace(replace(lower(part), '\', '\\'), '%', '\%'), '_', '\_') || '%'
$function$;

CREATE OR REPLACE FUNCTION charmodels_index_character() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
BEGIN
    IF NOT (NEW.is_public AND NEW.generation_status = 'COMPLETED') THEN
        DELETE FROM gallery_entries WHERE character_id = NEW.id;
        RETURN NULL;
    END IF;
    INSERT INTO gallery_entries (character_id, user_id, created_at, style_type, template_id, tags, document, content)
    VALUES (NEW.id, NEW.user_id, NEW.created_at, NEW.style_type, NEW.template_id, NEW.tags,
            charmodels_document(charmodels_search_config(), NEW.name, NEW.tags, NEW.prompt),
            charmodels_content(NEW.name, NEW.prompt))
    ON CONFLICT (character_id) DO UPDATE SET
        created_at = excluded.created_at, style_type = excluded.style_type, template_id = excluded.template_id,
        tags = excluded.tags, document = excluded.document, content = excluded.content;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_count_tags() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO tag_deltas (user_id, style_type, tags, change) VALUES (OLD.user_id, OLD.style_type, OLD.tags, -1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO tag_deltas (user_id, style_type, tags, change) VALUES (NEW.user_id, NEW.style_type, NEW.tags, 1);
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_forget_counts() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
BEGIN
    -- Whoever folds has taken notes out already, and would add them to the totals after these were emptied.
    PERFORM pg_advisory_xact_lock(hashtextextended('charmodels_fold_tags', 0));
    DELETE FROM tag_deltas;
    DELETE FROM tag_totals;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_change_tags(how text, present text[], given text[], most integer) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $function$
    -- The tags of a row after some were added or removed, or took the place of all; each once, in the order in which they
    -- came. More than `most` are refused.
DECLARE
    changed text[];
BEGIN
    changed := CASE how
        WHEN 'set' THEN given
        WHEN 'remove' THEN ARRAY(
            SELECT tag FROM unnest(present) WITH ORDINALITY AS each (tag, place)
            WHERE tag <> ALL (given) ORDER BY place
        )
        ELSE coalesce(present, '{}') || ARRAY(
            SELECT tag FROM unnest(given) WITH ORDINALITY AS each (tag, place)
            WHERE tag <> ALL (coalesce(present, '{}')) ORDER BY place
        )
    END;
    IF cardinality(changed) > most AND changed IS DISTINCT FROM present AND how <> 'remove' THEN
        RAISE EXCEPTION 'too many tags' USING ERRCODE = 'check_violation', CONSTRAINT = 'charmodels_tags_limit';
    END IF;
    RETURN changed;
END
$function$;
