"""The queue of generations, and changes of many users' quotas in one statement.

Undone, it loses the pictures' addresses in the records, which the characters have as well, and which jobs were asked to
be cancelled.
"""

from __future__ import annotations

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE


UPGRADE = """
DROP INDEX generation_jobs_waiting;
DROP INDEX generation_jobs_owner;
ALTER TABLE generation_jobs RENAME COLUMN enqueued_at TO turn_at;
ALTER TABLE generation_jobs RENAME COLUMN available_at TO delayed_until;
ALTER TABLE generation_jobs
    ALTER COLUMN delayed_until DROP NOT NULL,
    ALTER COLUMN delayed_until DROP DEFAULT,
    ADD COLUMN hold_id uuid,
    ADD COLUMN cancel_requested boolean NOT NULL DEFAULT false;
UPDATE generation_jobs SET delayed_until = NULL WHERE attempt_token IS NOT NULL OR delayed_until <= clock_timestamp();
CREATE INDEX generation_jobs_waiting ON generation_jobs (turn_at, generation_id)
    WHERE attempt_token IS NULL AND delayed_until IS NULL;
CREATE INDEX generation_jobs_delayed ON generation_jobs (delayed_until)
    WHERE attempt_token IS NULL AND delayed_until IS NOT NULL;
CREATE INDEX generation_jobs_owner ON generation_jobs (user_id, turn_at);
ALTER TABLE generation_jobs SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000
);
ALTER TABLE generations
    ADD COLUMN image_url text,
    ADD COLUMN thumbnail_url text,
    ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN attempt_token uuid,
    ADD CONSTRAINT generations_image_url_length CHECK (char_length(image_url) BETWEEN 1 AND 2048),
    ADD CONSTRAINT generations_thumbnail_url_length CHECK (char_length(thumbnail_url) BETWEEN 1 AND 2048),
    ADD CONSTRAINT generations_metadata_object CHECK (jsonb_typeof(metadata) = 'object');
CREATE INDEX generations_history ON generations (created_at, id);
ALTER TABLE generations SET (fillfactor = 70);

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

CREATE OR REPLACE FUNCTION charmodels_lock_quotas(owners uuid[], wait boolean) RETURNS uuid[]
LANGUAGE plpgsql AS $function$
    -- Locks the users' quotas and tells whose: all, in one order, or without waiting those that nobody else has locked.
DECLARE
    -- At a row's second change in a transaction PostgreSQL looks at its foreign key again, and locks the user's row.
    -- A DELETE of the user takes that one first, so it is taken first here too.
    often uuid[] := ARRAY(SELECT owner FROM unnest(owners) AS owner GROUP BY owner HAVING count(*) > 1);
    locked uuid[];
BEGIN
    IF wait THEN
        IF often <> '{}' THEN
            PERFORM FROM users WHERE id = ANY (often) ORDER BY id FOR KEY SHARE;
        END IF;
        SELECT array_agg(user_id) INTO locked FROM (
            SELECT user_id FROM user_quotas WHERE user_id = ANY (owners) ORDER BY user_id FOR NO KEY UPDATE
        ) AS found;
    ELSE
        IF often <> '{}' THEN
            locked := ARRAY(SELECT id FROM users WHERE id = ANY (often) FOR KEY SHARE SKIP LOCKED);
            owners := ARRAY(
                SELECT owner FROM unnest(owners) AS owner WHERE owner = ANY (locked) OR NOT owner = ANY (often)
            );
        END IF;
        SELECT array_agg(user_id) INTO locked FROM (
            SELECT user_id FROM user_quotas WHERE user_id = ANY (owners) FOR NO KEY UPDATE SKIP LOCKED
        ) AS found;
    END IF;
    RETURN locked;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_reserve_many(
    plans jsonb, owners uuid[], wanted integer[], holds uuid[], keys text[], lifetimes interval[], reasons text[],
    generations uuid[], moments timestamptz[], wait boolean
) RETURNS TABLE (number integer, outcome text, day date, at timestamptz, details jsonb)
LANGUAGE plpgsql AS $function$
    -- Reservations of many users, in their order: a row for each whose user could be locked.
DECLARE
    locked uuid[] := charmodels_lock_quotas(owners, wait);
BEGIN
    FOR place IN 1 .. cardinality(owners) LOOP
        IF owners[place] = ANY (locked) THEN
            SELECT held.* INTO outcome, day, at, details
            FROM charmodels_reserve(owners[place], wanted[place], plans, holds[place], keys[place],
                                    lifetimes[place], reasons[place], generations[place], moments[place]) AS held;
            number := place;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_close_many(
    owners uuid[], holds uuid[], ways text[], entries uuid[], reasons text[], moments timestamptz[], wait boolean
) RETURNS TABLE (number integer, kind text)
LANGUAGE plpgsql AS $function$
    -- Commits and releases of many users, in their order: a row for each whose user could be locked.
DECLARE
    locked uuid[] := charmodels_lock_quotas(owners, wait);
BEGIN
    FOR place IN 1 .. cardinality(owners) LOOP
        IF owners[place] = ANY (locked) THEN
            kind := charmodels_close_hold(owners[place], holds[place], ways[place], entries[place],
                                          reasons[place], moments[place]);
            number := place;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_guard_status() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    IF (OLD.status, NEW.status) IN (
        ('PENDING', 'PROCESSING'), ('PENDING', 'CANCELLED'),
        ('PROCESSING', 'COMPLETED'), ('PROCESSING', 'FAILED'), ('PROCESSING', 'CANCELLED'), ('PROCESSING', 'PENDING'),
        ('FAILED', 'PENDING')
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% to %', OLD.status, NEW.status
        USING ERRCODE = 'check_violation', CONSTRAINT = 'generations_status_transition', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_follow_generations() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $function$
BEGIN
    -- A character has the status of its generation, until one is COMPLETED: then it has a picture, and keeps it until
    -- the next. All of a statement at once: an UPDATE of one row costs half of what one of ten does. Its plan is prescribed,
    -- for it is made at the first statement, and another may be of any size.
    UPDATE characters c SET
        generation_status = n.status,
        image_url = coalesce(n.image_url, c.image_url),
        thumbnail_url = CASE WHEN n.image_url IS NULL THEN c.thumbnail_url ELSE n.thumbnail_url END,
        metadata = CASE WHEN n.metadata = '{}' THEN c.metadata ELSE c.metadata || n.metadata END
    FROM new_rows n
    WHERE (n.id, n.status) NOT IN (SELECT o.id, o.status FROM old_rows o)
      AND c.id = n.character_id AND c.user_id = n.user_id
      AND (c.generation_status <> 'COMPLETED' OR n.status = 'COMPLETED');
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_priority(
    tier text, tier_until timestamptz, priorities jsonb, moment timestamptz
) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    -- The priority of the tier in force.
    SELECT (priorities ->> CASE WHEN tier_until <= moment THEN 'FREE' ELSE tier END)::integer
$function$;

CREATE OR REPLACE FUNCTION charmodels_enqueue(
    owner uuid, generation uuid, hold uuid, urgency integer, head_start interval, spacing interval, at timestamptz
) RETURNS void
LANGUAGE plpgsql SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $function$
    -- Gives a generation its turn, under the user's lock: behind what the user has waiting already, each `spacing` after
    -- the one before, and `head_start` earlier for each point of priority. The order of turns never changes, so waiting
    -- jobs stand in one index in the order in which they are served.
DECLARE
    turn timestamptz := at;
    job generation_jobs;
BEGIN
    SELECT * INTO job FROM generation_jobs
    WHERE user_id = owner AND attempt_token IS NULL ORDER BY turn_at DESC LIMIT 1;
    IF FOUND THEN
        turn := greatest(turn, job.turn_at + job.priority * head_start + spacing);
    END IF;
    INSERT INTO generation_jobs (generation_id, user_id, hold_id, priority, turn_at)
    VALUES (generation, owner, hold, urgency, turn - urgency * head_start);
    PERFORM pg_notify('charmodels_generations', '');
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_request(
    owner uuid, plans jsonb, priorities jsonb, generation uuid, of_character uuid, hold uuid, request_key text,
    called text, described text, style text, tagged text[], of_template uuid, batch integer, urgency integer,
    most_attempts integer, head_start interval, spacing interval, lifetime interval, moment timestamptz,
    OUT outcome text, OUT at timestamptz, OUT given_priority integer, OUT details jsonb
)
LANGUAGE plpgsql AS $function$
    -- Holds quota, makes the character and the generation, and queues it. The outcome is NEW; or REPEAT, with the id of
    -- the generation that has the key; or NO TEMPLATE; or what charmodels_reserve says of a refusal.
BEGIN
    at := coalesce(moment, statement_timestamp());
    PERFORM FROM user_quotas WHERE user_id = owner FOR NO KEY UPDATE;
    IF request_key IS NOT NULL THEN
        SELECT to_jsonb(g.id) INTO details FROM generations g WHERE g.user_id = owner AND g.key = request_key;
        IF FOUND THEN
            outcome := 'REPEAT';
            RETURN;
        END IF;
    END IF;
    IF of_template IS NOT NULL THEN
        PERFORM FROM character_templates WHERE id = of_template AND is_active FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            outcome := 'NO TEMPLATE';
            RETURN;
        END IF;
    END IF;
    SELECT held.outcome, held.details INTO outcome, details
    FROM charmodels_reserve(owner, batch, plans, hold, NULL, lifetime, NULL, generation, at) AS held;
    IF outcome <> 'HOLD' THEN
        RETURN;
    END IF;
    SELECT coalesce(urgency, charmodels_priority(u.subscription_tier, u.subscription_expires_at, priorities, at))
    INTO given_priority FROM users u WHERE u.id = owner;
    UPDATE character_templates SET usage_count = usage_count + 1 WHERE id = of_template;
    INSERT INTO characters (id, created_at, updated_at, user_id, name, prompt, style_type, tags, template_id)
    VALUES (of_character, at, at, owner, called, described, style, tagged, of_template);
    INSERT INTO generations (id, created_at, updated_at, user_id, character_id, prompt, style_type, tags, batch_size, key,
                             priority, max_attempts)
    VALUES (generation, at, at, owner, of_character, described, style, tagged, batch, request_key, given_priority,
            most_attempts);
    PERFORM charmodels_enqueue(owner, generation, hold, given_priority, head_start, spacing, at);
    outcome := 'NEW';
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_claim(
    most integer, by_worker text, lease interval, alone boolean, moment timestamptz
)
RETURNS TABLE (
    id uuid, user_id uuid, character_id uuid, prompt text, style_type text, tags text[], batch_size smallint,
    priority smallint, attempt smallint, max_attempts smallint, rescues smallint, provider_request_id text,
    created_at timestamptz, started_at timestamptz, attempt_token uuid, lease_expires_at timestamptz
)
LANGUAGE plpgsql SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_sort = off SET plan_cache_mode = force_generic_plan AS $function$
    -- Leases jobs to a worker: those whose turn is first, and those that a retry delayed until now. What anybody has
    -- locked, be it the job, the generation or the character, is left to the next claim. The indexes are prescribed: the
    -- table is empty and full by turns, and its statistics are never true. Before PostgreSQL 18 a plan with a forbidden
    -- node seems to cost so much that it would be compiled first, for half a second: hence no jit, here and below.
    #variable_conflict use_column
DECLARE
    at timestamptz := coalesce(moment, statement_timestamp());
BEGIN
    IF alone THEN
        -- No other statement is in this transaction. A claim that a crash of the server undoes is a job that waits again,
        -- so nobody has to wait until it is on the disk.
        PERFORM set_config('synchronous_commit', 'off', true);
    END IF;
    RETURN QUERY
    WITH waiting AS MATERIALIZED (
        SELECT j.generation_id, j.user_id, j.turn_at
        FROM generation_jobs j
        CROSS JOIN LATERAL (
            SELECT character_id FROM generations
            WHERE id = j.generation_id AND user_id = j.user_id AND status = 'PENDING' FOR NO KEY UPDATE SKIP LOCKED
        ) AS record
        WHERE j.attempt_token IS NULL AND j.delayed_until IS NULL
          AND (record.character_id IS NULL OR (
              SELECT true FROM characters
              WHERE id = record.character_id AND user_id = j.user_id FOR NO KEY UPDATE SKIP LOCKED
          ))
        ORDER BY j.turn_at, j.generation_id LIMIT most FOR NO KEY UPDATE OF j SKIP LOCKED
    ), delayed AS MATERIALIZED (
        SELECT j.generation_id, j.user_id, j.turn_at
        FROM generation_jobs j
        CROSS JOIN LATERAL (
            SELECT character_id FROM generations
            WHERE id = j.generation_id AND user_id = j.user_id AND status = 'PENDING' FOR NO KEY UPDATE SKIP LOCKED
        ) AS record
        WHERE j.attempt_token IS NULL AND j.delayed_until <= at
          AND (record.character_id IS NULL OR (
              SELECT true FROM characters
              WHERE id = record.character_id AND user_id = j.user_id FOR NO KEY UPDATE SKIP LOCKED
          ))
        ORDER BY j.delayed_until LIMIT most FOR NO KEY UPDATE OF j SKIP LOCKED
    ), chosen AS MATERIALIZED (
        SELECT * FROM (SELECT * FROM waiting UNION ALL SELECT * FROM delayed) AS found
        ORDER BY turn_at, generation_id LIMIT most
    ), leased AS (
        UPDATE generation_jobs j
        SET attempt_token = gen_random_uuid(), worker = by_worker, lease_expires_at = at + lease, delayed_until = NULL
        FROM chosen WHERE j.generation_id = chosen.generation_id AND j.user_id = chosen.user_id
        RETURNING j.generation_id, j.user_id, j.turn_at, j.attempt_token, j.lease_expires_at
    ), started AS (
        UPDATE generations g SET status = 'PROCESSING', started_at = at, attempts = g.attempts + 1, error_message = NULL
        FROM leased WHERE g.id = leased.generation_id AND g.user_id = leased.user_id
        RETURNING g.*, leased.turn_at, leased.attempt_token AS token, leased.lease_expires_at
    )
    SELECT id, user_id, character_id, prompt, style_type, tags, batch_size, priority, attempts, max_attempts, rescues,
           provider_request_id, created_at, started_at, token, lease_expires_at
    FROM started
    ORDER BY turn_at, id;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_refund(job generation_jobs, why text, at timestamptz) RETURNS void
LANGUAGE plpgsql AS $function$
    -- Gives back what a job holds of its user's quota.
DECLARE
    hold quota_holds;
BEGIN
    DELETE FROM quota_holds WHERE id = job.hold_id AND user_id = job.user_id RETURNING * INTO hold;
    IF FOUND THEN
        PERFORM charmodels_settle_hold(hold, 'RELEASE', charmodels_uuidv7(), why, at);
    END IF;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_end_job(job generation_jobs, how text, why text, at timestamptz) RETURNS void
LANGUAGE plpgsql AS $function$
    -- Ends a generation without a picture, FAILED or CANCELLED: the job is already deleted, the hold is refunded.
BEGIN
    IF job.attempt_token IS NULL AND how <> 'CANCELLED' THEN
        -- It waits for another attempt, but the provider has said no.
        UPDATE generations SET status = 'PROCESSING', started_at = coalesce(started_at, at)
        WHERE id = job.generation_id AND user_id = job.user_id;
    END IF;
    UPDATE generations SET status = how, completed_at = at, error_message = why, attempt_token = job.attempt_token
    WHERE id = job.generation_id AND user_id = job.user_id;
    PERFORM charmodels_refund(job, NULL, at);
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_complete_many(
    owners uuid[], generations uuid[], tokens uuid[], pictures text[], thumbnails text[], metadata jsonb[],
    moments timestamptz[], wait boolean
) RETURNS TABLE (number integer, outcome text, status text)
LANGUAGE plpgsql SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $function$
    -- Completes generations for the holders of their leases, all at once, and charges their holds: a row for each whose
    -- user could be locked. The outcome is DONE; or AGAIN, it was completed before in the same attempt; or LOST, with the
    -- status that it has.
    #variable_conflict use_column
DECLARE
    -- Each once, as each user's quota changes once.
    locked uuid[] := charmodels_lock_quotas(ARRAY(SELECT DISTINCT owner FROM unnest(owners) AS owner), wait);
    done integer[];
BEGIN
    WITH asked AS MATERIALIZED (
        SELECT * FROM unnest(owners, generations, tokens, pictures, thumbnails, metadata, moments)
            WITH ORDINALITY AS each (user_id, id, token, picture, thumbnail, more, moment, place)
        WHERE user_id = ANY (locked)
    ), finished AS (
        DELETE FROM generation_jobs j USING asked
        WHERE j.generation_id = asked.id AND j.user_id = asked.user_id AND j.attempt_token = asked.token
        RETURNING asked.*, j.hold_id
    ), recorded AS (
        UPDATE generations g SET
            status = 'COMPLETED', completed_at = coalesce(f.moment, statement_timestamp()), attempt_token = f.token,
            image_url = f.picture, thumbnail_url = f.thumbnail, metadata = coalesce(f.more, g.metadata)
        FROM finished f WHERE g.id = f.id AND g.user_id = f.user_id
    ), closed AS (
        DELETE FROM quota_holds h USING finished f WHERE h.id = f.hold_id AND h.user_id = f.user_id
        RETURNING h.*, coalesce(f.moment, statement_timestamp()) AS at
    ), entered AS (
        INSERT INTO quota_ledger (id, user_id, kind, amount, quota_day, hold_id, generation_id, grants, key, created_at)
        SELECT charmodels_uuidv7(), user_id, 'COMMIT', amount, quota_day, id, generation_id, grants, key, at FROM closed
    ), charged AS (
        UPDATE user_quotas q SET total_generated = q.total_generated + of_user.amount
        FROM (SELECT user_id, sum(amount) AS amount FROM closed GROUP BY user_id) AS of_user
        WHERE q.user_id = of_user.user_id
    )
    SELECT array_agg(place) INTO done FROM finished;
    RETURN QUERY
    SELECT asked.place::integer,
           CASE WHEN asked.place = ANY (done) THEN 'DONE'
                WHEN g.status = 'COMPLETED' AND g.attempt_token = asked.token THEN 'AGAIN'
                ELSE 'LOST' END,
           g.status
    FROM unnest(owners, generations, tokens) WITH ORDINALITY AS asked (user_id, id, token, place)
    LEFT JOIN generations g ON g.id = asked.id AND g.user_id = asked.user_id
    WHERE asked.user_id = ANY (locked);
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_deliver(
    owner uuid, generation uuid, picture text, thumbnail text, more jsonb, moment timestamptz,
    OUT outcome text, OUT status text
)
LANGUAGE plpgsql AS $function$
    -- Completes a generation for whoever brings the picture, whatever attempt it is in: a worker that has it loses its
    -- lease. The outcome is as in charmodels_complete_many.
DECLARE
    job generation_jobs;
    at timestamptz := coalesce(moment, statement_timestamp());
BEGIN
    PERFORM FROM user_quotas WHERE user_id = owner FOR NO KEY UPDATE;
    SELECT * INTO job FROM generation_jobs j WHERE j.generation_id = generation AND j.user_id = owner FOR UPDATE;
    IF NOT FOUND THEN
        SELECT g.status INTO status FROM generations g WHERE g.id = generation AND g.user_id = owner;
        outcome := CASE status WHEN 'COMPLETED' THEN 'AGAIN' ELSE 'LOST' END;
        RETURN;
    END IF;
    IF job.attempt_token IS NULL THEN
        -- Its lease was lost, but the picture came all the same.
        UPDATE generation_jobs j
        SET attempt_token = gen_random_uuid(), lease_expires_at = at, delayed_until = NULL
        WHERE j.generation_id = generation AND j.user_id = owner RETURNING j.* INTO job;
        UPDATE generations g SET status = 'PROCESSING', started_at = coalesce(g.started_at, at)
        WHERE g.id = generation AND g.user_id = owner;
    END IF;
    SELECT ended.outcome, ended.status INTO outcome, status
    FROM charmodels_complete_many(ARRAY[owner], ARRAY[generation], ARRAY[job.attempt_token], ARRAY[picture],
                                  ARRAY[thumbnail], ARRAY[more], ARRAY[at], true) AS ended;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_refund_deleted() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
DECLARE
    job generation_jobs;
BEGIN
    -- Whoever deletes an open generation gives its hold back. With its user, all of that goes anyhow.
    PERFORM FROM user_quotas WHERE user_id = OLD.user_id FOR NO KEY UPDATE;
    DELETE FROM generation_jobs WHERE generation_id = OLD.id AND user_id = OLD.user_id RETURNING * INTO job;
    IF EXISTS (SELECT FROM users WHERE id = OLD.user_id) THEN
        PERFORM charmodels_refund(job, 'Deleted', statement_timestamp());
    END IF;
    RETURN OLD;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_put_back(
    job generation_jobs, until timestamptz, why text, uncounted integer, rescued integer
) RETURNS void
LANGUAGE plpgsql AS $function$
    -- Takes the lease from a job and lets it wait for another attempt, at once or from a time on.
BEGIN
    UPDATE generation_jobs
    SET attempt_token = NULL, worker = NULL, lease_expires_at = NULL, delayed_until = until
    WHERE generation_id = job.generation_id AND user_id = job.user_id;
    UPDATE generations
    SET status = 'PENDING', error_message = why, attempts = attempts - uncounted, rescues = rescues + rescued
    WHERE id = job.generation_id AND user_id = job.user_id;
    IF until IS NULL THEN
        PERFORM pg_notify('charmodels_generations', '');
    END IF;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_fail(
    owner uuid, generation uuid, token uuid, how text, why text, delay interval, moment timestamptz,
    OUT outcome text, OUT status text
)
LANGUAGE plpgsql AS $function$
    -- Ends an attempt without a picture. `how` is RETRY, after a delay and as long as attempts are left; FAIL, for good;
    -- RELEASE, at once, as if it had not been; CANCEL. Who asked for the generation and cancelled it meanwhile has it
    -- cancelled, whatever `how` says. The outcome is as in charmodels_complete_many.
DECLARE
    job generation_jobs;
    record generations;
    at timestamptz := coalesce(moment, statement_timestamp());
BEGIN
    PERFORM FROM user_quotas WHERE user_id = owner FOR NO KEY UPDATE;
    SELECT * INTO job FROM generation_jobs j
    WHERE j.generation_id = generation AND j.user_id = owner AND (token IS NULL OR j.attempt_token = token)
    FOR UPDATE;
    IF NOT FOUND THEN
        SELECT * INTO record FROM generations g WHERE g.id = generation AND g.user_id = owner;
        status := record.status;
        outcome := CASE
            WHEN status = CASE how WHEN 'CANCEL' THEN 'CANCELLED' ELSE 'FAILED' END
                AND (token IS NULL OR record.attempt_token = token) THEN 'AGAIN'
            ELSE 'LOST' END;
        RETURN;
    END IF;
    SELECT * INTO record FROM generations g WHERE g.id = generation AND g.user_id = owner;
    outcome := 'DONE';
    status := CASE
        WHEN how = 'CANCEL' OR job.cancel_requested THEN 'CANCELLED'
        WHEN how = 'RELEASE' OR how = 'RETRY' AND record.attempts < record.max_attempts THEN 'PENDING'
        ELSE 'FAILED' END;
    IF status = 'PENDING' THEN
        PERFORM charmodels_put_back(job, CASE WHEN how = 'RETRY' AND delay > interval '0' THEN at + delay END, why,
                                    CASE WHEN how = 'RELEASE' THEN 1 ELSE 0 END, 0);
    ELSE
        DELETE FROM generation_jobs j WHERE j.generation_id = generation AND j.user_id = owner;
        PERFORM charmodels_end_job(job, status, why, at);
    END IF;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_cancel(owner uuid, generation uuid, moment timestamptz) RETURNS text
LANGUAGE plpgsql AS $function$
    -- Cancels what waits, and asks the worker to give up what is under way. Returns the status that the generation has
    -- then, or NULL if it is not there.
DECLARE
    job generation_jobs;
BEGIN
    PERFORM FROM user_quotas WHERE user_id = owner FOR NO KEY UPDATE;
    SELECT * INTO job FROM generation_jobs j WHERE j.generation_id = generation AND j.user_id = owner FOR UPDATE;
    IF NOT FOUND THEN
        RETURN (SELECT g.status FROM generations g WHERE g.id = generation AND g.user_id = owner);
    END IF;
    IF job.attempt_token IS NULL THEN
        DELETE FROM generation_jobs j WHERE j.generation_id = generation AND j.user_id = owner;
        PERFORM charmodels_end_job(job, 'CANCELLED', NULL, coalesce(moment, statement_timestamp()));
        RETURN 'CANCELLED';
    END IF;
    UPDATE generation_jobs j SET cancel_requested = true WHERE j.generation_id = generation AND j.user_id = owner;
    PERFORM pg_notify('charmodels_generations', generation::text);
    RETURN 'PROCESSING';
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_rescue(most integer, moment timestamptz)
RETURNS TABLE (generation_id uuid, user_id uuid, status text)
LANGUAGE plpgsql AS $function$
    -- Takes back up to `most` jobs whose lease ran out, the longest overdue first, leaving out what somebody else has
    -- locked: they wait for another attempt, or have failed if this was the last.
    #variable_conflict use_column
DECLARE
    at timestamptz := coalesce(moment, statement_timestamp());
    job generation_jobs;
    record generations;
BEGIN
    FOR job IN
        SELECT j.*
        FROM generation_jobs j JOIN user_quotas q ON q.user_id = j.user_id
        WHERE j.attempt_token IS NOT NULL AND j.lease_expires_at <= at
        ORDER BY j.lease_expires_at LIMIT most FOR NO KEY UPDATE OF q, j SKIP LOCKED
    LOOP
        SELECT * INTO record FROM generations g WHERE g.id = job.generation_id AND g.user_id = job.user_id;
        generation_id := job.generation_id;
        user_id := job.user_id;
        status := CASE
            WHEN record.status <> 'PROCESSING' THEN record.status
            WHEN job.cancel_requested THEN 'CANCELLED'
            WHEN record.attempts < record.max_attempts THEN 'PENDING'
            ELSE 'FAILED' END;
        IF record.status <> 'PROCESSING' THEN
            -- Somebody wrote the status by hand: what is left of the job goes, and nobody else's rescue fails for it.
            DELETE FROM generation_jobs j WHERE j.generation_id = job.generation_id AND j.user_id = job.user_id;
            PERFORM charmodels_refund(job, 'The status was written by hand', at);
        ELSIF status = 'PENDING' THEN
            PERFORM charmodels_put_back(job, NULL, 'The lease of worker ' || job.worker || ' ran out.', 0, 1);
        ELSE
            DELETE FROM generation_jobs j WHERE j.generation_id = job.generation_id AND j.user_id = job.user_id;
            UPDATE generations g SET rescues = g.rescues + 1 WHERE g.id = job.generation_id AND g.user_id = job.user_id;
            PERFORM charmodels_end_job(job, status, 'The lease of worker ' || job.worker || ' ran out.', at);
        END IF;
        RETURN NEXT;
    END LOOP;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_retry(
    owner uuid, plans jsonb, generation uuid, hold uuid, head_start interval, spacing interval, lifetime interval,
    moment timestamptz,
    OUT outcome text, OUT at timestamptz, OUT details jsonb
)
LANGUAGE plpgsql AS $function$
    -- Queues once more what has failed, for new quota. The outcome is PENDING; or UNKNOWN; or EXCEEDED, with where the user
    -- stands; or INVALID, with the status that the generation has.
DECLARE
    record generations;
BEGIN
    at := coalesce(moment, statement_timestamp());
    PERFORM FROM user_quotas WHERE user_id = owner FOR NO KEY UPDATE;
    SELECT * INTO record FROM generations g WHERE g.id = generation AND g.user_id = owner FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'UNKNOWN';
        RETURN;
    END IF;
    IF record.status <> 'FAILED' THEN
        outcome := 'INVALID';
        details := to_jsonb(record.status);
        RETURN;
    END IF;
    SELECT held.outcome, held.details INTO outcome, details
    FROM charmodels_reserve(owner, record.batch_size, plans, hold, NULL, lifetime, NULL, generation, at) AS held;
    IF outcome <> 'HOLD' THEN
        RETURN;
    END IF;
    UPDATE generations g
    SET status = 'PENDING', attempts = 0, error_message = NULL, started_at = NULL, completed_at = NULL
    WHERE g.id = generation AND g.user_id = owner;
    PERFORM charmodels_enqueue(owner, generation, hold, record.priority, head_start, spacing, at);
    outcome := 'PENDING';
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_prune(
    from_time timestamptz, from_id uuid, cutoff timestamptz, statuses text[], most integer
) RETURNS TABLE (created_at timestamptz, id uuid)
LANGUAGE plpgsql SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET plan_cache_mode = force_generic_plan AS $function$
    -- Deletes up to `most` generations that ended before the cutoff, in the order of an index, after a place in it, and
    -- returns their places. What is locked is left to the next time.
    #variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH old AS MATERIALIZED (
        SELECT g.id, g.user_id, g.created_at FROM generations g
        WHERE (g.created_at, g.id) > (from_time, from_id) AND g.created_at < cutoff
          AND g.completed_at < cutoff AND g.status = ANY (statuses)
        ORDER BY g.created_at, g.id LIMIT most FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM generations g USING old WHERE g.id = old.id AND g.user_id = old.user_id
    )
    SELECT old.created_at, old.id FROM old;
END
$function$;

CREATE OR REPLACE TRIGGER charmodels_guard_status BEFORE UPDATE OF status ON generations
FOR EACH ROW WHEN (NEW.status IS DISTINCT FROM OLD.status) EXECUTE FUNCTION charmodels_guard_status();

CREATE OR REPLACE TRIGGER charmodels_follow_generations AFTER UPDATE ON generations
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_follow_generations();

CREATE OR REPLACE TRIGGER charmodels_refund_deleted BEFORE DELETE ON generations
FOR EACH ROW WHEN (OLD.status IN ('PENDING', 'PROCESSING')) EXECUTE FUNCTION charmodels_refund_deleted();
"""

