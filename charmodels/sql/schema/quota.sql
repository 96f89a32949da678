-- The quota's arithmetic. It stands in the database because each of these must be one statement for the caller, and
-- yet look again after it has waited for a lock, which a single UPDATE with its one snapshot cannot.
--
-- The row in user_quotas is the user's lock: whatever changes holds, grants' `spent` or the counters takes it first, so
-- nothing here deadlocks. Times are parameters; NULL stands for the server's clock at the start of the statement.

CREATE OR REPLACE FUNCTION charmodels_daily_limit(
    override integer, tier text, tier_until timestamptz, plans jsonb, moment timestamptz
) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    -- Pictures a day. The override counts as long as the tier that it was given with.
    SELECT CASE WHEN tier_until <= moment THEN (plans ->> 'FREE')::integer
                ELSE coalesce(override, (plans ->> tier)::integer) END
$function$;

CREATE OR REPLACE FUNCTION charmodels_day_begins(local_day date, zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $function$
    -- The first instant of a local day. Where clocks are set back over midnight, AT TIME ZONE gives the second of two
    -- midnights; what the clock that ran in the hours before shows tells the first.
    SELECT CASE WHEN (by_old_clock AT TIME ZONE zone)::date >= local_day THEN least(by_old_clock, by_rule)
                ELSE by_rule END
    FROM (SELECT local_day::timestamp AT TIME ZONE zone AS by_rule) AS rule
    CROSS JOIN LATERAL (
        SELECT (local_day::timestamp
                - ((by_rule - interval '4 hours') AT TIME ZONE zone - (by_rule - interval '4 hours') AT TIME ZONE 'UTC')
               ) AT TIME ZONE 'UTC' AS by_old_clock
    ) AS clock
$function$;

CREATE OR REPLACE FUNCTION charmodels_granted(parts jsonb) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    -- What of a hold came out of grants: `parts` maps their ids to amounts, or is NULL.
    SELECT CASE WHEN parts IS NULL THEN 0 ELSE (SELECT sum(value::integer)::integer FROM jsonb_each_text(parts)) END
$function$;

CREATE OR REPLACE FUNCTION charmodels_quota(owners uuid[], plans jsonb, moment timestamptz)
RETURNS TABLE (
    user_id uuid, quota_day date, daily_limit integer, used bigint, held bigint, granted bigint, day_left bigint,
    grants_left bigint, resets_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $function$
    -- Where users stand. A hold that ran out counts as given back, though nobody has written so yet. `granted` is what
    -- grants add to the day: spent on it, or left.
    SELECT
        counter.user_id,
        counter.today,
        counter.daily_limit,
        counter.daily_used::bigint + counter.granted_used - holds.lapsed,
        holds.held,
        counter.granted_used - holds.lapsed_granted + grants.unspent + returned.amount,
        greatest(counter.daily_limit - counter.daily_used + holds.lapsed - holds.lapsed_granted, 0),
        grants.unspent + returned.amount,
        charmodels_day_begins(counter.today + 1, counter.timezone)
    FROM unnest(owners) AS asked (id)
    CROSS JOIN LATERAL (
        SELECT
            q.user_id, u.timezone, local.today,
            CASE WHEN q.quota_day >= local.today THEN q.daily_used ELSE 0 END AS daily_used,
            CASE WHEN q.quota_day >= local.today THEN q.granted_used ELSE 0 END AS granted_used,
            charmodels_daily_limit(q.daily_quota, u.subscription_tier, u.subscription_expires_at, plans, moment)
                AS daily_limit
        FROM users u
        JOIN user_quotas q ON q.user_id = u.id
        CROSS JOIN LATERAL (
            SELECT greatest(q.quota_day, (moment AT TIME ZONE u.timezone)::date) AS today
        ) AS local
        WHERE u.id = asked.id
    ) AS counter
    CROSS JOIN LATERAL (
        SELECT
            coalesce(sum(h.amount) FILTER (WHERE h.expires_at > moment), 0)::bigint AS held,
            coalesce(sum(h.amount) FILTER (WHERE h.expires_at <= moment), 0)::bigint AS lapsed,
            coalesce(sum(charmodels_granted(h.grants)) FILTER (WHERE h.expires_at <= moment), 0)::bigint
                AS lapsed_granted
        FROM quota_holds h
        WHERE h.user_id = counter.user_id AND h.quota_day = counter.today
    ) AS holds
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(g.amount - g.spent), 0)::bigint AS unspent
        FROM quota_grants g
        WHERE g.user_id = counter.user_id AND (g.expires_at IS NULL OR g.expires_at > moment)
    ) AS grants
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(part.value::integer), 0)::bigint AS amount
        FROM quota_holds h
        CROSS JOIN LATERAL jsonb_each_text(h.grants) AS part
        JOIN quota_grants g ON g.id = part.key::uuid
        WHERE h.user_id = counter.user_id AND h.expires_at <= moment AND h.grants IS NOT NULL
          AND g.user_id = h.user_id AND (g.expires_at IS NULL OR g.expires_at > moment)
    ) AS returned
