from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from tortoise import fields
from tortoise.exceptions import DoesNotExist, IntegrityError, ValidationError
from tortoise.expressions import F

import charmodels as cm
from charmodels.identifiers import new_id
from charmodels.models import GenerationJob, ProviderRequest, UserQuota
from tests import factories
from tests.proxy import session, settings
from tests.quotas import until_waiting

HOSTILE = ["a\x00b", "\ud800", "", " \t\n", "x" * 2001, "x" * 100_000]


async def test_a_user_is_found_whatever_the_case_of_the_address(db: cm.Database) -> None:
    ada = await factories.user(email="Ada@Example.com")
    assert await cm.User.objects.get_by_email(" ADA@example.COM ") == ada
    assert (await cm.User.get(email="ada@example.com")).email == "Ada@Example.com"
    assert await cm.User.objects.filter(email__in=["ADA@EXAMPLE.COM"]) == [ada]
    assert await factories.character(ada) in await cm.Character.filter(user__email="ADA@example.com")


async def test_an_address_is_taken_once_whatever_its_case(db: cm.Database) -> None:
    await factories.user(email="ada@example.com")
    with pytest.raises(cm.Conflict) as caught:
        await factories.user(email="ADA@Example.com")
    assert caught.value.constraint == "users_email_key"
    assert isinstance(caught.value, IntegrityError)
    assert "ada" not in f"{caught.value} {caught.value.__cause__}".lower()


async def test_a_user_is_found_by_auth0(db: cm.Database) -> None:
    ada = await factories.user(auth0_id="auth0|1")
    assert await cm.User.objects.get_by_auth0_id("auth0|1") == ada
    with pytest.raises(cm.Conflict):
        await factories.user(auth0_id="auth0|1")


@pytest.mark.parametrize("find", ["get_by_email", "get_by_auth0_id"])
@pytest.mark.parametrize("what", ["nobody@example.com", "x" * 10_000])
async def test_nobody_is_a_named_error(db: cm.Database, find: str, what: str) -> None:
    with pytest.raises(cm.NotFound, match="There is no such User") as caught:
        await getattr(cm.User.objects, find)(what)
    assert isinstance(caught.value, DoesNotExist)


async def test_the_error_is_ours_through_tortoises_own_doors(db: cm.Database) -> None:
    with pytest.raises(cm.NotFound):
        await cm.Character.get(id=new_id())
    with pytest.raises(cm.NotFound):
        await cm.Character.objects.filter(name="x").get(id=new_id())
    assert await cm.Character.get_or_none(id=new_id()) is None
    user, created = await cm.User.get_or_create(email="ada@example.com")
    again, created_again = await cm.User.get_or_create(email="ADA@example.com")
    assert (created, created_again, user) == (True, False, again)


async def test_two_rows_where_one_was_asked_for(db: cm.Database) -> None:
    owner = await factories.user()
    await factories.character(owner)
    await factories.character(owner)
    with pytest.raises(Exception, match="Multiple objects"):
        await cm.Character.get(user_id=owner.id)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        *[({"prompt": text}, "prompt") for text in HOSTILE],
        *[({"name": text}, "name") for text in HOSTILE],
        ({"prompt": None}, "prompt"),
        ({"style_type": "BAROQUE"}, "style_type"),
        ({"generation_status": "DONE"}, "generation_status"),
        ({"tags": ["x" * 51]}, "tags"),
        ({"tags": [str(number) for number in range(11)]}, "tags"),
        ({"tags": "hero"}, "tags"),
        ({"tags": ["a\x00"]}, "tags"),
        ({"image_url": "not an address"}, "image_url"),
        ({"metadata": ["a", "list"]}, "metadata"),
        ({"metadata": {"a": "\x00"}}, "metadata"),
        ({"metadata": {"a": object()}}, "metadata"),
        ({"user_id": None}, "user_id"),
        ({"created_at": "yesterday-ish"}, "created_at"),
    ],
)
async def test_bad_input_is_refused_by_field_on_create_and_save(
    db: cm.Database, values: dict[str, Any], field: str
) -> None:
    owner = await factories.user()
    with pytest.raises(cm.InvalidInput) as caught:
        await factories.character(owner, **values)
    assert caught.value.field == field
    assert isinstance(caught.value, ValidationError)
    assert isinstance(caught.value, ValueError)
    if field not in ("user_id", "created_at"):
        character = await factories.character(owner)
        for name, value in values.items():
            setattr(character, name, value)
        with pytest.raises(cm.InvalidInput) as caught:
            await character.save()
        assert caught.value.field == field
        await character.refresh_from_db()
        assert character.prompt.startswith("A brave knight")


