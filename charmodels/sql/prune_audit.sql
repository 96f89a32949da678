-- Old entries of the audit trail, with an entry about it. The server deletes them by a function, for it refuses others.
SELECT entries, last FROM charmodels_prune_audit($1, $2, $3)
