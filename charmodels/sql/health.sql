-- What a health check asks of the server: its version, whether it takes writes, and which of the extensions that are
-- asked for are there. The ORM knows neither settings nor the catalogue. It calls nothing that touches the session, and
-- reads no table of ours, so that it answers in an empty database too.
SELECT
    current_setting('server_version') AS version,
    current_setting('transaction_read_only') = 'on' AS is_read_only,
    current_setting('in_hot_standby') = 'on' AS is_standby,
    ARRAY(SELECT extname::text FROM pg_catalog.pg_extension WHERE extname = ANY ($1::text[])) AS extensions
