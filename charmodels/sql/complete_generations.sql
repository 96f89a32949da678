-- Hands in the pictures of many generations, in one transaction. The function is in schema/generations.sql.
SELECT number, outcome, status FROM charmodels_complete_many($1, $2, $3, $4, $5, $6, $7, $8)
