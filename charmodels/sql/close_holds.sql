-- Commits or releases many holds, in one transaction. The function is in schema/quota.sql.
SELECT number, kind FROM charmodels_close_many($1, $2, $3, $4, $5, $6, $7)
