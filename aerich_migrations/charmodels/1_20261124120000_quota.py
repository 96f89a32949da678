"""The quota at work: its functions, grants, a ledger that cannot be changed, and entries for changes of tier.

Undone, it loses the grants and the entries of kinds that the table before did not know.
"""

from __future__ import annotations

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE


UPGRADE = """
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

ALTER TABLE "users" ADD CONSTRAINT "users_timezone_known" CHECK ((TIMESTAMP '2000-01-01 00:00:00' AT TIME ZONE "timezone") IS NOT NULL);
ALTER TABLE "user_quotas"
    ADD "granted_used" INT NOT NULL DEFAULT 0,
    ADD CONSTRAINT "user_quotas_granted_used_not_negative" CHECK ("granted_used" >= 0);
ALTER TABLE "quota_holds"
    ADD "grants" JSONB,
    ADD "generation_id" UUID,
    DROP CONSTRAINT "quota_holds_user_id_fkey",
    ADD CONSTRAINT "quota_holds_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_quotas" ("user_id") ON DELETE CASCADE;
ALTER TABLE "quota_ledger"
    ALTER "quota_day" DROP NOT NULL,
    DROP CONSTRAINT "quota_ledger_user_id_fkey",
    ADD CONSTRAINT "quota_ledger_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_quotas" ("user_id") ON DELETE CASCADE,
    ADD "grants" JSONB,
    ADD "expires_at" TIMESTAMPTZ,
    DROP CONSTRAINT "quota_ledger_hold_id_present",
    ADD CONSTRAINT "quota_ledger_hold_id_present" CHECK (("hold_id" IS NOT NULL AND "quota_day" IS NOT NULL) OR "kind" IN ('GRANT', 'TIER'));
CREATE TABLE "quota_grants" (
    "id" UUID NOT NULL PRIMARY KEY DEFAULT charmodels_uuidv7(),
    "amount" INT NOT NULL,
    "spent" INT NOT NULL DEFAULT 0,
    "key" TEXT,
    "reason" TEXT,
    "expires_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "user_id" UUID NOT NULL,
    CONSTRAINT "quota_grants_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_quotas" ("user_id") ON DELETE CASCADE,
    CONSTRAINT "quota_grants_amount_range" CHECK ("amount" >= 1),
    CONSTRAINT "quota_grants_spent_range" CHECK ("spent" BETWEEN 0 AND "amount"),
    CONSTRAINT "quota_grants_key_length" CHECK (char_length("key") BETWEEN 1 AND 255),
    CONSTRAINT "quota_grants_reason_length" CHECK (char_length("reason") BETWEEN 0 AND 2000)
);
CREATE INDEX "quota_grants_owner" ON "quota_grants" ("user_id", "expires_at");
CREATE UNIQUE INDEX "quota_grants_user_id_key_key" ON "quota_grants" ("user_id", "key") WHERE "key" IS NOT NULL;
COMMENT ON TABLE "quota_ledger" IS 'One entry of the quota ledger, which only grows; the database refuses to change or delete one.';
COMMENT ON TABLE "quota_grants" IS 'Quota granted once, beside the plan''s: a top-up.';
COMMENT ON TABLE "quota_holds" IS 'Quota that is taken but not used yet. `User.objects.reserve_quota` makes one.';

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

CREATE OR REPLACE TRIGGER charmodels_keep_owner BEFORE UPDATE OF user_id ON "quota_grants"
FOR EACH ROW WHEN (NEW.user_id IS DISTINCT FROM OLD.user_id) EXECUTE FUNCTION charmodels_keep_owner();
CREATE OR REPLACE TRIGGER charmodels_change_tier AFTER UPDATE OF subscription_tier, subscription_expires_at ON "users"
FOR EACH ROW WHEN (
    (NEW.subscription_tier, NEW.subscription_expires_at)
    IS DISTINCT FROM (OLD.subscription_tier, OLD.subscription_expires_at)
) EXECUTE FUNCTION charmodels_change_tier();
DROP TRIGGER "charmodels_keep_owner" ON "quota_ledger";
CREATE OR REPLACE TRIGGER charmodels_append_only BEFORE UPDATE OR DELETE ON "quota_ledger"
FOR EACH ROW EXECUTE FUNCTION charmodels_append_only();
CREATE OR REPLACE TRIGGER charmodels_append_only_truncate BEFORE TRUNCATE ON "quota_ledger"
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_append_only();
"""

