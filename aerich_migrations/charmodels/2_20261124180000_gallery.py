"""The gallery's index: entries to search, counts of tags, aliases, and the triggers that keep them.

Undone, it loses the aliases. The extension pg_trgm stays: something else may use it.
"""

from __future__ import annotations

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE


UPGRADE = """
DO $block$
DECLARE
    home text;
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    SELECT n.nspname INTO home FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_trgm';
    IF NOT home = ANY (current_schemas(true)) THEN
        PERFORM set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), quote_ident(home)),
                           true);
    END IF;
END
$block$;
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
    SELECT lower(coalesce(name, '') || E'\\x1f' || prompt)
$function$;
CREATE OR REPLACE FUNCTION charmodels_pattern(part text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    -- The LIKE pattern for a substring; what would be a wild card in it stands for itself.
    SELECT '%' || replace(replace(replace(lower(part), '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%'
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
CREATE TABLE "gallery_settings" (
    "id" SMALLINT NOT NULL PRIMARY KEY,
    "search_config" TEXT NOT NULL DEFAULT 'english',
    "documents_config" TEXT NOT NULL DEFAULT 'english',
    "cursor_key" BYTEA NOT NULL DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
    CONSTRAINT "gallery_settings_id_one" CHECK ("id" = 1)
);
CREATE TABLE "tag_aliases" (
    "alias" VARCHAR(50) NOT NULL PRIMARY KEY,
    "tag" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT "tag_aliases_alias_length" CHECK (char_length("alias") BETWEEN 1 AND 50),
    CONSTRAINT "tag_aliases_tag_length" CHECK (char_length("tag") BETWEEN 1 AND 50),
    CONSTRAINT "tag_aliases_alias_other" CHECK ("alias" <> "tag")
);
CREATE TABLE "tag_deltas" (
    "id" UUID NOT NULL PRIMARY KEY DEFAULT charmodels_uuidv7(),
    "user_id" UUID NOT NULL,
    "style_type" TEXT NOT NULL,
    "tags" TEXT[] NOT NULL,
    "change" SMALLINT NOT NULL
);
CREATE TABLE "tag_totals" (
    "id" UUID NOT NULL PRIMARY KEY DEFAULT charmodels_uuidv7(),
    "style_type" TEXT NOT NULL,
    "tag" TEXT NOT NULL,
    "count" BIGINT NOT NULL
);
CREATE TABLE "gallery_entries" (
    "user_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "style_type" TEXT NOT NULL,
    "template_id" UUID,
    "tags" TEXT[] NOT NULL,
    "document" TSVECTOR NOT NULL,
    "content" TEXT NOT NULL,
    "character_id" UUID NOT NULL PRIMARY KEY REFERENCES "characters" ("id") ON DELETE CASCADE
);
COMMENT ON TABLE "gallery_settings" IS 'What all processes must agree on; one row.';
COMMENT ON TABLE "tag_aliases" IS 'Another word for a tag: whoever stores or asks for the one gets the other.';
COMMENT ON TABLE "tag_deltas" IS 'A change of the counts that is not folded into `tag_totals` yet. A trigger on `gallery_entries` adds it.';
COMMENT ON TABLE "tag_totals" IS 'How many characters of the public gallery have a tag; what stands in `tag_deltas` comes on top.';
COMMENT ON TABLE "gallery_entries" IS 'What a character of the public gallery is found by; a trigger on `characters` keeps it.';
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
UPDATE characters SET published_at = created_at WHERE is_public AND published_at IS NULL;
INSERT INTO gallery_entries (character_id, user_id, created_at, style_type, template_id, tags, document, content)
SELECT id, user_id, created_at, style_type, template_id, tags,
       charmodels_document(charmodels_search_config(), name, tags, prompt), charmodels_content(name, prompt)
FROM characters WHERE is_public AND generation_status = 'COMPLETED' ORDER BY created_at;
INSERT INTO tag_totals (style_type, tag, count)
SELECT style, tag, count(*)
FROM gallery_entries
CROSS JOIN LATERAL unnest(tags || ''::text) AS tag
CROSS JOIN LATERAL unnest(ARRAY[style_type, '']) AS style
GROUP BY style, tag;
CREATE INDEX "tag_aliases_tag" ON "tag_aliases" ("tag");
CREATE UNIQUE INDEX "tag_totals_style_type_tag_key" ON "tag_totals" ("style_type", "tag" text_pattern_ops);
CREATE INDEX "tag_totals_popular" ON "tag_totals" ("style_type", "count" DESC, "tag");
CREATE INDEX "tag_totals_similar" ON "tag_totals" USING gin ("tag" gin_trgm_ops) WHERE "style_type" = '';
CREATE INDEX "gallery_entries_newest" ON "gallery_entries" ("created_at" DESC, "character_id" DESC);
CREATE INDEX "gallery_entries_owner" ON "gallery_entries" ("user_id", "created_at" DESC, "character_id" DESC);
CREATE INDEX "gallery_entries_tags" ON "gallery_entries" USING gin ("tags") WITH (fastupdate = off);
CREATE INDEX "gallery_entries_document" ON "gallery_entries" USING gin ("document") WITH (gin_pending_list_limit = 256);
CREATE INDEX "gallery_entries_content" ON "gallery_entries" USING gin ("content" gin_trgm_ops) WITH (gin_pending_list_limit = 256);
CREATE INDEX "characters_style" ON "characters" ("style_type", "created_at" DESC, "id" DESC) WHERE "is_public" = true AND "generation_status" = 'COMPLETED';
CREATE INDEX "users_name" ON "users" (lower("name"));
DROP INDEX "characters_tags";
CREATE OR REPLACE TRIGGER charmodels_publish_on_insert BEFORE INSERT ON "characters"
FOR EACH ROW WHEN (NEW.is_public = (NEW.published_at IS NULL)) EXECUTE FUNCTION charmodels_publish();
CREATE OR REPLACE TRIGGER charmodels_publish_on_update BEFORE UPDATE OF is_public, published_at ON "characters"
FOR EACH ROW WHEN (NEW.is_public IS DISTINCT FROM OLD.is_public OR NEW.is_public = (NEW.published_at IS NULL))
EXECUTE FUNCTION charmodels_publish();
CREATE OR REPLACE TRIGGER charmodels_canonical_tags BEFORE INSERT OR UPDATE OF tags ON "characters"
FOR EACH ROW WHEN (cardinality(NEW.tags) > 0) EXECUTE FUNCTION charmodels_store_canonical_tags();
CREATE OR REPLACE TRIGGER charmodels_canonical_tags BEFORE INSERT OR UPDATE OF tags ON "character_templates"
FOR EACH ROW WHEN (cardinality(NEW.tags) > 0) EXECUTE FUNCTION charmodels_store_canonical_tags();
CREATE OR REPLACE TRIGGER charmodels_index_character_on_insert AFTER INSERT ON "characters"
FOR EACH ROW WHEN (NEW.is_public AND NEW.generation_status = 'COMPLETED')
EXECUTE FUNCTION charmodels_index_character();
CREATE OR REPLACE TRIGGER charmodels_index_character_on_update
AFTER UPDATE OF name, prompt, style_type, tags, is_public, generation_status, template_id, created_at ON "characters"
FOR EACH ROW WHEN (
    (OLD.is_public AND OLD.generation_status = 'COMPLETED' OR NEW.is_public AND NEW.generation_status = 'COMPLETED')
    AND (OLD.name, OLD.prompt, OLD.style_type, OLD.tags, OLD.is_public, OLD.generation_status, OLD.template_id,
         OLD.created_at)
        IS DISTINCT FROM (NEW.name, NEW.prompt, NEW.style_type, NEW.tags, NEW.is_public, NEW.generation_status,
                          NEW.template_id, NEW.created_at)
) EXECUTE FUNCTION charmodels_index_character();
CREATE OR REPLACE TRIGGER charmodels_count_tags AFTER INSERT OR DELETE ON "gallery_entries"
FOR EACH ROW EXECUTE FUNCTION charmodels_count_tags();
CREATE OR REPLACE TRIGGER charmodels_count_tags_on_update AFTER UPDATE OF tags, style_type ON "gallery_entries"
FOR EACH ROW WHEN ((OLD.style_type, OLD.tags) IS DISTINCT FROM (NEW.style_type, NEW.tags))
EXECUTE FUNCTION charmodels_count_tags();
CREATE OR REPLACE TRIGGER charmodels_forget_counts AFTER TRUNCATE ON "gallery_entries"
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_forget_counts();
ANALYZE gallery_entries;
"""

