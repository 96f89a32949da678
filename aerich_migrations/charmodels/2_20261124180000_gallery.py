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
    NEW.published_at := CASE WHEN NEW.is_public THEN clock_timestamp() END;
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
FOR EACH ROW WHEN (NEW.is_public AND NEW.published_at IS NULL) EXECUTE FUNCTION charmodels_publish();
CREATE OR REPLACE TRIGGER charmodels_publish_on_update BEFORE UPDATE OF is_public ON "characters"
FOR EACH ROW WHEN (NEW.is_public IS DISTINCT FROM OLD.is_public) EXECUTE FUNCTION charmodels_publish();
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
    "lmRJi35oLBIDDh+AwOCZweBrazimzsTWmck7XU833J7lOvPWEfnasuiEwR8FJdqkRafT5H286NKB"
    "KcQoltUYFDaYuEMH3HXo0IWbd9TkDC7pjA8dY+oatoUilxYjUJs1gnuuTShx7BmxHfm3qJhQDn/O"
    "xrbJOuTMJbbnmsYD42Rgu2NRnFo68Thz2oTbxHDJGCQsm9zZDjNGFrlnc95BbXR7COoY1mjdD/Ys"
    "4y+Paa49Yu6YOfD43/+Ay4alsy8AFPz82rozmKmLv1v24E82dDVDR9mhw6jLdI26LZRhX6YO4xzQ"
    "40E1QaMl0NdkJaJ55lNxvyXEoT3wx/5N9JgbuHMTe9BNi5z2rk+eRaoH7fetTRKaQtPazmO0DCso"
    "UlIUaK5gU71cA67G1BpAt0mrFtcnTxWsfXqvCW0SX5dsWHFdCx7w+fPZ6XtREjvqQBvapjexotLT"
    "uTu2rbC45xl6B2Xw3ohZzEFVYp+Z5Zmm/1kGl0L1XMdjYffTows6u6OeiR9r63/vPGuI3yiJDQWG"
    "DvAYoLfDOxabQc9552sbk7z+yzyVv/b3IlkNFX54s/9sTyCVHARQ19Tn6V8aQkMB4IblYnt9/Saf"
    "FiEnrrbwsScfu1f7L1+L2qc2d0eOuClwbX0TgtSlWtQ1oubAL1ir1yYxkUc0jA97stskGiYaNAN8"
    "A6wSmGvaxWVfu+71Ne2J0I3QFEOnJn5lAO3D55MPaFIqhSko2aSbby6c/d6vfax5wvlfJl64+Ff3"
    "SmD8qfurAHky9++cX158CIrbMJXKifbi5PzyOAV8Ytao2pETQqorJxGlYgSs040jCdWFG3Th0Bqo"
    "gbcUaAT39nTalaDtMHhtnj9iFEOelFK418d9wHCBkMX8x+vLi3zMI4kU3roxdMnfxDS4u1O4IxTl"
    "uKchTo3mWEFmdLlzWc7oUgx7KKBQb456bAWWgf4U7uBKKx/+pGS6DXzRTvDHqqbX/KXQ0LSH9x3P"
    "HWqWPVu0CsKyYkXJXTqZrm4N1D/71Lvudz/9nGjE026/h3cOE8NVcHX/daphw0rIL2f9jwR/kn9f"
    "XvTSbR2W6/+7hTpRz7URDI3qcSCDy8ElsSq+u48txPDCgA7vZ9TRtcwd+9AuKpu9NTmcpK9Qi45E"
    "yyKaqGesEU/gT7AgBCGTy31FBdqLqK9hULQi79UlU8eeTN02oYS7cxNZKDriglKiFjEmoPZbKGM8"
    "QH8mHqy7TWSYDE6m3gBGnjHTs5zWMiq9sW6s3hfopyY7urEI/Pfu3TtC+dwaEujgQUmNmuY+LoOP"
    "yE3rM/x703pGnr8jF7YVyHU6HfzHl4UZjIQgEcMiIbgduQjhHXtmwec+mIt6O4b+LFWRqGxGQeOw"
    "oo6vzn6MgKnMs8VW8cmxBq4tYIui5tZQ61IKy39MAYmFF/FmA0arrqYjaDMmedwiXReoR3752Lvq"
    "4SWuCeSHcOcHMcWR7sUp3PCHYNBEg9HO9bgosHdy+enn816/d7q3+A1Fz5UD/eNaRlRU9rbRkyo1"
    "zlre3mXw6YEWWq1XDaTK3jZWM36swcskLpOzawJWBrn4fH6uKM2tpTSV0aWMrrjRFTfIvanesG8k"
    "JVXf2L2+UZe2fxRhvz0L45XQQNJUr4N2JKHY5QaAJ+3KJOg9y5vkg56UWh/wrate9/zsun92kh3M"
    "kreSC8v0ojAfe1gYf9FMZo3cMfx8cVChLWLg+o1xuP/i4FkKZLHG1DzHrNOxE0JqLKnftd2xNxlY"
    "1DDrIp8RVOjXR3/CXIqmeB1uOS7zKHr5sTbUwDNM17B4Bx9bbjjdtPa+ftvzg122hH5G/iv/g+g6"
    "Dp0XRSNIoVTDrLtF8HlP2iLY/X//Iz3CB+RHFtZzwwVgzGPbNhm1Csb6uHgK4AEIrgrg8ErhskCU"
    "WNVS4Pjy8jzRuY/P0iPL50/Hvav9F0IBKARY4uWzi36qATIkU2FDFFs1uXWs0bj5uXdxenbxYVHn"
    "9ovl9/CnNnVCzrzBUjotu4TF9BZNwtu2LI5zspmGLqY5U2IqvCr5/TxZ3OUWLYQXwJlxpibRzUL7"
    "Xoam/8Sk5XMGelBrmLe0jXFrn/2qthPW6Gr0ITl0Fjox4p0K3h/emMmZ96R7fdI97bVyh4IlQRs6"
    "QfuxerdyMFgIc2o0TEANOkiX07fiaIA8AyjH9Dn2hd//dMVMWhCOGWuBD2FluwP9t1qREzFgpYNY"
    "7IKYF0N7abG+Df+rCLCsNNxCtEMQN403CT/2RXEn8VGhYvxJ6AquGYhCZoY7DuJGRMSICB25g5tk"
    "NjaG4yjoghPqMDKhutgXxQm+AQaRGOJv14OVB+59Ko5PWdGzaoZ/COCrutgjWMUuBQ2eKfAv8LVj"
    "mfSuoLDbKA+68qArL2lra5eDyoOu+sZGeNA3dMW1NsdLXM0amKfE1kh7Zr+qLUJbBSysGfDtClio"
    "D/xTE/jKN7gC3yBugX3I6bAVfYOR+Bp9g8FSp9DewQJb4Bn0OMbRDG3Pyhmmz6yCUTollcLdsFbW"
    "rw/SmB80BxgUhH+eH7747s133798/d33UERoFl55U9IGEsoaW5O+ZhmCJXCRif1GO8STrXITV4Je"
    "LODT0hRkOZUWZ0Er5zH6ZUxdQmM7nOw74o6Z3C41JH6dyFzdwYemk8H8LeYZcozRCAtb5DbqSLfk"
    "nrEpclxZCm1Fz8FdX10/7RHUiOyaPbPaYtcWJVOAH55C3Xi9Ik3SiIgCM9vRicOozgk01hyTI3HM"
    "pMTH9ozcsdkRGTMHq2BzwefxCejZvrFMgxFYS3K45ZN2cq8aFIEC/kt1SH/M4owglJtwZmIqJlh+"
    "zsmdw4TWnFFnOCY+3yeSMk3oPQCHryA3vd1YNuZ9gkUfZmpyx3hzYjtMAuACTgPPZdzfeAbIexPo"
    "BkeSdtzvPvM31O0fPxOK+nTm/gnc4C6bTJguMbuDjvrcBUvCV6ojK4TPw43qi9VgWMS0Z/D6Q4q9"
    "C6vg3kA2e6McUtUTH6W6u2axGeOliaNyt0lFTGmd3Wz5W/BqaryEHXjNtBe2YE1lA/sx0HWUTSyF"
    "RcQOLWQr9u8odyVvRH6AXn5XQa+g39bVLZQr1y8oFukIhbQps3TorRpapvC/ieGCvoevXlfZ0yg/"
    "i7rqBmLl2vqloFVRS9cZTTR7yptqXsjfx3tQHSY/LbdeTn8joxraJby8ChpZagzOtrs5VABbJVZa"
    "MUkrZpJUgOBKUgluBz/3dJRzhoCLW3BZ2K7FWqTAKRKT3ORPfSnQXf+rd9K/vEpPhpE9WdXDERPZ"
    "edCW5eKoQbNlyaMcgzvbXkGAWpNAzG21sxfGX6YXGvmxrish566Z6yKR0Srn58Ji7aoUHY9LVOTo"
    "kFdy7CGsMRknE4/DpZEgkKy3BMkhx54V0W5VRHOJJEkCYRvdGaMjQdghOfTcZ6zkdU+GoQaMXjAg"
    "84A78hxuOxh4doTsmx8nJy7KIDlujCzknzzLBA1FHT4+5OTz1fXllfZT7zfC6ZwTGymkmcFZRWqp"
    "VtTaNZJ7hd6GXFOnoZPhSb873+Pw8vDN69DZgD/K/AzXn7rn54HfpniRm+gudaajjOAaYxvArMYt"
    "TVmfZPzG5s5KCUMg/NRyfDqGRZ0C2zMpl3Zgzv2Y3LWZBHEPJi4mYLi09H14vOZQS7cnIv5y/9kz"
    "8vffpOz+yjyf/h7esO2g6Y7PLrpXv+U33nHOnt/j3/q97mONiiVPetGOgqL5LrHnYMFUl9zssHiW"
    "Q2eJw4bokYGZRExLMmVvWwZY+3sq0T0T5iVrk/fds/PeKXpzTroXJ71z+JE89AJdQlHavcwEuban"
    "ri/HXwz5dSf5i2mNg0kNRX1JHIMWxagnVIay8aRw4mdhMjjh2E1z+HHzsobCCTO+0OOUcM9Eaqbc"
    "Nip5XXb2VaH3Krx6d4hsFXqv+kaxk6NhMgyVAaPVzO2hIsIXI6kiwrfJj7clHqftiQgfUHc41rjx"
    "n5weW04UJiXXF5X8Ig3hi+ZoPZojTIy1D2DwO1qzY3sKxFW6v/qDcC4tWIx8PhuokK6048ywHcPN"
    "gbt86IjLbfV2hmUMHNTFMBM3Z14rBzEu918PIhocTYFMy64PzJdpMF9uBJiw5ht6rDaOMbH/+v7I"
    "HMd2tAnjuHerzmyUEVTzUpNlGHWasVBJSZX1cZP5pKGNh2A1ZKJTsqqlN7qln37vxva0rsrwqTJ8"
    "bhasy83wWRJX+rgUn1s7CjwutLRebs80T7WEXfU/+1VeyRp3qJ83zfP5pz0ohrVmds8wlONHWelu"
    "9PAm6T2TUCwM/fLxqhr9pUGjVU/padIhw03lGAQMQHtMbqJ37BmRgVW2ZYoYYpOJGKvoObjF354y"
    "S2yfF4HKIikAbrTnct9+bl7PlT5QZicAAETiUNvDDAgmo5wRPA2Wy+BrP6eovA51iqwE98zZ4/5J"
    "t7filsa+TA2YY8Ewv20SUBbnFukDNUTH9q38WGvVCYISTavhqyCe7eIwqODZsaiyuAoykiuhRDxY"
    "yueg4E3vmeVHS+VHSqVCu9K41X0zIa+XvVj6CYvULg7yKgikq6lx9XC/WnvEk/2jhlWcEVS7xEtD"
    "yJTjYBmOg9ToVof/SMuqeKvdY03k9FqHfI4kFOtcn3VOTIR1Zo+MoOKpkshmDJyao12evGJ8N3ns"
    "YpZYpDSh9lOiambbvd6heGvFW28Cr7qQt26WOSFaTWaboUHqhFonKG3k6nNhQ2TW3+tInpDmrQsY"
    "xRx6u5xTzKXYq2RPwIQDMd6OWkQc3E2CCvd4sOmTDJhpWyPMAZpOPxrb+1ee53SFT0M+8cxFitHS"
    "OaFT6mAdQ+ohcyiSnMruSewHzEhqmgS/RN72+ctYpWRC5yBKdIP7KR9EalQs3oRcrEUgZtpRS37Y"
    "RdxVmiBcGouWVWhFPFqlWGj0u60+FnqzxrPkxojDV69KJvBgRQql0odrhzskxL1yqm0zOc3NmOBV"
    "+MRTw6nM0HWHT5QZl43AfZx5uSUQNzEw15rU5J+e7dLSJPuxEgtN0L+wLExU+kh+OIutT1iSEHEs"
    "aZAeS1RBZBVtPxuW8DGPMPn8W5lCCyatAbqDHXbnYc4u10ayxAIr0naIxBd9x1nzc7WPk/7ssW3q"
    "ZEy58F5/vDw/lU8Mah8wKnPdi4J7IiE/MfQ2po1vg8zQT50vfoj89yeXnz6d9dvkqnfe61738KG9"
    "X38+u+qBVXxj+Sat+BAIZ1I9TOrfIR+uuhd9kY6+f9a7knYxmL2hqul0ZnSCh4UcEczuP/FA1xm8"
    "xRj6UhstX/j/yHhgFsHeh0qMHGq5eNliaE9bbETxkBeZB+3ewOM/mWly/71nYFGDET6yGe+QA0yF"
    "Lx+K/6F6fjo02YV0OpfV4BgFGJn2kJrQEHN5XAGVIIuzTcDyt96SC8QK0+sn39mvVGjKj0ATEPZb"
    "Xr4s5mgbMgcsflmmDU0hEJS34TfUeSERw5oiMvjIDz+YjQESubqQUPmwED/XP/T2AdPXnOMm/iE+"
    "IslNkN9m6altEvqtKrcN6V6c4nXAF278QPbwY9xLvEpexpvYm2Avq7BASryN/Hg1258AK72J/5zE"
    "20itzy7I/p4cAPbaZM8fAvBPOQTsqbNotzYhDjZxtkGK9/sH5Xdup39ZEEPZRv836X3+ctDOYlq8"
    "GXKy/uOxVskTLOG0rDie4WSc70zLxzQhVOZG2ylXKTq4UugFs0eNMTcmopz53woWoE9ISO0mssLy"
    "zUL64/XlRQGkoUT6+zaGLvmbVMyRsj1oIhQJL3cm8Ccd45OCHStQCSeeKsQKljS83lnSkYTCuz7e"
    "zUOuVLDV9oTTqISeKtRKhVopH9emOGACBVYXa7UC38sHNKVbZb4XWaJdzfcSWeaLfS+i9oiuhq7S"
    "JgPGDZ3Jo4dNau3xI4y8safPvWnWm1K3Aj8+x+CET5nlSupceljmgSOEC1cD8aZv5dG/D5jjtS1K"
    "IcUv6H+G4T13hsPdGn4MX02fxxcKRA6BiL9H2h41yOH7Q3UdDE4y0CvB3beEQm+AF//cP4m5IYRL"
    "5JGkf/WdefG2r0n3JzbnrYbm9/VaXwp7RYBvBwGu6Nrl0rViUKsBZ1h+q/dELg0+xccoPmY38VZ8"
    "zH/DmlvxMYqPUXyM4mMUH/MIPuajnVoz5hZoV2Nj0J1fi4wR9IbBiUvvMdDSc4llu5IRmTO3Q26x"
    "e3TswZ9s6PIO9E/mPDBNPOyWTECI58e9LrV25FxO7MkESZMYiYNZILB2Hcq0icP8jE1uPEISnvdW"
    "xoOKkNGhDSO1ZHKIzoawzOUiDhZTRuk24zfWbSytE9y6c0FKxpMabhD/SXnwND3KToVxpjJ3lCCY"
    "oHJkKCRfhEmkBjhVyErwTXj0HvKO4JhmzDSFPn79PHwX6OPwsyL95FNLdSJco7czrIIgViwCfRQP"
    "VcSf9eNXY+0SBfbG+ayAK3NhHPKfi9vpJkw+vo3I31EH/3HHmO5L9BxyD5NQcLqxw6bCtBBPQ/6L"
    "3Kb61R3oqaMa8A/cxqaAlRW8NncZFadOQs/Dw479DX69LxRz8PpYv3v3jhiTqe24MZsBFRpOogKU"
    "z60h9IE7osNYtI+IH0EBMdY+I8/fCYD8CjudjghJljKiA/kl8z8MUVvH0J+l5MO//0d8OZIQNYau"
    "57D1soJiDFotKdhMJSFVSgMuUkPxfIrn2wbjaOfCMjcN4HpxmSreTcW7bQzSK+H7VKzscqe2jWRS"
    "t2gQ3jq6TFGpikpVVKqiUhWV2oxK7dNR1zSo7BA5TGp4v72ISHXpSKNYlFXNkm/Zgmea2Y4uQrEo"
    "gTqQf7IF58hd6EscaTHK77koEQSXjZgrd+aLGnLy4S+16poUEDxpEbsSw0rD4u1iagVu1+RUaNBe"
    "yS+zOB1TKLBzCZhelZ1MHZjvrw4K0y+9OliUfclvvapLJb/4Jm8M3ti1kjL1lKkXN/UytsmTzqKn"
    "zHRpySwq71eaRXUsWvmomSDBjUyW4vuiAgciug3vbFNnOoFmt8kt1u/aLlR2K12J3WS6RmqazJlr"
    "mAjHYFAG2iA/P+S6HpzruIPK+BE+mVp+liDxXOnxgmkfrvluLankEXmB15+/qDifK3/Fdvgr1Apv"
    "qZwZd+cmk3hkEC3OdpKU2mTTplHOkxdlNmRZ0pMXB+msJzhs5VuLXceh80KTMc84r+jJ2KKOilj+"
    "/kfa6BPjdxa08mOEIqldcks2PVNoswylPhoBJYaSvF/JUJL2RDVD6SPG+FBrTsKzMnlguky9gWkM"
    "iW+CkDF9YJIweCtDafw01YYlrRhpnt36MVEwz7p2zpa7FT+vyCw6Int7IZ8RezT8nHBmPmDcFhQb"
    "ybR3YKWFoUPBIB7WgGm3xWUMU5KmUmBUybCpqPomNEly2qhImsgW1yJZpE8WbVKLSsugGUGpEBeK"
    "aFM8msexNHvKc/KzpaJnkhoPg8iHeqpP7aln0tIIn7S+4kmxIwcLKaGUvjUxNSZGSrGRYeXSUQRu"
    "aK4zmgjcwg1/cb0xi99ejorKst4Oy7rMFCymt7bHFNxYlksRiusjFPOD3Y6NUbFhuYvhbv84PHz5"
    "8s3hwcvX37/67s2bV98fhFZm9laZzXl89gEtzgTwG2eCCmdjgfkZOCLLTU9xFkk1q/MabLaBrePB"
    "y7YfmJ+ymhJGY3lxtPmCqHkD7tim7gd7y/UOFyYbRqbHLEjBd4iQQn5bEJYdRV1zY2Rp3nRfxFoj"
    "GKlYaYe5nmNh4LnhivsdSa3vswk1zB9uWlSn/8fkAzpgr6L9gjDDna5OE0ZLZTtRVL3IjhFNoomi"
    "5dagac+YgxHLWBQUWmz1Uc8dH1TILSxVCEovskmDcmlDLk8D8YRKTxe/Fr47lsq8ujLPtsk8U74w"
    "5QsrDHua6g37RlJS9Y3d6xtyMs10ix5eLoiGDSTUEqPJkdGB8ZCBvHhJF5dRMfX1MQ+MoKp4B+UV"
    "1g369wNYKI7mOTmDSkkPT0gp3Ovj7p9XI/SEiS4vErfEYZsnvL7hvfX+qtfLTuDh1Q06piKBVPMd"
    "JSXVqEQ9m2wuYQv8x7ZqTSdxmTV+VJ/7J9lvKri4uYNaDWIwydhJTiyHvfVl3/90xczw1MLivQcn"
    "QV3ba81mDjcs2GK4BLR28izIoh2Zf9qDpUL2oz3YVdRyjzR/HG45x6rvInJyt78f9vp41JKHgO4u"
    "YEWpARrhFSbu3l28wgRXS4ArSKy1K2jV8jimgC2G9NJifRv+Vw1YdKb9M6hwKw3+fFwbOGclDCUe"
    "2hCnxW5a3/MpCi901v4SO3RWHjec8qu+FTsE0f1KRTawNplQnZHBHMP3/M0MYSYzkW4qvXpdxTPQ"
    "qXurU8OcY+Z2/VbkQbv1s+j7lwbMtK0Rphu7DdPL3LZz05qhAvAs6LTwJJnmjM1lyB+m6zrohE/z"
    "84LZD8xxMCNceJZA8IJ+1UgxtOVBrxNGrajcXtXAwUK35OZsAHjSXY+rcTLGWjkLcGGITEqqUaDM"
    "ho1wy04LFX2stXENhFQieLwSH+RqQJkWU2BGhqI6Q7ZZrjIRRa1Fb5i1C0vCCnOEt7pPriGiMI69"
    "SbmrgWlnPLAG7HxWWpHym0bKPyp+dFHOmmClJrrHajPWbIKVmFmotR+VrubRAbld5hjDcatgweff"
    "bS9a7dGo3KKFXjFgS94ZXjje5y4/coZ4v3U2tkctxwQpXoHAypIbeefPFCeziYnsRMRS0rN9+OpV"
    "CaCBDw5KFaa0EfdSQRzwYdVA2C++g+i+OKiSLwhKFaIr7qV3mcBaI2+fSXEW25jIo9LYbhraJeAu"
    "LY/tk+40+fb/UHx7xA=="
)
