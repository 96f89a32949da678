-- What waits to be tidied up: notes on tags up to a number that is many, holds and leases that ran out so long ago.
SELECT
    (SELECT count(*) FROM (SELECT FROM tag_deltas LIMIT $1) AS noted) AS notes,
    (SELECT count(*) FROM quota_holds WHERE expires_at < statement_timestamp() - $2::interval) AS holds,
    (SELECT count(*) FROM generation_jobs
     WHERE attempt_token IS NOT NULL AND lease_expires_at < statement_timestamp() - $3::interval) AS leases
