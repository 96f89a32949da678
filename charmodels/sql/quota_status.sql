-- Where users stand with their quota, in one statement for all of them: a function of the schema, which the ORM cannot
-- ask, and which reserving asks as well.
SELECT standing.*, clock.at
FROM (SELECT coalesce($3::timestamptz, statement_timestamp()) AS at) AS clock
CROSS JOIN LATERAL charmodels_quota($1, $2, clock.at) AS standing