$function$;

CREATE OR REPLACE FUNCTION charmodels_settle_hold(
    hold quota_holds, how text, entry uuid, why text, moment timestamptz
) RETURNS void
LANGUAGE plpgsql AS $function$
    -- Writes what became of a hold whose row is already deleted, and gives back what it held unless it is a COMMIT.
BEGIN
    INSERT INTO quota_ledger (id, user_id, kind, amount, quota_day, hold_id, generation_id, grants, key, reason,
                              created_at)
    VALUES (entry, hold.user_id, how, hold.amount, hold.quota_day, hold.id, hold.generation_id, hold.grants, hold.key,
            why, moment);
    IF how = 'COMMIT' THEN
        UPDATE user_quotas SET total_generated = total_generated + hold.amount WHERE user_id = hold.user_id;
        RETURN;
    END IF;
    UPDATE user_quotas
    SET daily_used = daily_used - hold.amount + charmodels_granted(hold.grants),
        granted_used = granted_used - charmodels_granted(hold.grants)
    WHERE user_id = hold.user_id AND quota_day = hold.quota_day;
    IF hold.grants IS NOT NULL THEN
        UPDATE quota_grants
        SET spent = spent - (hold.grants ->> id::text)::integer
        WHERE user_id = hold.user_id AND hold.grants ? id::text;
    END IF;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_expire_own_holds(owner uuid, moment timestamptz) RETURNS integer
LANGUAGE plpgsql AS $function$
    -- Gives back what ran out of one user, whose lock the caller has. Returns how many holds.
DECLARE
    hold quota_holds;
    count integer := 0;
BEGIN
    FOR hold IN DELETE FROM quota_holds WHERE user_id = owner AND expires_at <= moment RETURNING * LOOP
        PERFORM charmodels_settle_hold(hold, 'EXPIRE', charmodels_uuidv7(), NULL, moment);
        count := count + 1;
    END LOOP;
    RETURN count;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_expire_holds(most integer, moment timestamptz) RETURNS integer
LANGUAGE plpgsql AS $function$
    -- Gives back what ran out of up to `most` users, the longest overdue first, leaving out whom somebody else has
    -- locked. The limit counts holds that a lock was found for: they are read in the order of an index, and no further
    -- than needed, where to count users would be to read all that is overdue.
DECLARE
    owner uuid;
    count integer := 0;
BEGIN
    moment := coalesce(moment, statement_timestamp());
    FOR owner IN
        SELECT DISTINCT locked.user_id
        FROM (
            SELECT q.user_id FROM quota_holds h JOIN user_quotas q ON q.user_id = h.user_id
            WHERE h.expires_at <= moment ORDER BY h.expires_at
            LIMIT most FOR NO KEY UPDATE OF q SKIP LOCKED
        ) AS locked
    LOOP
        count := count + charmodels_expire_own_holds(owner, moment);
    END LOOP;
    RETURN count;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_close_hold(
    owner uuid, hold uuid, how text, entry uuid, why text, moment timestamptz
) RETURNS text
LANGUAGE plpgsql AS $function$
    -- Commits or releases a hold, or finds that it ran out; returns what became of it, now or before, or NULL where
    -- there never was one.
DECLARE
    closed quota_holds;
    outcome text;
BEGIN
    moment := coalesce(moment, statement_timestamp());
    PERFORM FROM user_quotas WHERE user_id = owner FOR NO KEY UPDATE;
    DELETE FROM quota_holds WHERE id = hold AND user_id = owner RETURNING * INTO closed;
    IF NOT FOUND THEN
        SELECT kind INTO outcome FROM quota_ledger
        WHERE user_id = owner AND hold_id = hold AND kind IN ('COMMIT', 'RELEASE', 'EXPIRE');
        RETURN outcome;
    END IF;
    outcome := CASE WHEN closed.expires_at <= moment THEN 'EXPIRE' ELSE how END;
    PERFORM charmodels_settle_hold(closed, outcome, entry, why, moment);
    RETURN outcome;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_reserve(
    owner uuid, wanted integer, plans jsonb, hold uuid, hold_key text, lifetime interval, why text, made_for uuid,
    moment timestamptz,
    OUT outcome text, OUT day date, OUT at timestamptz, OUT details jsonb
)
LANGUAGE plpgsql AS $function$
    -- Holds `wanted` of a user's quota at `at`, on `day`. The outcome is HOLD, with what came out of grants as details;
    -- or EXCEEDED, with where the user stands; or UNKNOWN, there is no such user; or, for a key that was used before,
    -- REPEAT, with that hold.