DOWNGRADE = """
DROP TRIGGER "charmodels_append_only_truncate" ON "quota_ledger";
DROP TRIGGER "charmodels_append_only" ON "quota_ledger";
CREATE OR REPLACE TRIGGER charmodels_keep_owner BEFORE UPDATE OF user_id ON "quota_ledger"
FOR EACH ROW WHEN (NEW.user_id IS DISTINCT FROM OLD.user_id) EXECUTE FUNCTION charmodels_keep_owner();
DROP TRIGGER "charmodels_change_tier" ON "users";
DROP FUNCTION charmodels_reserve, charmodels_close_hold, charmodels_expire_holds, charmodels_expire_own_holds, charmodels_settle_hold, charmodels_quota, charmodels_granted, charmodels_day_begins, charmodels_daily_limit, charmodels_change_tier, charmodels_append_only;
DROP TABLE "quota_grants";
DELETE FROM "quota_ledger" WHERE "quota_day" IS NULL;
ALTER TABLE "quota_ledger"
    DROP CONSTRAINT "quota_ledger_hold_id_present",
    ADD CONSTRAINT "quota_ledger_hold_id_present" CHECK ("hold_id" IS NOT NULL OR "kind" IN ('GRANT', 'TIER')),
    DROP CONSTRAINT "quota_ledger_user_id_fkey",
    ADD CONSTRAINT "quota_ledger_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE,
    DROP "expires_at",
    DROP "grants",
    ALTER "quota_day" SET NOT NULL;
ALTER TABLE "quota_holds"
    DROP CONSTRAINT "quota_holds_user_id_fkey",
    ADD CONSTRAINT "quota_holds_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE,
    DROP "generation_id",
    DROP "grants";
ALTER TABLE "user_quotas" DROP "granted_used";
ALTER TABLE "users" DROP CONSTRAINT "users_timezone_known";
COMMENT ON TABLE "quota_ledger" IS 'One entry of the quota ledger, which only grows.';
COMMENT ON TABLE "quota_holds" IS 'An open hold on a user''s quota. The row goes when the hold is committed, released or expired.';
"""

