-- What is done to templates goes into the audit trail, but not how often they are used.
CREATE OR REPLACE TRIGGER charmodels_audit_create AFTER INSERT ON :table
FOR EACH ROW EXECUTE FUNCTION charmodels_audit(
    'CREATE', 'id', '', 'name description prompt style_type tags is_active'
);
CREATE OR REPLACE TRIGGER charmodels_audit_update
AFTER UPDATE OF name, description, prompt, style_type, tags, is_active ON :table
FOR EACH ROW WHEN (
    (NEW.name, NEW.description, NEW.prompt, NEW.style_type, NEW.tags, NEW.is_active)
    IS DISTINCT FROM (OLD.name, OLD.description, OLD.prompt, OLD.style_type, OLD.tags, OLD.is_active)
) EXECUTE FUNCTION charmodels_audit('UPDATE', 'id', '', 'name description prompt style_type tags is_active');
CREATE OR REPLACE TRIGGER charmodels_audit_delete AFTER DELETE ON :table
FOR EACH ROW EXECUTE FUNCTION charmodels_audit(
    'DELETE', 'id', '', 'name description prompt style_type tags is_active'
);
CREATE OR REPLACE TRIGGER charmodels_audit_truncate AFTER TRUNCATE ON :table
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_audit('TRUNCATE');
