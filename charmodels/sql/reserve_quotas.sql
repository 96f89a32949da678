-- Holds parts of many users' quotas, in one transaction. The function is in schema/quota.sql.
SELECT number, outcome, day, at, details FROM charmodels_reserve_many($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