async def test_an_error_does_not_repeat_what_was_typed(db: cm.Database) -> None:
    with pytest.raises(cm.InvalidInput) as caught:
        await factories.character(prompt="my secret story " * 200)
    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [
        ("prompt", "repeat('x', 2001)", "prompt"),
        ("prompt", "NULL", "prompt"),
        ("name", "''", "name"),
        ("tags", "ARRAY[repeat('x', 51)]", "tags"),
        ("tags", "ARRAY[NULL]", "tags"),
        ("tags", "array_fill('a'::text, ARRAY[11])", "tags"),
        ("metadata", "'[]'", "metadata"),
        ("style_type", "'BAROQUE'", "style_type"),
    ],
)
async def test_what_sql_lets_through_the_database_refuses(db: cm.Database, column: str, value: str, field: str) -> None:
    await factories.character(name="Ada")
    with pytest.raises(cm.ConstraintViolation) as caught:
        await db.client.execute_query(f"UPDATE characters SET {column} = {value}")
    assert caught.value.field == field
    assert isinstance(caught.value, IntegrityError)
    assert "Ada" not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"prompt": "x" * 2001}, "prompt"),
        ({"prompt": " "}, "prompt"),
        ({"name": ""}, "name"),
        ({"tags": ["x" * 51]}, "tags"),
        ({"image_url": "javascript:alert(1)"}, "image_url"),
        ({"metadata": []}, "metadata"),
        ({"style_type": "BAROQUE"}, "style_type"),
    ],
)
async def test_bulk_writes_follow_the_same_rules(db: cm.Database, values: dict[str, Any], field: str) -> None:
    character = await factories.character()
    with pytest.raises(cm.InvalidInput) as caught:
        await cm.Character.filter(id=character.id).update(**values)
    assert caught.value.field == field
    for name, value in values.items():
        setattr(character, name, value)
    with pytest.raises(cm.InvalidInput) as caught:
        await cm.Character.bulk_update([character], fields=[field])
    assert caught.value.field == field


async def test_bulk_writes_normalise(db: cm.Database) -> None:
    owner = await factories.user()
    made = [cm.Character(user_id=owner.id, prompt="A knight", name=" Ada ", tags=["Hero ", "HERO"]) for _ in range(3)]
    await cm.Character.bulk_create(made)
    await made[0].publish()
    made[1].name = "Eve"
    await made[1].save()
    await cm.Character.filter(id=made[2].id).update(tags=["Ice  QUEEN"], style_type="ANIME")
    made[0].tags = ["Knight "]
    await cm.Character.bulk_update([made[0]], fields=["tags"])
    found = await cm.Character.objects.order_by("id")
    assert [(row.name, row.tags) for row in found] == [("Ada", ["knight"]), ("Eve", ["hero"]), ("Ada", ["ice queen"])]
    with pytest.raises(cm.InvalidInput, match="never changes"):
        cm.Character.bulk_update([made[0]], fields=["user_id"])


async def test_rows_that_clash_in_bulk_can_be_left_out_or_updated(db: cm.Database) -> None:
    await factories.template(name="Knight")
    rows = [cm.CharacterTemplate(name=name, prompt="Other", style_type="ANIME") for name in ("Knight", "Queen")]
    await cm.CharacterTemplate.bulk_create(rows, ignore_conflicts=True)
    assert await cm.CharacterTemplate.filter(prompt="Other").count() == 1
    await cm.CharacterTemplate.bulk_create(rows[:1], on_conflict=["name"], update_fields=["prompt"])
    assert await cm.CharacterTemplate.filter(prompt="Other").count() == 2


async def test_bulk_create_is_refused_as_a_whole(db: cm.Database) -> None:
    owner = await factories.user()
    rows = [cm.Character(user_id=owner.id, prompt="A knight"), cm.Character(user_id=owner.id, prompt="")]
    with pytest.raises(cm.InvalidInput):
        await cm.Character.bulk_create(rows)
    assert await cm.Character.objects.count() == 0


