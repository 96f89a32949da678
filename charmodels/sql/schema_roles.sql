-- The roles that own what is in a schema or have privileges in the database: those a GRANT in its backup may name.
SELECT r.rolname::text AS rolname FROM pg_roles AS r
WHERE r.oid IN (
    SELECT c.relowner FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1
    UNION
    SELECT s.refobjid FROM pg_shdepend AS s JOIN pg_database AS d ON d.oid = s.dbid
    WHERE d.datname = current_database() AND s.refclassid = 'pg_authid'::regclass AND s.deptype IN ('a', 'o')
)
ORDER BY r.rolname
