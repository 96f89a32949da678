"""A model of your own, as a recipe: it has the tag verbs, the pages and the errors, beside ours in one database.

Run it with `python -m examples.own_models`, on an embedded PostgreSQL, or on the server that DATABASE_URL names, in a
database of its own.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/own_models.py` runs as well

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

import charmodels as cm
from examples.databases import own_database


class PostQuerySet(cm.TaggedQuerySet["Post"]):
    """What can be asked of posts: our verbs, told what the columns are called, and one of its own."""

    tags_field = "labels"
    tags_limit = 3
    recency = "posted_at"

    def about(self, character: cm.Character) -> PostQuerySet:
        """Keep the posts about a character."""
        return self.filter(character_id=character.id)


class PostManager(cm.Manager[PostQuerySet]):
    """`Post.objects`."""

    queryset_class = PostQuerySet


class Post(cm.Model):
    """What a user writes about a character."""

    id = fields.BigIntField(primary_key=True)
    user: fields.ForeignKeyRelation[cm.User] = fields.ForeignKeyField("charmodels.User", related_name="posts")
    character: fields.ForeignKeyRelation[cm.Character] = fields.ForeignKeyField(
        "charmodels.Character", related_name="posts"
    )
    text = fields.TextField()
    labels: list[str] = ArrayField(element_type="text", default=list)
    posted_at: datetime = fields.DatetimeField(auto_now_add=True)

    objects = PostManager()

    class Meta:
        table = "posts"


# In an app Aerich makes and applies this: `aerich --app blog init-db`, `aerich --app blog migrate`.
TABLE = """
    CREATE TABLE posts (
        id bigserial PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        character_id uuid NOT NULL REFERENCES characters ON DELETE CASCADE,
        text text NOT NULL,
        labels text[] NOT NULL,
        posted_at timestamptz NOT NULL
    );
    CREATE INDEX posts_newest ON posts (posted_at DESC, id DESC);
    CREATE INDEX posts_labels ON posts USING gin (labels);
"""
APPS = {"blog": [__name__]}


def say(what: str, result: object) -> None:
    print(f"  {what:<38} {result}")


async def posting(ada: cm.User, knight: cm.Character) -> None:
    """A post refers to our rows by foreign keys, and is written with them in one transaction."""
    for number in range(1, 8):
        await Post.create(user=ada, character=knight, text=f"Chapter {number}", labels=["story"])
    try:
        async with cm.transaction(actor=ada.id):
            await knight.publish()
            await Post.create(user_id=ada.id, character_id=ada.id, text="About nobody")
    except cm.Conflict as error:
        say("about no character", f"{type(error).__name__}: {error.reason}")
    await knight.refresh_from_db()
    say("published without its post", knight.is_public)
    say("posts of Ada", await Post.objects.filter(user__email="ADA@example.com").count())


async def paging(ada: cm.User, knight: cm.Character) -> None:
    """Pages by cursor, however deep, and an export in constant memory."""
    page = await Post.objects.about(knight).page(size=3, with_total=True)
    say(f"the first of {page.total}", ", ".join(post.text for post in page))
    page = await Post.objects.about(knight).page(size=3, after=page.next_cursor)
    say("and the next", ", ".join(post.text for post in page))
    say("all of them", sum([1 async for _ in Post.objects.stream(batch=4)]))
    try:
        await cm.Character.objects.public().page(after=page.next_cursor)
    except cm.InvalidCursor as error:
        say("its cursor in the gallery", f"{type(error).__name__}: {error}")


async def tagging(ada: cm.User, knight: cm.Character) -> None:
    """Tags on its own column, with its own limit: one UPDATE for as many rows as the query has."""
    say("rows that got the tag", await Post.objects.newest().limit(2).add_tags("New ", "NEW"))
    say("found by it", ", ".join([post.text async for post in Post.objects.tagged(all_of=["new", "story"]).newest()]))
    try:
        await Post.objects.all().add_tags("one", "two", "three")
    except cm.InvalidInput as error:
        say("too many", f"{type(error).__name__}: {error}")
    say("rows that lost it", await Post.objects.all().remove_tags("new"))


async def leaving(ada: cm.User, knight: cm.Character) -> None:
    """When the user goes, the posts go."""
    await ada.delete()
    say("posts that are left", await Post.objects.count())


async def main() -> None:
    async with own_database() as settings:
        await cm.migrations.upgrade(settings)
        async with cm.connect(settings, apps=APPS) as database:
            await database.client.execute_script(TABLE)
            ada = await cm.User.create(email="ada@example.com", name="Ada")
            osric = cm.CharacterCreate(name="Ser Osric", prompt="A brave knight at dawn")
            knight = await cm.Character.objects.create_for(ada.id, osric)
            for chapter in (posting, paging, tagging, leaving):
                print(f"\n{chapter.__doc__}")
                await chapter(ada, knight)


if __name__ == "__main__":
    asyncio.run(main())
