-- What changes in the gallery is noted for the counts of tags and styles. Nobody waits for anybody: notes are only added.
CREATE OR REPLACE TRIGGER charmodels_count_tags AFTER INSERT OR DELETE ON :table
FOR EACH ROW EXECUTE FUNCTION charmodels_count_tags();
CREATE OR REPLACE TRIGGER charmodels_count_tags_on_update AFTER UPDATE OF tags, style_type ON :table
FOR EACH ROW WHEN ((OLD.style_type, OLD.tags) IS DISTINCT FROM (NEW.style_type, NEW.tags))
EXECUTE FUNCTION charmodels_count_tags();
CREATE OR REPLACE TRIGGER charmodels_forget_counts AFTER TRUNCATE ON :table
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_forget_counts();
