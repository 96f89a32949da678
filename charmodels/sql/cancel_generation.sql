-- Cancels what waits, or asks its worker to. The function is in schema/generations.sql.
SELECT charmodels_cancel($1, $2, $3) AS status
