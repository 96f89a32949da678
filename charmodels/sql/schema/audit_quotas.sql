-- Overrides of the daily quota go into the audit trail. No reservation sets that column, so none pays for it.
CREATE OR REPLACE TRIGGER charmodels_audit_new_quota AFTER INSERT ON :table
FOR EACH ROW WHEN (NEW.daily_quota IS NOT NULL)
EXECUTE FUNCTION charmodels_audit('QUOTA', 'user_id', 'user_id', 'daily_quota');
CREATE OR REPLACE TRIGGER charmodels_audit_quota AFTER UPDATE OF daily_quota ON :table
FOR EACH ROW WHEN (NEW.daily_quota IS DISTINCT FROM OLD.daily_quota)
EXECUTE FUNCTION charmodels_audit('QUOTA', 'user_id', 'user_id', 'daily_quota');
CREATE OR REPLACE TRIGGER charmodels_audit_truncate AFTER TRUNCATE ON :table
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_audit('TRUNCATE');
