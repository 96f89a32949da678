-- Folds notes, unless the server only reads.
SELECT CASE WHEN current_setting('transaction_read_only') = 'on' THEN 0 ELSE charmodels_fold_tags($1) END AS folded
