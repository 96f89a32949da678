"""Least privilege, on a real server: what the roles can do, and what they are refused."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import astuple
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

import charmodels as cm
from charmodels.roles import Roles
from tests import factories, servers
from tests.migration import catalog

_numbers = itertools.count(1)


def logged_in(url: str, role: str) -> str:
    """The URL for another role; the tests' servers trust everybody."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}@{parts.netloc.rpartition('@')[2]}"))


@asynccontextmanager
async def some_roles(url: str, *members: str, roles: Roles | None = None) -> AsyncIterator[Roles]:
    """Roles that are not there yet, and log-ins for some of them, gone at the end: they belong to the whole server."""
    roles = roles or Roles.named(f"charmodels_test_{os.getpid()}_{next(_numbers)}")
    names = [*astuple(roles), *(f"{getattr(roles, member)}_login" for member in members)]
    try:
        yield roles
    finally:
        connection = await asyncpg.connect(**cm.Settings(database_url=url).connect_arguments())
        try:
            for name in names:
                if await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name):
                    quoted = '"' + name.replace('"', '""') + '"'
                    await connection.execute(f"REASSIGN OWNED BY {quoted} TO CURRENT_USER; DROP OWNED BY {quoted}")
                    await connection.execute(f"DROP ROLE {quoted}")
        finally:
            await connection.close()


async def log_in(url: str, role: str) -> str:
    """Make somebody who logs in with a role, and give the URL by which they do."""
    await servers.execute(url, f'CREATE ROLE "{role}_login" LOGIN IN ROLE "{role}"')
    return logged_in(url, f"{role}_login")


async def test_an_app_does_its_work_with_the_role_for_apps(url: str) -> None:
    async with some_roles(url, "app") as roles:
        await cm.roles.apply(url, roles)
        async with cm.connect(cm.Settings(database_url=await log_in(url, roles.app), app_env="test")):
            assert (await cm.migrations.status()).is_current
            await the_main_verbs()


async def the_main_verbs() -> None:
    with cm.request_context(actor="web", request_id="r1"):
        ada, created = await cm.User.objects.sync_auth0("auth0|1", "ada@example.com", "Ada")
        assert created
        await cm.User.objects.sync_auth0("auth0|1", "ada@other.example")
        await ada.subscribe("PRO")
        await ada.set_daily_quota(50)
        await cm.User.objects.grant_quota(ada.id, 3, key="payment 1")
        async with cm.User.objects.reserve_quota(ada.id, 51):
            pass
        await (await cm.User.objects.reserve_quota(ada.id, expires_in=timedelta(microseconds=1))).release()
        assert await cm.QuotaHold.objects.expire() == 0
        knight = await cm.Character.objects.create_for(
            ada.id, cm.CharacterCreate(prompt="A brave knight", name="Osric", tags=["hero", "knight"])
        )
        await cm.Character.objects.filter(id=knight.id).update(generation_status="COMPLETED")
        await knight.publish()
        await knight.add_tags("brave")
        assert len(await cm.Character.objects.public().search("knight").page(size=10)) == 1
        generation = await cm.Generation.objects.request(ada.id, prompt="A fox", style_type="ANIME", tags=["fox"])
        [job] = await cm.Generation.objects.claim(worker="w1", limit=8, lease=timedelta(minutes=5))
        await job.heartbeat()
        await job.complete(image_url="https://images.example/1.png")
        await generation.refresh_from_db()
        assert generation.status == "COMPLETED"
        await cm.Generation.objects.rescue_stale()
        template = await factories.template(name="Knight", tags=["hero"])
        await template.instantiate(ada.id)
        await cm.TagAlias.objects.all().count()
        await cm.Character.objects.rename_tag("brave", "bold")
        assert await cm.Character.objects.popular_tags(5)
        await cm.Character.objects.fold_tag_counts()
        await cm.import_characters(
            ['{"name": "Eve", "prompt": "A fox", "style": "ANIME"}\n'], owner="ada@other.example"
        )
        assert await cm.QuotaEntry.objects.discrepancies() == []
        await template.delete()
        await ada.delete()
    entries = await cm.AuditEntry.objects.exclude(action="PRUNE")
    assert {"TIER", "EMAIL", "QUOTA", "GRANT", "PUBLISH", "CREATE", "DELETE"} == {each.action for each in entries}
    assert {(each.actor, each.request_id) for each in entries} == {("web", "r1")}
    assert len({each.role for each in entries}) == 1
    assert (entries[0].role or "").endswith("_app_login")


