"""Exporting characters as JSON lines, however many, in constant memory."""

from __future__ import annotations

import gzip
import io
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from charmodels.archives import refuse_to_overwrite, unfinished
from charmodels.copying import Progress
from charmodels.models import Character
from charmodels.querysets.characters import CharacterQuerySet

BATCH = 500
"""Characters that are read and written at a time."""

UNNAMED = "Unnamed"
"""The name in the file of a character that has none; a line of an import must have one."""

Target: TypeAlias = "str | os.PathLike[str] | BinaryIO"
"""A path, or a file opened for writing in binary mode."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written.

    Arguments:
        exported: characters, each a line.
        unnamed: those of them that have no name, and are called UNNAMED in the file.
        seconds: how long it took.
    """

    exported: int
    unnamed: int
    seconds: float

    @property
    def rate(self) -> float:
        """Lines a second."""
        return self.exported / self.seconds if self.seconds else 0.0


async def export_characters(
    target: Target,
    query: CharacterQuerySet | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> ExportReport:
    """Write characters, oldest first, one JSON object a line, as `import_characters` reads them.

    A line holds what a user made: name, prompt, style, tags, addresses of pictures, metadata. Whose it was, whether it
    was public and when it was made is not in it. A path becomes a file when it is complete; one that ends with `.gz`
    is compressed. No transaction is held open, so it is not one moment that is read.

    Arguments:
        target: a path, or a file opened in binary mode, which stays open.
        query: which characters, as `Character.objects.owned_by(user.id)`; all when None.
        force: overwrite a file that is there.
        progress: called with the number of characters so far, after every batch.

    Returns:
        How many were written.

    Raises:
        InvalidInput: the file is there already, or cannot be written.
        OSError: writing failed, as on a full disk.

    Example:
        >>> async def save() -> None:
        ...     await export_characters("gallery.jsonl.gz", Character.objects.public())
    """
    started = time.monotonic()
    chosen = Character.objects.all() if query is None else query
    exported = unnamed = 0
    lines: list[bytes] = []
    with _opened(target, force) as file:
        async for character in chosen.stream("oldest", batch=BATCH):
            lines.append(_line(character))
            exported += 1
            unnamed += character.name is None
            if len(lines) == BATCH:
                file.write(b"".join(lines))
                lines.clear()
                if progress is not None:
                    progress(exported)
        file.write(b"".join(lines))
        file.flush()
    return ExportReport(exported=exported, unnamed=unnamed, seconds=time.monotonic() - started)


def _line(character: Character) -> bytes:
    values: dict[str, Any] = {
        "name": character.name if character.name is not None else UNNAMED,
        "prompt": character.prompt,
        "style": str(character.style_type.value),
        "tags": character.tags,
        "image_url": character.image_url,
        "thumbnail_url": character.thumbnail_url,
        "metadata": character.metadata,
    }
    given = {name: value for name, value in values.items() if value not in (None, [], {})}
    return json.dumps(given, ensure_ascii=False).encode() + b"\n"


@contextmanager
def _opened(target: Target, force: bool) -> Iterator[BinaryIO]:
    if not isinstance(target, str | os.PathLike):
        yield target
        return
    path = Path(target)
    refuse_to_overwrite(path, force=force)
    with unfinished(path) as part, part.open("wb") as file:
        if path.suffix != ".gz":
            yield file
            return
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
            yield io.BufferedWriter(packed)
