-- A generation goes only where the workflow leads, whoever writes its status.
CREATE OR REPLACE TRIGGER charmodels_guard_status BEFORE UPDATE OF status ON :table
FOR EACH ROW WHEN (NEW.status IS DISTINCT FROM OLD.status) EXECUTE FUNCTION charmodels_guard_status();
