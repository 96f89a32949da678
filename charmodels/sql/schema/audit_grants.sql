-- Grants go into the audit trail, but not what is spent of them.
CREATE OR REPLACE TRIGGER charmodels_audit_grant AFTER INSERT ON :table
FOR EACH ROW EXECUTE FUNCTION charmodels_audit('GRANT', 'id', 'user_id', 'amount key reason expires_at');
CREATE OR REPLACE TRIGGER charmodels_audit_update AFTER UPDATE OF amount, expires_at ON :table
FOR EACH ROW WHEN ((NEW.amount, NEW.expires_at) IS DISTINCT FROM (OLD.amount, OLD.expires_at))
EXECUTE FUNCTION charmodels_audit('UPDATE', 'id', 'user_id', 'amount expires_at');
CREATE OR REPLACE TRIGGER charmodels_audit_delete AFTER DELETE ON :table
FOR EACH ROW EXECUTE FUNCTION charmodels_audit('DELETE', 'id', 'user_id', 'amount spent key reason expires_at');
CREATE OR REPLACE TRIGGER charmodels_audit_truncate AFTER TRUNCATE ON :table
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_audit('TRUNCATE');