REFUSED = [
    "CREATE TABLE mine (id integer)",
    "ALTER TABLE users ADD COLUMN mine integer",
    "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
    "DROP TABLE audit_entries",
    "DROP TRIGGER charmodels_audit_delete ON users",
    "CREATE OR REPLACE FUNCTION charmodels_audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "CREATE SCHEMA mine",
    "TRUNCATE characters CASCADE",
    "TRUNCATE audit_entries",
    "INSERT INTO audit_entries (table_name, action) VALUES ('users', 'DELETE')",
    "UPDATE audit_entries SET actor = 'nobody'",
    "DELETE FROM audit_entries",
    "SELECT * FROM charmodels_prune_audit(now(), now() - interval '1 day', 10)",
    "UPDATE audit_settings SET mask = false",
    "UPDATE gallery_settings SET cursor_key = ''",
    "UPDATE quota_ledger SET amount = 2",
    "DELETE FROM quota_ledger",
    "INSERT INTO aerich (version, app, content) VALUES ('9', 'charmodels', '{}')",
    "CREATE TEMP TABLE users (id uuid, email text); "
    "CREATE TRIGGER forged AFTER INSERT ON pg_temp.users "
    "FOR EACH ROW EXECUTE FUNCTION charmodels_audit('DELETE', 'id', 'id', 'email')",
]
"""What an app is refused."""


async def test_what_an_app_is_refused(url: str) -> None:
    async with some_roles(url, "app") as roles:
        await cm.roles.apply(url, roles)
        connection = await asyncpg.connect(await log_in(url, roles.app))
        try:
            for statement in REFUSED:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        finally:
            await connection.close()


async def test_temporary_tables_lead_no_trigger_astray(url: str) -> None:
    """The trigger writes with the owner's rights: to the trail, whatever a caller calls by the same name."""
    async with some_roles(url, "app") as roles:
        await cm.roles.apply(url, roles)
        connection = await asyncpg.connect(await log_in(url, roles.app))
        try:
            await connection.execute(
                "CREATE TEMP TABLE audit_entries (LIKE public.audit_entries); "
                "CREATE TEMP TABLE audit_settings AS SELECT 1 AS id, false AS mask; "
                "GRANT ALL ON audit_entries, audit_settings TO PUBLIC"
            )
            await connection.execute("INSERT INTO users (email, subscription_tier) VALUES ('ada@example.com', 'PRO')")
            await connection.execute("UPDATE users SET email = 'eve@example.com'")
            assert await connection.fetchval("SELECT count(*) FROM pg_temp.audit_entries") == 0
            rows = await connection.fetch("SELECT action, after FROM public.audit_entries ORDER BY created_at")
        finally:
            await connection.close()
        assert [row["action"] for row in rows] == ["TIER", "EMAIL"]
        assert rows[1]["after"] == '{"email": "***"}'


async def test_the_role_for_readers_reads_and_nothing_else(url: str) -> None:
    async with some_roles(url, "read") as roles:
        await cm.roles.apply(url, roles)
        async with cm.connect(url):
            await factories.character(is_public=True)
        reader = await log_in(url, roles.read)
        async with cm.connect(reader):
            assert len(await cm.Character.objects.public().tagged(none_of=["gore"]).page(size=10)) == 1
            assert await cm.User.objects.count() == 1
            assert len(await cm.AuditEntry.objects.all()) == 1
            with pytest.raises(cm.DatabaseError, match="permission denied for table users"):
                await factories.user()
        connection = await asyncpg.connect(reader)
        try:
            for table in sorted(await catalog.tables(url)):
                await connection.fetch(f"SELECT * FROM {table} LIMIT 1")
                for statement in (f"DELETE FROM {table}", f"INSERT INTO {table} DEFAULT VALUES", f"TRUNCATE {table}"):
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connection.execute(statement)
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("CREATE TABLE mine (id integer)")
        finally:
            await connection.close()


