-- The extensions that the role can make here: there on the server's disk, not made yet, and trusted unless the role is
-- a superuser. Those of a backup that cannot be made are left out of its restore.
SELECT DISTINCT v.name::text AS name FROM pg_available_extension_versions AS v
WHERE (v.trusted OR NOT v.superuser OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))
AND NOT EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = v.name)
