"""An app whose own models have our tag verbs and pages, under names and with keys of its own."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

import charmodels as cm


class NoteQuerySet(cm.TaggedQuerySet["Note"]):
    tags_field = "labels"
    tags_limit = 3
    recency = "posted_at"

    def long(self) -> NoteQuerySet:
        return self.filter(length__gte=100)


class NoteManager(cm.Manager[NoteQuerySet]):
    queryset_class = NoteQuerySet


class Note(Model):
    """A stock Tortoise model: an integer key, and columns that are named otherwise than its fields."""

    number = fields.IntField(primary_key=True, source_field="note_number")
    labels: list[str] = ArrayField(element_type="text", source_field="label_list", default=list)  # type: ignore[assignment]
    posted_at: datetime = fields.DatetimeField(source_field="posted")
    length: int = fields.IntField(default=0)
    author: fields.ForeignKeyNullableRelation[cm.User] = fields.ForeignKeyField(
        "charmodels.User", related_name="notes", null=True, on_delete=fields.CASCADE
    )

    objects = NoteManager()

    class Meta:
        table = "board_notes"


class EventQuerySet(cm.PagedQuerySet["Event"]):
    recency = "day"


class EventManager(cm.Manager[EventQuerySet]):
    queryset_class = EventQuerySet


class Event(cm.Model):
    """A model on our base: a text for a key, and a date to sort by."""

    slug: str = fields.CharField(max_length=255, primary_key=True)
    day: date = fields.DateField()

    objects = EventManager()

    class Meta:
        table = "board_events"


class OfferQuerySet(cm.PagedQuerySet["Offer"]):
    recency = "price"


class OfferManager(cm.Manager[OfferQuerySet]):
    queryset_class = OfferQuerySet


class Offer(cm.Model):
    """Sorted by a number, of which many are equal."""

    id = fields.BigIntField(primary_key=True)
    price: Decimal = fields.DecimalField(max_digits=12, decimal_places=3)

    objects = OfferManager()

    class Meta:
        table = "board_offers"


SCHEMA = """
    CREATE TABLE board_notes (
        note_number serial PRIMARY KEY,
        label_list text[] NOT NULL,
        posted timestamptz NOT NULL,
        length integer NOT NULL,
        author_id uuid REFERENCES users ON DELETE CASCADE
    );
    CREATE INDEX board_notes_newest ON board_notes (posted DESC, note_number DESC);
    CREATE TABLE board_events (slug varchar(255) PRIMARY KEY, day date NOT NULL);
    CREATE TABLE board_offers (id bigserial PRIMARY KEY, price numeric(12, 3) NOT NULL);
"""
APPS = {"board": ["tests.apps.board.models"]}
