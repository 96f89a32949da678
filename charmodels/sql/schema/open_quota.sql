-- Every user has a quota, also one that SQL inserted.
CREATE OR REPLACE TRIGGER charmodels_open_quota AFTER INSERT ON :table
FOR EACH ROW EXECUTE FUNCTION charmodels_open_quota();
