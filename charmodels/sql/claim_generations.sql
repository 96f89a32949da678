-- Leases jobs to a worker. The function is in schema/generations.sql.
SELECT * FROM charmodels_claim($1, $2, $3, $4, $5)
