from __future__ import annotations

import errno
import pickle
import ssl
from datetime import UTC, datetime

import asyncpg
import pytest
from tortoise import exceptions as tortoise

import charmodels as cm
from charmodels import errors
from charmodels.backend import translation

EXAMPLES: list[cm.CharmodelsError] = [
    cm.ConfigurationError(variable="DB_PORT", reason="must be a number", example="5432"),
    cm.DatabaseUnavailable(reason="the connection is closed", attempts=3),
    cm.PoolTimeout(timeout=2.5, size=20),
    cm.StatementTimeout(timeout=30.0),
    cm.MigrationsPending(pending=("1_more.py",)),
    cm.DatabaseError(sqlstate="42601", reason="syntax error"),
    cm.SerializationFailure(sqlstate="40001", reason="could not serialize access"),
    cm.NotFound(model="Character"),
    cm.PermissionDenied(action="publish", model="Character"),
    cm.InvalidInput(field="prompt", reason="must not be blank"),
    cm.ConstraintViolation(constraint="users_name_length", field="name", reason="must have 1 to 100 characters"),
    cm.InvalidQuery(reason="names a style that is not known", start=8, end=17),
    cm.Conflict(constraint="users_email_key", reason="users already has such a row"),
    cm.HoldClosed(state="EXPIRED"),
    cm.QuotaExceeded(limit=3, used=3, requested=1, resets_at=datetime(2026, 11, 25, tzinfo=UTC)),
    cm.InvalidTransition(from_="COMPLETED", to="PENDING"),
    cm.InvalidCursor(reason="was changed"),
    cm.LeaseLost(worker="w1"),
    cm.GenerationRejected(reason="the provider does not draw that"),
    cm.RepeatedStatement(statement='SELECT "name" FROM "users" WHERE "id" = $1', count=6, limit=5),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_says_a_sentence_and_survives_pickling(error: cm.CharmodelsError) -> None:
    assert str(error)[0].isupper() or str(error)[0].islower()
    assert str(error).rstrip().endswith((".", "5432"))
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_every_error_is_public_and_has_an_example() -> None:
    def below(cls: type) -> set[type]:
        return {cls}.union(*(below(child) for child in cls.__subclasses__()))

    family = {cls for cls in below(cm.CharmodelsError) if cls.__module__ == "charmodels.errors"}
    assert {cls.__name__ for cls in family} <= set(cm.__all__)
    assert {type(error) for error in EXAMPLES} == family - {cm.CharmodelsError}


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = errors.__doc__ or ""
    for error in EXAMPLES:
        assert type(error).__name__ in drawn


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (cm.NotFound, tortoise.DoesNotExist),
        (cm.Conflict, tortoise.IntegrityError),
        (cm.InvalidInput, tortoise.ValidationError),
        (cm.InvalidInput, ValueError),
        (cm.InvalidQuery, cm.InvalidInput),
        (cm.ConstraintViolation, tortoise.IntegrityError),
        (cm.DatabaseUnavailable, tortoise.DBConnectionError),
        (cm.DatabaseUnavailable, ConnectionError),
        (cm.DatabaseError, tortoise.OperationalError),
        (cm.MigrationsPending, tortoise.OperationalError),
        (cm.StatementTimeout, TimeoutError),
        (cm.PoolTimeout, TimeoutError),
    ],
)
def test_code_written_for_tortoise_goes_on_working(ours: type[Exception], theirs: type[Exception]) -> None:
    assert issubclass(ours, theirs)


def server_error(sqlstate: str, message: str = "no", **fields: str) -> asyncpg.PostgresError:
    kind = type(asyncpg.PostgresError).get_message_class_for_sqlstate(sqlstate)
    error: asyncpg.PostgresError = kind(message)
    error.sqlstate = sqlstate
    for name, value in fields.items():
        setattr(error, name, value)
    return error


