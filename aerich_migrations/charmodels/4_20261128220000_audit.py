"""The audit trail: triggers that write it, and what keeps it as it is.

Undone, what was written stays, but nobody writes any more, and anybody may change it.
"""

from __future__ import annotations

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE


UPGRADE = """
ALTER TABLE audit_entries ADD COLUMN role text;
DROP INDEX audit_entries_object;
DROP INDEX audit_entries_actor;
DROP INDEX audit_entries_time;
CREATE INDEX audit_entries_object ON audit_entries (object_id, created_at, id) WHERE object_id IS NOT NULL;
CREATE INDEX audit_entries_actor ON audit_entries (actor, created_at, id) WHERE actor IS NOT NULL;
CREATE INDEX audit_entries_owner ON audit_entries (user_id, created_at, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_entries_time ON audit_entries (created_at, id);
CREATE TABLE audit_settings (
    id smallint NOT NULL PRIMARY KEY,
    mask boolean NOT NULL DEFAULT true,
    CONSTRAINT audit_settings_id_one CHECK (id = 1)
);
COMMENT ON TABLE audit_settings IS 'What every writer of entries must agree on; one row.';
INSERT INTO audit_settings (id) VALUES (1) ON CONFLICT DO NOTHING;
CREATE OR REPLACE FUNCTION charmodels_say_who() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    PERFORM set_config('charmodels.actor', coalesce(NEW.actor, ''), true),
            set_config('charmodels.request_id', coalesce(NEW.request_id, ''), true);
    RETURN NEW;
END
$function$;
CREATE OR REPLACE VIEW audit_context AS
    SELECT current_setting('charmodels.actor', true) AS actor, current_setting('charmodels.request_id', true) AS request_id;
CREATE OR REPLACE TRIGGER charmodels_say_who INSTEAD OF INSERT ON audit_context
FOR EACH ROW EXECUTE FUNCTION charmodels_say_who();
CREATE OR REPLACE FUNCTION charmodels_masked(name text, value jsonb, mask boolean) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $function$
    -- A value as entries hold it: of an address and a prompt only that there is one, and how long a prompt is.
BEGIN
    RETURN CASE
        WHEN NOT mask OR jsonb_typeof(value) <> 'string' THEN value
        WHEN name = 'email' THEN '"***"'::jsonb
        WHEN name = 'prompt' THEN to_jsonb(format('*** (%s characters)', char_length(value #>> '{}')))
        ELSE value
    END;
END
$function$;
CREATE OR REPLACE FUNCTION charmodels_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $function$
    -- Writes the entry of a change. The trigger's arguments: what is done, the column of the key, that of the owner or '',
    -- and the columns to keep; of an update, those that it changed. It runs with the owner's rights, so that those who make
    -- the change need none on the trail.
DECLARE
    old_row jsonb := CASE WHEN TG_OP IN ('UPDATE', 'DELETE') THEN to_jsonb(OLD) END;
    new_row jsonb := CASE WHEN TG_OP IN ('INSERT', 'UPDATE') THEN to_jsonb(NEW) END;
    known jsonb := coalesce(new_row, old_row);
    was jsonb := CASE WHEN old_row IS NOT NULL THEN '{}'::jsonb END;
    becomes jsonb := CASE WHEN new_row IS NOT NULL THEN '{}'::jsonb END;
    mask boolean;
    name text;
BEGIN
    IF TG_LEVEL = 'ROW' THEN
        SELECT coalesce((SELECT s.mask FROM audit_settings s), true) INTO mask;
        FOREACH name IN ARRAY string_to_array(TG_ARGV[3], ' ') LOOP
            CONTINUE WHEN TG_OP = 'UPDATE' AND old_row -> name = new_row -> name;
            was := was || jsonb_build_object(name, charmodels_masked(name, old_row -> name, mask));
            becomes := becomes || jsonb_build_object(name, charmodels_masked(name, new_row -> name, mask));
        END LOOP;
    END IF;
    INSERT INTO audit_entries (user_id, table_name, object_id, action, actor, request_id, role, before, after)
    VALUES ((known ->> TG_ARGV[2])::uuid, TG_TABLE_NAME, (known ->> TG_ARGV[1])::uuid, TG_ARGV[0],
            left(nullif(current_setting('charmodels.actor', true), ''), 255),
            left(nullif(current_setting('charmodels.request_id', true), ''), 255),
            session_user, was, becomes);
    RETURN NULL;
END
$function$;
CREATE OR REPLACE FUNCTION charmodels_guard_audit() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
    -- Refuses to change or delete entries. They go by charmodels_prune_audit, whose own entry says how many went and up to
    -- when; a DELETE of rows that no such entry accounts for is refused.
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (SELECT FROM old_rows) OR EXISTS (
            SELECT FROM audit_entries p
            WHERE p.id = nullif(current_setting('charmodels.audit_prune', true), '')::uuid
              AND p.action = 'PRUNE' AND p.table_name = 'audit_entries'
              AND (p.after ->> 'entries')::bigint = (SELECT count(*) FROM old_rows)
              AND (p.after ->> 'until')::timestamptz > ALL (SELECT o.created_at FROM old_rows o)
        ) THEN
            RETURN NULL;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit_entries is append-only'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_entries_append_only', TABLE = 'audit_entries';
END
$function$;
CREATE OR REPLACE FUNCTION charmodels_prune_audit(ends timestamptz, begins timestamptz, most integer)
RETURNS TABLE (entries integer, last timestamptz)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
    -- Deletes up to `most` of the oldest entries that were made from `begins` on and before `ends`, and writes an entry
    -- about it. One caller at a time. Tells how many went, and when the last of them was made.
DECLARE
    own uuid := charmodels_uuidv7();
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('charmodels_prune_audit', 0));
    PERFORM set_config('charmodels.audit_prune', own::text, true);
    -- As an array, for the planner takes that for few: it would read the table as a whole for a join.
    WITH gone AS (
        DELETE FROM audit_entries e WHERE e.id = ANY (ARRAY(
            SELECT o.id FROM audit_entries o WHERE o.created_at >= begins AND o.created_at < ends
            ORDER BY o.created_at, o.id LIMIT most
        ))
        RETURNING e.created_at
    ), counted AS (
        SELECT count(*)::integer AS entries, max(gone.created_at) AS last FROM gone
    ), noted AS (
        INSERT INTO audit_entries (id, table_name, action, actor, request_id, role, after)
        SELECT own, 'audit_entries', 'PRUNE', left(nullif(current_setting('charmodels.actor', true), ''), 255),
               left(nullif(current_setting('charmodels.request_id', true), ''), 255), session_user,
               jsonb_build_object('entries', c.entries, 'until', ends)
        FROM counted c WHERE c.entries > 0
    )
    SELECT c.entries, c.last INTO entries, last FROM counted c;
    PERFORM set_config('charmodels.audit_prune', '', true);
    RETURN NEXT;
END
$function$;
DO $block$
BEGIN
    EXECUTE format('ALTER FUNCTION charmodels_audit() SET search_path = pg_catalog, %I, pg_temp', current_schema());
END
$block$;
REVOKE EXECUTE ON FUNCTION charmodels_audit(), charmodels_prune_audit(timestamptz, timestamptz, integer) FROM PUBLIC;
CREATE OR REPLACE TRIGGER charmodels_audit_new_tier AFTER INSERT ON users
FOR EACH ROW WHEN (NEW.subscription_tier <> 'FREE')
EXECUTE FUNCTION charmodels_audit('TIER', 'id', 'id', 'subscription_tier subscription_expires_at');
CREATE OR REPLACE TRIGGER charmodels_audit_tier AFTER UPDATE OF subscription_tier, subscription_expires_at ON users
FOR EACH ROW WHEN (
    (NEW.subscription_tier, NEW.subscription_expires_at)
    IS DISTINCT FROM (OLD.subscription_tier, OLD.subscription_expires_at)
) EXECUTE FUNCTION charmodels_audit('TIER', 'id', 'id', 'subscription_tier subscription_expires_at');
CREATE OR REPLACE TRIGGER charmodels_audit_email AFTER UPDATE OF email ON users
FOR EACH ROW WHEN (NEW.email <> OLD.email) EXECUTE FUNCTION charmodels_audit('EMAIL', 'id', 'id', 'email');
CREATE OR REPLACE TRIGGER charmodels_audit_delete AFTER DELETE ON users
FOR EACH ROW EXECUTE FUNCTION charmodels_audit(
    'DELETE', 'id', 'id', 'email subscription_tier subscription_expires_at created_at'
);
CREATE OR REPLACE TRIGGER charmodels_audit_truncate AFTER TRUNCATE ON users
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_audit('TRUNCATE');
CREATE OR REPLACE TRIGGER charmodels_audit_new_quota AFTER INSERT ON user_quotas
FOR EACH ROW WHEN (NEW.daily_quota IS NOT NULL)
EXECUTE FUNCTION charmodels_audit('QUOTA', 'user_id', 'user_id', 'daily_quota');
CREATE OR REPLACE TRIGGER charmodels_audit_quota AFTER UPDATE OF daily_quota ON user_quotas
FOR EACH ROW WHEN (NEW.daily_quota IS DISTINCT FROM OLD.daily_quota)
EXECUTE FUNCTION charmodels_audit('QUOTA', 'user_id', 'user_id', 'daily_quota');
CREATE OR REPLACE TRIGGER charmodels_audit_truncate AFTER TRUNCATE ON user_quotas
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_audit('TRUNCATE');
CREATE OR REPLACE TRIGGER charmodels_audit_grant AFTER INSERT ON quota_grants
FOR EACH ROW EXECUTE FUNCTION charmodels_audit('GRANT', 'id', 'user_id', 'amount key reason expires_at');
CREATE OR REPLACE TRIGGER charmodels_audit_update AFTER UPDATE OF amount, expires_at ON quota_grants
FOR EACH ROW WHEN ((NEW.amount, NEW.expires_at) IS DISTINCT FROM (OLD.amount, OLD.expires_at))
EXECUTE FUNCTION charmodels_audit('UPDATE', 'id', 'user_id', 'amount expires_at');
CREATE OR REPLACE TRIGGER charmodels_audit_delete AFTER DELETE ON quota_grants
FOR EACH ROW EXECUTE FUNCTION charmodels_audit('DELETE', 'id', 'user_id', 'amount spent key reason expires_at');
CREATE OR REPLACE TRIGGER charmodels_audit_truncate AFTER TRUNCATE ON quota_grants
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_audit('TRUNCATE');
CREATE OR REPLACE TRIGGER charmodels_audit_new_public AFTER INSERT ON characters
FOR EACH ROW WHEN (NEW.is_public) EXECUTE FUNCTION charmodels_audit('PUBLISH', 'id', 'user_id', 'is_public published_at');
CREATE OR REPLACE TRIGGER charmodels_audit_publish AFTER UPDATE OF is_public ON characters
FOR EACH ROW WHEN (NEW.is_public AND NOT OLD.is_public)
EXECUTE FUNCTION charmodels_audit('PUBLISH', 'id', 'user_id', 'is_public published_at');
CREATE OR REPLACE TRIGGER charmodels_audit_unpublish AFTER UPDATE OF is_public ON characters
FOR EACH ROW WHEN (OLD.is_public AND NOT NEW.is_public)
EXECUTE FUNCTION charmodels_audit('UNPUBLISH', 'id', 'user_id', 'is_public published_at');
CREATE OR REPLACE TRIGGER charmodels_audit_delete AFTER DELETE ON characters
FOR EACH ROW EXECUTE FUNCTION charmodels_audit(
    'DELETE', 'id', 'user_id', 'name prompt style_type tags is_public generation_status created_at'
);
CREATE OR REPLACE TRIGGER charmodels_audit_truncate AFTER TRUNCATE ON characters
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_audit('TRUNCATE');
CREATE OR REPLACE TRIGGER charmodels_audit_create AFTER INSERT ON character_templates
FOR EACH ROW EXECUTE FUNCTION charmodels_audit(
    'CREATE', 'id', '', 'name description prompt style_type tags is_active'
);
CREATE OR REPLACE TRIGGER charmodels_audit_update
AFTER UPDATE OF name, description, prompt, style_type, tags, is_active ON character_templates
FOR EACH ROW WHEN (
    (NEW.name, NEW.description, NEW.prompt, NEW.style_type, NEW.tags, NEW.is_active)
    IS DISTINCT FROM (OLD.name, OLD.description, OLD.prompt, OLD.style_type, OLD.tags, OLD.is_active)
) EXECUTE FUNCTION charmodels_audit('UPDATE', 'id', '', 'name description prompt style_type tags is_active');
CREATE OR REPLACE TRIGGER charmodels_audit_delete AFTER DELETE ON character_templates
FOR EACH ROW EXECUTE FUNCTION charmodels_audit(
    'DELETE', 'id', '', 'name description prompt style_type tags is_active'
);
CREATE OR REPLACE TRIGGER charmodels_audit_truncate AFTER TRUNCATE ON character_templates
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_audit('TRUNCATE');
CREATE OR REPLACE TRIGGER charmodels_guard_audit BEFORE UPDATE OR TRUNCATE ON audit_entries
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_guard_audit();
CREATE OR REPLACE TRIGGER charmodels_guard_audit_delete AFTER DELETE ON audit_entries
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION charmodels_guard_audit();
"""

