-- updated_at follows every update, also a bulk one or one from psql. What has it set to the time of the update already is
-- spared the call.
CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON :table
FOR EACH ROW WHEN ((NEW.updated_at BETWEEN statement_timestamp() AND clock_timestamp()) IS NOT TRUE)
EXECUTE FUNCTION charmodels_touch();