async def test_a_character_of_nobody(db: cm.Database) -> None:
    with pytest.raises(cm.Conflict) as caught:
        await cm.Character.create(user_id=new_id(), prompt="A knight")
    assert caught.value.constraint == "characters_user_id_fkey"
    with pytest.raises(cm.NotFound, match="no such User"):
        await cm.Character.objects.create_for(new_id(), cm.CharacterCreate(prompt="A knight"))


async def test_what_is_no_identifier_is_invalid_input(db: cm.Database) -> None:
    with pytest.raises(cm.InvalidInput):
        await cm.Character.get(id="knight")


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
async def test_text_that_cannot_be_stored_is_invalid_input_in_a_filter_too(db: cm.Database, text: str) -> None:
    with pytest.raises(cm.InvalidInput):
        await cm.Character.filter(name=text)
    with pytest.raises(cm.InvalidInput):
        await cm.User.objects.get_by_email(text)


async def test_tags_are_normalised_on_the_way_in(db: cm.Database) -> None:
    character = await factories.character(tags=["Hero", "hero ", "Ice   Queen"])
    assert character.tags == ["hero", "ice queen"]
    await character.refresh_from_db()
    assert character.tags == ["hero", "ice queen"]


async def test_the_owner_and_the_key_never_change(db: cm.Database) -> None:
    ada, eve = await factories.user(), await factories.user()
    character = await factories.character(ada)
    for attempt in (
        character.save(update_fields=["user_id"]),
        character.save(update_fields=["id"]),
    ):
        with pytest.raises(cm.InvalidInput, match="never changes"):
            await attempt
    for values in ({"user_id": eve.id}, {"user": eve}, {"id": new_id()}, {"pk": new_id()}):
        with pytest.raises(cm.InvalidInput, match="never changes"):
            await cm.Character.filter(id=character.id).update(**values)
    character.user_id = eve.id
    character.name = "Stolen"
    await character.save()
    assert (await cm.Character.get(id=character.id)).user_id == ada.id
    with pytest.raises(cm.InvalidInput):
        await db.client.execute_query("UPDATE characters SET user_id = $1", [eve.id])


async def test_updated_at_is_the_databases_and_read_back(db: cm.Database) -> None:
    character = await factories.character()
    before = character.updated_at
    character.name = "Eve"
    await character.save()
    assert character.updated_at > before
    assert (await cm.Character.get(id=character.id)).updated_at == character.updated_at
    await cm.Character.filter(id=character.id).update(name="Ada")
    assert (await cm.Character.get(id=character.id)).updated_at > character.updated_at


@pytest.mark.parametrize("claimed", ["'2000-01-01'", "'2100-01-01'", "created_at", "updated_at", "clock_timestamp()"])
async def test_updated_at_is_the_time_of_the_update_whatever_a_statement_says(db: cm.Database, claimed: str) -> None:
    character = await factories.character()
    statement = f"UPDATE characters SET updated_at = {claimed} RETURNING updated_at > statement_timestamp() AS is_now"
    assert await db.client.execute_query_dict(statement) == [{"is_now": True}]
    assert (await cm.Character.get(id=character.id)).updated_at > character.updated_at


async def test_updated_at_follows_an_update_that_waited_for_another(url: str) -> None:
    async with cm.connect(settings(url)), session(url) as first, session(url) as second:
        character = await factories.character()
        async with first.transaction():
            await first.fetch("SELECT FROM characters WHERE id = $1 FOR UPDATE", character.id)
            waiting = asyncio.create_task(second.execute("UPDATE characters SET name = 'Eve'"))
            await until_waiting(first)
            before = await first.fetchval("UPDATE characters SET name = 'Ada' RETURNING updated_at")
        await waiting
        found = await cm.Character.get(id=character.id)
        assert found.name == "Eve"
        assert found.updated_at > before


async def test_save_can_write_some_fields_and_expressions(db: cm.Database) -> None:
    template = await factories.template()
    template.name, template.usage_count = "Other", F("usage_count") + 1  # type: ignore[assignment]
    await template.save(update_fields=["usage_count"])
    found = await cm.CharacterTemplate.get(id=template.id)
    assert (found.name == "Other", found.usage_count) == (False, 1)
    with pytest.raises(cm.InvalidInput, match="is not a column"):
        await template.save(update_fields=["nonsense"])


