-- What is dead in the tables of the schema, as far as the server's statistics know.
SELECT
    s.relname AS name,
    s.n_live_tup AS live,
    s.n_dead_tup AS dead,
    c.reltuples < 0 AS never_analyzed,
    coalesce((
        SELECT option_value::boolean FROM pg_options_to_table(c.reloptions) WHERE option_name = 'autovacuum_enabled'
    ), true) AS autovacuum
FROM pg_stat_user_tables s
JOIN pg_class c ON c.oid = s.relid
WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'users'::regclass)
ORDER BY s.relname
