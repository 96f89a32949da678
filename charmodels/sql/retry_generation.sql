-- Queues once more what has failed. The function is in schema/generations.sql.
SELECT outcome, at, details FROM charmodels_retry($1, $2, $3, $4, $5, $6, $7, $8)
