-- What the gallery shows has an entry in gallery_entries, whatever changed it: an app, a bulk update, psql.
CREATE OR REPLACE TRIGGER charmodels_index_character_on_insert AFTER INSERT ON :table
FOR EACH ROW WHEN (NEW.is_public AND NEW.generation_status = 'COMPLETED')
EXECUTE FUNCTION charmodels_index_character();
CREATE OR REPLACE TRIGGER charmodels_index_character_on_update
AFTER UPDATE OF name, prompt, style_type, tags, is_public, generation_status, template_id, created_at ON :table
FOR EACH ROW WHEN (
    (OLD.is_public AND OLD.generation_status = 'COMPLETED' OR NEW.is_public AND NEW.generation_status = 'COMPLETED')
    AND (OLD.name, OLD.prompt, OLD.style_type, OLD.tags, OLD.is_public, OLD.generation_status, OLD.template_id,
         OLD.created_at)
        IS DISTINCT FROM (NEW.name, NEW.prompt, NEW.style_type, NEW.tags, NEW.is_public, NEW.generation_status,
                          NEW.template_id, NEW.created_at)
) EXECUTE FUNCTION charmodels_index_character();