DOWNGRADE = """
DROP TRIGGER charmodels_guard_audit_delete ON audit_entries;
DROP TRIGGER charmodels_guard_audit ON audit_entries;
DROP TRIGGER charmodels_audit_truncate ON character_templates;
DROP TRIGGER charmodels_audit_delete ON character_templates;
DROP TRIGGER charmodels_audit_update ON character_templates;
DROP TRIGGER charmodels_audit_create ON character_templates;
DROP TRIGGER charmodels_audit_truncate ON characters;
DROP TRIGGER charmodels_audit_delete ON characters;
DROP TRIGGER charmodels_audit_unpublish ON characters;
DROP TRIGGER charmodels_audit_publish ON characters;
DROP TRIGGER charmodels_audit_new_public ON characters;
DROP TRIGGER charmodels_audit_truncate ON quota_grants;
DROP TRIGGER charmodels_audit_delete ON quota_grants;
DROP TRIGGER charmodels_audit_update ON quota_grants;
DROP TRIGGER charmodels_audit_grant ON quota_grants;
DROP TRIGGER charmodels_audit_truncate ON user_quotas;
DROP TRIGGER charmodels_audit_quota ON user_quotas;
DROP TRIGGER charmodels_audit_new_quota ON user_quotas;
DROP TRIGGER charmodels_audit_truncate ON users;
DROP TRIGGER charmodels_audit_delete ON users;
DROP TRIGGER charmodels_audit_email ON users;
DROP TRIGGER charmodels_audit_tier ON users;
DROP TRIGGER charmodels_audit_new_tier ON users;
DROP VIEW audit_context;
DROP FUNCTION charmodels_prune_audit;
DROP FUNCTION charmodels_guard_audit;
DROP FUNCTION charmodels_audit;
DROP FUNCTION charmodels_masked;
DROP FUNCTION charmodels_say_who;
DROP TABLE audit_settings;
DROP INDEX audit_entries_object;
DROP INDEX audit_entries_actor;
DROP INDEX audit_entries_owner;
DROP INDEX audit_entries_time;
ALTER TABLE audit_entries DROP COLUMN role;
CREATE INDEX audit_entries_object ON audit_entries (object_id, created_at DESC);
CREATE INDEX audit_entries_actor ON audit_entries (actor, created_at DESC);
CREATE INDEX audit_entries_time ON audit_entries USING brin (created_at);
"""

