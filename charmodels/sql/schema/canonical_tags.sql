-- A tag that is an alias of another is stored as that other one.
CREATE OR REPLACE TRIGGER charmodels_canonical_tags BEFORE INSERT OR UPDATE OF tags ON :table
FOR EACH ROW WHEN (cardinality(NEW.tags) > 0) EXECUTE FUNCTION charmodels_store_canonical_tags();