DOWNGRADE = """
CREATE INDEX "characters_tags" ON "characters" USING gin ("tags") WHERE "is_public" = true AND "generation_status" = 'COMPLETED';
DROP INDEX "users_name";
DROP INDEX "characters_style";
DROP TRIGGER "charmodels_index_character_on_update" ON "characters";
DROP TRIGGER "charmodels_index_character_on_insert" ON "characters";
DROP TRIGGER "charmodels_canonical_tags" ON "character_templates";
DROP TRIGGER "charmodels_canonical_tags" ON "characters";
DROP TRIGGER "charmodels_publish_on_update" ON "characters";
DROP TRIGGER "charmodels_publish_on_insert" ON "characters";
DROP TABLE "gallery_entries", "tag_totals", "tag_deltas", "tag_aliases", "gallery_settings";
DROP FUNCTION charmodels_similar_tags, charmodels_fold_tags, charmodels_search_config, charmodels_canonical_tags, charmodels_change_tags, charmodels_forget_counts, charmodels_count_tags, charmodels_index_character, charmodels_pattern, charmodels_content, charmodels_document, charmodels_store_canonical_tags, charmodels_publish;
"""

MODELS_STATE = (
    "eJztXW132zay/is4uh/snKPoOE6TdJ3bnCvbSuLWsbu2sm237qEhEZZYU6RKkFa0af77nQH4/iaS"
    "lmRJi35oLBIDDB+A4OCZweBrazimzsTWmck7XU833J7lOvPWEfnasuiEwR8FJdqkRafT5H286NKB"
    "KcQoltUYFDaYuEMH3HXo0IWbd9TkDC7pjA8dY+oatoUilxYjUJs1gnuuTShx7BmxHfm3qJhQDn/O"
    "xrbJOuTMJbbnmsYD42Rgu2NRnFo68Thz2oTbxHDJGCQsm9zZDjNGFrlnc95BbXR7COoY1mjdDXuW"
    "8ZfHNNceMXfMHGj+9z/gsmHp7AsABT+/tu4MZuri75Y9+JMNXc3QUXboMOoyXaNuC2XYl6nDOAf0"
    "eFBN0GkJ9DVZieie+VTcbwlx6A/8sX8TNXMDd25iDd20yGnv+uRZpHrQf9/aJKEpdK3tPEbLsIIi"
    "JUWB5go21cs14GpMrQEMm7RqcX3yVMHap/ea0CbxdsmOFde1oIHPn89O34uSOFAH2tA2vYkVlZ7O"
    "3bFthcU9z9A7KIP3RsxiDqoSe80szzT91zK4FKrnOh4Lh58eXdDZHfVMfFlb/3vnWUN8R0lsKjB0"
    "gMcAvR3esdgMRs47X9uY5PVf5qn8tb8XyWqo8MOb/Wd7AqnkJIC6pl5P/9IQOgoANywX++vrN9la"
    "hJy42sJmTz52r/Zfvha1T23ujhxxU+Da+iYEqUu1aGhE3YFvsFavT2Iij+gYH/bksEl0TDRpBvgG"
    "WCUw17SLy7523etr2hOhG6Eppk5N/MoA2ofXJx/QpFQKU1CyyTDfXDj7vV/7WPOE879MvHDxr+6V"
    "wPhT91cB8mTu3zm/vPgQFLfhUyo/tBcn55fHKeATX42qAzkhpIZyElEqZsA6wziSUEO4wRAOrYEa"
    "eEuBRnBvz6BdCdoOg8fm+TNGMeRJKYV7fdwHDBcIWcx/vL68yMc8kkjhrRtDl/xNTIO7O4U7QlGO"
    "exri1GyOFWRmlzuX5cwuxbCHAgr15qjHVmAZ6E/hDq608uFPSqb7wBftBH+s6vOavxQamvbwvuO5"
    "Q82yZ4tWQVhWrCi5SyfT1a2B+mefetf97qefE5142u338M5hYroKru6/TnVsWAn55az/keBP8u/L"
    "i166r8Ny/X+3UCfquTaCoVE9DmRwObgkVsV397GFGF4Y0OH9jDq6lrljH9pFZbO3JoeT9BVq0ZHo"
    "WUQT9Yx14gn8CRaEIGRyua+oQHsR9TUMilbkvbpk6tiTqdsmlHB3biILRUdcUErUIsYE1H4LZYwH"
    "GM/Eg3W3iQyTwcnUG8DMM2Z6ltNaRqU31o3V+wLj1GRHNxaB/969e0con1tDAgM8KKlR09zHZfAR"
    "uWl9hn9vWs/I83fkwrYCuU6ng//4svAFIyFIxLBICG5HLkJ4x55Z8LoP5qLejqE/S1UkKptR0Dis"
    "qOOrsx8jYCrzbLFVfHKugWsL2KKouzXUupTC8pspILHwIt5swGjV1XQEfcYkj1uk6wL1yC8fe1c9"
    "vMQ1gfwQ7vwgPnGke3EKN/wpGDTRYLZzPS4K7J1cfvr5vNfvne4tfkIxcuVE/7ieERWVPW3UUqXO"
    "WcvTuwxePdBCq/WogVTZ08Zqxpc1eJjEZXJ2TcDKIBefz88Vpbm1lKYyupTRFTe64ga5N9Ubjo2k"
    "pBobuzc26tL2jyLst2dhvBIaSJrqddCOJBS73ADwpF2ZBL1neZN80JNS6wO+ddXrnp9d989OspNZ"
    "8lZyYZleFOZjDwvjL5rJrJE7hp8vDir0RQxcvzMO918cPEuBLNaYmueYdQZ2QkjNJfWHtjv2JgOL"
    "GmZd5DOCCv366E+YS9EUr8Mtx2UeRS8/1oYaeIbpGhbvYLPlhtNNa+/rtz0/2GVL6Gfkv/JfiK7j"
    "0HlRNIIUSnXMunsE23vSHsHh//sf6Rk+ID+ysJ4bLgBjHtu2yahVMNfHxVMAD0BwVQCHVwqXBaLE"
    "qpYCx5eX54nBfXyWnlk+fzruXe2/EApAIcASL59d9FMdkCGZCjui2KrJrWONxs3PvYvTs4sPiwa3"
    "Xyx/hD+1qRNy5g2W0mnZJSymt+gjvG3L4jgnm+noYpozJabCq5Lvz5PFXW7RQngBnBlnahLdLLTv"
    "ZWj6T0xaPmegB7WGeUvbGLf22a9qO2GNrkYvkkNnoRMjPqjg+eGJmfzynnSvT7qnvVbuVLAkaEMn"
    "aD9W71ZOBgthTs2GCahBB+ly+lYcDZBnAOWYPse+8PufrphJC8IxYz3wIaxsd6D/VityIgasdBCL"
    "XRDzYmgvLda34X8VAZaVhluIdgjipvEm4cu+KO4kPitUjD8JXcE1A1HIzHDHQdyIiBgRoSN3cJPM"
    "xsZwHAVdcEIdRiZUF/uiOMEnwCASQ/zterDywL1PxfEpK2qrZviHAL6qiz2CVexS0KBNgX+Brx3L"
    "pHcFhcNGedCVB115SVtbuxxUHnQ1NjbCg76hK661OV7iatbAPCW2Rtoz+1ZtEdoqYGHNgG9XwEJ9"
    "4J+awFe+wRX4BnEL7EPOgK3oG4zE1+gbDJY6hfYOFtgCz6DHMY5maHtWzjR9ZhXM0impFO6GtbJx"
    "fZDG/KA5wKAg/PP88MV3b777/uXr776HIkKz8Mqbkj6QUNbYmvQ1yxAsgYtM7DfaIZ5slZu4EvRi"
    "AZ+WpiDLqbQ4C1o5j9EvY+oSGtvhZN8Rd8zkdqkh8etE5uoOXjSdDOZvMc+QY4xGWNgit9FAuiX3"
    "jE2R48pSaCtqB3d9df20R1Ajsmv2zGqLXVuUTAF+aIW68XpFmqQREQVmtqMTh1GdE+isOSZH4phJ"
    "iY/tGbljsyMyZg5WweaCz+MT0LN9Y5kGI7CW5HDLJ+3kXjUoAgX8h+qQ/pjFGUEoN+HMxFRMsPyc"
    "kzuHCa05o85wTHy+TyRlmtB7AA4fQW56u7FszPsEiz7M1OSO8ebEdpgEwAWcBp7LuL/xDJD3JjAM"
    "jiTtuN995m+o2z9+JhT16cz9E7jBXTaZMF1idgcD9bkLloSvVEdWCK+HG9UXq8GwiGnP4PGHFEcX"
    "VsG9gez2Rjmkqic+Sg13zWIzxksTR+Vuk4qY0jq72fK34NXUeAk78JppL2zBmsoG9mOg6yibWAqL"
    "iB1ayFbs31HuSt6I/ACj/K6CXsG4ratbKFeuX1As0hEKaVNm6TBaNbRM4X8TwwV9D1+9rrKnUb4W"
    "ddUNxMq19UtBr6KWrjOaaPaUN9W8kL+Pj6A6TH5abr2c/kZGNbRLeHkVNLLUGJxtd3OoALZKrLRi"
    "klbMJKkAwZWkEtwOfu7pKOcMARe34LKwXYu1SIFTJCa5ya/6UqC7/lfvpH95lf4YRvZkVQ9HTGTn"
    "QVuWi6MGzZYlj3IM7mx/BQFqTQIxt9XOXhh/mV5o5Me6roScu2aui0RGq5yfC4u1q1J0PC5RkaND"
    "Xsmxh7DGZJxMPA6XRoJAst4SJIcce1ZEu1URzSWSJAmEfXRnjI4EYYfk0HOfsZLXPRmGitSaDIIL"
    "puQoBk5QRlJIpGqKk1Q8Vj0oG9aCWkuScBLW8xYqsgXdhmpDOTNGzvkNsVlAWnkOtx2MeDuKapUX"
    "pWbcGFlIfHmWCdCIp/M7hpx8vrq+vNJ+6v1GOJ1zIhqdGZxV5LRqhctdI6tY6ObItbEaejee9IX3"
    "XR0vD9+8Dr0c+KPMwXH9qXt+HjiMilfXiXFa5zuYEVxjUAXY87iXKusMjd/Y3M9hnvnGG3RBnqzq"
    "hSa9EE14OS49w6JOwdIjKZf2X8/9kOy1WYRxBzauJeFraen70LzmwGfEnojw2/1nz8jff5Oy+ytz"
    "fPtbuMO+g647PrvoXv2W33nHOVu+j3/r97qPtSmXbPNEG0qKzJ3ElpMFlk5yr8tiIwd9ZQ4bokMO"
    "vvrCKpEZm9syvt7fUoveuTAtXZu8756d907RmXfSvTjpncOP5Jkn6BGMsi5m7KO1tbq+FI8x5Ned"
    "4zGmNU4mNRT1JXEOWrRFIaEylI3nBBQ/C3MBCr9+2oUTX13UUDixiit0OCa8c5GaKa+dyl2Y/fqq"
    "nRcqun53/Bhq54UaG8U+roa5UFQClFYzr5faELAYSbUhYJvcuFvicNyeDQED6g7HGjf+kzNiy+na"
    "pOT6gtJfpCF80RytRzO1ibn2AQx+R2t2alOBuMr2WH8SzqUFi5HPZwMV0pU2HBq2Y7g5cJdPHXG5"
    "rd7NsoyJg7oYZeTmfNfKQYzL/deDiAZHUyDTsusD82UazJcbASas+YYeq41jTOy/fjwyx7EdbcI4"
    "bt2r8zXKCKrvUpNlGHWasVBJSZX0c5P5pKGNZ6A1ZKJTsqqnN7qnn37rzvb0rkrwqhK8bhasy03w"
    "WhJW/LgMr1s7Czwusrheatc0T7WEpAo/+1VeyRp3aJw3TfP6pz0ohrVmctcwlONHWelujPAm2V2T"
    "UCwM/fLxqhr9pUGnVc/oatIhw5wCGIoNQHtM5lBw7BmRgVW2Zc79uG+MsYrawQwP9pRZInuCiFMX"
    "OSEwzwKXaRty07qutEGZnAIAEHljbQ8TYJiMckbwMGAuY+/9lLLyOtQpklLcM2eP+wcd34pbGvsy"
    "NeAbC4b5bZOAsji3SB+oIQa2b+XHeqtOEJToWg0fBfFsF4dBBW3HosriKshIroQS8WApn4OCJ71n"
    "lh8tlR8plQrtSuNW98mEvF72YOkWFqldHORVEEhXU+Pq4X61UgQkx0cNqzgjqJIElIaQKcfBMhwH"
    "qdmtDv+RllXxVrvHmsjPax3yOZJQrHN91jnxIazz9cgIKp4qiWzGwKk52+XJK8Z3k+cuZolFShNq"
    "PyWqvmy7NzoUb614603gVRfy1s0SZ0SryWw3NMicUesArY1cfS7siMz6ex25M9K8dQGjmENvl3OK"
    "uRR7leQZmPYhxttRi4hz20lQ4R4PNn2SATNta4QpYNPZZ2N7/8rT3K6wNeQTz1ykGC2dEzqlDtYx"
    "pB4yhyLHrRyexH7AhLSmSfBN5G2fv4xVSiZ0DqJEN7if8UNkxsXiTcjFWgRiph+15ItdxF2lCcKl"
    "sWhZhVbEo1WKhUa/2+pjoTdrPktujDh89arkAx6sSKFU+mz1cIeEuFdOtW0mp7kZH3gVPvHUcCoz"
    "dN3hE2XGZSNwH2debgnETQzMtSY1+adnu7T0jIVYiYUm6F9YFj5U+ki+OIutT1iSEHEqbXDegaiC"
    "yCrafk4y4WMe4dkDb0UZ/GgN0B3ssDsPU7a5NpIlFliRtkMkvug7zpqfq21O+rPHtqmTMeXCe/3x"
    "8vxUthjUPmBUHnUgCu6J8xiIobcxBVwbZIb+yQnihzj+4OTy06ezfptc9c573eseNtr79eezqx5Y"
    "xTeWb9KKF4FwJtXDTHEd8uGqe9EXqeX6Z70raReD2Ruqms5mRyd4VswRwcMdJh7oOoOnGMNYaqPl"
    "C/8fGQ/MIjj6UImRQy0XL1sM7WmLjSie8SPT4N0bePorM03uP/cMLGowwkc24x1ygCchyEbxP1TP"
    "T0onh5BO57IanKMAI9MeUhM6Yi5z4FEJsjjaBix/6y25QKzwdIXkM/uVCk35EWgCwn7Py4fFFH1D"
    "5oDFL8u0oSsEgvI2/IY6LyRiWFNEBh/54QezMUAiVxcSKh8W4h/1AKN9wPQ157iJv4iPSHIT5LdZ"
    "emqbhH6rym1DuheneB3whRs/kD18GfcSj5KX8Sb2JDjKKiyQEk8jX17N9j+AlZ7EbyfxNFLrswuy"
    "vycngL022fOnAPxTTgF76ijirU2Ig12c7ZDi/f5B+Z3b6V8WxFC20f9Nep+/nLSzmBZvhpys/3S0"
    "VfIESzgsLY5n+DHOd6blY5oQKnOj7ZSrFB1cKfSCr0eNOTcmopz53woWoE9ISO0mssLyzUL64/Xl"
    "RQGkoUT6/TaGLvmbVMyRsj1oIhQJL3cm8Ccd45OCHStQCSeeKsQKljS83lHikYTCuz7ezUOuVLDV"
    "9oTTqISeKtRKhVopH9emOGACBVYXa7UC38sHNKVbZb4XWaJdzfcSWeaLfS+i9oiuhqHSJgPGDZ3J"
    "k6dNau3xI4y8safPvWnWm1K3Aj8+x+CET5nlSupceljmgSOEC1cD8aZv5cnPD5jjtS1KIcUv6H+G"
    "4T13hsPdGn4MX02fxxcKRA6BiL9H2h41yOH7Q3UdDE4y0CvB3beEwmiAB//cP4m5IYRL5JGkf/Wd"
    "efG+r0n3JzbnrYbm9/VaXwp7RYBvBwGu6Nrl0rViUqsBZ1h+q/dELg0+xccoPmY38VZ8zH/Dmlvx"
    "MYqPUXyM4mMUH/MIPuajnVoz5hZoV2Nj0J1fi4wR9IbBiUvvMdDSc4llu5IRmTO3Q25xeHTswZ9s"
    "6PIOjE/mPDBNNHZLJiDE8+Nel1o7ci4n9mSCpEmMxMEsEFi7DmXaxGF+xiY3HiEJ7b2V8aAiZHRo"
    "w0wtmRyisyEsc3lbHoVsQzWM31i3sbROcOvOBSkZT2q4Qfwn5UFrepSdCuNMZe4oQTBB5chQSL4I"
    "k0gN8FMhK8En4dFzyDuCY5ox0xT6+PXz8FlgjMPPivSTTy3ViXCNns6wCoJYsQiMUTxUEX/Wj1+N"
    "9UsU2BvnswKuzIV5yG8Xt9NNmGy+jcjfUQf/cceY7kuMHHIPHyHuyzpsKkwL0Zo4mPo2Na7uQE8d"
    "1YB/4DZ2Bays4LG5y6g4dRJGHh457W/w632hmIPXx/rdu3fEmExtx43ZDKjQcBIVoHxuDWEM3BEd"
    "5qJ9RPwICoi59hl5/k4A5FfY6XRESLKUEQPIL5n/YojaOob+LCUf/v0/4s2RhKgxdD2HrZcVFHPQ"
    "aknBZioJqVIacJEaiudTPN82GEc7F5a5aQDXi8tU8W4q3m1jkF4J36diZZf7adtIJnWLJuGto8sU"
    "laqoVEWlKipVUanNqNQ+HXVNg8oBkcOkhvfbi4hUl440ikVZ1Sz5li14ppnt6CIUixKoA/knW3CO"
    "3IWxxJEWo/yeixJBcNmIuXJnvqghJx/+UquuSQFBS4vYlRhWGhZvF1MrcLsmp0KD/kq+mcXpmEKB"
    "nUvA9KrsZOrAfH91UJh+6dXBouxLfu9VXSr5xTd5Y/DGrpWUqadMvbipl7FNnvQrespMl5Z8ReX9"
    "Sl9RHYtWPmomSHAjk6X4vqjAgYhuwzvb1JlOoNttcov1u7YLld1KV2I3ma6RmiZz5homwjEYlIE+"
    "yM8Pua6Gcx13UBk/wpap5WcJEu1Kjxd89uGa79aSSh6RF3j9+YuK33Plr9gOf4Va4S2VM+Pu3GQS"
    "jwyixdlOklKbbNo0ynnyosyGLEt68uIgnfUEp618a7HrOHReaDLmGecVPRlbNFARy9//SBt9Yv7O"
    "glZ+jFAktUtuyaZnCm2WodRHI6DEUJL3KxlK0p6oZih9xBgfas1JeFYmD0yXqTcwjSHxTRAypg9M"
    "EgZvZSiNn6basKQVI82zWz8mCr6zrp2z5W7F7RWZRUdkby/kM2JNw88JZ+YDxm1BsZFMewdWWhg6"
    "FEziYQ2YdltcxjAlaSoFRpUMm4qqb0KTJD8bFUkT2eNaJIv0yaJNalFpGTQjKBXiQhFtikfzOJZm"
    "T3lOfrZU9ExS42EQ+VBP9ak99UxaGuGT1le0FDtysJASSulbE1NjYqQUGxlWLh1F4IbmOqOJwC3c"
    "8BfXG7P47eWoqCzr7bCsy0zBYnpre0zBjWW5FKG4PkIxP9jt2BgVG5a7GO72j8PDly/fHB68fP39"
    "q+/evHn1/UFoZWZvldmcx2cf0OJMAL9xJqhwNhaYn4Ejstz0FGeRVLM6r8FmG9g6Hrxs+4H5Kasp"
    "YTSWF0ebL4iaN+CObep+sLdc73BhsmFkesyCFHyHCCnktwVh2VHUNTdGluZN90WsNYKRipV2mOs5"
    "FgaeG66435HU+j6bUMP84aZFdfp/TDbQAXsV7ReEGe50dZowWirbiaLqRXaM6BJNFC23Bk17xhyM"
    "WMaioNBiq4967vigQm5hqUJQepFNGpRLG3J5GogWKrUufi18diyVeXRlnm2TeaZ8YcoXVhj2NNUb"
    "jo2kpBobuzc25Mc0Myx6eLkgGjaQUEuMJkdGB8ZDBvLiJV1cRsXU18c8MIKq4h2UV1g3GN8PYKE4"
    "mufkTColIzwhpXCvj7t/Xo3QEz50eZG4JQ7bPOH1Te+t91e9XvYDHl7doGMqEkg131FSUo1K1LPJ"
    "5hL2wH9sq9bnJC6zxpfqc/8k+04FFzd3UqtBDCYZO8mJ5bC3vuz7n66YGZ5aWLz34CSoa3ut2czh"
    "hgVbDJeA1k6eBVm0I/NPe7BUyH60B7uKWu6R5o/DLedY9V1ETu7298NeH49a8hDQ3QWsKDVAI7zC"
    "xN27i1eY4GoJcAWJtXYFrVoexxSwxZBeWqxvw/+qAYvOtH8GFW6lwZ+PawPnrIShxEMb4rTYTet7"
    "PkXhhc7aX2KHzsrjhlN+1bdihyC6X6nIBtYmE6ozMphj+J6/mSHMZCbSTaVXr6toA526tzo1zDlm"
    "btdvRR60Wz+Lvn9pwEzbGmG6sdswvcxtOzetGSoAbcGghZZkmjM2lyF/mK7roBO25ucFsx+Y42BG"
    "uPAsgeAB/aqRYmjLg14njFpRub2qgYOFbsnN2QDwpLseV+NkjPVyFuDCEJmUVKNAmQ2b4ZadFip6"
    "WWvjGgipRPB4JT7J1YAyLabAjAxFdYZss1xlIopai54waxeWhBXmCG/1mFxDRGEce5NyVwPTznhg"
    "Ddj5rLQi5TeNlH9U/OiinDXBSk0Mj9VmrNkEKzGzUGs/Kl3NowNyu8wxhuNWwYLPv9tetNqjUblF"
    "C71iwJa8M7xwvs9dfuRM8X7vbOyIWo4JUrwCgZUlN/LOnylOZhMT2YmIpaRn+/DVqxJAAx8clCpM"
    "aSPupYI44MWqgbBffAfRfXFQJV8QlCpEV9xL7zKBtUbePpPiLLYxkUelsd00tEvAXVoe2yfdafLt"
    "/wELfCP/"
)
