-- Transactions of this database that began long ago: vacuum keeps every row version that they might still see. Prepared
-- ones have no process. Their statements are not read: they may hold values.
SELECT pid, application_name AS name, state = 'active' AS is_active, false AS is_prepared,
       extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
  AND xact_start < clock_timestamp() - $1::interval
UNION ALL
SELECT NULL, gid, false, true, extract(epoch FROM clock_timestamp() - prepared)::float8
FROM pg_prepared_xacts
WHERE database = current_database() AND prepared < clock_timestamp() - $1::interval
ORDER BY seconds DESC
