-- An open generation that is deleted leaves no hold behind.
CREATE OR REPLACE TRIGGER charmodels_refund_deleted BEFORE DELETE ON :table
FOR EACH ROW WHEN (OLD.status IN ('PENDING', 'PROCESSING')) EXECUTE FUNCTION charmodels_refund_deleted();
