"""The first schema: users, quota, characters, templates, generations with their queue, and the audit trail.

MODELS_STATE is what the models looked like, for Aerich to compare them with when it looks for changes.
"""

from __future__ import annotations

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE


UPGRADE = """
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
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    -- Whether no tag is NULL, empty or too long. A CHECK holds no subquery, but it may call a function.
    SELECT coalesce(bool_and(tag IS NOT NULL AND char_length(tag) BETWEEN 1 AND longest), true)
    FROM unnest(tags) AS tag
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
CREATE TABLE "audit_entries" (
    "id" UUID NOT NULL PRIMARY KEY DEFAULT charmodels_uuidv7(),
    "user_id" UUID,
    "table_name" TEXT NOT NULL,
    "object_id" UUID NOT NULL,
    "action" TEXT NOT NULL,
    "actor" TEXT,
    "request_id" TEXT,
    "before" JSONB,
    "after" JSONB,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT "audit_entries_action_length" CHECK (char_length("action") BETWEEN 1 AND 100),
    CONSTRAINT "audit_entries_actor_length" CHECK (char_length("actor") BETWEEN 1 AND 255),
    CONSTRAINT "audit_entries_request_id_length" CHECK (char_length("request_id") BETWEEN 1 AND 255)
);
CREATE INDEX "audit_entries_object" ON "audit_entries" ("object_id", "created_at" DESC);
CREATE INDEX "audit_entries_actor" ON "audit_entries" ("actor", "created_at" DESC);
CREATE INDEX "audit_entries_time" ON "audit_entries" USING brin ("created_at");
COMMENT ON TABLE "audit_entries" IS 'One change to one row. It outlives the row and its user, so it refers to neither by a foreign key.';
CREATE TABLE "character_templates" (
    "id" UUID NOT NULL PRIMARY KEY DEFAULT charmodels_uuidv7(),
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "prompt" TEXT NOT NULL,
    "style_type" TEXT NOT NULL,
    "tags" TEXT[] NOT NULL DEFAULT '{}',
    "is_active" BOOL NOT NULL DEFAULT true,
    "usage_count" INT NOT NULL DEFAULT 0,
    CONSTRAINT "character_templates_name_length" CHECK (char_length("name") BETWEEN 1 AND 100),
    CONSTRAINT "character_templates_description_length" CHECK (char_length("description") BETWEEN 0 AND 1000),
    CONSTRAINT "character_templates_prompt_length" CHECK (char_length("prompt") BETWEEN 1 AND 2000),
    CONSTRAINT "character_templates_style_type_value" CHECK ("style_type" IN ('REALISTIC', 'CARTOON', 'ANIME', 'FANTASY', 'CYBERPUNK', 'VINTAGE', 'MINIMALIST')),
    CONSTRAINT "character_templates_usage_count_not_negative" CHECK ("usage_count" >= 0),
    CONSTRAINT "character_templates_tags_count" CHECK (cardinality("tags") <= 20),
    CONSTRAINT "character_templates_tags_length" CHECK (charmodels_tags_fit("tags", 50))
);
CREATE UNIQUE INDEX "character_templates_name_key" ON "character_templates" ("name");
COMMENT ON TABLE "character_templates" IS 'A prompt with a style and tags from which characters are made. Its name is its natural key.';
CREATE TABLE "users" (
    "id" UUID NOT NULL PRIMARY KEY DEFAULT charmodels_uuidv7(),
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "email" TEXT NOT NULL,
    "auth0_id" TEXT,
    "name" TEXT,
    "avatar_url" TEXT,
    "subscription_tier" TEXT NOT NULL DEFAULT 'FREE',
    "subscription_expires_at" TIMESTAMPTZ,
    "timezone" TEXT NOT NULL DEFAULT 'UTC',
    CONSTRAINT "users_email_length" CHECK (char_length("email") BETWEEN 3 AND 254),
    CONSTRAINT "users_email_form" CHECK (position('@' in "email") > 1),
    CONSTRAINT "users_auth0_id_length" CHECK (char_length("auth0_id") BETWEEN 1 AND 255),
    CONSTRAINT "users_name_length" CHECK (char_length("name") BETWEEN 1 AND 100),
    CONSTRAINT "users_avatar_url_length" CHECK (char_length("avatar_url") BETWEEN 1 AND 2048),
    CONSTRAINT "users_timezone_length" CHECK (char_length("timezone") BETWEEN 1 AND 100),
    CONSTRAINT "users_subscription_tier_value" CHECK ("subscription_tier" IN ('FREE', 'PREMIUM', 'PRO'))
);
CREATE UNIQUE INDEX "users_email_key" ON "users" (lower("email"));
CREATE UNIQUE INDEX "users_auth0_id_key" ON "users" ("auth0_id");
COMMENT ON TABLE "users" IS 'Somebody who makes characters.';
CREATE TABLE "characters" (
    "id" UUID NOT NULL PRIMARY KEY DEFAULT charmodels_uuidv7(),
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "name" TEXT,
    "prompt" TEXT NOT NULL,
    "style_type" TEXT NOT NULL DEFAULT 'REALISTIC',
    "image_url" TEXT,
    "thumbnail_url" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "tags" TEXT[] NOT NULL DEFAULT '{}',
    "is_public" BOOL NOT NULL DEFAULT false,
    "generation_status" TEXT NOT NULL DEFAULT 'PENDING',
    "published_at" TIMESTAMPTZ,
    "template_id" UUID REFERENCES "character_templates" ("id") ON DELETE SET NULL,
    "user_id" UUID NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    CONSTRAINT "characters_name_length" CHECK (char_length("name") BETWEEN 1 AND 100),
    CONSTRAINT "characters_prompt_length" CHECK (char_length("prompt") BETWEEN 1 AND 2000),
    CONSTRAINT "characters_image_url_length" CHECK (char_length("image_url") BETWEEN 1 AND 2048),
    CONSTRAINT "characters_thumbnail_url_length" CHECK (char_length("thumbnail_url") BETWEEN 1 AND 2048),
    CONSTRAINT "characters_style_type_value" CHECK ("style_type" IN ('REALISTIC', 'CARTOON', 'ANIME', 'FANTASY', 'CYBERPUNK', 'VINTAGE', 'MINIMALIST')),
    CONSTRAINT "characters_generation_status_value" CHECK ("generation_status" IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    CONSTRAINT "characters_metadata_object" CHECK (jsonb_typeof("metadata") = 'object'),
    CONSTRAINT "characters_tags_count" CHECK (cardinality("tags") <= 10),
    CONSTRAINT "characters_tags_length" CHECK (charmodels_tags_fit("tags", 50))
);
CREATE INDEX "characters_owner" ON "characters" ("user_id", "created_at" DESC, "id" DESC);
CREATE INDEX "characters_gallery" ON "characters" ("created_at" DESC, "id" DESC) WHERE "is_public" = true AND "generation_status" = 'COMPLETED';
CREATE INDEX "characters_tags" ON "characters" USING gin ("tags") WHERE "is_public" = true AND "generation_status" = 'COMPLETED';
CREATE INDEX "characters_template" ON "characters" ("template_id") WHERE "template_id" IS NOT NULL;
COMMENT ON TABLE "characters" IS 'A prompt, a style, tags and an image; private until it is published.';
CREATE TABLE "generations" (
    "id" UUID NOT NULL PRIMARY KEY DEFAULT charmodels_uuidv7(),
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "status" TEXT NOT NULL DEFAULT 'PENDING',
    "prompt" TEXT NOT NULL,
    "style_type" TEXT NOT NULL,
    "tags" TEXT[] NOT NULL DEFAULT '{}',
    "batch_size" SMALLINT NOT NULL DEFAULT 1,
    "provider_request_id" TEXT,
    "key" TEXT,
    "priority" SMALLINT NOT NULL DEFAULT 0,
    "attempts" SMALLINT NOT NULL DEFAULT 0,
    "max_attempts" SMALLINT NOT NULL DEFAULT 3,
    "rescues" SMALLINT NOT NULL DEFAULT 0,
    "error_message" TEXT,
    "started_at" TIMESTAMPTZ,
    "completed_at" TIMESTAMPTZ,
    "character_id" UUID REFERENCES "characters" ("id") ON DELETE SET NULL,
    "user_id" UUID NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    CONSTRAINT "generations_status_value" CHECK ("status" IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    CONSTRAINT "generations_prompt_length" CHECK (char_length("prompt") BETWEEN 1 AND 2000),
    CONSTRAINT "generations_style_type_value" CHECK ("style_type" IN ('REALISTIC', 'CARTOON', 'ANIME', 'FANTASY', 'CYBERPUNK', 'VINTAGE', 'MINIMALIST')),
    CONSTRAINT "generations_tags_count" CHECK (cardinality("tags") <= 10),
    CONSTRAINT "generations_tags_length" CHECK (charmodels_tags_fit("tags", 50)),
    CONSTRAINT "generations_batch_size_range" CHECK ("batch_size" BETWEEN 1 AND 10),
    CONSTRAINT "generations_provider_request_id_length" CHECK (char_length("provider_request_id") BETWEEN 1 AND 255),
    CONSTRAINT "generations_key_length" CHECK (char_length("key") BETWEEN 1 AND 255),
    CONSTRAINT "generations_attempts_not_negative" CHECK ("attempts" >= 0),
    CONSTRAINT "generations_max_attempts_range" CHECK ("max_attempts" >= 1),
    CONSTRAINT "generations_rescues_not_negative" CHECK ("rescues" >= 0),
    CONSTRAINT "generations_error_message_length" CHECK (char_length("error_message") BETWEEN 0 AND 2000)
);
CREATE INDEX "generations_owner" ON "generations" ("user_id", "created_at" DESC, "id" DESC);
CREATE UNIQUE INDEX "generations_user_id_key_key" ON "generations" ("user_id", "key") WHERE "key" IS NOT NULL;
CREATE INDEX "generations_character" ON "generations" ("character_id") WHERE "character_id" IS NOT NULL;
COMMENT ON TABLE "generations" IS 'The record of one request, from PENDING to COMPLETED, FAILED or CANCELLED. It outlives its character.';
CREATE TABLE "generation_jobs" (
    "priority" SMALLINT NOT NULL DEFAULT 0,
    "available_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "worker" TEXT,
    "attempt_token" UUID,
    "lease_expires_at" TIMESTAMPTZ,
    "enqueued_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "user_id" UUID NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    "generation_id" UUID NOT NULL PRIMARY KEY REFERENCES "generations" ("id") ON DELETE CASCADE,
    CONSTRAINT "generation_jobs_worker_length" CHECK (char_length("worker") BETWEEN 1 AND 100),
    CONSTRAINT "generation_jobs_lease_whole" CHECK (("attempt_token" IS NULL) = ("lease_expires_at" IS NULL))
);
CREATE INDEX "generation_jobs_waiting" ON "generation_jobs" ("priority" DESC, "available_at", "generation_id") WHERE "attempt_token" IS NULL;
CREATE INDEX "generation_jobs_leased" ON "generation_jobs" ("lease_expires_at") WHERE "attempt_token" IS NOT NULL;
CREATE INDEX "generation_jobs_owner" ON "generation_jobs" ("user_id");
COMMENT ON TABLE "generation_jobs" IS 'A place in the queue. The row lives only while its generation is open, so the table stays small.';
CREATE TABLE "provider_requests" (
    "provider_request_id" VARCHAR(255) NOT NULL PRIMARY KEY,
    "generation_id" UUID NOT NULL REFERENCES "generations" ("id") ON DELETE CASCADE,
    "user_id" UUID NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE INDEX "provider_requests_generation" ON "provider_requests" ("generation_id");
CREATE INDEX "provider_requests_owner" ON "provider_requests" ("user_id");
COMMENT ON TABLE "provider_requests" IS 'Which generation an image provider''s request belongs to; a trigger on `generations` keeps it.';
CREATE TABLE "quota_ledger" (
    "id" UUID NOT NULL PRIMARY KEY DEFAULT charmodels_uuidv7(),
    "kind" TEXT NOT NULL,
    "amount" INT NOT NULL,
    "quota_day" DATE NOT NULL,
    "hold_id" UUID,
    "generation_id" UUID,
    "key" TEXT,
    "reason" TEXT,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "user_id" UUID NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    CONSTRAINT "quota_ledger_kind_value" CHECK ("kind" IN ('HOLD', 'COMMIT', 'RELEASE', 'EXPIRE', 'GRANT', 'TIER')),
    CONSTRAINT "quota_ledger_key_length" CHECK (char_length("key") BETWEEN 1 AND 255),
    CONSTRAINT "quota_ledger_reason_length" CHECK (char_length("reason") BETWEEN 0 AND 2000),
    CONSTRAINT "quota_ledger_hold_id_present" CHECK ("hold_id" IS NOT NULL OR "kind" IN ('GRANT', 'TIER'))
);
CREATE INDEX "quota_ledger_owner" ON "quota_ledger" ("user_id", "created_at", "id");
CREATE UNIQUE INDEX "quota_ledger_user_id_key_key" ON "quota_ledger" ("user_id", "key") WHERE "key" IS NOT NULL AND "kind" = 'HOLD';
CREATE UNIQUE INDEX "quota_ledger_closed_once" ON "quota_ledger" ("user_id", "hold_id") WHERE "kind" IN ('COMMIT', 'RELEASE', 'EXPIRE');
COMMENT ON TABLE "quota_ledger" IS 'One entry of the quota ledger, which only grows.';
CREATE TABLE "quota_holds" (
    "id" UUID NOT NULL PRIMARY KEY DEFAULT charmodels_uuidv7(),
    "amount" INT NOT NULL,
    "quota_day" DATE NOT NULL,
    "key" TEXT,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "user_id" UUID NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    CONSTRAINT "quota_holds_amount_range" CHECK ("amount" >= 1),
    CONSTRAINT "quota_holds_key_length" CHECK (char_length("key") BETWEEN 1 AND 255)
);
CREATE INDEX "quota_holds_owner" ON "quota_holds" ("user_id", "expires_at");
CREATE INDEX "quota_holds_expiry" ON "quota_holds" ("expires_at");
COMMENT ON TABLE "quota_holds" IS 'An open hold on a user''s quota. The row goes when the hold is committed, released or expired.';
CREATE TABLE "user_quotas" (
    "daily_quota" INT,
    "daily_used" INT NOT NULL DEFAULT 0,
    "quota_day" DATE,
    "total_generated" BIGINT NOT NULL DEFAULT 0,
    "last_active_at" TIMESTAMPTZ,
    "user_id" UUID NOT NULL PRIMARY KEY REFERENCES "users" ("id") ON DELETE CASCADE,
    CONSTRAINT "user_quotas_daily_quota_not_negative" CHECK ("daily_quota" >= 0),
    CONSTRAINT "user_quotas_daily_used_not_negative" CHECK ("daily_used" >= 0),
    CONSTRAINT "user_quotas_total_generated_not_negative" CHECK ("total_generated" >= 0)
);
COMMENT ON TABLE "user_quotas" IS 'What of the quota changes all day; one row a user, made by a trigger with the user.';
CREATE TABLE IF NOT EXISTS "aerich" (
    "id" SERIAL NOT NULL PRIMARY KEY,
    "version" VARCHAR(255) NOT NULL,
    "app" VARCHAR(100) NOT NULL,
    "content" JSONB NOT NULL
);
CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON "characters"
FOR EACH ROW EXECUTE FUNCTION charmodels_touch();
CREATE OR REPLACE TRIGGER charmodels_keep_owner BEFORE UPDATE OF user_id ON "characters"
FOR EACH ROW WHEN (NEW.user_id IS DISTINCT FROM OLD.user_id) EXECUTE FUNCTION charmodels_keep_owner();
CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON "character_templates"
FOR EACH ROW EXECUTE FUNCTION charmodels_touch();
CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON "generations"
FOR EACH ROW EXECUTE FUNCTION charmodels_touch();
CREATE OR REPLACE TRIGGER charmodels_keep_owner BEFORE UPDATE OF user_id ON "generations"
FOR EACH ROW WHEN (NEW.user_id IS DISTINCT FROM OLD.user_id) EXECUTE FUNCTION charmodels_keep_owner();
CREATE OR REPLACE TRIGGER charmodels_claim_provider_request_on_insert AFTER INSERT ON "generations"
FOR EACH ROW WHEN (NEW.provider_request_id IS NOT NULL) EXECUTE FUNCTION charmodels_claim_provider_request();
CREATE OR REPLACE TRIGGER charmodels_claim_provider_request_on_update AFTER UPDATE OF provider_request_id ON "generations"
FOR EACH ROW WHEN (NEW.provider_request_id IS DISTINCT FROM OLD.provider_request_id)
EXECUTE FUNCTION charmodels_claim_provider_request();
CREATE OR REPLACE TRIGGER charmodels_keep_owner BEFORE UPDATE OF user_id ON "generation_jobs"
FOR EACH ROW WHEN (NEW.user_id IS DISTINCT FROM OLD.user_id) EXECUTE FUNCTION charmodels_keep_owner();
CREATE OR REPLACE TRIGGER charmodels_keep_owner BEFORE UPDATE OF user_id ON "quota_ledger"
FOR EACH ROW WHEN (NEW.user_id IS DISTINCT FROM OLD.user_id) EXECUTE FUNCTION charmodels_keep_owner();
CREATE OR REPLACE TRIGGER charmodels_keep_owner BEFORE UPDATE OF user_id ON "quota_holds"
FOR EACH ROW WHEN (NEW.user_id IS DISTINCT FROM OLD.user_id) EXECUTE FUNCTION charmodels_keep_owner();
CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON "users"
FOR EACH ROW EXECUTE FUNCTION charmodels_touch();
CREATE OR REPLACE TRIGGER charmodels_open_quota AFTER INSERT ON "users"
FOR EACH ROW EXECUTE FUNCTION charmodels_open_quota();
"""

