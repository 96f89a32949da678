"""Claims and completions that cost the server less.

Undone, nothing is lost.
"""

from __future__ import annotations

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE


UPGRADE = """
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

CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON users
FOR EACH ROW WHEN (
    NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at
    OR (NEW.updated_at BETWEEN statement_timestamp() AND clock_timestamp()) IS NOT TRUE
)
EXECUTE FUNCTION charmodels_touch();
CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON characters
FOR EACH ROW WHEN (
    NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at
    OR (NEW.updated_at BETWEEN statement_timestamp() AND clock_timestamp()) IS NOT TRUE
)
EXECUTE FUNCTION charmodels_touch();
CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON character_templates
FOR EACH ROW WHEN (
    NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at
    OR (NEW.updated_at BETWEEN statement_timestamp() AND clock_timestamp()) IS NOT TRUE
)
EXECUTE FUNCTION charmodels_touch();
CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON generations
FOR EACH ROW WHEN (
    NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at
    OR (NEW.updated_at BETWEEN statement_timestamp() AND clock_timestamp()) IS NOT TRUE
)
EXECUTE FUNCTION charmodels_touch();
"""

DOWNGRADE = """
CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON generations
FOR EACH ROW EXECUTE FUNCTION charmodels_touch();
CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON character_templates
FOR EACH ROW EXECUTE FUNCTION charmodels_touch();
CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON characters
FOR EACH ROW EXECUTE FUNCTION charmodels_touch();
CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON users
FOR EACH ROW EXECUTE FUNCTION charmodels_touch();

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
