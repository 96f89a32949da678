-- Changes of tier and address, and whatever deletes users, go into the audit trail; nothing else about them does.
CREATE OR REPLACE TRIGGER charmodels_audit_new_tier AFTER INSERT ON :table
FOR EACH ROW WHEN (NEW.subscription_tier <> 'FREE')
EXECUTE FUNCTION charmodels_audit('TIER', 'id', 'id', 'subscription_tier subscription_expires_at');
CREATE OR REPLACE TRIGGER charmodels_audit_tier AFTER UPDATE OF subscription_tier, subscription_expires_at ON :table
FOR EACH ROW WHEN (
    (NEW.subscription_tier, NEW.subscription_expires_at)
    IS DISTINCT FROM (OLD.subscription_tier, OLD.subscription_expires_at)
) EXECUTE FUNCTION charmodels_audit('TIER', 'id', 'id', 'subscription_tier subscription_expires_at');
CREATE OR REPLACE TRIGGER charmodels_audit_email AFTER UPDATE OF email ON :table
FOR EACH ROW WHEN (NEW.email <> OLD.email) EXECUTE FUNCTION charmodels_audit('EMAIL', 'id', 'id', 'email');
CREATE OR REPLACE TRIGGER charmodels_audit_delete AFTER DELETE ON :table
FOR EACH ROW EXECUTE FUNCTION charmodels_audit(
    'DELETE', 'id', 'id', 'email subscription_tier subscription_expires_at created_at'
);
CREATE OR REPLACE TRIGGER charmodels_audit_truncate AFTER TRUNCATE ON :table
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_audit('TRUNCATE');
