"""Errors as problem details: every error has the right status, and nothing is told that should not be."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import charmodels as cm
from charmodels.contrib.problems import (
    KINDS,
    MEDIA_TYPE,
    Problem,
    ProblemDetails,
    http_problem,
    kind_of,
    problem_of,
    validation_problem,
)

ROOT = Path(__file__).parents[2]
RESETS_AT = datetime(2026, 3, 2, tzinfo=UTC)


def status_of_quota() -> cm.QuotaStatus:
    return cm.QuotaStatus(
        limit=3, used=2, held=0, granted=0, remaining=1, resets_at=RESETS_AT, as_of=RESETS_AT - timedelta(hours=2)
    )


ERRORS: list[tuple[Exception, int]] = [
    (cm.NotFound(model="Character"), 404),
    (cm.PermissionDenied(action="publish", model="Character"), 403),
    (cm.InvalidInput(field="name", reason="must not be blank"), 422),
    (cm.ConstraintViolation(constraint="c", field="name", reason="must not be blank"), 422),
    (cm.InvalidQuery(reason="has a quote that is not closed", start=3, end=9), 422),
    (cm.InvalidCursor(reason="was changed"), 422),
    (cm.Conflict(constraint="users_email_key", reason="the email address belongs to another user"), 409),
    (cm.InvalidTransition(from_="COMPLETED", to="PENDING"), 409),
    (cm.LeaseLost(worker="w1"), 409),
    (cm.HoldClosed(state="EXPIRED"), 409),
    (cm.QuotaExceeded(limit=3, used=2, requested=2, resets_at=RESETS_AT, status=status_of_quota()), 429),
    (cm.DatabaseUnavailable(reason="secret"), 503),
    (cm.PoolTimeout(timeout=1, size=3), 503),
    (cm.StatementTimeout(), 503),
    (cm.SerializationFailure(sqlstate="40001", reason="secret"), 503),
    (cm.DatabaseError(sqlstate="42601", reason="secret"), 500),
    (cm.MigrationsPending(missing="secret"), 500),
    (cm.ConfigurationError(reason="secret"), 500),
    (cm.GenerationRejected(reason="secret"), 500),
    (cm.RepeatedStatement(statement="secret", count=3, limit=2), 500),
    (ZeroDivisionError("secret"), 500),
]


def body_of(problem: Problem) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(problem.body())
    return found


@pytest.mark.parametrize(("error", "status"), ERRORS, ids=lambda value: type(value).__name__)
def test_each_error_has_its_status(error: Exception, status: int) -> None:
    problem = problem_of(error)
    body = body_of(problem)
    assert (problem.status, body["status"]) == (status, status)
    ProblemDetails.model_validate(body)
    assert "secret" not in problem.body().decode()
    assert ("Retry-After" in problem.headers) == (status in (429, 503))
    assert ("detail" in body) == (status != 500)


def test_every_error_is_tried() -> None:
    tried = {type(error) for error, _ in ERRORS}
    ours = {value for value in vars(cm).values() if isinstance(value, type) and issubclass(value, cm.CharmodelsError)}
    assert ours - tried == {cm.CharmodelsError}


def test_every_kind_is_documented_where_its_type_leads() -> None:
    headings = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").splitlines()
    for error, kind in KINDS.items():
        assert f"### {error.__name__}" in headings
        assert any(line.startswith(f"| `{error.__name__}` | {int(kind.status)} ") for line in headings)


def test_a_subclass_has_the_kind_of_its_ancestor() -> None:
    class OutOfPaint(cm.Conflict):
        pass

    assert problem_of(OutOfPaint(constraint=None, reason="the paint is used up")).status == 409
    assert kind_of(KeyError) is None


def test_a_quota_is_told_with_its_fields() -> None:
    error = cm.QuotaExceeded(limit=3, used=2, requested=2, resets_at=RESETS_AT, status=status_of_quota())
    problem = problem_of(error)
    assert problem.headers == status_of_quota().headers(2)
    assert problem.headers["Retry-After"] == "7200"
    body = body_of(problem)
    assert (body["limit"], body["used"], body["requested"], body["resets_at"]) == (3, 2, 2, RESETS_AT.isoformat())


def test_a_quota_without_its_status_says_when_to_come_back() -> None:
    with cm.clock.frozen(RESETS_AT - timedelta(seconds=90.5)):
        error = cm.QuotaExceeded(limit=3, used=3, requested=1, resets_at=RESETS_AT)
        assert problem_of(error).headers == {"Retry-After": "91"}
    with cm.clock.frozen(RESETS_AT + timedelta(hours=1)):
        assert problem_of(error).headers == {"Retry-After": "0"}


def test_a_search_points_at_its_term() -> None:
    body = body_of(problem_of(cm.InvalidQuery(reason="names a style that is not known", start=8, end=17)))
    assert (body["start"], body["end"]) == (8, 17)
    assert body["errors"] == [{"field": "query", "reason": "names a style that is not known"}]


def test_the_request_is_named() -> None:
    problem = problem_of(cm.NotFound(model="Character"))
    assert "request_id" not in body_of(problem)
    with cm.request_context(request_id="r1"):
        assert body_of(problem)["request_id"] == "r1"
        assert json.loads(problem.body(request_id="r2"))["request_id"] == "r2"


def test_what_is_http_s_own() -> None:
    assert body_of(http_problem(404, "Not Found")) == {"type": "about:blank", "title": "Not Found", "status": 404}
    assert http_problem(405, headers={"Allow": "GET"}).headers == {"Allow": "GET"}
    assert http_problem(499).title == "Error"
    assert MEDIA_TYPE == "application/problem+json"


def test_validation_names_the_rules_and_no_values() -> None:
    with pytest.raises(ValidationError) as caught:
        cm.GenerationCreate.model_validate({"prompt": "", "style_type": "secret", "tags": ["x" * 60], "other": 1})
    problem = validation_problem(caught.value.errors(), located=False)
    body = body_of(problem)
    assert problem.status == 422
    assert {error["field"]: error["reason"] for error in body["errors"]} == {
        "prompt": "must have at least 1 character",
        "style_type": "must be 'REALISTIC', 'CARTOON', 'ANIME', 'FANTASY', 'CYBERPUNK', 'VINTAGE' or 'MINIMALIST'",
        "tags": "must have at most 50 characters each",
        "other": "is not a known field",
    }
    assert body["detail"] == "prompt must have at least 1 character."


def test_validation_says_where() -> None:
    errors = [
        {"loc": ("query", "size"), "msg": "Input should be a valid integer", "type": "int_parsing"},
        {"loc": ("body",), "msg": "Field required", "type": "missing"},
        {"loc": ("body", 17), "msg": "JSON decode error", "type": "json_invalid", "ctx": {"error": "secret"}},
        {"loc": ("body", "tags", 0), "msg": "Input should be a valid string", "type": "string_type"},
    ]
    assert [error.model_dump() for error in validation_problem(errors).errors] == [
        {"field": "size", "reason": "must be a valid integer", "location": "query"},
        {"field": "body", "reason": "is required", "location": "body"},
        {"field": "body", "reason": "must be JSON", "location": "body"},
        {"field": "tags.0", "reason": "must be a valid string", "location": "body"},
    ]
    assert validation_problem([]).detail is None


def test_a_name_that_the_caller_made_up_can_be_written() -> None:
    problem = validation_problem([{"loc": ("body", "\ud800" + "x" * 1000), "msg": "Extra inputs are not permitted"}])
    assert problem.errors[0].field == "?" + "x" * 99
    assert problem.body().isascii()