# The table "aerich" stays: in it stands that nothing is applied, and an app may keep count there too.
DOWNGRADE = """
DROP TABLE "user_quotas";
DROP TABLE "quota_holds";
DROP TABLE "quota_ledger";
DROP TABLE "provider_requests";
DROP TABLE "generation_jobs";
DROP TABLE "generations";
DROP TABLE "characters";
DROP TABLE "users";
DROP TABLE "character_templates";
DROP TABLE "audit_entries";
DROP FUNCTION charmodels_uuidv7();
DROP FUNCTION charmodels_tags_fit(text[], integer);
DROP FUNCTION charmodels_touch();
DROP FUNCTION charmodels_keep_owner();
DROP FUNCTION charmodels_open_quota();
DROP FUNCTION charmodels_claim_provider_request();
"""

MODELS_STATE = (
    "eJztXWtz27YS/SsYfZEzo2ocO4nT9NZzFVtJ1Npyais3ndYdGiJhiTVFKnzYUVP/97sLvs"
    "CXJFIPSwr6obFILAgeLMHds7vgt5o6pPbI0pjhNFueprtt07UntTfkW82kIwZ/FLRokBod"
    "j5Pn8aBL+wYXo9hWYdBYZ/wM7TuuTVUXTt5Sw2FwSGOOautjV7dMFLkwGYHezAEjrkUs+G"
    "VbD03ScYnluYZ+zxziDvlBQk2N6K5DPIfZDeJY8IPY7JbZDoqaTIeGNulPCCW3ls30gUnu"
    "2KSJ49AsFQaim4P1XdIz9S8eU1xrwLARXPjPv+CwbmrsK4ADP7/VbnVmaPzvmtX/m6muom"
    "soq9qMukxTqFtDGfZ1bDPHAcScsJtwohKIK34nfEomY36+xsVhDvDH3nV8mWs4cy1c6LpG"
    "TttXJ8/ioYdz9tggiZHCdFr2IqOMOigaJG9QfYBVx+XqcFQYVh8UJj00cTx5Q8Hex3cKH0"
    "3iifInlh9Xwgt8+tQ5fcdboor2FdUyvJEZtx5P3KFlRs09T9eaKIPnBsxkNg5FeLRMzzCC"
    "RzE8FA3PtT0WqZ8WH9DYLfUMfEBr/7n1TBWfSyI8/roG8OgwbttpmuwBNOc4GK0gefXFOP"
    "V/7dVjWQUHfH+096zOkUo++DjW1IMZHFJhogBw3XRxvr49+leLkeNHa3jZkw+ty73DV7z3"
    "seW4A5uf5LjWHrkgdakSq0Y8HfhAK+XmRBBZYGIC2JNqk5iYeKEM8Q2xSmCuKN2LnnLV7i"
    "nKE6Ebo8lfAAr/lQG0B49PPqBJqRSmMMgqar65cPbav/ew55HjfDHwQPd/rUuO8Xnrdw7y"
    "aBKcObvovg+bW/D69F+u3ZOzi7cp4BNvjXkVOSG0zDVmc8EvocuUL4Fl9DiWkDpcQYcjc6"
    "AE3r5AJbi3ZwFeCdo2g9t28peMYsiTUhL38rj3GToIWcx/ubro5mMeS6Tw1nTVJf8SQ3fc"
    "ncIdoZiOexri1GqOHWRWl1uX5awuxbBHAhL16qgLLlgG+lM4g65WPvxJyfQcBKLN8I9VvV"
    "5n+0Keqyqm9TDLGTIs9Y47lo5LR+PVuUK9znn7qtc6/5iYytNWr41nDhKLVnh071VqeqNO"
    "yOdO7wPBn+SPi247PeNRu94fNRwT9VwLwVCoJsIZHg4Pcef49k7wx/BAn6p3D9TWlMwZ68"
    "Aqaps9NToYpY9Qkw74/CKaOE5hKk/gT7AjOC+TS3vFDRqzWC81bDon5dUiY9sajd0GocRx"
    "JwY0cenA4WQTNYk+gmH/BG30e9Bq4oHKGcg76Q4Ze31Yf4ZMy5Jay+j02rw2219BTw325t"
    "ok8N/x8TGhzsRUCSh42FKhhrGH3vAbcl37BP9e156RH45J1zJDuWazif8EsvAeIxFIRDdJ"
    "BG7T90WcpvVgwkPfn/B+4UF7luqId/ZAYcRRR81gOHsCDzM33SY488kVB47NII3i6VZw1F"
    "OZrOAyBVwWHsSTFYitsiMdwJwxn8ItGuuM4ZHPH9qXbTzkKBx5Fc78zF90pNU9hRPBQgwj"
    "UWC1cz2HN6ifXJx/PGv32qf12XeIKlvirnhz4ZYGWcIOm6B+rmX0DB4dwFApNTWh1LS5EX"
    "oWbyZxmHSuCNgKpPvp7Ewyk1vLTErTSZpOWdNJNK69sVZRQ5KSUkN2VUPKMvELcfDb4+qu"
    "hNjxze4yaMcSki+uADj3bnzMMqC3TW+UD3pSan3A1y7brbPOVa9zkl3MkqeSTmLawcvHHp"
    "zcr4rBzIE7hJ/P9+eYCwHcYDIO9p7vP0uBzP1FxbONMoqdEJJrSXnVdofeqG9S3SiLfEZQ"
    "ol8e/RFzKZrlZdhiUWYhwnhRS6rv6Yarm04TLzvdcLqu1b891oP8lS0hlENPP/tAtGybTo"
    "oSDHyh1MSse0bwek86I6j+f/6VXuFDIiQL65nuAjDGW8syGDUL1npRPAVwHwRXBXB0pNAt"
    "4C1W5Qq8vbg4Syj32056Zfl0/rZ9ufecDwAaAZZ4uNPtpSYgQzgVTkSxVZPbxxqNm4/t7m"
    "mn+36WcgfN8jX8qU2diP+u4FCnZZfgUm/RS3jb3GKRn81MdDHlmRKTyX/J5+fJUim3yBGe"
    "AWcmMJpENwvtOz/Z/FfmWz4dGAc11TzXVmDYPgVdbSes8dH4QbLpQxTQEJUK7h/umPlv3p"
    "PW1UnrtF3LXQqWBG0U0OwJ/W7lYjAT5tRqmIAaxuCHnx6LI/t5BlCO6fM2EH736yUzaEGC"
    "pTAD76POdgf6x7VlQURqOysbQtTvObMiogBnyfQI8qC7wzCbgecx8ISGWzhJHoa6OoxTAR"
    "xCbUZGVGNYxuMQvANMbdD5364HNnR+KdCKr1UyKYEDP2/gOIaVp9ArcE2Of0EEGdukS1Yi"
    "HZNxYRkXllG/bXdvZFxYasgGxYU31I9YWzhBHGYJzFNiayTzsk/VFqEtw/BrBny7wvDlgX"
    "9qWlpGvFYQ8cJSzfschZ0z4hWLrzHiFbo9hfYONtiCeJfnYHaIanlmzjLdMQtW6ZRUCnfd"
    "XJle76cx368OMAwQ/vnh4PmLoxevD1+9eA1N+MiiI0dT5sCHskTxzLcsW7AEhi1RESMJtt"
    "o8BJvAShYwa0necjqlliJMZ1NpPdzGhqmWrRHr1t/pxi/kbfjUVhCXxb1sojqHBnnX6py1"
    "T4llk5NW96R9Bj+Su+Mg1RWX4WRItbVddX01PwLy6y76EUaNFF+JgQaSyAzOYgcTQ4a2Yp"
    "EJ/1lYXMIfo3SdUsRRlkNWFVeYwjIloXNxmMnjshhGkp6S0voOKC1JekoNma4hlZPrZEZd"
    "rRp1Ibm42UhKLk5ycd8xF9enrjpUHP2fHI29GlHDKCSEkpLr44OepyF8Xh2tgA86PDh6FV"
    "FB+GMaC3R13jo7y7JqsHLeg7VgK9U29ioQl+VD5RfhwMWeF/mguUS6SqxPt2zdzYF7+tIh"
    "ym01kbyMhYO6mEDm5rzXpoMoyn33IKLBURXItOz6wDxMg3m4EWCCz6d6rDSOgth3r4/Mti"
    "1bGTEHo2Zl3kYZQflequKGUbsaF5WUlFVkm8wnqRZukFeRlU7Jypne6JkW41iZmS4OC6Xl"
    "ZMWgrBiUFYNPn+7RWKRiMBGcXmbJ4NauAjPxTa+DC9QKpnmqJeQzfQy6vPR73CE9L5fWFI"
    "P8t9UvhvXCZD0L/le2HPMXv9Pd0PDHhXLAEIqZaWABXvNmgikwafMXVhpUZbgBM37fDID2"
    "WJP0gk+d+UlWlmlMsOLRYDzfKr4OljhaY2byr6ChOB8LgZVu4hAHHfTc6sqVXhD3q24RAI"
    "CXb1qeSygxGHUYwZ2inZ947llQ2ekfhz4pebDsO2bXnWAX7Bt+SmFfx7qNXydzb6okl4nc"
    "Ir2nOlfswMoXZqtMQhSfWgVvBfFsFKdEhdcWMszEIfhZXYlBiIlTAQcFd3rHzCBzKj9rKp"
    "Xmlcat7J1xeW3ajaWvMGvYxQlfBUl1JUc8f+pfqW/DJfWjhFWcEVxvKtpGWsYNUpxOJgMH"
    "ywgcpFa3MvxHWlZmXe0qd+K/ZMtQ0LGE5J4rfEVNfB2WeYdkBCVblUQ2Y+aUXPPy5CXvu8"
    "lrFzO5q1KF4E+JyvfbruqI5LAlh70JHOtMDruYXc2yhHkuaXYaQiawxCSU2p1tIz3RmROR"
    "8cXnmI6F60vTHHYBu5hDdU/nF3Pp9tkM42e+VZrA4YVfniNhh3UnLAYlfWZY5sAhrvUToQ"
    "CpPhgwm4DQjVATeEPuGBtj8WeWXlzp1ZBb7LhIN5qaQ+iY2tiHSj1kEfl383z1JNY99EMN"
    "g+CT6DQCLlPolIzoBESJpuPQ+x7oPelPePMqRGMpMjEzj0rywS7isdJk4dIYteyAVsSpzZ"
    "UXjTG41edFb9Z6liySOHj5csoLPPRLoVV64/6oWoKfm067bSa/uRkveJlK8dRwSjN03akU"
    "04zLSuAuZl5uCcRVDMy1flP5N89yadt07UmRHSq0mGmCfsG28KLSBsE3mGdan+CSEIad47"
    "YjfsAZuiB+F41gH18ebx7Y1oOTNSjLduDHn4eWoZEhdXi0+cPF2WnQBxiODTimMqIalsP4"
    "D4Y9n1ycn3d6DXLZPmu3rtq45Un794+dyzZapoFVyXWROIyhxQpjoe6adzwR4V9gy5Nwt5"
    "Olb3SSGN+qdjoJPg18B/j6XwPG6U1+CDhv/xPhTlA55jCLE3fjq4tiBcveXHcSXCdxN/6o"
    "O12yV/dVrt4g9UDp8E9f6epyT+it3R4Fpzg7IcUV32H7nav1nhbGnlbqfZSu9KajkvvTxQ"
    "LrSwxYpXe4hJ3qRDz9hU2jOSkXGEjJxzQhNC2EsoUAT0EP4xop+MLXR4lFVxCRkdzCL649"
    "HQ+xk8jK2vd15XmAbe2U21A8lpB4l8db7kAnMwFkJsCKXyWSgt20TIAVMIMfrBSZkNugMR"
    "8viFbuvGUvJq8j8Xk6jBLz0Gvd8dm9uB5lYDGHPAyZX6zCW+sOUa3RSHddpO9s5lcsIGHn"
    "p/NpOTUvq7waEo6fhxbDkLM/wQ4Xxw41psKqjn1SP1I9YiGNib0HZTRwbgj4MtPh1OSCpO"
    "L8tR/CrJVkExPVH7NZxGpD4lJTecNZw5CU2XZQZpLgkQTPBhE80nFelyNXPYF/6an7W6Sy"
    "W+eNSX9d+uvSX1+xgSX99d321znyBa56OCvTvXSeDD2ff35ljVjf0nAXCIuM6B0TPvOTk6"
    "QzvTl6yKGLzf1pQ3vju8TQyBxAY0zVBsszzOzWTXLDZ4LbpM4N76H9leI+bW+uTQL/HR8f"
    "E+pMTBV87FvigB4rHiyo5IdjgmAErZrNJv4Dfrvr2eD3474N/HzTf7HssRHVjZ+va1Sj/2"
    "X+BZrg76OXizDDmZZGE87l3C4573qWv8unROFNpyfJGNYDs9HlxaYwoJwEkZTTDevtcH+O"
    "NBd/CGHrWak6YTv52fIt9relPSbtMfkFH6khC9Vj89dbRjnaeLjAZQ8lNjnTbWOpkuh1no"
    "G8mJkSZSQ9VR5z/m8JvMP2EusK+n0P1oqteHbOojJFwxNSEvcK+6N7/Wic8KLLIwqmfK0q"
    "T3iNH2Z7d9luZ1/g0dENymFOIFWd9p7Sjdy+ZpPNJZyBfyyz1OtElFnjQ/Wpd5J9psKDm7"
    "uoZfjPYqru6b/FvqHWbHZv3fxU7SWgtZPloUWZ7eF+wMuCbL79m7cSNbmpeFXk/AQOrHPV"
    "8z7YVBa1ZF3w7gIWZS0uAa4wW3JX0CoV00oBWwxpuV3rMVzzW9jhVhqwS9mxPoZhSgwwwm"
    "l2IDCIrc0XDvyMwbpE/X0qcudv644BPj+3tkFGVGO4pVK8rxPf9B17iHZZSu0ctfRrYNjw"
    "RqO6McFqdO1G2HCK3ET5bjeNSKLuEMNSaXQ53KMetM3mwUndJSqmHcKAHLLfJEHPvJ8bvu"
    "WUjcm+1yb2NjaoGd5N0DP6xw2/hH3EqOlnCWO7ujNnym9hfG1z0ic2YVu4JUfLhGnOAlyY"
    "opqSqpSnumHL2bLTVOMnszSuodBWb/y+O/m+G6ao5dJ9XcDBUOI7zNot+qBQHXOEt1onfz"
    "w4ODw8Otg/fPX65Yujo5ev9yPlzJ6apqVvO+9RURsiVZPVXIM6rgKmh35f5csFWWlJgm4a"
    "CVqClst6G7NSGCvsels1gXETDJslpy8unJLYYrauDmsFDklwdqY3QuN2sxyRYsAWMJ7z7O"
    "bC9T7XYs5Z4oPZ2ViNWo4JUmw0gzfk5O4lWLy9qyCyExkiK9vUVQiaw4NVAuGg+Q6i+3x/"
    "fw50oVUhuvxcapsJy3RZXl3iL1cX3YL8yFgkbYroqkv+JYa+zQR0HrgIxvQAXjpWl7IssI"
    "OSAbzl59o//h+Uh2K7"
)
