from __future__ import annotations

import json
import logging
import pickle
import re
import ssl
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import charmodels as cm
from charmodels import dsn
from charmodels.limits import LARGEST_INTEGER

ROOT = Path(__file__).parents[2]
URL = "postgresql://app:secret@db.example.com/charmodels"


def arguments(url: str, **settings: object) -> dict[str, object]:
    return cm.Settings(database_url=url, **settings).connect_arguments()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (URL, {"host": ["db.example.com"], "user": "app", "password": "secret", "database": "charmodels"}),
        ("postgres://app@db:5433/shop", {"host": ["db"], "port": [5433], "user": "app", "password": None}),
        ("postgresql://app:p%40s%2Fs%23%25@db/shop", {"password": "p@s/s#%"}),
        ("postgresql://app:p@ss@db/shop", {"user": "app", "password": "p@ss", "host": ["db"]}),
        ("postgresql://postgres@/shop?host=/var/run/postgresql", {"host": ["/var/run/postgresql"], "ssl": False}),
        ("postgresql://%2Fvar%2Frun%2Fpg/shop", {"host": ["/var/run/pg"], "ssl": False}),
        ("postgresql:///shop", {"host": None, "database": "shop"}),
        ("postgresql://[::1]:5433/shop", {"host": ["::1"], "port": [5433]}),
        ("postgresql://one:5433,two/shop", {"host": ["one", "two"], "port": [5433, 5432]}),
        ("postgresql://db/sh%20op", {"database": "sh op"}),
        ("postgresql://db/shop?user=ada&password=x%26y&dbname=other", {"user": "ada", "password": "x&y"}),
        ("postgresql://db/shop?connect_timeout=3", {"timeout": 3.0}),
        ("postgresql://db/shop?pgbouncer=true", {"statement_cache_size": 0}),
    ],
)
def test_an_address_is_understood_as_libpq_and_prisma_write_it(url: str, expected: dict[str, object]) -> None:
    found = arguments(url)
    assert {name: found[name] for name in expected} == expected


def test_the_schema_becomes_the_search_path_quoted() -> None:
    settings = arguments('postgresql://db/shop?schema=my"schema')["server_settings"]
    assert settings == {"application_name": "charmodels", "search_path": '"my""schema"'}


def test_prismas_pool_parameters_are_honoured() -> None:
    settings = cm.Settings(database_url=f"{URL}?connection_limit=7&pool_timeout=2")
    assert (settings.pool_max, settings.acquire_timeout) == (7, 2.0)