MODELS_STATE = (
    "eJztXW1z2ziS/iso3Qc7VRqV48wks8lt6hRbk2jXsbO2cjO16y0aImGJY4rUEKAdbS7//b"
    "oBvr9IIvUSSYN8iEUSDTYfNMHG0w3ga8scU3/iWczhnW5g2aLnCn/Wek2+tlw6YfCjokSb"
    "tOh0mr2OJwUdOlKMYlmDQWGbySt0yIVPTQEX76nDGZyyGDd9eypsz0WRK5cRqM0dwTXhEU"
    "p874l4vvotKyaUw8+nseewDukL4gXCsR8ZJ0NPjGVx6lok4MxvE+4RW5AxSLgeufd8Zo9c"
    "8sBmvIPaWJ4J6tjuaNs3Dlz7j4AZwhsxMWY+3P5f/4bTtmuxLwAUHH5t3dvMseTvljf8nZ"
    "nCsC2UNX1GBbMMKloow75MfcY5oMejaqJGy6BvqEpk88ym8npLikN74MHxbXKbW7hym7rR"
    "bYuc927OniWqR+33rU0ymkLTev4qWsYVVCkpCzRXsKlewoazKbWGYDZ51dL6lKmCtU8fDK"
    "lN5u1SDSvPG9ENPn/un/8iS6KhDg3Tc4KJm5SezsTYc+PiQWBbHZTBayPmMh9VSb1mbuA4"
    "4WsZnYrVE37AYvOzkhMWu6eBgy9r67/vA9fEd5SkugLbAnhs0NvnHZc9geW8DbVNSd784Z"
    "yro+OjRNZAhR9fHT87kkhlOwHUNfd6hqdMaCgA3HYFttfXb+puCXLybAtve/ahe3384qWs"
    "fepxMfLlRYlr65sUpIIaiWkkzYFvsFGvTVIiKzRMCHvWbDINk3SaEb4RVhnMDePyamDc9A"
    "aG8Z3QTdCUXachjwqADuD1KQc0K5XDFJRsYua7C+eg99sAa55w/oeDJy7/t3stMf7Y/U2C"
    "PJmFVy6uLt9HxT34lKoP7eXZxdW7HPCZr8ayhpwR0qacRZTKHrCOGScS2oQbmHDsDdTAWw"
    "k0gnt/jHYjaPsMHpuX9xjVkGelNO71cR8yHCAUMf/bzdVlOeaJRA5vyzYF+T/i2FwcFO4I"
    "xXzc8xDnenOsoNC73AtW0rtUwx4LaNSbo54agRWgP4crONIqhz8rmW+DULQT/djU57V8KG"
    "Q6nvnQCYRpuN7TolEQlpUjSi7oZLq5MdCg/7F3M+h+/JRpxPPuoIdXTjPdVXT2+GWuYeNK"
    "yK/9wQeCh+SfV5e9fFvH5Qb/bKFONBAegmFQKw1kdDo6JUfF9w+pgRieGFLz4Yn6llG44p"
    "16VWWLlyank/wZ6tKRbFlEE/VMNeIZ/AQPQhIypdxXUqC9iPoyo6JL8l5dMvW9yVS0CSVc"
    "zBxkoeiIS0qJusSegNpvoIz9CPZMAhh3O8gw2ZxMgyH0PGNmFTmtdVR66966vS9gpw57fe"
    "sS+Pf27VtC+cw1CRh4VNKgjnOMw+DX5Lb1Gf7etp6RH96SS8+N5DqdDv4JZeELRmKQiO2S"
    "GNyOGoTwjvfkwus+nMl6O7b1LFeRrOyJgsZxRZ1QneMUAbM0z5YaxWf7Gji3gC1KmttAre"
    "dSWOFtKkgsPIkXGzBadTUdQZsxxeNW6bpAPfLrh951D09xQyJvwpW/yk8c6V6ew4WwCwZN"
    "DOjtRMBlgaOzq4+fLnqD3vnR4idEk63xVLJ46pFGRaYOi6B9bkV7Bq8OYGjUappIal7bpG"
    "pOP0zmNOnfEPASyOXniwtNSe4tJamdJu00pZ2mtEMdTK2GtpGV1LZxeLZRl3ZfiXDfn4Ht"
    "Rmgc5WrXQTuR0OxwA8DliEZhVgC95waTctCzUtsDvnXd6170bwb9s2Jnlr2UHRjmB3Xl2M"
    "PA9ovhMHckxnD4/GSJtkiBGzbG6fHzk2c5kOUY0Qh8p45hZ4R0X1LftMU4mAxdajt1kS8I"
    "avTroz9hgqIrXocbTsusRA+v6kMNA9sRtss7eNv5jtNt6+jrt6MwWWVP6ONodF98Ibq+T2"
    "dV2QRKKNcw224RvN93bRE0/3/9O9/DR+RHEdYLWwAwzjvPcxh1K/r6tHgO4CEIbgrg+Ezl"
    "sECW2NRQ4N3V1UXGuN/18z3L54/vetfHz6UCUAiwxNP9y0GuAQokU2VDVHs1pXVs0bn51L"
    "s871++X2TcYbFyC//erk7MeTcYSudl1zCY3qOP8L4Ni9OcbKGhq2nOnJhOj8q+P98tb3KP"
    "BsIL4CwEQ7PoFqH9RaWW/50pz6cPelDXLBvapri1z2FV+wlrcjZ5kXz6FAcx0kYFzw9PzN"
    "SX96x7c9Y977VKu4I1QRsHMQepeveyM1gIc643zEANOqiQ07fqaH6ZA1Ti+rwLhX/5+zVz"
    "aEU6ZaoF3seVHQ7037aW+RCb7aIMiLR9L5kJEQc1a6ZEkCdbjKMMBpm7IJMY7uEieRrb5j"
    "gJ/3NCfUYm1JIzdDjBJ8B0Blv+FgH40DgLpzpTYkP3qpmIIIFfNlicwCrz5Q24p8S/ImqM"
    "ZfLzU2Ib07FgHQvW8b7W3g5sdCxY28ZOxIJ3dOywtRBCWs0amOfEtkjgFd+qPUJbh963DP"
    "h+hd7rA/+9qWgd5dpAlAsnYz6WGOySUa5EfItRrmioU+nvYIE9iHEFHDNCTC9wS7rpvlvR"
    "S+ekcrjb7sbs+iSP+UlzgEFB+PPD6fMfX/3484uXP/4MRaRm8ZlXc9pAQVljkszXIkOwBl"
    "YtM/NFk2qtZUi1FBNZwaZlucr5NFqOJF1Mnw3GjPjM9HyLePfEc/FITtVtKzorjMXiAjfx"
    "fIY2+aXbv+id48I3Z93Ls94FHGQXu0F6K5luUyDStnbX7c3tSSG/7ck9Ka2R1quhaCiJbO"
    "AiRjCjMpRNTyaRh5WTSORrlJ+PFPOS9ZA10z1M5XSkVOVpNbPn9aQXTXRqMuugySxNdGrb"
    "qLKNxkl0OnOu1Yyu0PzbYiQ1/6b5tz8x/zakwhwb3P5PicXeTKjjVJJAWcntcUDP8xA+b4"
    "5WyAG9OH31MqZ/8GAe83PzsXtxUWTSoOd8BIffN5ot11UhrqcJ1e+Ew2H1ssiHxTXSTeJ7"
    "tufbogTu+V1HWm6vyeN1dBxUYKKYKPmuzQcxLfenBxEdjqZA5mW3B+aLPJgvdgJMGPOZAa"
    "uNY0rsT2+PzPc935gwjpGyOl+jgqD+LjUZhlG/GQuVldSzxXaZTzI9XPyuIROdk9UtvdMt"
    "nY5dFVq6OhSUl9MzA/XMQD0z8PuneLRXmRmYCUivc2rg3vYCC/HN94MrzAnM81RryGH6FF"
    "Z5rWo8IDuvl8qUgPy7N6yG9cplAw/+qzvt8m+q0sOw8G8r5X0hFAtTv0K8ls3+MqDRlp9A"
    "6VCT4eLKYswIAB2wDpEZWt4TUYlVnuvMcGajw2SOVXIfnMroTZkr9zJDcbUHGvR0M044Dt"
    "BLZ1Fu9Ia4FnWXAABymqYXCEKJwyhnBFeB5m9kvlk4g1Odt+WWbZ7/wPwjHq5wfScvGezL"
    "1PZxyzFx1yShLM0t0kdqS8MOvfxUa9VJgpJNa+CjIJ7t6jSo6N6prLK0CiqTK6NEOlkq5K"
    "DgSR+YG2ZLlWdK5VK78rjVfTIpb817sPwdFqldneRVkUhXU+Pl0/1qbfiWtY8aXnFBcLvp"
    "ZzvpGbdJdQqZDhysI3CQ693q8B95WZ1vdXisifq81iGfEwnNOjfYFS39Iazz9SgIap4qi2"
    "zBwanZ25XJa8Z3l/su5spBShNqPyeqv2yHZx2at9a89S7wqgt562pGtcgMlg1Di80QsX81"
    "GqHWyms7Ofpc2BCF8fcSzbHyPNI8b13BKJbQ2/M5xVKKfTGr+KtcBi3F20U7yZGowiMeTf"
    "okQ+Z47ogT4b0hFCC1RyPmExC6S839uyMPjE1xkmeRUtzo3ZBP7AukGF2LEzqlPtZh0gCZ"
    "Q7kPnjJP4j1CPdRxCL6JvB3yl6lKyYTOQJRYNqo+DMDuyXAmizchF2sRiIV2NLIvdhV3lS"
    "cI18aiFRXaEI+2VC40xt02nwu9W/1ZdmLE6U8/zfmARyNSKJVflD+eISGvzafadpPT3I0P"
    "vE6f+N5wajd02+kT85zLRuCu5l7uCcRNHMyt7pH8j8ATtOcKf1blh6ZKLHRB/8Cy8KGyRu"
    "Geygu9TxiSEIaV4/IiKsgMVRBVRTtco1fGmEe+98TfyDL40RpiONhn92DE6CAiWeKCF+n5"
    "ROGLseOi+7nZ26l49thzLDKmXEavP1xdnKs7RrUPGfW5rBcLgrcLzhSxrTauTtwGGZMR0/"
    "E4kwcM9Ty7+vixP2iT695Fr3vTw5v2fvvUv+6BV3zrhi6tfBEIZ0o9MaaiQ95fdy8HctXj"
    "Qb93rfxicHtjVUXo2/JwI2Y6waWZXoNiT2QSgK5P8BRjsKU2er7w/8h+ZC5B60MlRj51BZ"
    "52GfrTLhtRXFLrtXy4BxsXW2aOw8PnfgKPGpzwkcd4h5zgftHqpvgP1euoQ2VCFp2parCP"
    "Aowcz6QONMRMPhkMBiTIciUp8PzdN3JfarkHdfaZw0qlpvw1aALCYcurh4U6AHEfPH5Vpg"
    "1NIRFUl+EY6rxUiGFNCRn8Okw/eBoDJGp0oaAKYUFBHgzR2ofhZt7bW+Mm/SKusMhNtL7N"
    "2pe2yei3qbVtwk2f0RLVPs/4Mma3eC5b8Sb1JGhlSwyQMk+jXl7DCz+ASz1JeJ/M0yit+5"
    "fk+Eh1AEdtchR2AfhTdQFHeuXvvV0QB5u42CDV8/2j8gc3039eEsO8if6v8vP8VaddxLR6"
    "MuRk+4sRbpInWMPahGk8449xeTCtHNOM0Lww2kGFSjHAlUMv+nrU6HNTIjqYX7mt3vcjpA"
    "4TWen5FiGt3h01kVhpb9T9QXMje5/qBSe2lWIFQxpeb+X+RELjXR/v5ilXOtlqf9Jp9IKe"
    "OtVKp1rpGNeuBGAiBTaXa7WB2Mt7dKVb82IvqkR7udhL4pkvjr3I2hO6GkylTYaM2xaTBP"
    "nUoe4Rf42ZN970h2BajKbUrSDMz7E54VPmCkWdqwjLLAqEcBlqIMH0DRL1HCMLFNofSyHF"
    "L+l/huk997bPRY04RqhmyONLBZKAQMLfI22PGpTw/bG6PiYn2RiV4OINoWAN8OCfB2epMI"
    "QMiaxI+i8/My/d9jXp/szkvM3Q/KFe21vCXhPg+0GAa7p2vXSt7NRqwBmX3+s5kWuDT/Mx"
    "mo85TLw1H/NnGHNrPkbzMZqP0XyM5mNW4GM+eLkxY2mB9nJsDIbza5Exkt6wORH0ARMtA0"
    "FcTyhGZMZEh9yheXS84e/MFLwD9sn8R2bIm92RCQjx8rzXtdaOnMuZN5kgaZIicXAVCKzd"
    "gjJt4rNwxSaRzpCE+71R+aAyZdT0oKdWTA6xmAnDXC7zYHHJKMtj/Na9Sy3rBJfuBUipfF"
    "JbRPmflEd3s5LVqTDPVK0dJQkmqBwZCsUX4SJSQ/xUqErwSXjyHOqK5JiemONIfcL6efws"
    "YONwuCT9FFJLdTJck6ez3YokViwCNoqbKuJh/fzVVLskib1pPiviygT0Q+F9cTrdhKnbtx"
    "H5e+rjHzHG5b6k5ZAH+AjxUNZnU+layLsh/0XucnZ1D3paqAb8gcvYFDCygsfmglG56yRY"
    "HphxNMGv94XiGrwh1m/fviX2ZOr5IuUzoELmJClA+cw1wQbuiQV90TEi/hoKyL72GfnhrQ"
    "QorLDT6ciUZCUjDSgsWf5iyNo6tvUsJx///i/55ihC1DZF4LPtsoKyD9osKdhMJSk1lwZc"
    "pIbm+TTPtw/O0cGlZe4awPXyMnW+m8532xmkN8L36VzZ9X7adpJJ3aNOeO/oMk2laipVU6"
    "maStVUajMqVUJfwaJGzTKfQJUrMy1Hnd54Ezb0LFyG3gtpynjnCl7kQucXR4op4hBtuOI5"
    "Vkh9qSn/XK4bhTxduMyU7ZI72RJygMXvKkiqhIPiYMhGAD0qMk8IRo458pkIfBdpOFvI6x"
    "31TTlmE2o7f71tUYv+D1M36JjeBCkbhBmudC2aYUqW5pdk1YvIG9kkhiw6P4HL8Z6Yj/wN"
    "FgWFSuYo5xgk6HDHJ0vMtFYqRKUXpZFF5fLskU4S2yPySLti2hWrdMWmVkPbyEpq2zg821"
    "CftIJZ9PB0xQg9ktjlBRZ2lnOKP+EFyKspvrSM5vnqYy7/1sA7Kq+xbmDfj+Ch+Ebgl3Qq"
    "cyw8I6Vxb7Aps1pDS+oJH7oydqB6yZxS4e11761frnu94gc8PrtDS+dkkGrOcs+pRicP77"
    "K7hC3wH8+t9TlJy2zxpfo8OCu+U9HJ3e3UCqRnNT1XsmvtGjZMrbNj7Y56s8UNPcvDnmtA"
    "6yDXp62KEkebkK4LsuU2jd1L1PROxk2RUxlIuBiuzdaAWnZh4sMFrCpdqRFe8WICh4tXnH"
    "S/BriiZP9DQatW3C8HbDWk9bYWx5DWP6IK99LhX8u24gkMc+KkMU6Lg6Vh/FEWXmLTn2Qh"
    "bLUEei66qfbexiAolTMU2mRCLYZ74CQb8cSzK+JtcXJb/az9HhhavbOo7cxwNQnrTs7NuA"
    "tX9ghPqU2DcArEXZzyetcunWqBCuDW4hRnlaipF2ym5l3gFIKTTny3cK4C7hvk4yyVeH2T"
    "6AHDqpFiaKvFpyeMujy1DsqSi4FUhiV3J+1kF7b2WnOQMdXKRYAr09RzUo1y1Xesh1t3qn"
    "rystbGNRLSi1PgmXQnVwPKvJgGM3EU9brWzeZPCMDBMZInLPqF9qjSIEuE99om/3J6+uLF"
    "q9OTFy9//unHV69++vkkNs7ipXlW+q7/Hg21naYOi5brUC4McO3sR9ZkQ+uCtCbld42Ur0"
    "ETF0dzi/JoG2wD2zSLdhe8xDXvxLtyWmyX+bY5blUM+MKr7UWjPZqUWzTQqwZshZFI2SCk"
    "sr8vHX6UdPFh6+ysRa3HBakegcDIkpdurle932lK5CAylja2y2kqiQNerBoIh8UPEN3nJy"
    "dLoAulKtGV17Lowh1F6QqE1TNrUyIrTa3dNbS3Mbd2JU9h1Q/bt/8HFQ1mSg=="
)
