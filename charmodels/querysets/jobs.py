"""A job that a worker has claimed, and what the worker can say of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from charmodels import clock, events, limits
from charmodels.backend.turns import Change
from charmodels.enums import GenerationStatus, StyleType
from charmodels.errors import InvalidInput, InvalidTransition, LeaseLost, NotFound
from charmodels.generations import backoff
from charmodels.sql import statement
from charmodels.values import ImageUrl, Key, Metadata, Reason, validate

if TYPE_CHECKING:
    from charmodels.backend.client import Client
    from charmodels.querysets.queue import QueueQuerySet

_COMPLETE = Change("complete_generation", "complete_generations")
_DELIVER = Change("deliver_picture")
_FAIL = Change("fail_generation")


@dataclass(slots=True, eq=False)
class Job:
    """A generation that a worker has leased. `Generation.objects.claim` gives it.

    The attempt token goes with every word about it: once the lease ran out and somebody else has the job, they are
    refused with `LeaseLost`.

    Attributes:
        id: of the generation.
        attempt: which attempt this is, from 1.
        rescues: how often a worker's lease on it ran out.
        provider_request_id: what an earlier attempt attached, or None.
        lease_expires_at: when somebody else may take it; aware, UTC.
        cancel_requested: whether the worker is asked to give it up; `heartbeat` looks.

    Example:
        >>> import charmodels as cm
        >>> async def draw(job: cm.Job) -> None:
        ...     url = f"https://images.example/{job.id}.png"
        ...     await job.complete(image_url=url)
    """

    id: UUID
    user_id: UUID
    character_id: UUID | None
    prompt: str
    style_type: StyleType
    tags: list[str]
    batch_size: int
    priority: int
    attempt: int
    max_attempts: int
    rescues: int
    provider_request_id: str | None
    created_at: datetime
    started_at: datetime
    attempt_token: UUID
    lease_expires_at: datetime
    worker: str
    lease: timedelta
    _generations: QueueQuerySet = field(repr=False)
    cancel_requested: bool = False

    def __post_init__(self) -> None:
        self.style_type = StyleType(self.style_type)

    async def heartbeat(self, lease: timedelta | None = None) -> bool:
        """Renew the lease; one UPDATE of one narrow row.

        Arguments:
            lease: for how long from now; None for as long as it was claimed for.

        Returns:
            Whether to go on; False when the user has cancelled it, and the worker should give it up with `cancel`.

        Raises:
            LeaseLost: the job is another's by now, or ended.
            InvalidInput: the lease is too long, or none.

        Example:
            >>> async def draw_slowly(job: Job) -> None:
            ...     for step in range(50):
            ...         if not await job.heartbeat():
            ...             await job.cancel()
            ...             return
        """
        term = self.lease if lease is None else checked_lease(lease)
        values = [[self.id], [self.attempt_token], term, clock.for_server(), False]
        rows = await self._client().fetch(statement("heartbeat"), values)
        if not rows:
            raise LeaseLost(worker=self.worker)
        self.lease_expires_at, self.cancel_requested = rows[0]["lease_expires_at"], rows[0]["cancel_requested"]
        return not self.cancel_requested

    async def complete(
        self, image_url: str, thumbnail_url: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """Hand in the picture: the generation is COMPLETED, the character has it, the hold on quota is charged.

        It may be said again when an answer was lost: it takes effect once. Also what is to be cancelled can be
        completed: the picture is there.

        Arguments:
            image_url: where the picture is: http, https, or a path.
            thumbnail_url: where a small one is, or None.
            metadata: merged into the character's.

        Raises:
            LeaseLost: the job is another's by now, or ended otherwise.
            InvalidInput: an address or the metadata breaks a rule.

        Example:
            >>> async def finish(job: Job) -> None:
            ...     await job.complete(image_url="https://images.example/1.png", metadata={"seed": 7})
        """
        done = await complete_generation(
            self._client(), self.user_id, self.id, self.attempt_token, image_url, thumbnail_url, metadata
        )
        self._require_done(*done)

    async def fail(self, reason: str, *, retry: bool = True, delay: timedelta | None = None) -> GenerationStatus:
        """Say that this attempt brought no picture.

        Arguments:
            reason: for the record; not the prompt. What is too long is cut.
            retry: try again later, as long as attempts are left. False fails it for good.
            delay: how long to wait with the next attempt; None for a back-off that doubles with each attempt.

        Returns:
            PENDING when it will be tried again; FAILED when it will not, and its quota is given back; CANCELLED when
            the user cancelled it meanwhile.

        Raises:
            LeaseLost: the job is another's by now, or ended.
            InvalidInput: the reason cannot be stored, or the delay is negative.

        Example:
            >>> async def refuse(job: Job) -> None:
            ...     await job.fail("The provider does not draw that", retry=False)
        """
        wait = backoff(self.attempt) if delay is None else delay
        if not timedelta() <= wait <= limits.LONGEST_HOLD:
            raise InvalidInput(field="delay", reason="must be a timedelta from 0 to 366 days")
        why = _reason(reason)
        return await self._end("RETRY" if retry else "FAIL", why, wait)

    async def release(self) -> None:
        """Give the job back unfinished, at once and as if the attempt had not been; for a worker that stops.

        Raises:
            LeaseLost: the job is another's by now, or ended.
        """
        await self._end("RELEASE", None, timedelta())

    async def cancel(self) -> None:
        """Give the job up because the user cancelled it; the quota is given back.

        Raises:
            LeaseLost: the job is another's by now, or ended otherwise.
        """
        await self._end("CANCEL", None, timedelta())

    async def attach_provider_request(self, request_id: str) -> None:
        """Note under which name an image provider knows this job, so that its webhook finds it.

        Arguments:
            request_id: the provider's; it takes the place of an earlier attempt's.

        Raises:
            LeaseLost: the job is another's by now, or ended.
            Conflict: another generation has it.
            InvalidInput: it breaks a rule.

        Example:
            >>> async def order(job: Job) -> None:
            ...     await job.attach_provider_request("request-8273")
        """
        name = validate("provider_request_id", Key, request_id)
        values = [self.id, self.user_id, self.attempt_token, name]
        if not await self._client().fetch(statement("attach_provider_request"), values):
            raise LeaseLost(worker=self.worker)
        self.provider_request_id = name

    async def _end(self, how: str, reason: str | None, delay: timedelta) -> GenerationStatus:
        values = [self.user_id, self.id, self.attempt_token, how, reason, delay, clock.for_server()]
        row = await self._client().change(_FAIL, self.user_id, values)
        status = self._require_done(*(row or (None, None)))
        if row is not None and row["outcome"] == "DONE" and how in ("RETRY", "FAIL"):
            _tell(status, self.id, self.user_id, self.attempt)
        return status

    def _client(self) -> Client:
        """What its statements go to: the open database, or the transaction around the caller."""
        return self._generations._client()

    def _require_done(self, outcome: str | None, status: str | None) -> GenerationStatus:
        if outcome not in ("DONE", "AGAIN") or status is None:
            raise LeaseLost(worker=self.worker)
        return GenerationStatus(status)


async def complete_generation(
    client: Client,
    user_id: UUID,
    generation_id: UUID,
    token: UUID | None,
    image_url: str,
    thumbnail_url: str | None,
    metadata: Mapping[str, Any] | None,
) -> tuple[str, str | None]:
    """Complete a generation, together with others that are completed at this moment.

    Arguments:
        client: of the open database.
        user_id: whose.
        generation_id: which.
        token: of the attempt, or None for whoever brings the picture.
        image_url: where it is.
        thumbnail_url: where a small one is.
        metadata: merged into the character's.

    Returns:
        DONE, AGAIN or LOST; and the status that the generation has, None where it is not there.

    Raises:
        InvalidInput: an address or the metadata breaks a rule.
    """
    picture = validate("image_url", ImageUrl, image_url)
    thumbnail = None if thumbnail_url is None else validate("thumbnail_url", ImageUrl, thumbnail_url)
    more = None if metadata is None else json.dumps(validate("metadata", Metadata, dict(metadata)))
    if token is None:
        values = [user_id, generation_id, picture, thumbnail, more, clock.for_server()]
        row = await client.change(_DELIVER, user_id, values)
    else:
        values = [user_id, generation_id, token, picture, thumbnail, more, clock.for_server()]
        row = await client.change(_COMPLETE, user_id, values)
    return ("LOST", None) if row is None else (row["outcome"], row["status"])


async def fail_generation(
    client: Client, user_id: UUID, generation_id: UUID, reason: str, delay: timedelta | None
) -> GenerationStatus:
    """Fail a generation whatever attempt it is in; see `Generation.fail`."""
    why = _reason(reason)
    how = "FAIL" if delay is None else "RETRY"
    values = [user_id, generation_id, None, how, why, delay or timedelta(), clock.for_server()]
    row = await client.change(_FAIL, user_id, values)
    if row is None or row["status"] is None:
        raise NotFound(model="Generation")
    if row["outcome"] == "LOST":
        raise InvalidTransition(from_=row["status"], to=GenerationStatus.FAILED)
    status = GenerationStatus(row["status"])
    if row["outcome"] == "DONE":
        _tell(status, generation_id, user_id, None)
    return status


def _tell(status: GenerationStatus, generation_id: UUID, user_id: UUID, attempt: int | None) -> None:
    """Log what became of an attempt that brought no picture; unless its user had cancelled it anyhow."""
    if status is GenerationStatus.FAILED:
        events.emit("generation.failed", generation_id=generation_id, user_id=user_id, attempt=attempt)
    elif status is GenerationStatus.PENDING:
        events.emit("generation.retried", generation_id=generation_id, user_id=user_id, attempt=attempt)


def _reason(reason: str) -> str:
    """Check why an attempt brought no picture; what is too long is cut."""
    cut = reason[: limits.ERROR_LENGTH] if isinstance(reason, str) else reason
    checked: str = validate("reason", Reason, cut)
    return checked


def checked_lease(lease: timedelta) -> timedelta:
    """Check the length of a lease.

    Arguments:
        lease: as given.

    Returns:
        The same.

    Raises:
        InvalidInput: it is none, or too long.
    """
    if not isinstance(lease, timedelta) or not timedelta() < lease <= limits.LONGEST_LEASE:
        raise InvalidInput(field="lease", reason="must be a timedelta of more than 0 and at most 1 day")
    return lease
