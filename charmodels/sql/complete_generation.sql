-- Hands in the picture of one generation. The function is in schema/generations.sql.
SELECT outcome, status FROM charmodels_complete($1, $2, $3, $4, $5, $6, $7)
