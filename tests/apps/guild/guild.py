"""The project: a model beside ours, and a web app that opens the database by itself."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from tortoise import fields

import charmodels as cm


class Guild(cm.Model):
    id = fields.BigIntField(primary_key=True)
    name: str = fields.CharField(max_length=100)
    founder: fields.ForeignKeyRelation[cm.User] = fields.ForeignKeyField("charmodels.User", related_name="guilds")

    class Meta:
        table = "guilds"


APPS = {"guild": ["guild"]}
SCHEMA = """
    CREATE TABLE guilds (
        id bigserial PRIMARY KEY,
        name varchar(100) NOT NULL,
        founder_id uuid NOT NULL REFERENCES users ON DELETE CASCADE
    )
"""


async def count(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(await cm.Character.objects.public().count()))


app = Starlette(routes=[Route("/", count)], lifespan=cm.lifespan())
