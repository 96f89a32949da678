"""What happens in the business, as log records with a name and fields.

They are records of standard `logging`, under `charmodels.events`. Their message says everything; `charmodels.logs`
makes fields of it. Where nobody has set up logging, they go nowhere.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger("charmodels.events")
# A refused quota is no accident: a script that set up no logging shall not find it on its stderr.
logger.addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class Event:
    """A kind of event.

    Arguments:
        level: of its log record.
        fields: the names of what it carries; never an address, a prompt or a parameter of a statement.
        meaning: when it happens, as a sentence.
    """

    level: int
    fields: tuple[str, ...]
    meaning: str


EVENTS: Mapping[str, Event] = {
    "quota.refused": Event(
        logging.WARNING,
        ("user_id", "requested", "remaining", "limit", "resets_at"),
        "Somebody asked for more than the day and the grants have left.",
    ),
    "tier.changed": Event(
        logging.INFO,
        ("user_id", "from_tier", "to_tier", "until"),
        "`subscribe` or `cancel_subscription` gave a user another tier.",
    ),
    "generation.retried": Event(
        logging.WARNING,
        ("generation_id", "user_id", "attempt"),
        "An attempt brought no picture, and another will follow.",
    ),
    "generation.failed": Event(
        logging.WARNING,
        ("generation_id", "user_id", "attempt"),
        "A generation has failed for good, and its quota was given back.",
    ),
    "generation.rescued": Event(
        logging.WARNING,
        ("generation_id", "user_id", "status"),
        "A worker's lease ran out; the job waits for another, or was cancelled.",
    ),
    "generation.dead": Event(
        logging.ERROR,
        ("generation_id", "user_id"),
        "A worker's lease ran out at the last attempt: the generation has failed, its quota was given back.",
    ),
    "hold.expired": Event(
        logging.WARNING,
        ("holds",),
        "So many holds on quotas ran out before anybody committed or released them.",
    ),
    "hold.late": Event(
        logging.WARNING,
        ("hold_id", "user_id", "amount"),
        "Work was done, but its hold had run out or been released before: it is not charged.",
    ),
    "audit.pruned": Event(
        logging.WARNING,
        ("entries", "older_than"),
        "Old entries of the audit trail were deleted.",
    ),
    "health.changed": Event(
        logging.WARNING,
        ("from_status", "to_status", "ready", "problems"),
        "A health check found the database better or worse than the one before.",
    ),
    "query.slow": Event(
        logging.WARNING,
        ("statement", "seconds", "error", "parameters"),
        "A statement took longer than SLOW_QUERY_SECONDS.",
    ),
}
"""By name. docs/logging.md shows them."""

counts: Counter[str] = Counter()
"""How often each happened in this process."""


def emit(name: str, **fields: Any) -> None:
    """Log an event, and count it.

    Inside a transaction that is rolled back afterwards it is logged all the same.

    Arguments:
        name: one of EVENTS.
        fields: what it carries; those that are None are left out.

    Example:
        >>> emit("hold.expired", holds=3)
    """
    event = EVENTS[name]
    if unknown := fields.keys() - set(event.fields):
        raise AssertionError(f"{name} has no field {', '.join(sorted(unknown))}")
    counts[name] += 1
    if not logger.isEnabledFor(event.level):
        return
    said = {field: _plain(value) for field, value in fields.items() if value is not None}
    message = " ".join([name, *(f"{field}={value}" for field, value in said.items())])
    logger.log(event.level, "%s", message, extra={"event_name": name, **said}, stacklevel=2)


def _plain(value: Any) -> Any:
    """What JSON can hold."""
    return value if isinstance(value, bool | int | float | str | list) else str(value)
