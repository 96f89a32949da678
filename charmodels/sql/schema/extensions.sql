-- What the schema needs of PostgreSQL's own extensions. pg_trgm is trusted: the owner of a database may create it.
--
-- Where an extension was made in another schema than ours, that one joins the search_path to the end of the transaction,
-- so that indexes find its operator classes, and functions with SET search_path FROM CURRENT its operators.
DO $block$
DECLARE
    home text;
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    SELECT n.nspname INTO home FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_trgm';
    IF NOT home = ANY (current_schemas(true)) THEN
        PERFORM set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), quote_ident(home)),
                           true);
    END IF;
END
$block$;
