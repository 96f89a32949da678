-- Holds part of a user's quota: one statement to the caller. The function is in schema/quota.sql.
SELECT outcome, day, at, details FROM charmodels_reserve($2, $3, $1, $4, $5, $6, $7, $8, $9)
