"""What tests of the gallery ask, and what plain Python says that the answer is."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import charmodels as cm
from charmodels.querysets.characters import CharacterQuerySet
from tests import factories

ROOT = Path(__file__).parents[1]
SRD = ROOT.parent / "shared" / "data" / "srd_characters.jsonl"
EXAMPLES = ROOT / "examples" / "data" / "characters.jsonl"
DAWN = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
COMPLETED = cm.GenerationStatus.COMPLETED
STYLES = list(cm.StyleType)

ALL_OF_A_PAGE = 100


@cache
def real_characters() -> list[dict[str, Any]]:
    """Characters that people wrote; the larger set where it is there."""
    file = SRD if SRD.is_file() else EXAMPLES
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [{name: row[name] for name in ("name", "prompt", "tags", "style")} for row in rows]


@dataclass(eq=False)
class Row:
    """A character as plain Python knows it."""

    id: UUID
    user_id: UUID
    name: str | None
    prompt: str
    tags: list[str]
    style: cm.StyleType
    is_public: bool
    status: cm.GenerationStatus
    created_at: datetime
    template_id: UUID | None
    lexemes: list[str] = field(default_factory=list)

    @property
    def shown(self) -> bool:
        return self.is_public and self.status is COMPLETED

    @property
    def age(self) -> tuple[datetime, UUID]:
        return self.created_at, self.id

    @classmethod
    def of(cls, character: cm.Character) -> Row:
        return cls(
            character.id,
            character.user_id,
            character.name,
            character.prompt,
            character.tags,
            character.style_type,
            character.is_public,
            character.generation_status,
            character.created_at,
            character.template_id,
        )


@dataclass(eq=False)
class World:
    """Characters in the database, and beside them what plain Python knows of them."""

    db: cm.Database
    users: list[cm.User]
    templates: list[cm.CharacterTemplate]
    rows: list[Row] = field(default_factory=list)
    _web: dict[str, set[UUID]] = field(default_factory=dict)
    _ranks: dict[tuple[str, str], dict[UUID, float]] = field(default_factory=dict)
    _stems: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    async def make(cls, db: cm.Database, users: int = 4, templates: int = 3) -> World:
        made = [await factories.user() for _ in range(users)]
        return cls(db, made, [await factories.template() for _ in range(templates)])

    async def add(self, *characters: cm.Character) -> None:
        """Insert characters, and learn what the database made of them."""
        await cm.Character.objects.bulk_create(characters)
        keys = {character.id for character in characters}
        self.rows += [Row.of(row) for row in await cm.Character.objects.all() if row.id in keys]
        found = await self.fetch(f"SELECT id, tsvector_to_array({DOCUMENT}) AS lexemes FROM characters")
        lexemes = {row["id"]: row["lexemes"] for row in found}
        for row in self.rows:
            row.lexemes = lexemes[row.id]
        self._web.clear()
        self._ranks.clear()

    def character(self, rng: random.Random, **values: Any) -> cm.Character:
        """A character of one of the users, not saved yet. Many are as old as others, to the microsecond."""
        template = rng.choice([None, None, *self.templates])
        return cm.Character(
            **{
                "user_id": rng.choice(self.users).id,
                "is_public": rng.random() < 0.6,
                "generation_status": COMPLETED if rng.random() < 0.85 else rng.choice(list(cm.GenerationStatus)),
                "template_id": template and template.id,
                "created_at": DAWN + rng.randrange(120) * MINUTE,
                **values,
            }
        )

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        async with self.db.acquire() as connection:
            rows: list[Any] = await connection.fetch(statement, *values)
        return rows

    async def web(self, text: str) -> set[UUID]:
        """The keys of what PostgreSQL finds when it reads every row."""
        if text not in self._web:
            found = await self.fetch(
                f"SELECT id, ({DOCUMENT}) @@ websearch_to_tsquery('english', $1) AS found FROM characters", text
            )
            self._web[text] = {row["id"] for row in found if row["found"]}
        return self._web[text]

    async def stem(self, word: str) -> str | None:
        """A word as the index knows it; None for one that says too little."""
        if word not in self._stems:
            [row] = await self.fetch("SELECT ts_lexize('english_stem', $1) AS stems", word.lower())
            self._stems[word] = row["stems"][0] if row["stems"] else None
        return self._stems[word]

    async def ranks(self, query: str, text: str) -> dict[UUID, float]:
        """The rank of every row."""
        if (query, text) not in self._ranks:
            found = await self.fetch(f"SELECT id, ts_rank({DOCUMENT}, {query}, 1) AS rank FROM characters", text)
            self._ranks[query, text] = {row["id"]: row["rank"] for row in found}
        return self._ranks[query, text]


DOCUMENT = """
    setweight(to_tsvector('english', coalesce(name, '')), 'A')
    || setweight(to_tsvector('english', array_to_string(tags, ' ')), 'B')
    || setweight(to_tsvector('english', prompt), 'C')