async def test_the_owner_migrates_and_prunes(url: str) -> None:
    async with some_roles(url, "owner", "app") as roles:
        await cm.roles.apply(url, roles)
        owner = await log_in(url, roles.owner)
        await servers.execute(url, f'ALTER ROLE "{roles.owner}_login" SET role = "{roles.owner}"')
        newest = cm.migrations.versions()[-1:]
        assert await cm.migrations.downgrade(owner) == newest
        assert await cm.migrations.upgrade(owner) == newest
        async with cm.connect(owner) as db:
            await db.client.fetch(
                "INSERT INTO audit_entries (table_name, action, created_at) "
                "VALUES ('users', 'DELETE', now() - interval '1 year')"
            )
            assert await cm.AuditEntry.objects.prune(timedelta(days=90)) == 1
            owners = await db.client.fetch(
                "SELECT DISTINCT pg_get_userbyid(relowner) AS name FROM pg_class "
                "WHERE relnamespace = 'public'::regnamespace"
            )
        assert [row["name"] for row in owners] == [roles.owner]
        # What the migration made anew belongs to the owner, and is given to the others by applying once more.
        assert (await cm.roles.apply(owner, roles)).created == ()
        async with cm.connect(cm.Settings(database_url=await log_in(url, roles.app), app_env="test")):
            await the_main_verbs()


async def test_applied_twice_it_changes_nothing(url: str) -> None:
    async def rights() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url)
        try:
            return [
                *await connection.fetch("SELECT relname, relacl::text, relowner FROM pg_class ORDER BY oid"),
                *await connection.fetch("SELECT proname, proacl::text, proowner FROM pg_proc ORDER BY oid"),
                *await connection.fetch("SELECT nspname, nspacl::text, nspowner FROM pg_namespace ORDER BY oid"),
            ]
        finally:
            await connection.close()

    async with some_roles(url) as roles:
        first = await cm.roles.apply(url, roles)
        assert first.created == astuple(roles)
        before = await rights()
        second = await cm.roles.apply(url, roles)
        assert second.created == ()
        assert await rights() == before
        assert not [each for each in second.statements if "OWNER TO" in each]
        assert [each for each in first.statements if "OWNER TO" in each]


async def test_rights_beside_these_are_taken_away(url: str) -> None:
    async with some_roles(url) as roles:
        await cm.roles.apply(url, roles)
        await servers.execute(
            url,
            f'GRANT ALL ON ALL TABLES IN SCHEMA public TO "{roles.app}", "{roles.read}", PUBLIC; '
            f'GRANT CREATE ON SCHEMA public TO "{roles.app}"; GRANT EXECUTE ON FUNCTION charmodels_audit TO PUBLIC',
        )
        await cm.roles.apply(url, roles)
        connection = await asyncpg.connect(url)
        try:
            assert not await connection.fetchval("SELECT has_table_privilege($1, 'audit_entries', 'INSERT')", roles.app)
            assert not await connection.fetchval("SELECT has_table_privilege($1, 'users', 'TRUNCATE')", roles.app)
            assert not await connection.fetchval("SELECT has_table_privilege($1, 'users', 'INSERT')", roles.read)
            assert not await connection.fetchval("SELECT has_schema_privilege($1, 'public', 'CREATE')", roles.app)
            assert not await connection.fetchval(
                "SELECT has_function_privilege($1, 'charmodels_audit()', 'EXECUTE')", roles.app
            )
        finally:
            await connection.close()


async def test_of_many_at_once_all_are_well(url: str, empty_url: str) -> None:
    await cm.migrations.upgrade(empty_url)
    async with some_roles(url) as roles:
        try:
            await asyncio.gather(*(cm.roles.apply(each, roles) for each in (url, empty_url) * 3))
            assert (await cm.roles.plan(url, roles)).created == ()
        finally:
            await servers.drop(url, empty_url)  # or the roles could not go


