-- published_at says since when a character is public, whoever published it.
CREATE OR REPLACE TRIGGER charmodels_publish_on_insert BEFORE INSERT ON :table
FOR EACH ROW WHEN (NEW.is_public = (NEW.published_at IS NULL)) EXECUTE FUNCTION charmodels_publish();
CREATE OR REPLACE TRIGGER charmodels_publish_on_update BEFORE UPDATE OF is_public, published_at ON :table
FOR EACH ROW WHEN (NEW.is_public IS DISTINCT FROM OLD.is_public OR NEW.is_public = (NEW.published_at IS NULL))
EXECUTE FUNCTION charmodels_publish();
