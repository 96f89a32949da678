-- Who publishes, takes back or deletes a character is noted in the audit trail; what is made and edited is not.
CREATE OR REPLACE TRIGGER charmodels_audit_new_public AFTER INSERT ON :table
FOR EACH ROW WHEN (NEW.is_public) EXECUTE FUNCTION charmodels_audit('PUBLISH', 'id', 'user_id', 'is_public published_at');
CREATE OR REPLACE TRIGGER charmodels_audit_publish AFTER UPDATE OF is_public ON :table
FOR EACH ROW WHEN (NEW.is_public AND NOT OLD.is_public)
EXECUTE FUNCTION charmodels_audit('PUBLISH', 'id', 'user_id', 'is_public published_at');
CREATE OR REPLACE TRIGGER charmodels_audit_unpublish AFTER UPDATE OF is_public ON :table
FOR EACH ROW WHEN (OLD.is_public AND NOT NEW.is_public)
EXECUTE FUNCTION charmodels_audit('UNPUBLISH', 'id', 'user_id', 'is_public published_at');
CREATE OR REPLACE TRIGGER charmodels_audit_delete AFTER DELETE ON :table
FOR EACH ROW EXECUTE FUNCTION charmodels_audit(
    'DELETE', 'id', 'user_id', 'name prompt style_type tags is_public generation_status created_at'
);
CREATE OR REPLACE TRIGGER charmodels_audit_truncate AFTER TRUNCATE ON :table
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_audit('TRUNCATE');
