-- The transactions that have written rows with tags and are not over; or of the given ones those that are not.
SELECT array_agg(DISTINCT virtualtransaction) AS writers
FROM pg_locks
WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted AND pid <> pg_backend_pid()
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND relation IN ('characters'::regclass, 'character_templates'::regclass)
  AND (:given::text[] IS NULL OR virtualtransaction = ANY (:given::text[]))
