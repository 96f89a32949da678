"""What a health check has to say."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from charmodels.backend.pool import PoolStatus
from charmodels.migrations import MigrationStatus


class HealthStatus(StrEnum):
    """How the database is."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    """It answers, but something is wrong; `problems` says what, and `ready` whether the app can work all the same."""
    UNHEALTHY = "unhealthy"
    """It does not answer, or not to this process."""


@dataclass(frozen=True, slots=True)
class HealthIncident:
    """Something that health checks came upon, once or several times in a row.

    Arguments:
        reason: what, as a sentence without addresses and secrets.
        first_at: when for the first time; aware, UTC.
        last_at: when for the last time.
        count: how often.
    """

    reason: str
    first_at: datetime
    last_at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class HealthReport:
    """How the database is, at a moment.

    Arguments:
        status: healthy, degraded or unhealthy.
        live: whether the process itself works. No trouble with the database changes it: starting the process anew would
            not help.
        ready: whether the process should be given work that needs the database.
        problems: what is wrong, in whole sentences; empty when all is well.
        checked_at: when the check was over; aware, UTC.
        duration: seconds that the check took as a whole.
        latency: seconds that one small statement took, there and back; None if there was no answer.
        server_version: as the server says it; None if there was no answer.
        is_read_only: whether the server takes no writes; None if there was no answer.
        pool: how busy the pool was at the end of the check; None when the database is not open.
        migrations: applied, pending and unknown ones; None when that could not be found out.
        last_errors: what this check and those before it came upon, the newest first. Some may be over by now.
    """

    status: HealthStatus
    live: bool
    ready: bool
    problems: tuple[str, ...]
    checked_at: datetime
    duration: float
    latency: float | None
    server_version: str | None
    is_read_only: bool | None
    pool: PoolStatus | None
    migrations: MigrationStatus | None
    last_errors: tuple[HealthIncident, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON has it.

        Returns:
            Dicts, lists, strings, numbers, true, false and null, by the names of the attributes; times as in ISO 8601.

        Example:
            >>> import json
            >>> async def show() -> None:
            ...     print(json.dumps((await check_health()).as_dict()))
        """
        return {
            **asdict(self),
            "status": self.status.value,
            "problems": list(self.problems),
            "checked_at": self.checked_at.isoformat(),
            "migrations": self.migrations and {name: list(found) for name, found in asdict(self.migrations).items()},
            "last_errors": [
                {**asdict(each), "first_at": each.first_at.isoformat(), "last_at": each.last_at.isoformat()}
                for each in self.last_errors
            ],
        }
