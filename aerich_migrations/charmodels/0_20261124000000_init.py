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
    "object_id" UUID,
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
COMMENT ON TABLE "audit_entries" IS 'One change, to a row or to a table as a whole. It outlives both row and user, so it has no foreign keys.';
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
    CONSTRAINT "quota_ledger_amount_range" CHECK ("amount" >= 1 OR ("amount" = 0 AND "kind" = 'TIER')),
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
    "eJztXWtz27YS/SsYfbEzo2oc5+Hc9NZzFVtp1PqR2spNp/UdGiJhiTUFKHxYUVP/97sLvl"
    "+SSEuy5KAfGovEguDBEtw9uwt+a+hDao+EwSyn1fYM0+1w15423pJvDU5HDP4oadEkDToe"
    "p8/jQZf2LSlGsa3GoLHJ5Bnad1yb6i6cvKGWw+CQwRzdNseuKTiKnHNGoDc+gHOuIJTYYk"
    "KE7f8tOybUgT8nQ2GxFum6RHiuZd4xh/SFO5TNKTeI5zC7SRxBTJcMQYILciNsZg44uWVT"
    "p4WjMYQOwzH5YN0X9rj5xWOaKwbMHTIbLv/n/+CwyQ32FYCCn98aNyazDPl3Q/T/YrqrmQ"
    "bK6jajLjM06jZQhn0d28xxAD0n7CactBT6mt+JnJ7pWJ5vSHGYD/yxexVf5grOXCUudNUg"
    "x53Lo2fx0MP5u2+S1EhhaoX9kFFGHZQNUjaoP8C643JNOJoYVh/UJju05HiKhoK9j281OZ"
    "rU0+VPrDyuhRf49Kl7/F62REXta7qwvBGPW4+n7lDwqLnnmUYLZfDcgHFm41ASjxn3LCt4"
    "LMND0fBc22OR+hnxAYPdUM/Ch7Xx7xuP6/iMksRSYBoAjwnjtp0WZxPQnMNgtAnJyy/Wsf"
    "9rdyeW1XDAdwe7z3YkUulFAMeaeTyDQzpMFABuchfn69u9f7UYOXm0gZc9+tC+2H3xWvY+"
    "Fo47sOVJiWvjXgpSl2qxasTTgU+wVm1OEiIPmJgA9rTapCYmXjRDfEOsUphr2tl5T7vs9D"
    "TtkdCN0ZRLpyZ/5QDtweNTDGhaKoMpDLKOmm8unL3O7z3seeQ4Xyw8cPbf9oXE+LT9uwR5"
    "NA3OnJyf/Rw2F/Aq9V+0Z0cn5+8ywKfeGosqckpIqXIaUSpXwCpqHEsoFa6hwpE1UAFvX6"
    "AW3NujtCtB22Zw207xilEOeVpK4V4d9z5DByGP+S+X52fFmMcSGbwNU3fJP8QyHfdJ4Y5Q"
    "zMY9C3FmNccOcqvLjcsKVpdy2CMBhXp91BMeWA76YziDnlYx/GnJ7BwEoq3wj1W9Xue7Qp"
    "6ra1xM5vlCltBvpV/puHQ0Xp0n1Ouedi577dOPqak8bvc6eGY/tWiFR3dfZ6Y36oR87vY+"
    "EPxJ/jg/62RnPGrX+6OBY6KeKxAMjRpJOMPD4SHpG9/cJtwxPNCn+u2E2oaWOyP2RVnb/K"
    "nR/ih7hHI6kPOLaOI4E1N5BH+CHSFpmUIGLG7QnEeA6WHTBdmvNhnbYjR2m4QSx51ayEXR"
    "gSOJJcqJOYJh/whtzDvQauKBylnIM5kOGXt9WH+GzMgzW8vo9Ipf8c5X0FOLvb3iBP47PD"
    "wk1JlynYCChy01alm76Ay/JVeNT/DvVeMZ+eGQnAkeyrVaLfwnkIX3GIlAIiYnEbgt3xVx"
    "WmLC4aHvT2W/8KA9y3QkO5tQGHHUUSsYzm6ChlmYbUv48ukVB47N4Yzi6dZw1DOJrOAyJV"
    "QWHsSTNXitqiMdwJwxn80tG+uc4ZHPHzoXHTzkaBJ5Hc78JF90pH12DCeChRhGosFq53qO"
    "bLBzdH768aTT6xzvzL9DVNkKdyWbJ25pkOfrsAnq51pGz+DRAQy1SlMTSs2am0TPyZtJHS"
    "bdSwK2Ajn7dHKiiMmtJSaV6aRMp7zplDSuvbFRU0PSkkpDnqqGVCXiH0TBb4+ruxJixze7"
    "q6AdSyi+uAbg0rvxMcuB3uHeqBj0tNT6gG9cdNon3cte9yi/mKVPpZ3ErINXjD04uV81i/"
    "GBO4Sfz/cWmIsEuMFk7O8+33uWAVn6i5pnW1UUOyWk1pLqqu0OvVGfU9OqinxOUKFfHf0R"
    "cyma5VXY4qTMgwjjh1pSfc+0XJM7LbzsbMPpqrHz7X4nSF/ZEkI59PTzD0Tbtum0LL/AF8"
    "pMzLpnBK/3qDOC6v/n/7IrfEiE5GE9MV0AxnonhMUoL1nrk+IZgPsguCqAoyOlboFssSpX"
    "4N35+UlKud91syvLp9N3nYvd53IA0AiwxMPds15mAnKEU+lElFs1hX2s0bj52Dk77p79PE"
    "+5g2bFGv7Ypk7Ef9dwqLOyS3Cpt+glvG1ucZKfzU10OeWZEVMJU+nn59EyKbfIEZ4DZy4w"
    "mkY3D+17P9n8V+ZbPl0YB+V6kWubYNg+BV1tJ6zx0fhBsukkCmgklQruH+6Y+W/eo/blUf"
    "u40yhcCpYEbRTQ7CX63crFYC7MmdUwBTWMwQ8/3ZdH9osMoALT510g/P7XC2bRkgTLxAz8"
    "HHX2dKC/X1sWRKS287Ihkvq9YFZEFOCsmB5BJqY7DLMZZB6DTGi4gZNkMjT1YZwK4BBqMz"
    "KihqzZcQjeAaY2mPJv1wMbGutyyrMmVnStikkJEvhFA8cxrDKDXoNrSvxLIsjYJluxEumY"
    "iguruLCK+m27e6PiwkpDNiguvKF+xNrCCclhVsA8I7ZGMi//VG0R2ioMv2bAtysMXx34x6"
    "alVcRrBREvLNW8K1DYBSNesfgaI16h21Nq72CDLYh3eQ5mh+jC4wXLdJeXrNIZqQzuJl+Z"
    "Xu9lMd+rDzAMEP75Yf/5y4OXb168fvkGmsiRRUcOZsyBD2WF4plvebZgCQxbqiJGEWyNRQ"
    "i2BCtZwqylecvZlFqGMJ1PpfWGjNhMF7ZBxA0RHH/JQt6mT20FcVnc/iaqc2iS9+3uSecY"
    "t8U5ap8ddU7gR3orHKS64jKcHKm2tquur+Yngfy6i34So0aKr8JAA0lkBuexg6khQ9tkkY"
    "n8WVpcIh+jbJ1SxFFWQ1ZPrjClZUqJzpPDTB9XxTCK9FSU1ndAaSnSU2nIbA2pnVynMuoa"
    "9agLxcXNR1JxcYqL+465uD519aHmmH8XaOzliFpWKSGUllwfH/Q8C+Hz+mgFfNCL/YPXER"
    "WEP2axQJen7ZOTPKsGK+cdWAu2Vm9jrxJxVT5UfREOXOxFkQ+aK6TrxPpMYZtuAdyzl46k"
    "3FYTyctYOKiLCWRuwXttNohJue8eRDQ46gKZlV0fmC+yYL7YCDDB59M9VhnHhNh3r4/Mto"
    "WtjZiDUbMqb6OcoHov1XHDqF2Pi0pLqiqyTeaTdIEb5NVkpTOyaqY3eqaTcazcTJeHhbJy"
    "qmJQVQyqisHHT/doPqRiMBWcXmbJ4NauAnPxza6DD6gVzPJUS8hn+hh0eeH3+IT0vFpaUw"
    "zyX6JfDus5Zz0B/6tajvmL3+nT0PD7B+WAIRRz08ACvBbNBNNg0hYvrLSoznADZnfICADt"
    "sRaR2VpiQvwkK8GtKVY8WkzmW8XXwRJHMWZcfvUMxf2vpcFKN3WIgw56YXXlSi+I+1W3CQ"
    "AgyzeF5xJKLEYdRnCnaOdHmXsWVHb6x035cTdh3zJ7xwl2wb6WpzT2dWza+HEy97pOclmS"
    "W6R31JSKHVj5idmqkhAlp1bDW0E8m+UpUeG1ExlmySH4WV2pQSQTpwIOCu70lvEgc6o4ay"
    "qT5pXFreqdSXlj1o1lrzBv2OUJXyVJdRVHvHjqX6VPw6X1o4JVnBNcbyraRlrGTVKeTqYC"
    "B8sIHGRWtyr8R1ZWZV09Ve7Ef8lWoaBjCcU91/iKWvJ1WOUdkhNUbFUa2ZyZU3HNK5JXvO"
    "8mr12MS1elDsGfEVXvt6eqI4rDVhz2JnCscznscnY1zxIWuaT5aQiZwAqTUGl3to30ROdO"
    "RM4XX2A6HlxfmuWwS9jFAqp7Nr9YSLfPZxg/y63SEhxe+OU5Ena444TFoKTPLMEHDnHFj4"
    "QCpOZgwGwCQteJmsBrcsvYGIs/8/TiSq+G3GLXRbqRGw6hY2pjHzr1kEWU383z1ZOIO+iH"
    "WhbBJ9FpBlxmolMyolMQJYaJQ+97oPekP5XN6xCNlcjE3Dxq6Qe7jMfKkoVLY9TyA1oRp7"
    "ZQXjTG4FafF71Z61m6SGL/1asZL/DQL4VW2Y37o2oJeW427baZ/OZmvOBVKsVjw6nM0HWn"
    "UswyLmuB+zDzcksgrmNgrvWbyr95wqUd7trTMjs00WKuCfoF28KLyhgE32Cea32CS0IYdo"
    "7bjvgBZ+iC+F00g318Zbx5YIuJkzcoq3bgx5+HwjLIkDoy2vzh/OQ46AMMxyYc0xnRLeEw"
    "+YNhz0fnp6fdXpNcdE467csObnnS+f1j96KDlmlgVUpdJA5jaLHCWKjbItd0hNsgXV9xsD"
    "6HYkJGHoxnAlcewhw10aKE/w/MO8YJzip2PLApd/EwZ2incjaguIXVW3l7tyZudMwsywnu"
    "bQKWKhi3A8GcNW+wkpztB+ywEm6usvR9VVLjW9XGKsGXiHFa/I8PozalvztctN1K4k5QFx"
    "ewwlN342unJoJVdqE7Ca6Tuht/1N0zsrvja/hOk+wEOo5/+jq+o7ag3trdWHCK8xNSXmAe"
    "tn9ypeWzouazKssPsoXl/oqex7S8+m60/p3wVumMLmFjvCSe/sJm0IIMD4zbFGOaEpoVsd"
    "lCgGegh2GUDHzh66PCopsQUYHj0g+8PR7t8SSRVaX260orAdvaqbZ/eSyh8K6Ot9rwTiUe"
    "qMSDFb9KFOO7aYkHKyAiP4gMmVDYoLkYDYlW7qJVNlyWrfi0IAalZaR3x/HJxLj8BUk2Mh"
    "kyvzZGtjYdoovRyHQlY2czv0ACaTw/e9AoKLFZ5dWQ3/w8FJI59CfYkeLYocF0WNWxT+oH"
    "xkcsZE2x96BqB84NAV/GHcmEPpBUXLzUJDFrFdnEVLHJfBax3pCk1EzecN4wFGW2HZSZIn"
    "gUwbNBBI9ynNflyNWvF1h6pcAWqezWeWPKX1f+uvLXV2xgKX/9afvrEvkSVz2cldleusy9"
    "Xsw/vxQj1hcGbjohyIjessRXhQpygmY3Rw85dLGlP20Zb32XGBrxATTGzHCwPMNEcpOTaz"
    "kT0iZ1rmUPna8Ut4V7e8UJ/Hd4eEioM+U6+Ng3xAE91jxYUMkPhwTBCFq1Wi38B/x217PB"
    "78dtIuT5lv9i2WUjalo/XTWoQf/D/Au0wN9HLxdhhjNtg6acy4Vdctn1PH9XTokmm85Okr"
    "HEhNno8mJTGFBBgkjG6Yb1dri3QJqLP4Sw9bxUnbCd+kr6Fvvbyh5T9pj6YJDSkAeVf8vX"
    "W045Oni4xGUPJTY5021jqZLodZ6DvJyZSsooeqo65vLfCniH7RXWNfT7DqwVW/PsgkVlho"
    "anpBTuNbZj9/rROOFFV0QUzPg4VpHwGr8D9/6i08m/wKOjG5TDnEKqPu09oxu1W84mm0s4"
    "A38LXul1kpRZ40P1qXeUf6bCg5u7qOX4z3Kq7vE//b6h1mx+K9/iVO0loPUkq1HLMtvD7Y"
    "eXBdli20VvJWpqD/O6yPkJHFhWaxZ9H6oqauky5KcLWJS1uAS4wmzJp4JWpZhWBthySKtt"
    "ko/hmt/CDrfSgF3KBvkxDDNigBFO8wOBQWxtsXDgZwzWpcr9M5E7fxd5DPD5ubVNMqIGwx"
    "2c4m2k5B7z2EO0qVNmo6qlXwPDhtcGNa0pVqMb14n9rch1lO923YwkdhxiCZ1Gl8Mt8UHb"
    "bBmcNF2iY9ohDMghey0S9Cz7uZY7XNmY7HvFsbexRXl4N0HP6B83/RL2EaPczxLGdjuL7i"
    "NQGl/bnPSJTdiFbsnRssQ05wEuTVHNSNXKU92w5WzZaarxk1kZ11Boq/eZfzr5vhumqNXS"
    "fV3AwdLiO8zbLeagVB0LhLdaJ/+1v//ixcH+3ovXb169PDh49WYvUs78qVla+q77MypqM0"
    "nV5DXXoo6rgelh3tX5UEJeWpGgm0aCVqDl8t7GvBTGGpvs1k1g3ATDZsnpiw9OSWwz29SH"
    "jRKHJDg71xuhcbt5jkg5YA8wnovs5tL1vtBiLljig9nZWI1ajglSbjSDN+QUbl1YvptsQu"
    "RJZIisbA/ZRNAcHqwKCAfNnyC6z/f2FkAXWpWiK89ltpkQ3GVFdYm/XJ6fleRHxiJZU8TU"
    "XfIPscxtJqCLwEUwZgfwsrG6jGWBHVQM4C0/1/7+/zXOjKU="
)
