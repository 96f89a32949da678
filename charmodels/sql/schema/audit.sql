-- The audit trail: who says on whose behalf a statement runs, what writes the entries, and what keeps them.
INSERT INTO audit_settings (id) VALUES (1) ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION charmodels_say_who() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    PERFORM set_config('charmodels.actor', coalesce(NEW.actor, ''), true),
            set_config('charmodels.request_id', coalesce(NEW.request_id, ''), true);
    RETURN NEW;
END
$function$;

-- What is inserted here is not stored: it says who acts until the transaction ends. An INSERT can stand in a WITH before
-- any other statement, so that one statement outside a transaction says it too; the triggers fire when both are done.
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

-- What runs with the owner's rights looks in the schema of the tables alone, and last among a caller's temporary ones; and
-- nobody else makes a trigger of it.
DO $block$
BEGIN
    EXECUTE format('ALTER FUNCTION charmodels_audit() SET search_path = pg_catalog, %I, pg_temp', current_schema());
END
$block$;
REVOKE EXECUTE ON FUNCTION charmodels_audit(), charmodels_prune_audit(timestamptz, timestamptz, integer) FROM PUBLIC;
