"""A statement that says on whose behalf it runs: what is sent, and what those who log statements are shown."""

from __future__ import annotations

import pytest

import charmodels as cm
from charmodels.backend.behalf import AUDITED, as_asked, in_its_name
from charmodels.backend.session import leaves_session_alone

SAYING = "charmodels_request AS (INSERT INTO audit_context VALUES ($2, $3))"
SAID = {
    'UPDATE "users" SET "email"=$1': f'WITH {SAYING} UPDATE "users" SET "email"=$1',
    " insert into characters select $1 ; ": f"WITH {SAYING} insert into characters select $1",
    'DELETE FROM ONLY "app"."user_quotas" WHERE $1': f'WITH {SAYING} DELETE FROM ONLY "app"."user_quotas" WHERE $1',
    "DELETE FROM public . users": f"WITH {SAYING} DELETE FROM public . users",
    "with x as (select $1) update quota_grants set amount = 1": (
        f"with {SAYING}, x as (select $1) update quota_grants set amount = 1"
    ),
    "WITH RECURSIVE\nx AS (SELECT $1), y AS (DELETE FROM users) SELECT * FROM x": (
        f"WITH RECURSIVE {SAYING}, x AS (SELECT $1), y AS (DELETE FROM users) SELECT * FROM x"
    ),
    "MERGE INTO character_templates AS t USING x ON true WHEN MATCHED THEN DELETE": (
        f"WITH {SAYING} MERGE INTO character_templates AS t USING x ON true WHEN MATCHED THEN DELETE"
    ),
}
LEFT_ALONE = [
    'SELECT * FROM "users"',
    'SELECT * FROM "users" FOR UPDATE',
    "WITH x AS (SELECT 1) SELECT * FROM users",
    'UPDATE "generations" SET "status" = $1',
    "UPDATE users_of_another_app SET email = $1",
    'UPDATE "my users" SET email = $1',
    "UPDATE users SET email = $1; DELETE FROM users",
    "CREATE RULE x AS ON UPDATE TO users DO ALSO DELETE FROM characters",
    "COPY users FROM STDIN",
    "BEGIN",
    "",
]


@pytest.mark.parametrize("statement", SAID)
def test_what_is_audited_says_who_acts_in_front(statement: str) -> None:
    with cm.request_context(actor="ada", request_id="r1"):
        sent, values = in_its_name(statement, ["value"])
    assert (sent, list(values)) == (SAID[statement], ["value", "ada", "r1"])
    assert leaves_session_alone(sent) is leaves_session_alone(statement)
    asked, values = as_asked(sent, values)
    assert " ".join(asked.split()) == " ".join(statement.split()).removesuffix(" ;")
    assert list(values) == ["value"]


@pytest.mark.parametrize("statement", LEFT_ALONE)
def test_everything_else_goes_as_it_is(statement: str) -> None:
    with cm.request_context(actor="ada"):
        assert in_its_name(statement, ("value",)) == (statement, ("value",))


@pytest.mark.parametrize("statement", [*SAID, *LEFT_ALONE])
def test_outside_of_any_context_nothing_is_said(statement: str) -> None:
    values = ("value",)
    assert in_its_name(statement, values) == (statement, values)
    with cm.request_context():
        assert in_its_name(statement, values) == (statement, values)
    assert as_asked(statement, values) == (statement, values)


def test_the_tables_are_those_that_have_the_triggers() -> None:
    from charmodels import models

    audited = {
        model._meta.db_table
        for model in (getattr(models, name) for name in models.__all__)
        if any(name.startswith("audit_") for name in getattr(model.Meta, "triggers", ()))
    }
    assert audited == set(AUDITED)
