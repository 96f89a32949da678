-- The workflow of generations. Whoever ends one, or puts one into the queue, locks the user's row in user_quotas first,
-- then the job, then the generation, then the character; whoever looks for work waits for no lock at all. Times are
-- parameters; NULL stands for the server's clock at the start of the statement.

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
        updated_at = clock_timestamp(),
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
    until timestamptz := at + lease;
    -- Of the tokens, the beginning is this claim's, the end the generation's: to make a random one takes as long as to
    -- write the row that it stands in.
    claim text := left(gen_random_uuid()::text, 19);
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
        SET attempt_token = overlay(j.generation_id::text PLACING claim FROM 1)::uuid, worker = by_worker,
            lease_expires_at = until, delayed_until = NULL
        FROM chosen WHERE j.generation_id = chosen.generation_id AND j.user_id = chosen.user_id
        RETURNING j.generation_id, j.user_id, j.turn_at, j.attempt_token
    ), started AS (
        UPDATE generations g
        SET status = 'PROCESSING', started_at = at, attempts = g.attempts + 1, error_message = NULL,
            updated_at = clock_timestamp()
        FROM leased WHERE g.id = leased.generation_id AND g.user_id = leased.user_id
        RETURNING leased.turn_at, g.id, g.user_id, g.character_id, g.prompt, g.style_type, g.tags, g.batch_size,
                  g.priority, g.attempts, g.max_attempts, g.rescues, g.provider_request_id, g.created_at, g.started_at,
                  leased.attempt_token AS token
    )
    SELECT id, user_id, character_id, prompt, style_type, tags, batch_size, priority, attempts, max_attempts, rescues,
           provider_request_id, created_at, started_at, token, until
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
    done integer[] := '{}';
    -- Of the entries' ids the last digits count, as RFC 9562 allows within a moment (6.2, Monotonicity and Counters).
    entry text := charmodels_uuidv7()::text;
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
            image_url = f.picture, thumbnail_url = f.thumbnail, metadata = coalesce(f.more, g.metadata),
            updated_at = clock_timestamp()
        FROM finished f WHERE g.id = f.id AND g.user_id = f.user_id
    ), closed AS (
        DELETE FROM quota_holds h USING finished f WHERE h.id = f.hold_id AND h.user_id = f.user_id
        RETURNING h.*, f.place, coalesce(f.moment, statement_timestamp()) AS at
    ), entered AS (
        INSERT INTO quota_ledger (id, user_id, kind, amount, quota_day, hold_id, generation_id, grants, key, created_at)
        SELECT overlay(entry PLACING lpad(to_hex(place), 5, '0') FROM 32)::uuid, user_id, 'COMMIT', amount, quota_day, id,
               generation_id, grants, key, at
        FROM closed
    ), charged AS (
        UPDATE user_quotas q SET total_generated = q.total_generated + of_user.amount
        FROM (SELECT user_id, sum(amount) AS amount FROM closed GROUP BY user_id) AS of_user
        WHERE q.user_id = of_user.user_id
    )
    SELECT coalesce(array_agg(place), '{}') INTO done FROM finished;
    RETURN QUERY SELECT place, 'DONE', 'COMPLETED' FROM unnest(done) AS place;
    IF cardinality(done) = cardinality(owners) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT asked.place::integer,
           CASE WHEN g.status = 'COMPLETED' AND g.attempt_token = asked.token THEN 'AGAIN' ELSE 'LOST' END,
           g.status
    FROM unnest(owners, generations, tokens) WITH ORDINALITY AS asked (user_id, id, token, place)
    LEFT JOIN generations g ON g.id = asked.id AND g.user_id = asked.user_id
    WHERE asked.user_id = ANY (locked) AND asked.place <> ALL (done);
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
