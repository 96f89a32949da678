-- Gives back the holds of some users that ran out. The function is in schema/quota.sql.
SELECT charmodels_expire_holds($1, $2) AS expired
