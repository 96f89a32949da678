-- What is written stays as it is; old entries go by charmodels_prune_audit alone.
CREATE OR REPLACE TRIGGER charmodels_guard_audit BEFORE UPDATE OR TRUNCATE ON :table
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_guard_audit();
CREATE OR REPLACE TRIGGER charmodels_guard_audit_delete AFTER DELETE ON :table
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION charmodels_guard_audit();
