-- The extensions of this database, and what the server would install today.
SELECT e.extname AS name, e.extversion AS installed, a.default_version AS available
FROM pg_extension e
LEFT JOIN pg_available_extensions a ON a.name = e.extname
ORDER BY e.extname