async def test_names_are_quoted(url: str) -> None:
    wild = Roles('own"er; DROP TABLE users', "the app's $make$ back\\slash", "Größe -- no")
    async with some_roles(url, roles=wild) as roles:
        assert (await cm.roles.apply(url, roles)).created == astuple(wild)
        assert (await cm.roles.apply(url, roles)).created == ()


async def test_a_schema_of_its_own(empty_url: str) -> None:
    settings = cm.Settings(database_url=empty_url, db_schema='my "app"')
    await cm.migrations.upgrade(settings)
    async with some_roles(empty_url, "app") as roles:
        found = await cm.roles.apply(settings, roles)
        assert found.schema == 'my "app"'
        login = await log_in(empty_url, roles.app)
        async with cm.connect(cm.Settings(database_url=login, db_schema='my "app"', app_env="test")):
            await the_main_verbs()


async def test_a_plan_changes_nothing(url: str) -> None:
    async with some_roles(url) as roles:
        found = await cm.roles.plan(url, roles)
        assert found.created == astuple(roles)
        assert found == await cm.roles.plan(url, roles)


async def test_what_it_does_not_take_for_least_privilege(url: str) -> None:
    async with some_roles(url) as roles:
        await servers.execute(url, f'CREATE ROLE "{roles.read}" SUPERUSER')
        with pytest.raises(cm.ConfigurationError, match=f"The role {roles.read} is a superuser"):
            await cm.roles.apply(url, roles)
        await servers.execute(
            url, f'ALTER ROLE "{roles.read}" NOSUPERUSER; CREATE ROLE "{roles.owner}"; '
            f'CREATE ROLE "{roles.app}" IN ROLE "{roles.owner}"',
        )  # fmt: skip
        with pytest.raises(cm.ConfigurationError, match=f"The role {roles.app} is a member of {roles.owner}"):
            await cm.roles.apply(url, roles)


async def test_before_an_upgrade_there_is_nothing_to_give_rights_on(empty_url: str) -> None:
    with pytest.raises(cm.MigrationsPending):
        await cm.roles.plan(empty_url)


async def test_who_may_not_make_roles_is_told_so(url: str) -> None:
    async with some_roles(url, "app") as roles:
        await cm.roles.apply(url, roles)
        with pytest.raises(cm.DatabaseError, match="permission denied"):
            await cm.roles.apply(await log_in(url, roles.app), Roles.named(f"{roles.app}_other"))
        assert len((await cm.roles.plan(url, Roles.named(f"{roles.app}_other"))).created) == 3


async def test_an_admin_who_is_no_superuser(empty_url: str) -> None:
    """As on servers that somebody else runs: it may make roles, and owns the database."""
    async with some_roles(empty_url, "read") as roles:
        admin = f"{roles.read}_login"
        await servers.execute(
            empty_url,
            f'CREATE ROLE "{admin}" LOGIN CREATEROLE; '
            f'ALTER DATABASE "{urlsplit(empty_url).path[1:]}" OWNER TO "{admin}"; '
            f'ALTER SCHEMA public OWNER TO "{admin}"',
        )
        await cm.migrations.upgrade(logged_in(empty_url, admin))
        await cm.roles.apply(logged_in(empty_url, admin), roles)
        again = await cm.roles.apply(logged_in(empty_url, admin), roles)
        assert not [each for each in again.statements if "OWNER TO" in each]


@pytest.mark.parametrize(
    ("names", "field"),
    [
        (("", "b", "c"), "owner"),
        (("a", "é" * 32, "c"), "app"),
        (("a", "b", "pg_read"), "read"),
        (("a", "public", "c"), "app"),
        (("a", "b", "c\0"), "read"),
        (("a", "b", "b"), "app"),
    ],
)
def test_what_cannot_be_a_role(names: tuple[str, str, str], field: str) -> None:
    with pytest.raises(cm.InvalidInput) as caught:
        Roles(*names)
    assert caught.value.field == field
