-- The ledger knows every change of tier, also one made in SQL.
CREATE OR REPLACE TRIGGER charmodels_change_tier AFTER UPDATE OF subscription_tier, subscription_expires_at ON :table
FOR EACH ROW WHEN (
    (NEW.subscription_tier, NEW.subscription_expires_at)
    IS DISTINCT FROM (OLD.subscription_tier, OLD.subscription_expires_at)
) EXECUTE FUNCTION charmodels_change_tier();
