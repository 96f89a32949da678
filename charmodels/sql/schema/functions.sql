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
