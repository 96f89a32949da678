-- A row stays with its user: it is what the rows are distributed by.
CREATE OR REPLACE TRIGGER charmodels_keep_owner BEFORE UPDATE OF user_id ON :table
FOR EACH ROW WHEN (NEW.user_id IS DISTINCT FROM OLD.user_id) EXECUTE FUNCTION charmodels_keep_owner();
