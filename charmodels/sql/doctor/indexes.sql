-- The indexes of the schema that holds the tables, and how often they were used. One that is being built is left out:
-- it is not valid yet.
SELECT
    t.relname AS table_name,
    c.relname AS name,
    i.indisvalid AND i.indisready AS is_valid,
    i.indisunique AS is_unique,
    coalesce(s.idx_scan, 0) AS scans,
    pg_relation_size(c.oid) AS bytes
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_class t ON t.oid = i.indrelid
LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.indexrelid
WHERE t.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'users'::regclass)
  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
ORDER BY t.relname, c.relname
