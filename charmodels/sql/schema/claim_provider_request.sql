-- provider_request_id is unique over all users, kept so by a table that is not distributed with them.
CREATE OR REPLACE TRIGGER charmodels_claim_provider_request_on_insert AFTER INSERT ON :table
FOR EACH ROW WHEN (NEW.provider_request_id IS NOT NULL) EXECUTE FUNCTION charmodels_claim_provider_request();
CREATE OR REPLACE TRIGGER charmodels_claim_provider_request_on_update AFTER UPDATE OF provider_request_id ON :table
FOR EACH ROW WHEN (NEW.provider_request_id IS DISTINCT FROM OLD.provider_request_id)
EXECUTE FUNCTION charmodels_claim_provider_request();