async def test_publishing_happens_once(db: cm.Database) -> None:
    character = await factories.character()
    await character.publish()
    published_at = character.published_at
    assert published_at is not None
    await asyncio.gather(*(character.publish() for _ in range(5)))
    assert character.published_at == published_at
    await character.unpublish()
    assert (character.is_public, character.published_at) == (False, None)
    await character.delete()
    with pytest.raises(cm.NotFound):
        await character.publish()


async def test_every_user_has_a_quota(db: cm.Database) -> None:
    ada = await factories.user()
    quota = await UserQuota.get(user_id=ada.id)
    assert (quota.daily_quota, quota.daily_used, quota.total_generated) == (None, 0, 0)


async def test_a_users_rows_go_with_the_user_and_a_generation_outlives_its_character(db: cm.Database) -> None:
    ada = await factories.user()
    character = await factories.character(ada)
    generation = await factories.generation(ada, character_id=character.id, provider_request_id="p1")
    await GenerationJob.create(generation_id=generation.id, user_id=ada.id)
    await character.delete()
    await generation.refresh_from_db()
    assert generation.character_id is None
    await ada.delete()
    for model in (cm.Generation, GenerationJob, ProviderRequest, UserQuota):
        assert await model.all().count() == 0


async def test_a_providers_request_belongs_to_one_generation(db: cm.Database) -> None:
    first = await factories.generation(provider_request_id="p1")
    with pytest.raises(cm.Conflict) as caught:
        await factories.generation(provider_request_id="p1")
    assert caught.value.constraint == "provider_requests_pkey"
    second = await factories.generation()
    second.provider_request_id = "p1"
    with pytest.raises(cm.Conflict):
        await second.save()
    first.provider_request_id = "p2"
    await first.save()
    await second.save()
    owners = {request.provider_request_id: request.generation_id for request in await ProviderRequest.all()}
    assert owners == {"p1": second.id, "p2": first.id}


async def test_a_key_is_taken_once_by_each_user(db: cm.Database) -> None:
    ada, eve = await factories.user(), await factories.user()
    await factories.generation(ada, key="k")
    await factories.generation(eve, key="k")
    with pytest.raises(cm.Conflict) as caught:
        await factories.generation(ada, key="k")
    assert caught.value.constraint == "generations_user_id_key_key"


async def test_public_schemas_are_made_of_rows(db: cm.Database) -> None:
    ada = await factories.user(email="ada@example.com")
    character = await factories.character(ada)
    shown = cm.CharacterPublic.model_validate(character).model_dump_json()
    shown += cm.UserPublic.model_validate(ada).model_dump_json()
    assert "ada@example.com" not in shown
    assert str(character.id) in shown


async def test_keys_are_ordered_by_time(db: cm.Database) -> None:
    owner = await factories.user()
    made = [(await factories.character(owner)).id for _ in range(20)]
    assert made == sorted(made)
    assert {key.version for key in made} == {7}


@pytest.mark.parametrize("values", [{"prompt": None}, {"tags": None}, {"is_public": None}, {"template_id": "x"}])
async def test_the_field_at_fault_is_named_whatever_stands_before_it(db: cm.Database, values: dict[str, Any]) -> None:
    owner = await factories.user()
    with pytest.raises(cm.InvalidInput) as caught:
        cm.Character(**{"user": owner, "prompt": "A knight", **values})
    assert {caught.value.field} == values.keys()


@pytest.mark.parametrize(
    ("values", "field"),
    [({"user": "ada"}, "user"), ({"id": 5}, "id"), ({"user_id": object()}, "user_id"), ({"nmae": "Ada"}, "nmae")],
)
async def test_what_no_field_takes_is_refused_by_name(db: cm.Database, values: dict[str, Any], field: str) -> None:
    with pytest.raises(cm.InvalidInput) as caught:
        cm.Character(**{"prompt": "A knight", **values})
    assert caught.value.field == field


async def test_a_part_of_an_address_is_found_whatever_its_case(db: cm.Database) -> None:
    ada = await factories.user(email="MixedX@Example.com")
    for part in ("startswith", "contains", "icontains", "istartswith"):
        assert await cm.User.filter(**{f"email__{part}": "Mixed"}) == [ada]
    assert await cm.User.filter(email__endswith="EXAMPLE.com") == [ada]
    assert await cm.Character.filter(user__email__contains="Mixed") == []


