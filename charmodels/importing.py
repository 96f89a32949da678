"""Importing characters from JSON lines, however many, in constant memory."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable
from uuid import UUID

from pydantic import ValidationError

from charmodels.clock import utc_now
from charmodels.copying import Progress, Row, copy_characters, prepared
from charmodels.enums import GenerationStatus
from charmodels.errors import NotFound
from charmodels.identifiers import new_id
from charmodels.models import Character, User
from charmodels.querysets.tag_counts import fold_quietly
from charmodels.schemas import CharacterImport
from charmodels.transactions import transaction
from charmodels.values import first_reason

LINE_LENGTH = 1024 * 1024
"""Bytes in a line, at most; a longer one is a bad line, and is never held in memory."""

BATCH_ROWS = 1000
BATCH_BYTES = 4 * 1024 * 1024
"""A batch ends with the line that reaches either bound, so long lines make short batches."""

KEPT_BAD_LINES = 1000
"""Bad lines that a report keeps; `on_bad_line` sees every one."""


@runtime_checkable
class BinaryFile(Protocol):
    """Anything that reads a line of bytes, at most so many of them."""

    def readline(self, limit: int, /) -> bytes: ...  # noqa: D102


Lines: TypeAlias = "str | os.PathLike[str] | BinaryFile | Iterable[bytes | str]"
"""A path, a file opened in binary mode, or the lines themselves."""

_FIELDS = frozenset({*CharacterImport.model_fields, "style"})


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no character.

    Arguments:
        number: of the line, from 1, blank ones counted.
        field: the field at fault, or None when it is the line as a whole.
        reason: what is wrong, as the rest of a sentence that begins with the field or "The line"; it quotes no value.
    """

    number: int
    field: str | None
    reason: str

    def __str__(self) -> str:
        return (
            f"Line {self.number}: {self.field} {self.reason}." if self.field else f"Line {self.number} {self.reason}."
        )


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file.

    Arguments:
        read: lines that were looked at, blank ones not counted.
        imported: characters that were made.
        bad: lines that are no characters.
        bad_lines: the first KEPT_BAD_LINES of them.
        seconds: how long it took.
    """

    read: int
    imported: int
    bad: int
    bad_lines: tuple[BadLine, ...]
    seconds: float

    @property
    def rate(self) -> float:
        """Lines a second."""
        return self.read / self.seconds if self.seconds else 0.0


async def import_characters(
    lines: Lines,
    *,
    owner: User | UUID | str,
    publish: bool = False,
    keep_going: bool = False,
    progress: Progress | None = None,
    on_bad_line: Callable[[BadLine], None] | None = None,
) -> ImportReport:
    """Import characters, one JSON object a line, as `CharacterImport` describes it; in one transaction.

    What is imported is finished work: COMPLETED, and private unless `publish`. One bad line and nothing is loaded,
    unless `keep_going`; every line is looked at in either case. Reading and checking happen in a thread, so a slow
    source does not hold up the event loop.

    Arguments:
        lines: a path, a file opened in binary mode, or the lines. UTF-8; a byte order mark, CRLF and blank lines are
            fine.
        owner: a user, a user's id or a user's email address.
        publish: show the characters in the gallery at once.
        keep_going: load the good lines, whatever the others are.
        progress: called with the number of lines so far, after every batch.
        on_bad_line: called with every bad line, as it is found.

    Returns:
        What was loaded, and what is wrong with the rest.

    Raises:
        NotFound: there is no such user.
        OSError: the file cannot be read.

    Example:
        >>> async def load() -> None:
        ...     report = await import_characters("characters.jsonl", owner="ada@example.com")
        ...     for line in report.bad_lines:
        ...         print(line)
    """
    started = time.monotonic()
    tally = _Tally(progress, on_bad_line)
    user_id = await _user_id(owner)
    async with aclosing(prepared(_checked(lines, user_id, publish))) as batches:
        try:
            async with transaction(actor="charmodels import") as client:
                async for batch in batches:
                    tally.add(batch)
                    if tally.bad and not keep_going:
                        raise _NothingIsLoadedError
                    await copy_characters(client, batch.rows)
                    tally.imported += len(batch.rows)
        except _NothingIsLoadedError:
            tally.imported = 0
            async for batch in batches:  # the transaction is over; the other bad lines are still to be named
                tally.add(batch)
    if publish and tally.imported:
        await fold_quietly(Character.objects._client(), everything=True)
    return ImportReport(
        read=tally.read,
        imported=tally.imported,
        bad=tally.bad,
        bad_lines=tuple(tally.bad_lines),
        seconds=time.monotonic() - started,
    )


class _NothingIsLoadedError(Exception):
    """Ends the transaction at the first bad line."""


@dataclass(slots=True)
class _Batch:
    """A number of lines, checked."""

    rows: list[Row] = field(default_factory=list)
    bad_lines: list[BadLine] = field(default_factory=list)


@dataclass(slots=True)
class _Tally:
    """Counts while the batches go by."""

    progress: Progress | None
    on_bad_line: Callable[[BadLine], None] | None
    read: int = 0
    imported: int = 0
    bad: int = 0
    bad_lines: list[BadLine] = field(default_factory=list)

    def add(self, batch: _Batch) -> None:
        self.read += len(batch.rows) + len(batch.bad_lines)
        self.bad += len(batch.bad_lines)
        self.bad_lines += batch.bad_lines[: KEPT_BAD_LINES - len(self.bad_lines)]
        if self.on_bad_line is not None:
            for line in batch.bad_lines:
                self.on_bad_line(line)
        if self.progress is not None:
            self.progress(self.read)


async def _user_id(owner: User | UUID | str) -> UUID:
    if isinstance(owner, str):
        owner = await User.objects.get_by_email(owner)
    user_id = owner.id if isinstance(owner, User) else owner
    if not await User.objects.filter(id=user_id).exists():
        raise NotFound(model="User")
    return user_id


class _BadLineError(Exception):
    """A line that is not even JSON; says why."""


def _checked(lines: Lines, user_id: UUID, publish: bool) -> Iterator[_Batch]:
    """Check lines, a batch at a time."""
    batch, size = _Batch(), 0
    for number, line in enumerate(_read(lines), start=1):
        try:
            row = _row(line, user_id, publish)
        except ValidationError as error:
            batch.bad_lines.append(BadLine(number, *_explain(error)))
        except _BadLineError as error:
            batch.bad_lines.append(BadLine(number, None, str(error)))
        else:
            if row is not None:
                batch.rows.append(row)
        size += len(line)
        if len(batch.rows) + len(batch.bad_lines) >= BATCH_ROWS or size >= BATCH_BYTES:
            yield batch
            batch, size = _Batch(), 0
    yield batch


def _read(lines: Lines) -> Iterator[bytes]:
    """Give the lines as bytes, of one that is too long no more than shows that it is."""
    if isinstance(lines, str | os.PathLike):
        with Path(lines).open("rb") as file:
            yield from _read(file)
    elif isinstance(lines, BinaryFile) and not isinstance(lines, io.TextIOBase):
        while line := lines.readline(LINE_LENGTH + 1):
            yield line
            while len(line) > LINE_LENGTH and not line.endswith(b"\n"):
                line = lines.readline(LINE_LENGTH + 1)
    else:
        for text in lines:
            # Half a surrogate pair becomes three bytes that are not UTF-8, and is found there.
            yield text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


def _row(line: bytes, user_id: UUID, publish: bool) -> Row | None:
    """Make a row of a line; None if the line is blank."""
    if len(line) > LINE_LENGTH:
        raise _BadLineError(f"is longer than {LINE_LENGTH:,} bytes")
    try:
        text = line.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise _BadLineError("is not valid UTF-8") from None
    text = text.strip()
    if not text:
        return None
    character = CharacterImport.model_validate_json(text)
    now = utc_now()
    return (
        new_id(),
        now,
        now,
        user_id,
        character.name,
        character.prompt,
        character.style_type.value,
        character.tags,
        character.image_url,
        character.thumbnail_url,
        json.dumps(character.metadata),
        publish,
        GenerationStatus.COMPLETED.value,
        now if publish else None,
    )


def _explain(error: ValidationError) -> tuple[str | None, str]:
    """Name the field and the rule. A field that is not known is text of the file's, so it is named only if it is one
    short word."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return None, f"is not valid JSON: {str(first.get('ctx', {}).get('error')).replace('line 1 column', 'column')}"
    name = str(first["loc"][0]) if first["loc"] else None
    if name is None or name in _FIELDS or (name.isascii() and name.isidentifier() and len(name) <= 30):
        return name, first_reason(error)
    return None, "has a field that is not known"
