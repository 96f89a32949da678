-- What there is to give rights on: the tables that are there, the functions, whose they are, and what roles there are. The
-- ORM knows nothing of the catalog.
WITH objects AS (
    SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind, c.oid::regclass::text AS name, c.relowner AS owner,
           format('%I.%I', n.nspname, c.relname) AS quoted
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relname = ANY ($2::text[]) AND c.relkind IN ('r', 'p', 'v')
    UNION ALL
    SELECT 'FUNCTION', p.proname, p.proowner,
           format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = current_schema() AND starts_with(p.proname, 'charmodels_') AND p.prokind = 'f'
), foreign_objects AS (
    SELECT * FROM objects WHERE pg_get_userbyid(owner) <> $4::text
)
SELECT current_database()::text AS database,
       current_schema()::text AS schema,
       current_user::text AS me,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_superuser,
       ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname = ANY ($1::text[])) AS present,
       ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname = ANY ($1::text[]) AND rolsuper) AS superusers,
       ARRAY(
           SELECT r.rolname::text FROM pg_roles r JOIN pg_roles o ON o.rolname = $4::text
           WHERE r.rolname = ANY ($1::text[]) AND pg_has_role(r.oid, o.oid, 'MEMBER')
       ) AS members,
       ARRAY(SELECT kind FROM foreign_objects ORDER BY kind DESC, quoted) AS kinds,
       ARRAY(SELECT quoted FROM foreign_objects ORDER BY kind DESC, quoted) AS foreign_objects,
       ARRAY(SELECT quoted FROM objects WHERE kind = 'FUNCTION' AND name = ANY ($3::text[]) ORDER BY quoted) AS guarded
