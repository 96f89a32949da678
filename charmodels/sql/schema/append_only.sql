-- What is written stays as it is. Only the user's own deletion takes their rows along.
CREATE OR REPLACE TRIGGER charmodels_append_only BEFORE UPDATE OR DELETE ON :table
FOR EACH ROW EXECUTE FUNCTION charmodels_append_only();
CREATE OR REPLACE TRIGGER charmodels_append_only_truncate BEFORE TRUNCATE ON :table
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_append_only();
