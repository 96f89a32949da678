-- Makes a character of a template and counts its use, in one statement; no row where there is no such template that is
-- active. The prompt and the tags are the template's as they are now; tags that do not fit give way to the caller's own.
WITH used AS (
    UPDATE character_templates SET usage_count = usage_count + 1
    WHERE id = :template_id::uuid AND is_active
    RETURNING id, prompt, style_type, tags
)
INSERT INTO characters (
    id, created_at, updated_at, user_id, name, prompt, style_type, tags, metadata, generation_status, template_id
)
SELECT :id::uuid, :now::timestamptz, :now::timestamptz, :user_id::uuid, :name::text,
       concat_ws(' ', prompt, :extra_prompt::text), style_type,
       (charmodels_change_tags('add', charmodels_canonical_tags(:tags::text[]), tags, 1000))[1 : :most::integer],
       '{}', 'COMPLETED', id
FROM used
RETURNING :columns
