-- updated_at follows every update, also a bulk one or one from psql.
CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON :table
FOR EACH ROW EXECUTE FUNCTION charmodels_touch();
