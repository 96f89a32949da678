-- updated_at follows every update, also a bulk one or one from psql. A statement that sets it to its own time is spared
-- the call. What it was before may lie in that time too, where the statement has waited for another's update.
CREATE OR REPLACE TRIGGER charmodels_touch BEFORE UPDATE ON :table
FOR EACH ROW WHEN (
    NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at
    OR (NEW.updated_at BETWEEN statement_timestamp() AND clock_timestamp()) IS NOT TRUE
)
EXECUTE FUNCTION charmodels_touch();
