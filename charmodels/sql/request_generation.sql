-- Asks for a generation: hold, character, record and job in one statement. The function is in schema/generations.sql.
SELECT outcome, at, given_priority, details
FROM charmodels_request($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
