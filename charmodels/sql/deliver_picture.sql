-- Hands in a picture without the lease on the job. The function is in schema/generations.sql.
SELECT outcome, status FROM charmodels_deliver($1, $2, $3, $4, $5, $6)
