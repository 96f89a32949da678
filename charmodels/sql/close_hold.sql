-- Commits or releases a hold, unless that was decided before. The function is in schema/quota.sql.
SELECT charmodels_close_hold($1, $2, $3, $4, $5, $6) AS kind