def test_the_five_parts_say_where_the_database_is_when_no_url_does(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {
        "DB_HOST": "db", "DB_PORT": "5433", "DB_NAME": "shop", "DB_USER": "ada", "DB_PASSWORD": "p@ss/#",
    }  # fmt: skip
    for name, value in parts.items():
        monkeypatch.setenv(name, value)
    found = cm.Settings().connect_arguments()
    assert (found["host"], found["port"], found["database"]) == (["db"], [5433], "shop")
    assert (found["user"], found["password"]) == ("ada", "p@ss/#")


def test_the_environment_outranks_the_file_and_arguments_outrank_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("DB_POOL_MAX=3\nDB_POOL_MIN=2\nOTHER_APP=1\n", encoding="utf-8")
    assert (cm.Settings().db_pool_max, cm.Settings().db_pool_min) == (3, 2)
    monkeypatch.setenv("DB_POOL_MAX", "4")
    assert cm.Settings().db_pool_max == 4
    assert cm.Settings(db_pool_max=5).db_pool_max == 5


def test_parts_given_as_arguments_outrank_a_url_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    assert cm.Settings(db_host="other", db_name="shop").connect_arguments()["host"] == ["other"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("APP_ENV", "staging"),
        ("LOG_LEVEL", "LOUD"),
        ("DATABASE_URL", "mysql://app:secret@db/shop"),
        ("DATABASE_URL", "secret"),
        ("DATABASE_URL", "postgresql://app:se#cret@db/shop"),
        ("DATABASE_URL", "postgresql://app:secret@db:port/shop"),
        ("DATABASE_URL", "postgresql://app:secret@db/shop?sslmode=maybe"),
        ("DATABASE_URL", "postgresql://app:secret@db/shop?sslmod=require"),
        ("DATABASE_URL", "postgresql://app:secret@db/shop?connect_timeout=soon"),
        ("DATABASE_URL", "postgresql://app:secret@[::1/shop"),
        ("DATABASE_URL", "postgresql://app:hunter?2secret=x@db/shop"),
        ("DATABASE_URL", "postgresql://app:12/secret@db/shop"),
        ("DATABASE_URL", "postgresql://db/shop?statement_cache_size=abc"),
        ("DB_PORT", "0"),
        ("DB_POOL_MAX", "many"),
        ("DB_POOL_MIN", "21"),
        ("DB_ACQUIRE_TIMEOUT", "-1"),
        ("DB_COMMAND_TIMEOUT", "0"),
        ("DB_CONNECT_RETRIES", "-1"),
        ("DB_SSLMODE", "full"),
        ("DB_SSLROOTCERT", "nowhere.pem"),
        ("DB_SSL_VERIFY", "perhaps"),
        ("DB_POOL_RESET", "never"),
        ("LOG_FORMAT", "xml"),
        ("METRICS", "perhaps"),
        ("SLOW_QUERY_SECONDS", "0"),
        ("SLOW_QUERY_PARAMETERS", "perhaps"),
        ("OPENTELEMETRY", "perhaps"),
        ("HEALTH_TIMEOUT", "0"),
        ("HEALTH_LATENCY", "slow"),
        ("HEALTH_INTERVAL", "-5"),
        ("HEALTH_READ_ONLY", "perhaps"),
        ("PLANS", "free=5"),
        ("PLANS", '{"PREMIUM": {"daily_quota": 80}'),
        ("PLANS", "80"),
        ("PLANS", "[80]"),
        ("PLANS", '{"GOLD": {"daily_quota": 80}}'),
        ("PLANS", '{"premium": {"daily_quota": 80}}'),
        ("PLANS", '{"PREMIUM": 80}'),
        ("PLANS", '{"PREMIUM": null}'),
        ("PLANS", '{"PREMIUM": {"quota": 80}}'),
        ("PLANS", '{"PREMIUM": {"daily_quota": -1}}'),
        ("PLANS", '{"PREMIUM": {"daily_quota": 8.5}}'),
        ("PLANS", '{"PREMIUM": {"daily_quota": "80"}}'),
        ("PLANS", '{"PREMIUM": {"daily_quota": true}}'),
        ("PLANS", f'{{"PREMIUM": {{"daily_quota": {LARGEST_INTEGER + 1}}}}}'),
        ("PLANS", '{"PREMIUM": {"priority": 32768}}'),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_variable_and_shows_a_right_one(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(cm.ConfigurationError) as caught:
        cm.Settings()
    error = caught.value
    assert error.variable == variable
    assert error.example
    assert f"{variable}={error.example}" in str(error)
    assert error.__cause__ is None
    if len(value) > 2:
        assert value not in str(error).replace(error.example, "")
    monkeypatch.setenv(variable, error.example)
    if variable != "DB_SSLROOTCERT":  # the example's file is not on this machine
        cm.Settings()


def test_an_unknown_argument_is_refused_by_name() -> None:
    with pytest.raises(cm.ConfigurationError, match="no setting 'databse_url'"):
        cm.Settings(databse_url=URL)


def test_without_a_database_the_error_says_which_variable_to_set() -> None:
    with pytest.raises(cm.ConfigurationError) as caught:
        cm.Settings().connect_arguments()
    assert caught.value.variable == "DATABASE_URL"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        cm.Settings(database_url=URL).db_pool_max = 1


def test_no_secret_shows(caplog: pytest.LogCaptureFixture) -> None:
    settings = cm.Settings(database_url=URL, db_password="hunter2")
    logging.getLogger("test").warning("%s %r", settings, settings)
    shown = f"{settings} {settings!r} {settings.model_dump_json()} {settings.address!r} {caplog.text}"
    assert "secret" not in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    ("environment", "query", "settings", "expected"),
    [
        ("development", "", {}, "prefer"),
        ("test", "?sslmode=require", {}, "require"),
        ("development", "?sslaccept=strict", {}, "verify-full"),
        ("production", "", {}, "verify-full"),
        ("production", "?sslmode=prefer", {}, "verify-full"),
        ("production", "?sslmode=require", {}, "verify-full"),
        ("production", "?sslmode=verify-ca", {}, "verify-ca"),
        ("production", "?sslmode=disable", {}, "disable"),
        ("production", "?sslmode=require", {"db_ssl_verify": False}, "require"),
        ("production", "", {"db_sslmode": "verify-ca"}, "verify-ca"),
        ("development", "?sslmode=require", {"db_ssl_verify": True}, "verify-full"),
    ],
)
def test_production_verifies_unless_told_otherwise_in_so_many_words(
    environment: str, query: str, settings: dict[str, object], expected: str
) -> None:
    made = cm.Settings(database_url=URL + query, app_env=environment, **settings)
    assert made.sslmode() == expected


@pytest.mark.parametrize(
    ("mode", "checks_host", "verifies"),
    [
        ("verify-full", True, ssl.CERT_REQUIRED),
        ("verify-ca", False, ssl.CERT_REQUIRED),
        ("require", False, ssl.CERT_NONE),
    ],
)
def test_each_mode_makes_the_tls_context_that_libpq_describes(
    mode: str, checks_host: bool, verifies: ssl.VerifyMode
) -> None:
    context = arguments(f"{URL}?sslmode={mode}")["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert (context.check_hostname, context.verify_mode) == (checks_host, verifies)


def test_a_file_that_holds_no_certificate_is_named_not_shown(tmp_path: Path) -> None:
    authority = tmp_path / "authority.pem"
    authority.write_text("not a certificate", encoding="utf-8")
    settings = cm.Settings(database_url=URL, db_sslmode="verify-full", db_sslrootcert=authority)
    with pytest.raises(cm.ConfigurationError) as caught:
        settings.connect_arguments()
    assert caught.value.variable == "DB_SSLROOTCERT"


def test_parsing_never_repeats_the_address() -> None:
    with pytest.raises(cm.ConfigurationError) as caught:
        dsn.parse("postgresql://ada:hunter2@db:http/shop")
    assert "hunter2" not in str(caught.value)


def test_the_example_file_and_the_settings_are_in_step() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    shown = re.findall(r"^# ?([A-Z_]+)=(.*)$", text, flags=re.MULTILINE)
    shown += re.findall(r"^([A-Z_]+)=(.*)$", text, flags=re.MULTILINE)
    fields = cm.Settings.model_fields
    assert sorted(name for name, _ in shown) == sorted(name.upper() for name in fields)
    flat = " ".join(re.sub(r"\n# (?!Default: |[A-Z_]+=)", " ", text).split())
    for name, field in fields.items():
        assert field.description
        assert " ".join(field.description.split()) in flat, f".env.example does not describe {name.upper()}"
        assert (name.upper(), str((field.examples or [""])[0])) in shown
        default = field.get_default(call_default_factory=True)
        if default is not None:
            assert f" # Default: {shown_default(default)} # {name.upper()}=" in flat


def shown_default(value: Any) -> str:
    if isinstance(value, dict):
        return json.dumps({tier: asdict(plan) for tier, plan in value.items()})
    return str(value)


def test_a_file_that_is_not_utf8_is_named_not_shown(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"DB_PASSWORD=\xe4secret\n")
    with pytest.raises(cm.ConfigurationError) as caught:
        cm.Settings()
    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_require_with_an_authority_verifies_as_libpq_does() -> None:
    context = arguments(f"{URL}?sslmode=require&sslrootcert={ssl.get_default_verify_paths().openssl_cafile}")["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_the_systems_authorities_can_be_named() -> None:
    assert isinstance(arguments(f"{URL}?sslmode=verify-full&sslrootcert=system")["ssl"], ssl.SSLContext)


def test_replacing_the_host_replaces_the_url() -> None:
    assert cm.Settings(database_url=URL).replace(db_host="other").connect_arguments()["host"] == ["other"]


def test_the_plans_are_those_of_the_table_unless_told_otherwise() -> None:
    assert cm.Settings().plans == cm.PLANS
    assert {tier: plan.daily_quota for tier, plan in cm.Settings().plans.items()} == {
        "FREE": 3,
        "PREMIUM": 50,
        "PRO": 500,
    }


def test_the_environment_replaces_some_of_the_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANS", '{"PREMIUM": {"daily_quota": 80}, "FREE": {"daily_quota": 0, "priority": -5}}')
    assert cm.Settings().plans == {
        "FREE": cm.Plan(daily_quota=0, priority=-5),
        "PREMIUM": cm.Plan(daily_quota=80, priority=cm.PLANS[cm.SubscriptionTier.PREMIUM].priority),
        "PRO": cm.PLANS[cm.SubscriptionTier.PRO],
    }
    assert cm.PLANS[cm.SubscriptionTier.PREMIUM].daily_quota == 50


@pytest.mark.parametrize(
    "given",
    [
        {"PRO": {"daily_quota": 1000}},
        {cm.SubscriptionTier.PRO: {"daily_quota": 1000}},
        {"PRO": cm.Plan(daily_quota=1000, priority=20)},
    ],
)
def test_an_argument_replaces_some_of_the_plans_and_outranks_the_environment(
    monkeypatch: pytest.MonkeyPatch, given: dict[Any, Any]
) -> None:
    changed = {**cm.PLANS, cm.SubscriptionTier.PRO: cm.Plan(daily_quota=1000, priority=20)}
    assert cm.Settings(plans=given).plans == changed
    monkeypatch.setenv("PLANS", '{"PREMIUM": {"daily_quota": 80}, "PRO": {"daily_quota": 600}}')
    # Of what the argument leaves out, the environment has its say.
    assert cm.Settings(plans=given).plans == {**changed, "PREMIUM": cm.Plan(daily_quota=80, priority=10)}


def test_replacing_something_else_keeps_the_plans() -> None:
    settings = cm.Settings(plans={"FREE": {"daily_quota": 7}})
    assert settings.replace(db_pool_max=5).plans == settings.plans


@pytest.mark.parametrize(
    ("plans", "reason"),
    [
        ({"GOLD": {"daily_quota": 1}}, "must be by tier: FREE, PREMIUM, PRO"),
        ({"FREE": {"daily": 1}}, "must give daily_quota, priority or both"),
        ({"FREE": {"daily_quota": -1}}, "must be a whole number from 0 to 2147483647"),
        ("FREE", "must be a JSON object"),
    ],
)
def test_an_error_in_the_plans_says_what_they_must_be(plans: Any, reason: str) -> None:
    with pytest.raises(cm.ConfigurationError) as caught:
        cm.Settings(plans=plans)
    assert caught.value.variable == "PLANS"
    assert reason in str(caught.value)


def test_plans_that_are_not_json_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANS", "FREE: 5")
    with pytest.raises(cm.ConfigurationError, match=r"^PLANS is not valid JSON\."):
        cm.Settings()


def test_settings_can_be_pickled() -> None:
    settings = cm.Settings(database_url=URL, plans={"FREE": {"daily_quota": 7}})
    again = pickle.loads(pickle.dumps(settings))
    assert again == settings
    assert again.plans[cm.SubscriptionTier.FREE] == cm.Plan(daily_quota=7, priority=0)
