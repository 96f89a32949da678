-- Which statements of this database took the most time, out of the extension pg_stat_statements, in whichever schema it
-- is installed. The ORM does not know the extension's view. One row a statement, whoever ran it; times in milliseconds.
SELECT min(s.query) AS statement,
       sum(s.calls)::bigint AS calls,
       sum(s.total_exec_time) AS total_ms,
       sum(s.total_exec_time) / sum(s.calls) AS mean_ms,
       max(s.max_exec_time) AS max_ms,
       sum(s.rows)::bigint AS rows,
       sum(s.total_exec_time) / nullif(sum(sum(s.total_exec_time)) OVER (), 0) AS share
FROM {schema}.pg_stat_statements s
WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND s.calls > 0
GROUP BY s.queryid
ORDER BY CASE $1 WHEN 'mean' THEN sum(s.total_exec_time) / sum(s.calls)
                 WHEN 'calls' THEN sum(s.calls)
                 ELSE sum(s.total_exec_time) END DESC, s.queryid
LIMIT $2
