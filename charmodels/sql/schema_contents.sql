-- What is in a schema, leaving out what belongs to an extension and what another thing brings along; tables first. The
-- system's catalogs are no models.
WITH home AS (SELECT oid FROM pg_namespace WHERE nspname = $1),
things AS (
    SELECT 'pg_class'::regclass AS catalog, oid, relname AS name,
        CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
            WHEN 'S' THEN 'SEQUENCE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END AS kind,
        '' AS arguments, position(relkind IN 'rpfvmSc') AS turn
    FROM pg_class WHERE relnamespace = (SELECT oid FROM home) AND relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c')
    UNION ALL
    SELECT 'pg_proc'::regclass, oid, proname, CASE prokind WHEN 'a' THEN 'AGGREGATE' ELSE 'ROUTINE' END,
        '(' || pg_get_function_identity_arguments(oid) || ')', 10
    FROM pg_proc WHERE pronamespace = (SELECT oid FROM home)
    UNION ALL
    SELECT 'pg_type'::regclass, oid, typname, CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, '', 11
    FROM pg_type WHERE typnamespace = (SELECT oid FROM home) AND typtype IN ('d', 'e', 'r')
    UNION ALL
    SELECT 'pg_ts_config'::regclass, oid, cfgname, 'TEXT SEARCH CONFIGURATION', '', 12
    FROM pg_ts_config WHERE cfgnamespace = (SELECT oid FROM home)
    UNION ALL
    SELECT 'pg_ts_dict'::regclass, oid, dictname, 'TEXT SEARCH DICTIONARY', '', 13
    FROM pg_ts_dict WHERE dictnamespace = (SELECT oid FROM home)
    UNION ALL
    SELECT 'pg_collation'::regclass, oid, collname, 'COLLATION', '', 14
    FROM pg_collation WHERE collnamespace = (SELECT oid FROM home)
)
SELECT kind, name::text AS name, format('%I.%I%s', $1::text, name, arguments) AS identity
FROM things
WHERE NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = things.catalog AND d.objid = things.oid AND d.deptype IN ('e', 'i')
)
ORDER BY turn, name