DECLARE
    standing record;
    from_day integer := wanted;
    parts jsonb;
    until timestamptz;
BEGIN
    at := coalesce(moment, statement_timestamp());
    -- Its days are of 24 hours, also where the session's time zone has another that day.
    until := (at AT TIME ZONE 'UTC' + lifetime) AT TIME ZONE 'UTC';
    IF hold_key IS NOT NULL THEN
        PERFORM FROM user_quotas WHERE user_id = owner FOR NO KEY UPDATE;
        SELECT jsonb_build_object(
            'id', l.id, 'amount', l.amount, 'quota_day', l.quota_day, 'generation_id', l.generation_id,
            'grants', l.grants, 'expires_at', l.expires_at, 'created_at', l.created_at,
            'closed', coalesce(closing.kind, CASE WHEN l.expires_at <= at THEN 'EXPIRE' END)
        ) INTO details
        FROM quota_ledger l
        LEFT JOIN quota_ledger closing
            ON closing.user_id = l.user_id AND closing.hold_id = l.hold_id
            AND closing.kind IN ('COMMIT', 'RELEASE', 'EXPIRE')
        WHERE l.user_id = owner AND l.key = hold_key AND l.kind = 'HOLD';
        IF FOUND THEN
            outcome := 'REPEAT';
            RETURN;
        END IF;
    END IF;

    -- The usual case: the day has enough left. One conditional UPDATE, which also begins a new day.
    UPDATE user_quotas q
    SET daily_used = wanted + CASE WHEN q.quota_day >= local.today THEN q.daily_used ELSE 0 END,
        granted_used = CASE WHEN q.quota_day >= local.today THEN q.granted_used ELSE 0 END,
        quota_day = greatest(q.quota_day, local.today),
        last_active_at = at
    FROM (
        SELECT (at AT TIME ZONE u.timezone)::date AS today, u.subscription_tier, u.subscription_expires_at
        FROM users u WHERE u.id = owner
    ) AS local
    WHERE q.user_id = owner
      AND wanted <= charmodels_daily_limit(
              q.daily_quota, local.subscription_tier, local.subscription_expires_at, plans, at
          ) - CASE WHEN q.quota_day >= local.today THEN q.daily_used ELSE 0 END
    RETURNING q.quota_day INTO day;

    IF NOT FOUND THEN
        SELECT * INTO standing FROM charmodels_quota(ARRAY[owner], plans, at);
        IF standing.day_left + standing.grants_left >= wanted THEN
            -- Enough, with what ran out or was granted. Looked at again under the lock.
            PERFORM FROM user_quotas WHERE user_id = owner FOR NO KEY UPDATE;
            PERFORM charmodels_expire_own_holds(owner, at);
            SELECT * INTO standing FROM charmodels_quota(ARRAY[owner], plans, at);
        END IF;
        IF standing.user_id IS NULL THEN
            outcome := 'UNKNOWN';  -- from the beginning, or deleted while this waited for the lock
            RETURN;
        END IF;
        IF standing.day_left + standing.grants_left < wanted THEN
            outcome := 'EXCEEDED';
            details := to_jsonb(standing);
            RETURN;
        END IF;
        day := standing.quota_day;
        from_day := least(wanted, standing.day_left);
        UPDATE user_quotas
        SET daily_used = from_day + CASE WHEN quota_day = day THEN daily_used ELSE 0 END,
            granted_used = wanted - from_day + CASE WHEN quota_day = day THEN granted_used ELSE 0 END,
            quota_day = day,
            last_active_at = at
        WHERE user_id = owner;
        -- Of the grants, what ends first is spent first.
        WITH usable AS (
            SELECT id, amount - spent AS unspent,
                   sum(amount - spent) OVER (ORDER BY expires_at, created_at, id) - amount + spent AS spent_before
            FROM quota_grants
            WHERE user_id = owner AND spent < amount AND (expires_at IS NULL OR expires_at > at)
        ), part AS (
            SELECT id, least(unspent, wanted - from_day - spent_before)::integer AS taken
            FROM usable WHERE spent_before < wanted - from_day
        ), spending AS (
            UPDATE quota_grants SET spent = spent + taken FROM part WHERE quota_grants.id = part.id
        )
        SELECT jsonb_object_agg(id, taken) INTO parts FROM part;
    END IF;

    outcome := 'HOLD';
    details := parts;
    INSERT INTO quota_holds (id, user_id, amount, quota_day, grants, key, generation_id, expires_at, created_at)
    VALUES (hold, owner, wanted, day, parts, hold_key, made_for, until, at);
    INSERT INTO quota_ledger (id, user_id, kind, amount, quota_day, hold_id, generation_id, grants, key, reason,
                              expires_at, created_at)
    VALUES (hold, owner, 'HOLD', wanted, day, hold, made_for, parts, hold_key, why, until, at);
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
