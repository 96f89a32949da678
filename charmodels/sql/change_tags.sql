-- Changes the tags of the rows of a queryset. The new tags are made of the row's own, which the server reads again where
-- it had to wait for another change of the row: so none is lost. The ORM has no words for a set in an array.
UPDATE :table AS tagged
SET :tags = charmodels_change_tags(:how::text, tagged.:tags, :given, :most::integer)
WHERE tagged.:key IN (:chosen)
  AND charmodels_change_tags(:how::text, tagged.:tags, :given, :most::integer) IS DISTINCT FROM tagged.:tags
RETURNING tagged.:tags:kept