DOWNGRADE = """
DROP TRIGGER charmodels_refund_deleted ON generations;
DROP TRIGGER charmodels_follow_generations ON generations;
DROP TRIGGER charmodels_guard_status ON generations;
DROP FUNCTION charmodels_prune;
DROP FUNCTION charmodels_retry;
DROP FUNCTION charmodels_rescue;
DROP FUNCTION charmodels_cancel;
DROP FUNCTION charmodels_fail;
DROP FUNCTION charmodels_put_back;
DROP FUNCTION charmodels_refund_deleted;
DROP FUNCTION charmodels_deliver;
DROP FUNCTION charmodels_complete_many;
DROP FUNCTION charmodels_end_job;
DROP FUNCTION charmodels_refund;
DROP FUNCTION charmodels_claim;
DROP FUNCTION charmodels_request;
DROP FUNCTION charmodels_enqueue;
DROP FUNCTION charmodels_priority;
DROP FUNCTION charmodels_follow_generations;
DROP FUNCTION charmodels_guard_status;
DROP FUNCTION charmodels_close_many;
DROP FUNCTION charmodels_reserve_many;
DROP FUNCTION charmodels_lock_quotas;
ALTER TABLE generations RESET (fillfactor);
DROP INDEX generations_history;
ALTER TABLE generations
    DROP COLUMN image_url,
    DROP COLUMN thumbnail_url,
    DROP COLUMN metadata,
    DROP COLUMN attempt_token;
ALTER TABLE generation_jobs RESET (
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay,
    autovacuum_analyze_scale_factor, autovacuum_analyze_threshold
);
DROP INDEX generation_jobs_waiting;
DROP INDEX generation_jobs_delayed;
DROP INDEX generation_jobs_owner;
UPDATE generation_jobs SET delayed_until = clock_timestamp() WHERE delayed_until IS NULL;
ALTER TABLE generation_jobs
    DROP COLUMN hold_id,
    DROP COLUMN cancel_requested,
    ALTER COLUMN delayed_until SET NOT NULL,
    ALTER COLUMN delayed_until SET DEFAULT clock_timestamp();
ALTER TABLE generation_jobs RENAME COLUMN delayed_until TO available_at;
ALTER TABLE generation_jobs RENAME COLUMN turn_at TO enqueued_at;
CREATE INDEX generation_jobs_waiting ON generation_jobs (priority DESC, available_at, generation_id)
    WHERE attempt_token IS NULL;
CREATE INDEX generation_jobs_owner ON generation_jobs (user_id);
CREATE OR REPLACE FUNCTION charmodels_tags_fit(tags text[], longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    -- Whether no tag is NULL, empty or too long. A CHECK holds no subquery, but it may call a function.
    SELECT coalesce(bool_and(tag IS NOT NULL AND char_length(tag) BETWEEN 1 AND longest), true)
    FROM unnest(tags) AS tag
$function$;
"""

