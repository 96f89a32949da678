-- Deletes generations that ended long ago. The function is in schema/generations.sql.
SELECT created_at, id FROM charmodels_prune($1, $2, $3, $4, $5)
