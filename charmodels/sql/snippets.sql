-- The pieces of prompts that a search found. The marks are characters that no text keeps, so the caller can escape the
-- rest; the ORM has no ts_headline.
SELECT m.id AS key,
       ts_headline(
           charmodels_search_config(),
           translate(:text, :marks::text, ''),
           :query,
           'MaxFragments = 2, MaxWords = 18, MinWords = 6, FragmentDelimiter = " … ", StartSel = "' || left(:marks::text, 1)
               || '", StopSel = "' || right(:marks::text, 1) || '"'
       ) AS snippet
FROM :table AS m
WHERE m.id = ANY (:keys::uuid[])
