"""The public surface under the type checkers: `make check` fails when a chain loses its class."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, assert_type
from uuid import UUID

from fastapi import FastAPI
from tortoise import fields

import charmodels as cm
from charmodels.fields import TextArrayField
from charmodels.querysets.audit import AuditQuerySet
from charmodels.querysets.characters import CharacterQuerySet
from charmodels.querysets.templates import CharacterTemplateQuerySet
from charmodels.querysets.users import UserQuerySet


async def chains(user_id: UUID) -> None:
    assert_type(cm.Character.objects, CharacterQuerySet)
    query = (
        cm.Character.objects.public()
        .filter(name="Ada")
        .styled(cm.StyleType.FANTASY)
        .exclude(name=None)
        .order_by("-created_at")
        .select_related("user")
        .prefetch_related("generations")
        .newest()
        .limit(20)
        .offset(20)
        .owned_by(user_id)
        .distinct()
        .all()
    )
    assert_type(query, CharacterQuerySet)
    assert_type(query[0:10], CharacterQuerySet)
    assert_type(await query, list[cm.Character])
    assert_type(await query.first(), cm.Character | None)
    assert_type(await query.get(id=user_id), cm.Character)
    assert_type(await query.get_or_none(id=user_id), cm.Character | None)
    assert_type(await query.count(), int)
    async for character in query:
        assert_type(character, cm.Character)
    gallery = (
        cm.Character.objects.search("knight", mode="prefix")
        .public()
        .tagged(any_of=["hero"], none_of={"gore"})
        .visible_to(user_id)
        .editable_by(str(user_id))
        .from_template()
        .created_between(end=datetime.now(UTC))
        .oldest()
        .none()
    )
    assert_type(gallery, CharacterQuerySet)
    page = await gallery.page(20, None, "relevance", with_total=True, snippets=True)
    assert_type(page, cm.Page[cm.Character])
    assert_type(page.items, list[cm.Character])
    assert_type(page.next_cursor, str | None)
    assert_type(page.has_more, bool)
    assert_type(page.total, cm.Total | None)
    assert_type(page.snippets[user_id], cm.Snippet)
    assert_type([each.name for each in page], list[str | None])
    async for later in gallery.pages(size=50, sort="oldest"):
        assert_type(later, cm.Page[cm.Character])
    async for character in gallery.stream():
        assert_type(character, cm.Character)
    assert_type(await gallery.count_up_to(100), cm.Total)
    assert_type(await gallery.add_tags("hero", "knight"), int)
    assert_type(await gallery.remove_tags("hero"), int)
    assert_type(await gallery.set_tags(), int)
    assert_type(cm.User.objects.filter(name="Ada"), UserQuerySet)
    assert_type(await cm.User.objects.get_by_email("ada@example.com"), cm.User)
    users = cm.User.objects.subscribed().active_since(timedelta(days=7)).filter(name="Ada")
    assert_type(users, UserQuerySet)
    assert_type(users.limit(3).active_since(datetime.now(UTC)).exclude(name=None).subscribed(), UserQuerySet)
    assert_type(await users, list[cm.User])
    stats = await users.stats(active_within=timedelta(days=7))
    assert_type(stats, cm.UserStats)
    assert_type(stats.by_tier, dict[cm.SubscriptionTier, int])
    assert_type(stats.total + stats.active + stats.total_generated, int)
    assert_type(await cm.User.objects.sync_auth0("auth0|1", "ada@example.com", name=None), tuple[cm.User, bool])
    assert_type(cm.CharacterTemplate.objects.active().popular(), CharacterTemplateQuerySet)


def searches() -> None:
    query = cm.parse_query("warrior style:fantasy tag:hero")
    assert_type(query, cm.SearchQuery)
    assert_type(query.styles, tuple[cm.StyleType, ...])
    assert_type(query.any_of, tuple[str, ...])
    error = cm.InvalidQuery(reason="has a field without a value", start=0, end=4)
    assert_type((error.start, error.end, error.pointer("tag:")), tuple[int, int, str])


async def tags() -> None:
    assert_type(await cm.Character.objects.popular_tags(20, style=cm.StyleType.ANIME), list[cm.TagCount])
    assert_type(await cm.Character.objects.suggest_tags("war", limit=10), list[cm.TagCount])
    [found] = await cm.Character.objects.related_tags("hero")
    assert_type(found.tag, str)
    assert_type(found.count, int)
    assert_type(await cm.Character.objects.rename_tag("old", "new", keep_alias=True, progress=print), int)
    assert_type(await cm.Character.objects.merge_tags(["old"], into="new", batch=10), int)
    assert_type(await cm.Character.objects.fold_tag_counts(), int)
    assert_type(await cm.TagAlias.objects.add("heros", "hero"), cm.TagAlias)
    assert_type(await cm.TagAlias.objects.remove("heros"), bool)


async def rows(character: cm.Character, user: cm.User, generation: cm.Generation) -> None:
    assert_type(character.id, UUID)
    assert_type(character.user_id, UUID)
    assert_type(character.name, str | None)
    assert_type(character.prompt, str)
    assert_type(character.tags, list[str])
    assert_type(character.metadata, dict[str, Any])
    assert_type(character.is_public, bool)
    assert_type(character.style_type, cm.StyleType)
    assert_type(character.generation_status, cm.GenerationStatus)
    assert_type(user.email, str)
    assert_type(user.subscription_tier, cm.SubscriptionTier)
    assert_type(generation.character_id, UUID | None)
    assert_type(generation.batch_size, int)
    assert_type(await cm.User.create(email="ada@example.com"), cm.User)


async def life_cycle() -> None:
    database = cm.connect("postgresql://localhost/charmodels", apps={"shop": ["shop.models"]})
    assert_type(database, cm.Database)
    async with database as opened:
        assert_type(opened, cm.Database)
        assert_type(opened.pool_status().busy, int)
        async with opened.acquire() as connection:
            await connection.execute("SELECT 1")
    assert_type(await cm.migrations.status(), cm.MigrationStatus)


@cm.transaction(retries=5)
async def rename(user: cm.User, name: str) -> int:
    user.name = name
    await user.save()
    return len(name)


async def transactions(user: cm.User) -> None:
    assert_type(await rename(user, "Ada"), int)
    assert_type(await cm.transaction(actor=user.id).run(rename, user, name="Ada"), int)


async def audit(character: cm.Character, user_id: UUID) -> None:
    trail = cm.AuditEntry.objects.for_object(character).by_actor(user_id).between(datetime.now(UTC)).owned_by(user_id)
    assert_type(trail, AuditQuerySet)
    assert_type(trail.for_object(cm.Character, user_id).newest(), AuditQuerySet)
    assert_type(await trail.page(), cm.Page[cm.AuditEntry])
    assert_type(await trail.prune(timedelta(days=90)), int)
    assert_type(
        (await cm.roles.apply("postgresql://localhost/a", cm.roles.Roles.named("shop"))).created, tuple[str, ...]
    )


async def health(database: cm.Database) -> None:
    report = await cm.check_health()
    assert_type(report, cm.HealthReport)
    assert_type(await cm.check_health(database), cm.HealthReport)
    assert_type(await cm.check_health("postgresql://localhost/app"), cm.HealthReport)
    assert_type(report.status, cm.HealthStatus)
    assert_type(report.migrations, cm.MigrationStatus | None)
    assert_type(report.problems, tuple[str, ...])
    assert_type(report.as_dict(), dict[str, Any])
    async with cm.HealthChecker(database, interval=5) as checker:
        assert_type(checker.latest, cm.HealthReport | None)
    app = FastAPI()
    app.mount("/health", cm.health_app(details=False))


class ShelfQuerySet(cm.QuerySet["Shelf"]):
    def wide(self) -> ShelfQuerySet:
        return self.filter(width__gt=100)


class ShelfManager(cm.Manager[ShelfQuerySet]):
    queryset_class = ShelfQuerySet


class Shelf(cm.Model):
    id = fields.IntField(primary_key=True)
    width = fields.IntField()
    objects = ShelfManager()


class BookQuerySet(cm.TaggedQuerySet["Book"]):
    tags_field = "subjects"
    recency = "bought_at"

    def thick(self) -> BookQuerySet:
        return self.filter(pages__gt=1000)


class BookManager(cm.Manager[BookQuerySet]):
    queryset_class = BookQuerySet


class Book(cm.Model):
    id = fields.IntField(primary_key=True)
    pages = fields.IntField()
    subjects: list[str] = TextArrayField()
    bought_at = fields.DatetimeField()
    objects = BookManager()


async def own_models() -> None:
    books = Book.objects.tagged(all_of=["dragons"]).thick().newest().filter(id=1)
    assert_type(books, BookQuerySet)
    assert_type(await books.page(sort="oldest"), cm.Page[Book])
    assert_type(await books.add_tags("read"), int)
    async for book in books.stream():
        assert_type(book, Book)
    assert_type(Shelf.objects.wide().filter(id=1), ShelfQuerySet)
    assert_type(await Shelf.objects.wide(), list[Shelf])
