-- Ends an attempt without a picture. The function is in schema/generations.sql.
SELECT outcome, status FROM charmodels_fail($1, $2, $3, $4, $5, $6, $7)