MODELS_STATE = (
    "eJztXW132zay/is4uh9sn6PoOE6TdJ3bnKvYSuLWsbu2sm237qEhEZZYU6RKkFa0af77nQH4/iaSlmRJi35ILRIDDB+A4OCZweBrazimzsTWmc"
    "k7XU833J7lOvPWMfnasuiEwR8FJdqkRafT5H286NKBKcQoltUYFDaYuEMH3HXo0IWbd9TkDC7pjA8dY+oatoUilxYjUJs1gnuuTShx7BmxHfm3"
    "qJhQDn/OxrbJOuTMJbbnmsYD42Rgu2NRnFo68Thz2oTbxHDJGCQsm9zZDjNGFrlnc95BbXR7COoY1mjdDXuW8ZfHNNceMXfMHGj+9z/gsmHp7A"
    "sABT+/tu4MZuri75Y9+JMNXc3QUXboMOoyXaNuC2XYl6nDOAf0eFBN0GkJ9DVZieie+VTcbwlx6A/8sX8TNXMDd25iDd20yGnv+uQgUj3ov29t"
    "ktAUutZ2HqNlWEGRkqJAcwWb6uUacDWm1gCGTVq1uD55qmDt03tNaJN4u2THiuta0MDnz2en70VJHKgDbWib3sSKSk/n7ti2wuKeZ+gdlMF7I2"
    "YxB1WJvWaWZ5r+axlcCtVzHY+Fw0+PLujsjnomvqyt/73zrCG+oyQ2FRg6wGOA3g7vWGwGI+etr21M8vov81T+2t+LZDVU+OH1/sGeQCo5CaCu"
    "qdfTvzSEjgLADcvF/vr6TbYWISeutrDZk4/dq/0Xr0TtU5u7I0fcFLi2vglB6lItGhpRd+AbrNXrk5jIIzrGhz05bBIdE02aAb4BVgnMNe3isq"
    "9d9/qa9kToRmiKqVMTvzKA9uH1yQc0KZXCFJRsMsw3F85+79c+1jzh/C8TL1z8q3slMP7U/VWAPJn7d84vLz4ExW34lMoP7cXJ+eW7FPCJr0bV"
    "gZwQUkM5iSgVM2CdYRxJqCHcYAiH1kANvKVAI7i3Z9CuBG2HwWPz/BmjGPKklMK9Pu4DhguELOY/Xl9e5GMeSaTw1o2hS/4mpsHdncIdoSjHPQ"
    "1xajbHCjKzy53LcmaXYthDAYV6c9RjK7AM9KdwB1da+fAnJdN94It2gj9W9XnNXwoNTXt43/HcoWbZs0WrICwrVpTcpZPp6tZA/bNPvet+99PP"
    "iU487fZ7eOcoMV0FV/dfpTo2rIT8ctb/SPAn+fflRS/d12G5/r9bqBP1XBvB0KgeBzK4HFwSq+K7+9hCDC8M6PB+Rh1dy9yxj+yistlbk6NJ+g"
    "q16Ej0LKKJesY68QT+BAtCEDK53FdUoL2I+hoGRSvyXl0ydezJ1G0TSrg7N5GFoiMuKCVqEWMCar+BMsYDjGfiwbrbRIbJ4GTqDWDmGTM9y2kt"
    "o9Ib68bqfYFxarLjG4vAf2/fviWUz60hgQEelNSoae7jMviY3LQ+w/9vWgfk2VtyYVuBXKfTwf/5svAFIyFIxLBICG5HLkJ4x55Z8LoP5qLejq"
    "EfpCoSlc0oaBxW1PHV2Y8RMJV5ttgqPjnXwLUFbFHU3RpqXUph+c0UkFh4EW82YLTqajqCPmOSxy3SdYF65JePvaseXuKaQH4Id34QnzjSvTiF"
    "G/4UDJpoMNu5HhcF9k4uP/183uv3TvcWP6EYuXKif1zPiIrKnjZqqVLnrOXpXQavHmih1XrUQKrsaWM148saPEziMjm7JmBlkIvP5+eK0txaSl"
    "MZXcroihtdcYPcm+oNx0ZSUo2N3RsbdWn7RxH227MwXgkNJE31OmhHEopdbgB40q5Mgt6zvEk+6Emp9QHfuup1z8+u+2cn2ckseSu5sEwvCvOx"
    "h4XxF81k1sgdw8/nhxX6Igau3xlH+88PD1IgizWm5jlmnYGdEFJzSf2h7Y69ycCihlkX+YygQr8++hPmUjTF63DLcZlH0cuPtaEGnmG6hsU72G"
    "y54XTT2vv6bc8PdtkS+hn5r/wXous4dF4UjSCFUh2z7h7B9p60R3D4//5HeoYPyI8srOeGC8CY72zbZNQqmOvj4imAByC4KoDDK4XLAlFiVUuB"
    "d5eX54nB/e4sPbN8/vSud7X/XCgAhQBLvHx20U91QIZkKuyIYqsmt441Gjc/9y5Ozy4+LBrcfrH8Ef7Upk7ImTdYSqdll7CY3qKP8LYti+OcbK"
    "aji2nOlJgKr0q+P08Wd7lFC+EFcGacqUl0s9C+l6HpPzFp+ZyBHtQa5i1tY9zaZ7+q7YQ1uhq9SA6dhU6M+KCC54cnZvLLe9K9Pume9lq5U8GS"
    "oA2doP1YvVs5GSyEOTUbJqAGHaTL6VtxNECeAZRj+rzzhd//dMVMWhCOGeuBD2FluwP9t1qREzFgpYNY7IKYF0N7abG+Df9UBFhWGm4h2iGIm8"
    "abhC/7oriT+KxQMf4kdAXXDEQhM8MdB3EjImJEhI7cwU0yGxvDcRR0wQl1GJlQXeyL4gSfAINIDPG368HKA/c+FcenrKitmuEfAviqLvYIVrFL"
    "QYM2Bf4FvnYsk94VFA4b5UFXHnTlJW1t7XJQedDV2NgID/qGrrjW5niJq1kD85TYGmnP7Fu1RWirgIU1A75dAQv1gX9qAl/5BlfgG8QtsA85A7"
    "aibzASX6NvMFjqFNo7WGALPIMexziaoe1ZOdP0mVUwS6ekUrgb1srG9WEa88PmAIOC8L9nR8+/e/3d9y9effc9FBGahVdel/SBhLLG1qSvWYZg"
    "CVxkYr/RDvFkq9zElaAXC/i0NAVZTqXFWdDKeYx+GVOX0NgOJ/uOuGMmt0sNiV8nMld38KLpZDB/g3mGHGM0wsIWuY0G0i25Z2yKHFeWQltRO7"
    "jrq+unPYIakV2zZ1Zb7NqiZArwQyvUjdcr0iSNiCgwsx2dOIzqnEBnzTE5EsdMSnxsz8gdmx2TMXOwCjYXfB6fgJ7tG8s0GIG1JIdbPmkn96pB"
    "ESjgP1SH9McszghCuQlnJqZiguXnnNw5TGjNGXWGY+LzfSIp04TeA3D4CHLT241lY94nWPRhpiZ3jDcntsMkAC7gNPBcxv2NZ4C8N4FhcCxpx/"
    "3ugb+hbv/dgVDUpzP3T+AGd9lkwnSJ2R0M1GcuWBK+Uh1ZIbweblRfrAbDIqY9g8cfUhxdWAX3BrLbG+WQqp74KDXcNYvNGC9NHJW7TSpiSuvs"
    "ZsvfgldT4yXswGumvbAFayob2I+BrqNsYiksInZoIVuxf0e5K3kj8gOM8rsKegXjtq5uoVy5fkGxSEcopE2ZpcNo1dAyhX8mhgv6Hr18VWVPo3"
    "wt6qobiJVr65eCXkUtXWc00ewpb6p5IX8fH0F1mPy03Ho5/Y2MamiX8PIqaGSpMTjb7uZQAWyVWGnFJK2YSVIBgitJJbgd/NzTUc4ZAi5uwWVh"
    "uxZrkQKnSExyk1/1pUB3/a/eSf/yKv0xjOzJqh6OmMjOg7YsF0cNmi1LHuUY3Nn+CgLUmgRibqudvTD+Mr3QyI91XQk5d81cF4mMVjk/FxZrV6"
    "XoeFyiIkeHvJJjD2GNyTiZeBwujQSBZL0hSA459qyIdqsimkskSRII++jOGB0Lwg7JoWc+YyWvezIMFak1GQQXTMlRDJygjKSQSNUUJ6l4rHpQ"
    "NqwFtZYk4SSs5w1UZAu6DdWGcmaMnPMbYrOAtPIcbjsY8XYc1SovSs24MbKQ+PIsE6ART+d3DDn5fHV9eaX91PuNcDrnRDQ6MziryGnVCpe7Rl"
    "ax0M2Ra2M19G486QvvuzpeHL1+FXo58EeZg+P6U/f8PHAYFa+uE+O0zncwI7jGoAqw53EvVdYZGr+xuZ/DPPONN+iCPFnVC016IZrwclx6hkWd"
    "gqVHUi7tv577IdlrswjjDmxcS8LX0tL3oXnNgc+IPRHht/sHB+Tvv0nZ/ZU5vv0t3GHfQde9O7voXv2W33nvcrZ8v/ut3+s+1qZcss0TbSgpMn"
    "cSW04WWDrJvS6LjRz0lTlsiA45+OoLq0RmbG7L+Hp/Sy1658K0dG3yvnt23jtFZ95J9+Kkdw4/kmeeoEcwyrqYsY/W1ur6UjzGkF93jseY1jiZ"
    "1FDUl8Q5aNEWhYTKUDaeE1D8LMwFKPz6aRdOfHVRQ+HEKq7Q4ZjwzkVqprx25bkLH5lHM6702OCuXT2RZtD96pAYtR9ExfzvnndF7QdRY6PY89"
    "YwQ4tKy9Jq5otT2xQWI6m2KWyTc3lL3KDbs01hQN3hWOPGf3JGbDmJnJRcX6j88zSEz5uj9Wj+ODHXPoDB72jNzpIqEFc5KOtPwrlkZTHy+Ryl"
    "QrrSNkjDdgw3B+7yqSMut9V7bJYxcVAXY5/cnO9aOYhxuf96ENHgaApkWnZ9YL5Ig/liI8CENd/QY7VxjIn9149H5ji2o00Yxw2Fdb5GGUH1XW"
    "qyDKNOMxYqKalSkW4ynzS08WS2hkx0Slb19Cb3tDpJ4SlmUXWSwlOir05SWErfrOb4ZLla0Fz7nuWkWyr2TWcE1T6XVLzZ028d3Ulc1V5RlWB8"
    "E3Ze1EowXrKt5XEZxrd2FnjczpZ6qcXTHoklJPX52a/ySta4Q+O8aZrxP+1BMaw1k4uHUXk/ykp3Y4Q3yS6ehGJh6LGPV9XoYw06rXpGcZMOGe"
    "a0wa1AALTHZA4fx54RGdhrW+bc33eEMb5RO5hhyJ4yS2TvEfukRE4izPPDZdqg3LTiK21QJkcCAPy85RbxTVoiTFqsQaRAumfOHiee5RomuTUZ"
    "5UxjX6YGfFE16t52yCXutYIabM8leIw9PxaJflAf13NAA9tpE3rniixIN1bYCG7nuoOVpdxjJWqHnqJzpmvi523+pjOsExqW281sB6YgREhu38"
    "LelHu3mPOA9TLqmAZMT+TOcLj7BpMjYYInA9MUucFOMmsuMyaNYdQwWOjIdsY2vMaGLtvBH5hm6i/PdqlUfYpIygcNdpThZ8sM5lgGorOxzP6E"
    "VUgkASHQkN8zHYPGR9CJIE+8aZMocB+J2PyAI7pOzK8Y/hp2Go65dskh67IpGfSbaCweuJxYEvmRy/CN8k+RT3RudLeVmbgyeX/ignUfzhcue7"
    "iUYo95nspx2un3qO5jCfnSp0q3sOjBKqses/uCEVhT+Xr7DsKxVyvQPPlG1FgrZQRV6qLSEHJ/nqwDcUxELe5VGMbSPbaxD2MdR1JMTMWs757n"
    "KWlG1BwbGWHlZdzkvpbGdh1HVyShPFz1PVzKi7IqgyCzUKg5ceXJq7lrk+euNI2QQyqWnTaQJ/7UB5LnU2rL6N2lHjOg/GrKr/b0fp+FfrU6SU"
    "DyCJFsNzTILFfrgNmN5EEWdkSGCVpHbrm0X63A45Hjfiv3eeS6AKskl0OKPOZXoBYR0XgkqHCPB0lRyICZtjXCIxLSpzPE0kyUHwOxwtbQm3Dm"
    "ogvE0jmhU+pgHUMK7xty8Ab6OHB4EvsBXRWmSfBN5G3fvxKrlEzoHESJbnDfOSFOjsDiTXj8WuR9ph+15ItdRKmmSfvqPG9tharTu7UY3Uq78j"
    "AuYPW78jZrPktu0T16+bLkAx6s9aBUOmIu3Ksr7pWTvpvJrm/GB16Fdz01nMoMXXd4V5lx2Qjcx5mXWwJxEwNzrUn//onhDqVnkMVKLDRBRfAE"
    "fKj0kXxxFlufGFqCx+LMg/PAZPyFrKLtx2+IGJgRns31RpTBj9aAcszVd+dhSmPXRmeKNcJwESLxxVx+WfNztc3JeBsRSTKmXGQT/Hh5fipbDG"
    "ofMCqPAhMF98R5ZcTQ25giuQ0yQ/9kMfFDHA92cvnp01m/Ta56573udQ8b7f3689lVD6ziG8s3acWLQDiT6mH8Sod8uOpe9EXq5f5Z70raxWD2"
    "hqqmA2/oBM9SPCZ4+NnEA10xlGUMY6mNli/8i9EsFsHRh0qMHGq5eNliaE9bbETxDEwZT3MPChGXmSb3n3sGFjUY4SOb8Q45xLga2Sj+h+r5IT"
    "ZyCOl0LqvBOQowMu0hNaEj5jIyh0qQxdGPYPlbb8gFYoWxOsln9isVmnKM1gFhv+flw2IK6yFzwOKXZdrQFQJBeZtjbJOo3K8polmP/ZCm2Rgj"
    "qcTqQkLlw0L8o9BgtA+YvuYckPEX8RFJIMsSAD4q9WNCv1XlfvSjeHAkwo0fyB6+jHuJR8nLCBl7kiCMoc7TyJdXs/0PYKUn8dtJPI3U+uyC7O"
    "/JCWCvTfb8KQD/lFPA3kH2eQrXVyo140bF1WAXZzukOPNUUH7nck6VBYCUpZx6nc44JSftLKbFaTkm6z89eJU8wRIOE47jGX6M832S+ZgmhMoc"
    "kTvlhETHYgo9FTe3TNZkIwip3URWWL5ZSIu3LkcSj9q4vD1ormRjskp9tq7gJVjS8DziqhjsSELhXR/v5sFMKoxpi8KYVGp5FYpdlFpe+biUj2"
    "vNDphAgdXFWq3A9/IBTelWme9FlmhX871Elvli34uoPaKrYai0yYBxQxdnKuLeZGuPH2PkjT195m9gTXhT6lbgx+cYnPAps1xJnUsPyzxwhHDh"
    "aiDe9A0S9Rw9CxT6X2wFtpik/xmG94j9vjX8GL6aPo8vFIgcAhF/j7Q9apDD94fqOhicZKBXAnccUxgN8OCf+ycxN4RwiTyS9K++dzTe9zXp/s"
    "T20dXQ/L5e6zviSRHg20GAK7p2uXStmNRqwBmW3+r9pEuDT/Exio/ZTbwVH/PfsOZWfIziYxQfo/gYxcc8go/5aKfWjLkF2tXYGHTn1yJjBL1h"
    "cOJSzM828FyRz0wwInPmdsgtDo+OPfiTDV3egfGJWdA00dgtmYAQz497XWrtyLmc2JMJkiYxEgfzK2DtOpRpE4eJfelhCcmwQHtvZDyoCBkd2j"
    "BTSyaH6GwIy1wu4mAxpZ1uM35j3cYS0QU55mQ8qeEG8Z+UB63pUfY8jDOVae8EwQSVI0Mh+SJMezfAT4WsBJ+ER88h7wiOacZMU+jj18/DZ4Ex"
    "Dj8r0k8+tVQnwjV6OsMqCGLFIjBG8dBx/Fk/fjXWL1Fgb5zPCrgyF+Yhv13cTjdhsvk2In9HHfyfO8Z0hGLkkHv4CAU59hw2FaZFlCnvNjWu7k"
    "BPXaTIs0SmP3hkWFnBY3OXUXEqO4w8TN7nb/DrfaF4GoSP9du3b4kxmdqOG7MZUKHhJCpA+dwawhi4IzrMRfuI+DEUEHPtAXn2VgDkV9jpdERI"
    "spQRA8gvmf9iiNo6hn6Qkg///h/x5khC1Bi6nsPWywqKOWi1pGAzlYRUKQ24SA3F8ymebxuMo50Ly9w0gOvFZap4NxXvtjFIr4TvU7Gyy/20bS"
    "STukWT8NbRZYpKVVSqolIVlaqo1GZUap+OuqZB5YDIYVLD++1FRKpLRxrFoqzqKR6WLXimme3oIhSLEqgD+SdbcI7chbHEkRaj/F6e7xAEl42Y"
    "K3fmixpyzutYatV1z4Kgo0XsSgwrDYu3S457oKOanAoN+iv5ZhanYwoFdi4B08vDCvmXXh4Wpl/CW+WMid97VZdKfvFN3hi8sWslZeopUy9u6m"
    "Vskyf9ip4y06UlX1F5v9JXVMeilY/CChLcyGQpvi8qcCCi2/DONnWmE+h2m9xi/a7tQmW30pXYTaZrpKbJnLmGiXAMBmWgD/LzQ66r4fyDp+iI"
    "H2PL1PKzBIl2pccLPvtwLTgISih5TJ7j9WfPK37Plb9iO/wVaoW3VM6Mu3OTSTwyiBZnO0lKbbJp0yjnyfMyG7Is6cnzw3TWE5y28q3FruPQea"
    "HJmGecr/LI8aczGn//I3tyNczfWdDKj2CKpHbJLdn0PKbNMpT6aASUGEryfiVDSdoT1QyljxjjQ605Cc/y5YHpMvUGpjEkvglCxvSBScLgjQyl"
    "8dNUG5a0YqR5duvHRMF31rVzttytuL0is+iY7O2FfEasafg54cx8wLgtKDaSae/ASgtDh4JJPKwB026LyximJE2lwKiSYVNR9U1okuRnoyJpIn"
    "tci2SRPlm0SS0q7Z9iiJQKcaGINsVDbxxLs6c8Jz9bKnomqfEwiHyop/rUnnomLY3wSesrWgKNT3vXJ6H+FaJ9amJqTIyUYiPDyqWjCNzQXGc0"
    "EbiFG/7iemMWv70cFZVlvR2WdZkpWExvbY8puLEslyIU10co5ge7vTNGxYblLoa7/ePo6MWL10eHL159//K7169ffn8YWpnZW2U257uzD2hxJo"
    "DfOBNUOBsLzM/AEVlueoqzSKpZnddgsw1sHQ+Gt/3A/JTVlDAay4ujzRdEzRtwxzZ1P9hbrne4MNkwMj1mQQq+Q4QU8tuCsOwo6pobI0vzpvsi"
    "1hrBSMVKOwwPZsXAc8MV9zuSWt9nE2qYP9y0qE7/j8kGOmCvov2CMMOdrk4TRktlO1FUvciOEV2iiaLl1qBpz5iDEctYFBRabPVRzx0fVsgtLF"
    "UISi+ySYNyaUMuTwPRQqXWxa+Fz46lMo+uzLNtMs+UL0z5wgrDnqZ6w7GRlFRjY/fGhvyYZoZFDy8XRMMGEmqJ0eQw5sB4yEBevKSLy6iY+vqY"
    "B0ZQVbyD8grrBuP7ASwUR/OcnEmlZIQnpBTu9XH3z6sResKHLi8St8Rhmye8vum99f6q18t+wMOrG3RMRQKp5jtKSqpRiXo22VzCHviPbdX6nM"
    "Rl1vhSfe6fZN+p4OLmTmo1iMEkYyc5sRz21pd9/9MVM8NTC4v3HpwEdW2vNZs53LBgi+ES0NrJsyCLdmT+aQ+WCtmP9mBXUcs90vxxuOUcq76L"
    "yMnd/n7Y6+NRSx4CuruAFaUGaIRXmLh7d/EKE1wtAa4gsdauoFXL45gCthjSS4v1bfinGrDoTPtnUOFWGvz5uDZwzkoYSjy0IU6L3bS+51MUXu"
    "is/SV26Kw8bjjlV30jdgii+5WKbGBtMqE6I4M5hu/5mxnCTGYi3VR69bqKNtCpe6tTw5xj5nb9VuRBu/Wz6PuXBsy0rRGmG7sN08vctnPTmqEC"
    "0BYMWmhJpjljcxnyh+m6Djtha35eMPuBOQ5mhAvPEgge0K8aKYa2POh1wqgVldurGjhY6JbcnA0AT7rrcTVOxlgvZwEuDJFJSTUKlNmwGW7Zaa"
    "Gil7U2roGQSgSPV+KTXA0o02IKzMhQVGfINstVJqKotegJs3ZhSVhhjvBWj8k1RBTGsTcpdzUw7YwH1oCdz0orUn7TSPlHxY8uylkTrNTE8Fht"
    "xppNsBIzC7X2o9LVPDogt8scYzhuFSz4/LvtRas9GpVbtNArBmzJO8ML5/vc5UfOFO/3zsaOqOWYIMUrEFhZciPv/JniZDYxkZ2IWEp6to9evi"
    "wBNPDBQanClDbiXiqIA16sGgj7xXcQ3eeHVfIFQalCdMW99C4TWGvk7TMpzmIbE3lUGttNQ7sE3KXlsX3SnSbf/h/CAb0K"
)
