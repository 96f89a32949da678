-- Notes under which name the provider knows a generation; no row where the attempt is over. The ORM has no UPDATE that
-- depends on another table.
UPDATE generations g SET provider_request_id = $4
WHERE g.id = $1 AND g.user_id = $2
  AND ($3::uuid IS NULL OR EXISTS (
      SELECT FROM generation_jobs j WHERE j.generation_id = g.id AND j.user_id = g.user_id AND j.attempt_token = $3
  ))
RETURNING g.id
