-- How the server is set for this role in this database. The ORM has no words for settings.
SELECT
    current_setting('server_version_num')::integer AS version_number,
    current_setting('server_version') AS version,
    current_setting('jit')::boolean AND pg_jit_available() AS jit,
    pg_size_bytes(current_setting('shared_buffers')) AS shared_buffers,
    pg_database_size(current_database()) AS database_size,
    current_setting('random_page_cost')::float8 AS random_page_cost,
    current_setting('max_connections')::integer AS max_connections,
    current_setting('superuser_reserved_connections')::integer
        + coalesce(current_setting('reserved_connections', true)::integer, 0) AS reserved_connections,
    (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS role_limit,
    (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS database_limit,
    current_setting('autovacuum')::boolean AS autovacuum,
    current_setting('track_counts')::boolean AS track_counts,
    current_setting('fsync')::boolean AS fsync,
    pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_all_sessions,
    (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()) AS statistics_since
