"""Lets a statement outside a transaction say on whose behalf it runs, for the audit trail.

The triggers read that from two settings that last until the transaction ends. A transaction sets them when it begins;
a statement outside of one is a transaction of its own, and must do it itself. So a `WITH` goes before it, with an
INSERT into the view `audit_context`, whose trigger sets them. PostgreSQL runs an INSERT in a WITH in any case, and
fires the AFTER triggers of the whole statement when all of it has run. So it is still one statement and one round trip,
with the same rows and the same count. Only what writes to a table with an audit trail is treated so, and only inside a
`request_context`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from charmodels.context import NOBODY, current_request

AUDITED = ("users", "user_quotas", "quota_grants", "characters", "character_templates")
"""The tables whose triggers write entries."""

_NAMES = "|".join(AUDITED)
_WRITES = re.compile(
    rf"""\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO)\s+(?:ONLY\s+)?(?:(?:\w+|"[^"]+")\s*\.\s*)?"""
    rf"""(?:"(?:{_NAMES})"|(?:{_NAMES})\b)""",
    re.IGNORECASE,
)
_BEGINNING = re.compile(r"\s*(?:(WITH\s+RECURSIVE|WITH)|INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
_SAID = re.compile(
    r"(WITH\s+RECURSIVE|WITH) charmodels_request AS \(INSERT INTO audit_context VALUES \(\$\d+, \$\d+\)\)(,)? ",
    re.IGNORECASE,
)


def in_its_name(statement: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """Let a statement say on whose behalf it runs, if it is audited and somebody said so.

    Arguments:
        statement: with $1, $2, ...
        values: one for each.

    Returns:
        The statement to send and its values; the same ones in most cases.
    """
    request = current_request()
    if request is NOBODY:
        return statement, values
    saying = _saying(statement, len(values))
    return (statement, values) if saying is None else (saying, (*values, request.actor, request.request_id))


def as_asked(statement: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """Give a statement as its caller wrote it, for those who count and log statements.

    Arguments:
        statement: as it was sent.
        values: likewise.

    Returns:
        What `in_its_name` was given.
    """
    said = _SAID.match(statement)
    if said is None:
        return statement, values
    return f"{said[1]} {statement[said.end() :]}" if said[2] else statement[said.end() :], values[:-2]


@lru_cache(maxsize=4096)
def _saying(statement: str, values: int) -> str | None:
    """Write the statement that says who acts, by two values behind its own; None for one that is not audited."""
    bare = statement.strip().removesuffix(";").rstrip()
    begins = _BEGINNING.match(bare)
    if begins is None or ";" in bare or not _WRITES.search(bare):
        return None
    saying = f"charmodels_request AS (INSERT INTO audit_context VALUES (${values + 1}, ${values + 2}))"  # noqa: S608 - numbers
    if begins[1] is None:
        return f"WITH {saying} {bare}"
    return f"{begins[1]} {saying}, {bare[begins.end(1) :].lstrip()}"
