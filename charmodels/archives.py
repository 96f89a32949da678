"""The file of a backup: what pg_dump wrote, and behind it a manifest that tells what must be in it.

`pg_restore` reads such a file as it is: it does not look behind the end of its own part. A file that was cut short has
no manifest any more, and one that was changed has another checksum, so both are found before anything is restored.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from charmodels.errors import InvalidInput

FIELD = "The file"
"""With what the sentences about a file begin."""

_FOOTER = re.compile(rb"\n(\d{12}) charmodels backup 1\n\Z")
_FOOTER_LENGTH = len(b"\n000000000000 charmodels backup 1\n")
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup.

    Arguments:
        made_at: when it was begun, ISO 8601 in UTC.
        version: of charmodels.
        server: PostgreSQL's major version.
        program: the major version of the pg_dump that wrote it.
        schema: that was backed up.
        migrations: that were applied, oldest first.
        rows: of each table, as they were in the backup's snapshot.
        roles: that own its objects or have privileges on them.
        size: bytes of the part that pg_dump wrote.
        sha256: of that part, in hexadecimal.
    """

    made_at: str
    version: str
    server: int
    program: int
    schema: str
    migrations: tuple[str, ...]
    rows: dict[str, int]
    roles: tuple[str, ...]
    size: int = 0
    sha256: str = ""

    @property
    def total(self) -> int:
        """Rows of all tables."""
        return sum(self.rows.values())


def refuse_to_overwrite(target: Path, *, force: bool) -> None:
    """Refuse to write over a file that is there.

    Arguments:
        target: the file to be.
        force: write over it nevertheless.

    Raises:
        InvalidInput: it is there.
    """
    if target.is_dir() or (target.exists() and not force):
        raise InvalidInput(field=FIELD, reason="is there already; only force overwrites it")


@contextmanager
def unfinished(target: Path) -> Iterator[Path]:
    """Give a file to write to, which takes the place of another one when the block ends well.

    Only its owner may read it. When the block fails, it is removed.

    Arguments:
        target: the file to be.

    Yields:
        Its path until then, in the same folder.

    Raises:
        InvalidInput: nothing can be written there.
    """
    try:
        number, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.absolute().parent)
    except OSError as error:
        raise InvalidInput(field=FIELD, reason=f"cannot be written: {error.strerror}") from error
    os.close(number)
    part = Path(name)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        try:
            part.replace(target)
        except OSError as error:
            raise InvalidInput(field=FIELD, reason=f"cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def seal(file: Path, manifest: Manifest) -> Manifest:
    """Write the manifest behind what pg_dump wrote.

    Arguments:
        file: that pg_dump wrote.
        manifest: without size and checksum.

    Returns:
        The manifest with them.
    """
    with file.open("rb+") as opened:
        checksum = _checksum(opened)
        size = opened.tell()
        values = {**asdict(manifest), "size": size, "sha256": checksum}
        text = json.dumps(values).encode()
        opened.write(text + b"\n%012d charmodels backup 1\n" % len(text))
    return Manifest(**values)


def read_manifest(path: str | os.PathLike[str], *, verify: bool = True) -> Manifest:
    """Read what is in a backup, and look whether it is whole.

    Arguments:
        path: of the file.
        verify: whether to compare its checksum too, which reads all of it.

    Returns:
        Its manifest.

    Raises:
        InvalidInput: the file is no backup, is cut short or was changed.

    Example:
        >>> def show() -> None:
        ...     print(read_manifest("monday.backup").rows)
    """
    try:
        with Path(path).open("rb") as file:
            return _read(file, verify)
    except OSError as error:
        raise InvalidInput(field=FIELD, reason=f"cannot be read: {error.strerror}") from error


def _read(file: BinaryIO, verify: bool) -> Manifest:
    whole = file.seek(0, os.SEEK_END)
    file.seek(max(whole - _FOOTER_LENGTH, 0))
    footer = _FOOTER.search(file.read())
    length = int(footer[1]) if footer else 0
    size = whole - _FOOTER_LENGTH - length
    if footer is None or size < 0:
        raise InvalidInput(field=FIELD, reason="is no backup that charmodels made, or its end is missing")
    file.seek(size)
    try:
        values = json.loads(file.read(length))
        manifest = Manifest(
            **{**values, "migrations": tuple(values["migrations"]), "roles": tuple(values["roles"])},
        )
    except (ValueError, TypeError, KeyError):
        raise InvalidInput(field=FIELD, reason="is damaged: its manifest cannot be read") from None
    file.seek(0)
    if manifest.size != size or (verify and _checksum(file, size) != manifest.sha256):
        raise InvalidInput(field=FIELD, reason="is damaged: its checksum is wrong")
    return manifest


def _checksum(file: BinaryIO, size: int | None = None) -> str:
    """The checksum of a file's beginning, or of all of it."""
    digest = hashlib.sha256()
    left = size
    while block := file.read(_BLOCK if left is None else min(_BLOCK, left)):
        digest.update(block)
        left = None if left is None else left - len(block)
    return digest.hexdigest()
