-- The character's status follows, and its picture comes from here.
CREATE OR REPLACE TRIGGER charmodels_follow_generation AFTER UPDATE OF status ON :table
FOR EACH ROW WHEN (NEW.status IS DISTINCT FROM OLD.status AND NEW.character_id IS NOT NULL)
EXECUTE FUNCTION charmodels_follow_generation();
