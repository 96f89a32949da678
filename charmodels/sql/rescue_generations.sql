-- Takes back jobs whose lease ran out. The function is in schema/generations.sql.
SELECT generation_id, user_id, status FROM charmodels_rescue($1, $2)