MODELS_STATE = (
    "eJztXetz2za2/1cwvh9szygaJ2marn2buYqttt46dtdWtvvwDgWJkMSaIlWCsqLt5n+/5wDg+yFSL0ta5ENrETjAwQ8geHBe+OOoP6Le2DWZzZutqW"
    "n5bcf35kfn5I8jh44Z/FFQo0GO6GSSLMeHPu3ZgoxiXYNBZYuJEtrjvkf7PhQOqM0ZPDIZ73vWxLdcB0nuHEagNWcIZb5LKPHcGXE9+bdomFAOf85G"
    "rs2a5Non7tS3rWfGSc/1R6I6dUwy5cxrEO4SyycjoHBcMnA9Zg0d8sTmvIncmG4f2LGc4TY7fnQenY5nDYfM42TmWT4j/ogRBVID22fPzCNj+gRNY5"
    "HkSjTem0M59UWFGZ03SQfKTQrsUc6IxwbQO0eWFQ2QjxtI+ejAQ5gf5mNDc9Kb+thYN5rNptv7jfV93px4U4d1kRGrPyI2ozhE6ggO5zAqzuyBGEXL"
    "B5ahIcbPHx0C/3DohmWe4xjGgnUEpcds1xkiVxfiGdZSzSAyAdID0sUS3r0gty7MBRb5bDyxYbiIGnYgpsHARXmOBKoHVSj5F/1D6wh2rKW8KWyR36"
    "euT4kFlR135iAgSIlsqDZhqcK6hM6gGeRQwNUSD7tRFdcTQyamZUIDDeykC8vc4ZK8i8uo67Hfp4z7Rt91fPbF7xJOLVNxaA1gmfRcc45NqHaD+mI8"
    "jpoN9bBBbOuJzSzOgsowoHPsV1WDnwFA4eqAH3NYkSaxXVh8wKmjiHsMFyiwPfAZjEQsOdeejh1cftQXD+RIECrag3WPq4N58Ng0Pca5WCAmmXjueA"
    "IAUigZU/4EnUwdG8pFE5z5Prxrsk/81/p8dd0xPrUefgYs5pzAW8Q8HNQF8g4rbjoB5vF1HLmCf+AFXiq5tAOY+h6DOqZBfZwD5jRwFuPjPuakb7v9"
    "pwtCZxSH+blzKZZv+wuF1cXU2v3w4QOxxhPXEx2ozQwR7Y+jCpTPnT68RgMysjhM+/wE18o51Gl+hj9OyasPYkJVm81mUwxUkuEyVO+QgxQ5rx5UMe"
    "TfouHTpsNmMN0np03bGlv+yZuz01TT+G8CW5h/IppuRnA0ZGdNsT5jP2Aag1/BxKsynP5T3BenjgXLzPDdIcMpgd3xn/+Cx5Zjsi+wj8PPP44GFrNN"
    "8fdR+OIhbcQA/oJnSMm+THCZQNc8aCz4siQ+EWrw4hsyn4jyI0EObxP+OHmMOnuEksdYd/I3Pj8lv/7Uvm+TRGVy/UBu7zrk9vPNTTTG4Dv0tUESQx"
    "KgrT6csJmi0YgKVUaiKtYbhdqP1zAtM4eVjkP1VGUkYdV6Y1ltAL4FT0v4z2U5hynsYfJkCL4SApJEWTw3gk4+f76++kHURFmjZ8hNNao9mcPG5oTV"
    "p1PY+5EGy4YMEEeWYpKSM7VtJVkFj0L2fG/KwlfUjB7AXkWnNspbR/87mDpyF49Jc5YJEFnAt8dxs4GJ+aC4jVE+/G5fyV8nxxGtgQw/vz85PRZIJe"
    "U45DUlYalH8P1DGRC2LJyzP77K3iLkxNMj7Pbyp9b9ydtvResTl/tDTxQKXI++CkLY441okUTTEVv5VeckRrLCxCjYk8smMTGR3BvgG2CVwNww4N0w"
    "Htodw3ghdCM0I7ErC2gHXqN8QJNUKUyByWWW+e7C2Wn/rYMtjzn/3cYHt39t3QuMP7X+JkAez1XJzd3tj0F1F05D8qx0e3lz9zEFfOLLWnUhJ4j0Uk"
    "4iKgWgOss4otBLeIklHIpANfCWBEvBvT+LdiNoR4fGOpAnqTTuS+AOB+5aiKv6Guv6WMtTaxbtPz/c3eajHVGk8Datvk/+Q2w4zB8U7ghFOe5piFNf"
    "Tmwgs5OjfqAO7CGBRn151JPn3iT0V1CCJ9t8+JOU6TlQpM3gj02JMvnHTqGRa079vuG4s0UnTqwrTvDcp+PJ5s6bnetP7YdO69MviUm8anXaWPImsV"
    "0FT0++TU1s2Aj59brzE8Gf5B93t+30XIf1Ov84Qp7o1HcRDIOacSCDx8EjoYEYPMUOvfigR/tPM+qZRqbEfeMW1c0Wjd+M00+oQ4diZhFN5DNtCXqQ"
    "Wl2JYpG5KKzUqGYx4vH6C01Gv6JiGE0ic2lP8VB9rDQ/ZDzlPqGAOiOucyEU+WgyyJh/lmkk1wiCim+hikbVadjCyDILtOXNahrXWpqnhzG17WunQP"
    "jIFfPg/diM3mmDezFwC/979fbN+2+/g1LBIf54X/KSP3xq3dxc33YWKJBwFrO4fnRBbqNOPqwBSQrYHtBsanMNwI5jG07AurfHj3d3N4md8eN1Wlr7"
    "/Olj+/7ktdgSoRK8RvhYor1DG9cl/Ak7injPcjetqMLCDasfVK24WbXUe98glHB/bqN5iw7ljkAdYo2B7Qs06TzDWiFTx7dsNHpZnEymPRCZRszMbl"
    "7raDTfJBZZvFRNA3YWZfV6PEKjF+r2F5m9QpDQ9BWCG5q90LxgGj1pTWtaZp6Ri86otP0pWsXOyTIGqxXsItF0r2AUIVfth8vAzCB+5NkaVjSAxDgd"
    "wpwx6a9RxQCSw15ovbG4IZDvQ8n3Yq8hrdsrKFDbG3BigJjmT7mocHx59+mXm3anfXW8eIRi5cp9c7WZEQ2VjTbqqdLkbGX0ga+DUWuoAVXZaGMtxw"
    "1xiccLjHHa7rUfdi99WtSnxfhpMa5JkN40y6yNJKVeG4e3Nuradley6u6PRm8j+mspqtdBO6LQJsglAE/KlUnQ2850nA96kmp7wB/dt1s31w+d68vs"
    "ZpYsSh4s04fCApXJmH4xbOYM/RH8fH1WYS5i4KrJeHPy+uw0BbI4YxpTz66zsBNEei+pv7T90XTcc6hl10U+Q6jRr4/+mPkURfE6RrE4zUp2sVVlqN"
    "7Usn3L4U3stlxwejw6/uPrsfKI3BO7Geq/8l+IlufReZHLmiRKTcy2ZwT7e9EZweX/z3+ld/hA+ZGF9QYNJtQuVY8nyLeoIw+fFB4LRI1NHQVW1JrH"
    "JyCjZCqciGKpJreNLQo3v7Rvr65vf1y0uFW1/BX+0qJOqDNf4iidpl3DYXqPPsL7diyO62QzE12s5kyRaR/c5PvzYs75e3QQXgBnxpiaRDcL7Q8yBP"
    "VnJiWfa+CDOv28o21Mt/ZZNbWfsEZPoxfJo7PQiBFfVDB+GRwrsG89XLau2ke5W8GaoA2NoJ1Yu3u5GSyEObUbJqAGHqTJ6WuxN0CeAJQj+nxUxD/8"
    "fM9sWuCzH5uBH8PGDgf6r7U8J2LASgOxCJebF0N757COC/+pCLBsNEwVcEAQL+tvEr7si/xO4rtCRf+T0BRc0xGFzCx/FPiNCI8R4ToygEIVTR6Zm1"
    "VktynyH3CCI0AnEkv87U/h5IFh98X+KRvqq6b7hwC+qok9glWEshnQp8C/wNaOddKho+Gy0RZ0bUHXVtKjvT0Oagu6Xhs7YUHf0RPX1gwvcTZrYJ4i"
    "26LaM/tW7RHa2mFhy4Dvl8NCfeBfWoGvbYMbsA1inoTnnAVb0TYYkb9w/ExC3sEKe2AZnHL0o+m7Uydnmy6MA0tRrScgrArsZ2nMz5YHWMWAvXn9zf"
    "tvvnv77TdhIFj4pCwarHZo0h9ZDcEadJGJeKMD0pNtMogroV4s0KelVZDlqrS4FrRyvlIRN0pjEU4q7aL0dSCqTdRcDeBFwwyeF5iMUiYAJbCzd6OF"
    "1CVPjE1Qx1UQn7r+fkQIq8qNCS2ids2dOQ2VM3NCh0HexahdkUtzSESFmeuZxGPU5GSMaUU9dybSj/KROyMDNjsnIk2kSD2J+jyOgamNR8e2GGZlxK"
    "yOSmknY9UwpaRtq0HJ7KYxjSBmM+XMxnykcPyck4EIyB0QzqjXHxGl7xPJV8f0CYDDIcigt0cHg3b7cOjDjKz+CAvHrsfyY3gB+ekYlsG5VDuetE5V"
    "QN3Jx9NY7C45uYQC7rPxmJkSswEs1FeY31MxFWSpxKSfYXuxFiyH2O4Mht+nuLqwCT7tyWmvGhpcFCa2QMWZWu6GzDVZptzMDZOKNKV1otnyQ/Bqcr"
    "yGCLzluBeyYE1mA/kx4HVoOWl2sYqI0EJtxcmAcl/qjcj3sMoHFfgK1m1d3kK6cv6CahGPUMmYMMeE1WqgZGqIPKXA75t331aJaZSvRV12A7JyblUt"
    "mFXk0veGY8Od8GU5L9Tfx1dQHU1+mm67Ov2d9GpolOjltdPIWn1w9t3MoR3YKmmltSZpw5ok7SC4kXyz+6GfezmVc0YBF5fgsrA9iLNIgVEkRrnLr/"
    "paoHv4a/uyc3ef/hhG8mRVC0eM5OBBW5eJo4aaLas8yhG4s/MVOKgt44i5r3L2Qv/L9EEj39d1I8q5Rcnh0tUaVVV0SySIE3olz+3LBGy10sJVIs1V"
    "JEklEM7RwBrKq1VQOfRKaazk86l0Q5WX+6ATXLAlRz5wQmUkicKbT8JaseapH7WCXEsl4Ths5wIaEtesCLahnh1TzqmOWHChTn/qcddDj7fzqFX5UH"
    "LGraGDiq/sJS/k8vP9w9298XP776m7XXS6u1VNHZtId5dYp3W+gxnCLTpVgDyPsVRZY2i8YHc/h3niG19iCvJo9SwsMwvRhpdj0rMc6hUcPZJ0afv1"
    "XLlkb00ijBuw8SwJX0vHPIHuDQ8+I+5YuN+enJ6S//yHlJVvzPCtQrjDuYOp+3h927r/e/7kfcwJ+f749067tVtZJWMBJUXiTiLkZIGkk4x1WSzkoK"
    "3MY300yMFXX0glwWVxwr9ehdSidS5MS9cgP7Sub9pXaMy7bN1etm/gR/JuQ7QIRlkXM/LR1nrdXorHGPLbzvEY4xo3kxqMKkrcgxaFKCRYhrrxnIDi"
    "Z2EuQGHXT5tw4qeLGgwnTnGFBseEdS5iM2W12+hFYnGm1a1/pSzrm8R0PMgOGUq0z7+OB9Fr4yUsb0tmaNFpWY6Ws8XpMIXFSOowhX0yLu+JGXR/wh"
    "R61O+PDG79O2fFliuRk5Tbc5V/nYbw9fJoraw/Tuy1zyDwe8ZyFw4WkOsclPU34VxlZTHy+TpKjXSlMEjL9Sw/B+7yrSNOt9cxNuvYOKiPvk9+znet"
    "HMQ43X89iChwLAtkmnZ7YL5Ng/l2J8CEM19/ymrjGCP7r1+PzPNczxgzjgGFdb5GGUL9XVrmGEa95bRQSUqdinSX9Ul9F29mW1ITnaLVM73LM61vUn"
    "iJXVTfpPCS6OubFNYyN5u5912eFgzffWI56ZaKbdMZQh3nkvI3e/nQ0YPEVceK6gTjuxB5USvBeElYy2oZxvd2F1gtsqVeavG0RWINSX1+UU3eyxYP"
    "aJ0vm2b8N7dXDGvN5OKhV96fZaOHscKXyS6ehGKh67HCq6r3sQGTVj2juE37DHPaYCgQAD1lMoeP586IdOx1HXuu4o7QxzfqBzMMuRPmiOw9Ik5K5C"
    "TCPD9cpg3KTSu+0Q5lciQAQOUtd4gSaYkQabEFkQLpiXnHnEwd37JJ12aUM4N9mVjwRTWo322SO4y1ghbcqU/wGnt+LhL9ID/+1AMOXK9B6MAXWZAe"
    "nbATDOcawMlSxliJ1mGm6JyZhvjZzQ86wzahYxlu5nqwBSFCMnwLZ1PGbjHvGdtl1LMt2J7IwPK4f4HJkTDBk4VpivwgksyZy4xJI1g1DA46sp+RC6"
    "+xZcp+8Aemmfp96vpUsj5BJOVAg4gy/GzZwR7LgHQ2ktmfsAmJJCAEHPInZqLT+BAmEejJdLKMF7hCIrY/4Iqu4/Mrlr+Bk4ZrrlFyybrsSjr9JjqL"
    "Oy4njkTKcxm+UeoW+cTkRqVHmY0rk/cnTlh3cIq4bHApxlYZT2U/7fR7VHdYgr50VOkeFg2sMusxuS9YgTWZrxd3EK69Wo7myTeixlkpQ6hTF5W6kK"
    "t9sg7EMRJ9uNduGGu32MY+jHUMSTEy7bN+eJanpBhRc21kiLWVcZfnWgrbdQxdEYW2cNW3cGkryqYEgsxBoebGlUev965d3rvSaoQcpWLZbQN55C99"
    "IXm+Sm0ds7vWawa0XU3b1V7e7rPQrlYnCUieQiQ7DUtklqt1wexO6kEWTkRGE7SN3HJpu1qBxSPH/FZu88g1AVZJLocq8phdgTpEeOORoMFjHiRFIT"
    "1mu84Qr0hI384QSzNRfg3EBntDa8K1jyYQx+SETqiHbfQpvG+og7fQxoHLk7jPaKqwbYJvIm8o+0qsUTKmcyAlpsWVcULcHIHVl9Hj11LeZ+bRSL7Y"
    "RSrVtNK+up63NkPV1bu1NLqVovLQL2DzUXm7tZ8lQ3TfvHtX8gEPznpQK+0xF8bqirJype9uatd34wOv3bteGk4thm7bvatMuFwK3NXEyz2BeBkBc6"
    "tJ//6C7g6ld5DFaiwUQYXzBHyozKF8cRZLn+hagtfizIP7wKT/hWyiofw3hA/MEO/muhB18KPVoxxz9Q2mmNLYd9GY4gzRXYRIfDGXX1b83Gx30t9G"
    "eJKMKBfZBH+6u7mSPQat9xiVV4GJisfivjJimQ1MkdwAmr66WUz8ENeDXd59+nTdaZD79k279dDGTtt/++X6vg1S8aOjRFrxIhDOJHvov9IkP963bj"
    "si9XLnun0v5WIQe0NW0443dIx3KZ4TvPxsPAVe0ZVlBGupgZIv/Be9WRyCqw+ZGHrU8fGxw1CedtiQ4h2Y0p/mCRgiPrNtrsY9A4kahPChy3iTnKFf"
    "jewU/yF7ysVGLiGTzmUzuEcBRrbbpzZMxFx65lAJsrj6ESR/54LcIlboq5Mcs2pUcMrRWweI1czLwWIK6z7zQOKXdRowFQJBWczRt0k0rlqK1Kznyq"
    "VpNkJPKnG6kFApWIi6Cg1We4+ZW84BGX8RV0gCWZYAcKXUjwn+NpX7UXnx4EqEgu/JMb6Mx4mh5GWEjI0kcGOoMxr58hqu+gBWGonqJzEayfX1LTk5"
    "lhvAcYMcqy0A/5RbwPFpdjyF5yudmnGn/GpwirMTUpx5Kqh/cDmnyhxAylJOvU9nnJKbdhbT4rQc4+3fHrxJPcEaLhOO4xl+jPNtkvmYJojKDJEHZY"
    "REw2IKPe03t06tyU4opA4TWSH5ZiEtDl2OKFYKXN4fNDcSmKxTn23LeQmONDxPcVUMdkSh8a6P9/LOTNqNaY/cmHRqee2KXZRaXtu4tI1rywaYgIHN"
    "+VptwPbyI4rSR2W2F1mjUc32Eknmi20vovVIXQ1LpUF6jFumuFMRY5OdY36Onjfu5JUKYE1YU+o2oPxzLE74hDm+VJ1LC8s8MIRwYWog08kFKuo5Wh"
    "YozL8IBXaYVP8zdO8R8b417BiKTaXHFwxEBoFIf49qe+QgR98fsuuhc5KFVgmMOKawGmDgnzuXMTOEMImsqPSvHjsan/ua6v5E+Ohm1PyKr+1d8aQV"
    "4PuhANfq2vWqa8WmVgPOsP5ex5OuDT6tj9H6mMPEW+tj/hvO3Fofo/UxWh+j9TFaH7OCPuYnN3VmzK3QqKaNQXN+LWWMUG9YnPgU87P1pr7IZyY0In"
    "PmN0kXl0fT7f3G+j5vwvrELGiG6KxLxkDE8/1e19o66lwu3fEYlSYxJQ7mV8DWTajTIB4TcelhDalhgf4upD+ocBntu7BTS00OMVkfjrlc+MFiSjvT"
    "ZfzR6cYS0QU55qQ/qeUH/p+UB72ZUfY89DOVae+EggkaRw2F1Bdh2rsefipkIzgSHo1Dlggd04zZtuBHtc/DscAah58V1U9KtVTHwzUaneUUOLFiFV"
    "ijeOk4/qzvvxqbl8ixN67PCnRlPuxDql8Mpxsz2X0DkR9QD//njzAdoVg55Ak+QkGOPY9NhGgRZcrrptbVAPg0RYo8R2T6gyHDyQqGzX1Gxa3ssPIw"
    "eZ8K8Gt/oXgbhML6w4cPxBpPXM+PyQzIUH8cVaB87vRhDQyICXvRCSJ+DhXEXntKXn0QAKkGm82mcEmWNGIBqZr5L4ZorWmZpyn68O//EW+OVIhafX"
    "/qse1qBcUetFml4HIsCapSNeAiNrSeT+v59kE4Oji3zF0DuJ5fpvZ30/5uO4P0RvR92ld2vZ+2ndSk7tEmvHfqMq1K1apUrUrVqlStSl1Oldqhw5Zt"
    "UbkgcjSpYXljkSLVp0ODYlVW9RYPxxV6ppnrmcIVixJoA/VPrtA5ch/WEke1GOVP8n6HwLlsyHwZmS9ayLmvY61N170Lgg4XaVdiWBlYvVFy3QMd1t"
    "Sp0GC+km9mcTqmkODgEjC9O6uQf+ndWWH6JSwq15io2at6VFLVdzkweGfPSlrU06JeXNTLyCYv+hW9YrZPS76isrzSV9TEqpWvwgoS3MhkKcoWFRgQ"
    "0Ww4cG2TmQSm3SVdbN93fWisK02JrWS6RmrbzJsbmAjHYlAH5iA/P+S2Os6/eIoO+Tn2TB2VJUj0Ky1e8NmHZ8FFUILJc/Ian796XfF7ru0V+2Gv0C"
    "e8terMuD+3mcQjg2hxtpMk1S6LNkvlPHldJkOWJT15fZbOeoLbVr602PI8Oi8UGfOE801eOf5yQuM//5W9uRr27yxo5VcwRVSHZJZc9j6m3RKUOigE"
    "lAhKsrySoCTliWqC0k/o40OdOQnv8uWB6DKZ9myrT5QIQkb0mUmFwYV0pVFpqi1HSjFSPOsqnyj4zvpuTsjdhvsrEovOyfFxqM+IdQ0/x5zZz+i3Bd"
    "WGMu0dSGmh61CwiYctYNpt8RjdlKSoFAhV0m0qan4ZNUnys1FRaSJn3IhoUX2yKEgtqq1uMUSVCvGhijHBS288x3AnPCc/W8p7JslxP/B8qMf6xJ1M"
    "bVrq4ZPmV/QEHF+1Hy5D/it4+9TE1BpbKcaGlpOrjiJQYPjecCxwCwP+4nxjFr/jHBa1ZL0fknWZKFis3tofUXBntVxaobg9hWK+s9tHa1gsWB6iu9"
    "uf3rx5+/b9m7O333737pv37999dxZKmdmiMpnz4/WPKHEmgN85EVQYGwvEz8AQWS56irtIqkmdDyCz9VwTL4Z3lWN+SmpKCI3l1VHmC7zmLShxbVM5"
    "e8vzDhciG3qmxyRIoe8QLoW8W+CWHXldc2voGNPJifC1RjBSvtIew4tZ0fHc8kV5U6rWT9iYWvb3j0fUpP/HZAdNkFdRfkGYoaRl0oTQUllOFE0vkm"
    "PElBiiark0aLsz5qHHMlYFhhZLfXTqj84q5BaWLAS1F8mkQb20IJfHgeihUu/i18KxY63M0LV4tk/imbaFaVtYodvTxFxybSQp9do4vLUhP6aZZdHG"
    "xwXesAGFPmIscxlzIDxkIC8+0sVptE99fcwDIagq3kF9jfUS6/sZJBTPmHo5m0rJCk9Qadzr467uqxF8wocuzxO3xGCbR7y97f3oh/t2O/sBD5/u0D"
    "UVCaSWjygpaUYn6tllcQln4N+uU+tzEqfZ4kv1uXOZfaeCh7u7qdVQDCY1dlInlqO9VbQ//HzP7PDWwuLYg8ugrf2VZjOXGxaEGK4BrYO8C7IoIvM3"
    "t7dWyP7s9g4VtdwrzVfDLeda9UNETkb7K7fX1VFLXgJ6uIAVpQZYCq8wcffh4hUmuFoDXEFirUNBq5bFMQVsMaR3Duu48J9qwKIx7S9Bg3sp8Ofjuo"
    "RxVsJQYqENcVpsplWWT1F5obH219ils/K64ZRd9UJECKL5lYpsYA0ypiYjvTm676lghjCTmUg3lT69bqIPNOp2TWrZc8zcbnZFHrSuyqKvHvWY7TpD"
    "TDfWDdPLdBu5ac2QAegLFi30JNOcsbl0+cN0XWfNsDeVF8x9Zp6HGeHCuwSCAaqmUcXQkBe9jhl1onrHVR0HC82SuxMA8KJRj5sxMsZmOQtwoYtMim"
    "opR5kd2+HWnRYqellr4xoQ6UTw+CS+ydWAMk2mwYwERX2H7HK5yoQXtRGNMCsXlrgV5hDv9ZrcgkdhHHubct8A0c56Zkto57PUWim/a0r5lfxHF+Ws"
    "CU5qYnlsNmPNLkiJmYNaY6V0NSs75LaYZ/VHRwUHPlXaWHTao1G9RQe9YsDWHBleuN/nHj9ytng1Ozu7otYjghSfQOBkya28+2eKk9nESA7CYylp2X"
    "7z7l0JoIENDmoVprQRZSknDnixaiCsqh8guq/PquQLglqF6IqydJQJnDXy4kyKs9jGSFZKY7traJeAu7Y8ti8aafL1/wG+6auC"
)