"""


@dataclass(eq=False)
class Question:
    """A queryset, and what plain Python makes of the same question."""

    world: World
    query: CharacterQuerySet
    conditions: list[Callable[[Row], bool]] = field(default_factory=list)
    viewers: list[UUID] = field(default_factory=list)
    """Who looks, if `visible_to` was asked."""
    ranking: tuple[str, str] | None = None
    """The tsquery by which is ranked, and its text."""
    said: list[str] = field(default_factory=list)

    async def ask(self, verb: str, *arguments: Any, **keywords: Any) -> None:
        """Narrow both."""
        self.said.append(f".{verb}({', '.join([*map(repr, arguments), *(f'{k}={v!r}' for k, v in keywords.items())])})")
        self.query = getattr(self.query, verb)(*arguments, **keywords)
        await getattr(self, f"_{verb}")(*arguments, **keywords)

    def __str__(self) -> str:
        return "".join(self.said)

    def expected(self) -> list[Row]:
        """The rows, newest first."""
        found = [row for row in self.world.rows if all(condition(row) for condition in self.conditions)]
        return sorted(found, key=lambda row: row.age, reverse=True)

    async def expected_ranked(self, candidates: int) -> list[Row]:
        """The rows by relevance: so many of the newest; where somebody looks, of the public and of their own."""
        assert self.ranking is not None
        ranks = await self.world.ranks(*self.ranking)
        newest = self.expected()
        ranked = newest[:candidates]
        if len(self.viewers) == 1:
            shown = [row for row in newest if row.shown][:candidates]
            own = [row for row in newest if row.user_id == self.viewers[0]][:candidates]
            ranked = list({row.id: row for row in (*shown, *own)}.values())
        return sorted(ranked, key=lambda row: (ranks[row.id], row.id), reverse=True)

    # The verbs in plain Python

    def _keep(self, condition: Callable[[Row], bool]) -> None:
        self.conditions.append(condition)

    async def _public(self) -> None:
        self._keep(lambda row: row.shown)

    async def _owned_by(self, user_id: UUID) -> None:
        self._keep(lambda row: row.user_id == user_id)

    _editable_by = _owned_by

    async def _visible_to(self, user_id: UUID) -> None:
        self._keep(lambda row: row.shown or row.user_id == user_id)
        self.viewers.append(user_id)

    async def _styled(self, *styles: cm.StyleType) -> None:
        self._keep(lambda row: row.style in styles)

    async def _tagged(
        self, any_of: Iterable[str] = (), all_of: Iterable[str] = (), none_of: Iterable[str] = ()
    ) -> None:
        some, every, none = ({" ".join(tag.casefold().split()) for tag in tags} for tags in (any_of, all_of, none_of))
        self._keep(lambda row: not some or bool(some & set(row.tags)))
        self._keep(lambda row: every <= set(row.tags))
        self._keep(lambda row: not none & set(row.tags))

    async def _created_between(self, start: datetime | None = None, end: datetime | None = None) -> None:
        self._keep(lambda row: (start is None or start <= row.created_at) and (end is None or row.created_at < end))

    async def _from_template(self, template: UUID | None = None) -> None:
        self._keep(lambda row: row.template_id is not None if template is None else row.template_id == template)

    async def _search(self, text: str, mode: str = "web") -> None:
        if not text.strip():
            return
        if mode == "substring":
            part = text.lower()
            tag = " ".join(text.casefold().split())
            self._keep(lambda row: part in (row.name or "").lower() or part in row.prompt.lower() or tag in row.tags)
            return
        if mode == "web":
            keys = await self.world.web(text)
            self._keep(lambda row: row.id in keys)
            ranking = ("websearch_to_tsquery('english', $1)", text)
        else:
            words = re.findall(r"\w+", text)
            stems = [stem for word in words if (stem := await self.world.stem(word)) is not None]
            self._keep(
                lambda row: (
                    bool(stems) and all(any(lexeme.startswith(stem) for lexeme in row.lexemes) for stem in stems)
                )
            )
            ranking = ("to_tsquery('english', $1)", " & ".join(f"{word}:*" for word in words))
        self.ranking = self.ranking or ranking

    async def _filter(self, **filters: Any) -> None:
        await self._compare(filters, True)

    async def _exclude(self, **filters: Any) -> None:
        await self._compare(filters, False)

    async def _compare(self, filters: dict[str, Any], wanted: bool) -> None:
        [(name, value)] = filters.items()
        attribute = {"style_type": "style", "generation_status": "status"}.get(name, name)
        self._keep(lambda row: (getattr(row, attribute) == value) is wanted)


async def walked(
    query: Any, sort: str = "newest", sizes: Callable[[], int] = lambda: ALL_OF_A_PAGE
) -> list[cm.Character]:
    """Every row of a query, page after page; each page is full but the last, and none but the last is the last."""
    found: list[cm.Character] = []
    cursor = None
    while True:
        size = sizes()
        page = await query.page(size, cursor, sort)
        found += page
        cursor = page.next_cursor
        assert page.has_more == (cursor is not None)
        if cursor is None:
            assert len(page) <= size
            return found
        assert len(page) == size