@pytest.mark.parametrize(
    ("sqlstate", "expected"),
    [
        ("08006", cm.DatabaseUnavailable),
        ("57P01", cm.DatabaseUnavailable),
        ("57P03", cm.DatabaseUnavailable),
        ("53300", cm.DatabaseUnavailable),
        ("28P01", cm.DatabaseUnavailable),
        ("3D000", cm.DatabaseUnavailable),
        ("57014", cm.StatementTimeout),
        ("40001", cm.SerializationFailure),
        ("40P01", cm.SerializationFailure),
        ("23505", cm.Conflict),
        ("23503", cm.Conflict),
        ("23P01", cm.Conflict),
        ("23514", cm.ConstraintViolation),
        ("23502", cm.ConstraintViolation),
        ("22021", cm.InvalidInput),
        ("22P02", cm.InvalidInput),
        ("42601", cm.DatabaseError),
        ("25006", cm.DatabaseError),
        ("42501", cm.DatabaseError),
        ("XX000", cm.DatabaseError),
    ],
)
def test_a_server_error_is_translated_by_its_code(sqlstate: str, expected: type[cm.CharmodelsError]) -> None:
    assert type(translation.translate(server_error(sqlstate))) is expected


@pytest.mark.parametrize(
    "cls",
    [
        cls
        for cls in vars(asyncpg.exceptions).values()
        if isinstance(cls, type)
        and issubclass(cls, asyncpg.PostgresError | asyncpg.InterfaceError)
        and not issubclass(cls, Warning)
    ],
)
def test_whatever_asyncpg_can_raise_becomes_one_of_ours(cls: type) -> None:
    assert isinstance(translation.translate(cls("message")), cm.CharmodelsError)


def test_a_connection_that_the_server_is_ending_is_unavailable() -> None:
    state = "cannot switch to state 15; another operation ({}) is in progress"
    assert isinstance(translation.translate(asyncpg.InternalClientError(state.format(2))), cm.DatabaseUnavailable)
    fault = asyncpg.InternalClientError(state.format(15))
    assert translation.translate(fault) is fault


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"constraint_name": "users_name_length"}, "no"),
        ({"constraint_name": "users_name_length_102008"}, "no"),
        ({}, 'new row for relation "users" violates check constraint "users_name_length"'),
        ({}, "neue Zeile für Relation »users« verletzt Check-Constraint »users_name_length«"),
        ({}, 'violates check constraint "users_name_length_102008"'),
    ],
)
def test_a_constraint_is_found_by_name_through_citus_and_proxies(fields: dict[str, str], message: str) -> None:
    error = translation.translate(server_error("23514", message, **fields))
    assert isinstance(error, cm.ConstraintViolation)
    assert (error.field, error.reason) == ("name", "must have 1 to 100 characters")


def test_no_value_of_a_row_survives_in_the_error_or_its_cause() -> None:
    cause = server_error("23505", constraint_name="users_email_key", detail="Key (email)=(ada@example.com) exists.")
    error = translation.translate(cause)
    assert "ada@example.com" not in f"{error} {cause} {vars(cause)}"


def test_an_error_that_is_not_the_drivers_passes() -> None:
    error = KeyError("x")
    assert translation.translate(error) is error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            ssl.SSLCertVerificationError(1, "certificate is not valid for 'db.example'"),
            "certificate cannot be verified",
        ),
        (ssl.SSLError(1, "wrong version number"), "TLS failed"),
        (ConnectionError('PostgreSQL server at "db.example:5432" rejected SSL upgrade'), "the server offers no TLS"),
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('db.example', 5432)"),
            "ConnectionRefusedError",
        ),
    ],
)
def test_what_goes_wrong_on_the_way_has_a_reason_without_the_address(error: OSError, reason: str) -> None:
    translated = translation.translate(error)
    assert isinstance(translated, cm.DatabaseUnavailable)
    assert reason in translated.reason
    assert "db.example" not in str(translated)