@pytest.mark.parametrize("email", ["\u0130x@example.com", "\u0391\u03a3@example.com"])
async def test_an_address_outside_ascii_is_found_as_it_was_stored(db: cm.Database, email: str) -> None:
    user = await factories.user(email=email)
    for _ in range(2):
        assert await cm.User.objects.get_by_email(email) == user
        assert await cm.User.filter(email__in=[email, "other@example.com"]) == [user]


async def test_a_row_that_is_gone_is_not_found(db: cm.Database) -> None:
    character = await factories.character()
    await (await cm.User.get(id=character.user_id)).delete()
    for attempt in (character.save(), character.save(update_fields=["name"]), character.refresh_from_db()):
        with pytest.raises(cm.NotFound, match="no such Character"):
            await attempt


async def test_metadata_has_a_depth(db: cm.Database) -> None:
    deep: dict[str, Any] = {}
    for _ in range(32):
        deep = {"a": deep}
    await factories.character(metadata=deep)
    for bad in ({"a": deep}, {"a": [deep]}):
        with pytest.raises(cm.InvalidInput, match="at most 32 levels"):
            await factories.character(metadata=bad)
    endless: dict[str, Any] = {}
    endless["a"] = endless
    with pytest.raises(cm.InvalidInput):
        await factories.character(metadata=endless)


async def test_a_part_of_a_row_can_be_shown_and_published(db: cm.Database) -> None:
    await factories.character(name="Ada")
    part = await cm.Character.objects.only("id", "prompt").get()
    assert str(part) == f"Character ({part.id})"
    await part.publish()
    assert part.is_public
    assert await cm.Character.objects.public().count() == 1


async def test_an_enum_is_one_after_saving(db: cm.Database) -> None:
    character = await factories.character()
    character.style_type = "ANIME"  # type: ignore[assignment]
    await character.save()
    assert character.style_type is cm.StyleType.ANIME


async def test_a_clone_is_a_row_of_its_own(db: cm.Database) -> None:
    character = await factories.character()
    clone = character.clone()
    await clone.save()
    assert await cm.Character.objects.count() == 2
    assert clone.id != character.id


async def test_the_log_of_statements_holds_no_values(db: cm.Database, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        ada = await factories.user(email="secret@example.com")
        await cm.User.bulk_create([cm.User(email="secret2@example.com")])
        await cm.User.filter(email="secret@example.com").update(name="Secret")
        ada.name = "Secret"
        await ada.save()
        async with cm.transaction():
            assert await cm.User.filter(email="secret@example.com").exists()
    assert "INSERT INTO" in caplog.text
    assert "UPDATE" in caplog.text
    assert "secret" not in caplog.text.lower()


class Note(cm.Model):
    """A model of an app's own, on our base, with what Tortoise fills."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=3)
    made_at = fields.DatetimeField(auto_now_add=True)
    price = fields.DecimalField(max_digits=5, decimal_places=2, null=True)

    class Meta:
        table = "notes"


async def test_an_apps_own_model_can_stand_on_our_base(url: str) -> None:
    async with cm.connect(url, apps={"notes": [__name__]}) as database:
        await database.client.execute_script(
            "CREATE TABLE notes (id serial PRIMARY KEY, code varchar(3) NOT NULL, made_at timestamptz NOT NULL,"
            " price numeric(5, 2))"
        )
        note = await Note.create(code="abc")
        assert (await Note.get(id=note.id)).made_at == note.made_at
        rows = [Note(code="x"), Note(code="y")]
        await Note.bulk_create(rows)
        note.code = "abd"
        await note.save()
        assert await Note.filter(code="abd").count() == 1
        await Note.filter(id=note.id).delete()
        with pytest.raises(cm.NotFound):
            await note.save()
        with pytest.raises(cm.InvalidInput) as caught:
            await Note.create(code="secret")
        assert caught.value.field == "code"
        assert "secret" not in str(caught.value)
        with pytest.raises(cm.InvalidInput):
            Note(code="abc", price="much")


async def test_a_key_that_is_a_relation_is_found_as_pk(db: cm.Database) -> None:
    ada = await factories.user()
    quota = await cm.UserQuota.get(pk=ada.id)
    assert await cm.UserQuota.filter(pk__in=[ada.id]) == [quota]
    await cm.UserQuota.filter(pk=ada.id).update(total_generated=3)
    await quota.refresh_from_db()
    assert quota.total_generated == 3
