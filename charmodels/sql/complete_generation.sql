-- Hands in the picture of one generation. The function is in schema/generations.sql.
SELECT outcome, status
FROM charmodels_complete_many(ARRAY[$1::uuid], ARRAY[$2::uuid], ARRAY[$3::uuid], ARRAY[$4::text], ARRAY[$5::text],
                              ARRAY[$6::jsonb], ARRAY[$7::timestamptz], true)
