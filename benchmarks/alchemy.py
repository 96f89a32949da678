"""The contender from SQLAlchemy: the same table mapped, read by an AsyncSession on asyncpg."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Text, select, true
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import charmodels as cm
from benchmarks.contenders import PAGE, Contender


class Base(DeclarativeBase):
    type_annotation_map = {str: Text, datetime: TIMESTAMP(timezone=True), list[str]: ARRAY(Text), dict[str, Any]: JSONB}


class Character(Base):
    """The table `characters`, as charmodels declares it."""

    __tablename__ = "characters"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    name: Mapped[str | None]
    prompt: Mapped[str]
    style_type: Mapped[str]
    image_url: Mapped[str | None]
    thumbnail_url: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    tags: Mapped[list[str]]
    is_public: Mapped[bool]
    generation_status: Mapped[str]
    published_at: Mapped[datetime | None]
    user_id: Mapped[UUID]
    template_id: Mapped[UUID | None]


@asynccontextmanager
async def opened(settings: cm.Settings) -> AsyncIterator[AsyncEngine]:
    """An engine with as many connections as the other contenders have."""
    arguments = settings.connect_arguments()

    async def connect() -> Any:
        return await asyncpg.connect(**arguments)

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, pool_size=settings.pool_max, max_overflow=0
    )
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def sqlalchemy(settings: cm.Settings) -> AsyncIterator[Contender]:
    """Mapped objects through SQLAlchemy's async ORM, a session for each request."""
    # Literals, as charmodels writes them: a parameter would lose the partial index.
    newest = (
        select(Character)
        .where(Character.is_public == true(), Character.generation_status == "COMPLETED")
        .order_by(Character.created_at.desc(), Character.id.desc())
    )

    async with opened(settings) as engine:

        async def page() -> list[Character]:
            async with AsyncSession(engine) as session:
                return list(await session.scalars(newest.limit(PAGE)))

        async def get(key: UUID) -> Character | None:
            async with AsyncSession(engine) as session:
                return await session.get(Character, key)

        yield Contender("SQLAlchemy 2 ORM", page, get, attrgetter("id"))
