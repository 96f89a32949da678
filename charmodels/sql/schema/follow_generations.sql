-- The character's status follows, and its picture comes from here.
CREATE OR REPLACE TRIGGER charmodels_follow_generations AFTER UPDATE ON :table
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION charmodels_follow_generations();
