"""The queue: how generations are requested, claimed, taken back, tried again and deleted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from charmodels import clock, events, limits
from charmodels.backend.executor import made_of
from charmodels.backend.listener import Listener
from charmodels.backend.turns import Change
from charmodels.enums import GenerationStatus, StyleType
from charmodels.errors import Conflict, InvalidInput, InvalidTransition, NotFound, QuotaExceeded
from charmodels.identifiers import new_id
from charmodels.querysets.jobs import Job, checked_lease
from charmodels.querysets.owned import OwnedQuerySet
from charmodels.querysets.quota import refusal
from charmodels.sql import statement
from charmodels.values import BatchSize, CharacterTags, Identifier, Key, Name, Prompt, validate, whole_number

if TYPE_CHECKING:
    from charmodels.models.generation import Generation
    from charmodels.models.template import CharacterTemplate

CHANNEL = "charmodels_generations"
"""Where workers are told that there is work, by an empty payload, or which generation was cancelled, by its id."""

LEASE = timedelta(minutes=5)
"""How long a worker has a job before somebody else may take it, unless it says otherwise or renews the lease."""

FINISHED = (GenerationStatus.COMPLETED, GenerationStatus.FAILED, GenerationStatus.CANCELLED)

_REQUEST = Change("request_generation")
_CANCEL = Change("cancel_generation")
_RETRY = Change("retry_generation")
_EVER = (datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))


class QueueQuerySet(OwnedQuerySet["Generation"]):
    """The verbs of the queue, on `Generation.objects`."""

    __slots__ = ()

    async def request(
        self,
        user_id: UUID | str,
        prompt: str,
        style_type: StyleType | str = StyleType.REALISTIC,
        tags: Iterable[str] = (),
        name: str | None = None,
        template: CharacterTemplate | UUID | str | None = None,
        batch_size: int = 1,
        key: str | None = None,
        priority: int | None = None,
        *,
        max_attempts: int = limits.ATTEMPTS,
    ) -> Generation:
        """Ask for a generation: hold the quota, make the character, queue the work and wake a worker, or nothing of it.

        One statement, which is one transaction, or part of the caller's.

        Arguments:
            user_id: who asks.
            prompt: the whole prompt, also with a template.
            style_type: how it is to be drawn.
            tags: of the character, as typed.
            name: of the character, or None.
            template: which template the character is noted to be made from, whose use is counted; or None.
            batch_size: how many pictures, as many as are taken of the quota; 1 to 10.
            key: an idempotency key. The same key of the same user gives the same generation, charged once.
            priority: place in the queue, higher is sooner; None for that of the user's tier.
            max_attempts: how often it is tried.

        Returns:
            The generation, PENDING; `repeated` is True when the key was used before.

        Raises:
            QuotaExceeded: the user has not enough left; nothing is made.
            NotFound: there is no such user, or no such template that is active.
            Conflict: the key was used for another prompt, style or batch size.
            InvalidInput: an argument breaks a rule.

        Example:
            >>> import charmodels as cm
            >>> async def order(user: cm.User) -> cm.Generation:
            ...     return await cm.Generation.objects.request(
            ...         user.id, "A brave warrior", cm.StyleType.FANTASY, ["hero"], key="order-17"
            ...     )
        """
        model, client = self.model, self._client()
        owner = validate("user_id", Identifier, user_id)
        style = model._meta.fields_map["style_type"].to_python_value(style_type)
        made_from = None if template is None else validate("template", Identifier, getattr(template, "id", template))
        values: dict[str, Any] = {
            "prompt": validate("prompt", Prompt, prompt),
            "style_type": style,
            "tags": validate("tags", CharacterTags, list(tags)),
            "batch_size": validate("batch_size", BatchSize, batch_size),
            "key": None if key is None else validate("key", Key, key),
            "max_attempts": whole_number("max_attempts", max_attempts, most=limits.LARGEST_PRIORITY),
        }
        if priority is not None:
            whole_number("priority", priority, least=-limits.LARGEST_PRIORITY, most=limits.LARGEST_PRIORITY)
        called = None if name is None else validate("name", Name, name)
        generation_id, character_id = new_id(), new_id()
        row = await client.change(
            _REQUEST,
            owner,
            [
                owner, client.daily_limits, client.priorities, generation_id, character_id, new_id(), values["key"],
                called, values["prompt"], style, values["tags"], made_from, values["batch_size"], priority,
                values["max_attempts"], limits.HEAD_START, limits.TURN_SPACING, limits.LONGEST_HOLD, clock.for_server(),
            ],
        )  # fmt: skip
        if row is None:
            raise NotFound(model="User")
        outcome, at = row["outcome"], row["at"]
        if outcome == "NEW":
            return made_of(model, {
                "id": generation_id, "created_at": at, "updated_at": at, "user_id": owner, "character_id": character_id,
                "status": GenerationStatus.PENDING, **values, "provider_request_id": None,
                "priority": row["given_priority"], "attempts": 0, "rescues": 0, "error_message": None,
                "started_at": None, "completed_at": None, "image_url": None, "thumbnail_url": None, "metadata": {},
                "attempt_token": None,
            })  # fmt: skip
        if outcome == "NO TEMPLATE":
            raise NotFound(model="CharacterTemplate")
        if outcome != "REPEAT":
            raise refusal(outcome, row["details"], at, values["batch_size"], owner)
        found = await model.objects.get(id=json.loads(row["details"]), user_id=owner)
        if (found.prompt, found.style_type, found.batch_size) != (values["prompt"], style, values["batch_size"]):
            raise Conflict(
                constraint="generations_user_id_key_key", reason="this key was used for another prompt, style or batch"
            )
        found.repeated = True
        return found

    async def claim(self, worker: str, limit: int = 1, lease: timedelta = LEASE) -> list[Job]:
        """Lease work to a worker; one statement, which waits for nobody.

        First come those whose turn is first. A user's turns are a minute apart, so that many requests of one do not
        delay another's; each point of priority is worth 15 seconds, so that who pays is served before, and who does not
        is served all the same. Of all users, whatever this queryset keeps.

        Arguments:
            worker: a name for the record, to know who has what.
            limit: jobs at most, 1 to 1000.
            lease: how long the worker has them before somebody else may; `Job.heartbeat` renews it.

        Returns:
            The jobs, the first first; fewer than `limit`, or none, where there is no more work.

        Raises:
            InvalidInput: an argument is out of range.

        Example:
            >>> import charmodels as cm
            >>> async def work_once() -> None:
            ...     for job in await cm.Generation.objects.claim("painter-1", limit=8):
            ...         await job.complete(image_url=f"https://images.example/{job.id}.png")
        """
        called = validate("worker", Name, worker)
        whole_number("limit", limit, most=limits.CLAIMED_AT_ONCE)
        client = self._client()
        values = [limit, called, checked_lease(lease), client is client.root, clock.for_server()]
        rows = await client.fetch(statement("claim_generations"), values)
        # The columns of a row are the first fields of a job, in their order.
        lease_it = partial(Job, worker=called, lease=lease, _generations=self.model.objects.all())
        return [lease_it(*row) for row in rows]

    async def listen(
        self, worker: str, *, limit: int = 1, lease: timedelta = LEASE, poll: timedelta = timedelta(seconds=5)
    ) -> AsyncIterator[Job]:
        """Give work as it comes, for ever: wakes on NOTIFY, and looks every now and then in case one was missed.

        Where notifications do not arrive, as behind a pooler in transaction mode, a warning says so and polling
        remains. `Worker` does this for several jobs at once, and renews their leases.

        Arguments:
            worker: a name for the record.
            limit: jobs to claim at once; their leases run while they wait for their turn in the loop.
            lease: how long the worker has them.
            poll: how often to look without being woken.

        Yields:
            Jobs, leased.

        Raises:
            InvalidInput: an argument is out of range.
            DatabaseUnavailable: the server is away when it looks; `Worker` waits for it instead.

        Example:
            >>> import charmodels as cm
            >>> async def work() -> None:
            ...     async for job in cm.Generation.objects.listen("painter-1"):
            ...         await job.complete(image_url=f"https://images.example/{job.id}.png")
        """
        async with Listener(self._client(), CHANNEL) as listener:
            while True:
                jobs = await self.claim(worker, limit, lease)
                for job in jobs:
                    yield job
                if len(jobs) < limit:
                    await listener.wait(poll.total_seconds())

    async def rescue_stale(self) -> int:
        """Take back the jobs whose lease ran out; of all users, whatever this queryset keeps.

        Each waits for another attempt; or has failed, and its quota is given back, if that was the last; or is
        cancelled, if the user wants that. What somebody is changing at the moment is left to the next call.

        Returns:
            How many leases ran out.

        Example:
            >>> import charmodels as cm
            >>> async def sweep() -> None:
            ...     print(await cm.Generation.objects.rescue_stale(), "leases ran out")
        """
        total = 0
        while True:
            values = [limits.RESCUED_AT_ONCE, clock.for_server()]
            rows = await self._client().fetch(statement("rescue_generations"), values)
            for row in rows:
                which = {"generation_id": row["generation_id"], "user_id": row["user_id"]}
                if row["status"] == GenerationStatus.FAILED:
                    events.emit("generation.dead", **which)
                else:
                    events.emit("generation.rescued", **which, status=row["status"])
            total += len(rows)
            if len(rows) < limits.RESCUED_AT_ONCE:
                return total

    async def retry(self) -> int:
        """Queue once more what has failed of this queryset, each for new quota; who has none left is left out.

        Returns:
            How many are queued.

        Example:
            >>> import charmodels as cm
            >>> async def second_chance(user: cm.User) -> int:
            ...     return await cm.Generation.objects.for_user(user.id).dead().retry()
        """
        queued = 0
        for key, owner in await self.filter(status=GenerationStatus.FAILED).values_list("id", "user_id"):
            try:
                await self._retry(owner, key)
            except (QuotaExceeded, InvalidTransition, NotFound):
                continue
            queued += 1
        return queued

    async def prune(
        self,
        older_than: timedelta,
        statuses: Sequence[GenerationStatus] = (GenerationStatus.COMPLETED, GenerationStatus.CANCELLED),
        *,
        batch: int = limits.PRUNED_AT_ONCE,
    ) -> int:
        """Delete the records of generations that ended long ago, in short transactions; their characters stay.

        What has failed is kept unless `statuses` names it, for it may be looked into, or tried again. Of all users,
        whatever this queryset keeps.

        Arguments:
            older_than: how long ago they ended, at least.
            statuses: which; finished ones only.
            batch: how many one transaction deletes.

        Returns:
            How many were deleted.

        Raises:
            InvalidInput: a status is not a final one, or a number is out of range.

        Example:
            >>> import charmodels as cm
            >>> async def tidy() -> None:
            ...     await cm.Generation.objects.prune(timedelta(days=30))
            ...     await cm.Generation.objects.prune(timedelta(days=180), [cm.GenerationStatus.FAILED])
        """
        if not isinstance(older_than, timedelta) or older_than < timedelta():
            raise InvalidInput(field="older_than", reason="must be a timedelta of at least 0")
        if not statuses or any(status not in FINISHED for status in statuses):
            raise InvalidInput(field="statuses", reason=f"must be of {', '.join(FINISHED)}")
        whole_number("batch", batch)
        cutoff, place, total = clock.utc_now() - older_than, _EVER, 0
        while True:
            rows = await self._client().fetch(statement("prune_generations"), [*place, cutoff, list(statuses), batch])
            total += len(rows)
            if len(rows) < batch:
                return total
            place = rows[-1]["created_at"], rows[-1]["id"]

    async def by_provider_request(self, request_id: str) -> Generation:
        """Find the generation that an image provider's webhook is about.

        Arguments:
            request_id: the provider's.

        Returns:
            The generation.

        Raises:
            NotFound: no generation has it.

        Example:
            >>> import charmodels as cm
            >>> async def webhook(request_id: str, image_url: str) -> None:
            ...     generation = await cm.Generation.objects.by_provider_request(request_id)
            ...     await generation.complete(image_url=image_url)
        """
        return await self.get(provider_requests__provider_request_id=validate("request_id", Key, request_id))

    async def _cancel(self, owner: UUID, key: UUID) -> GenerationStatus:
        row = await self._client().change(_CANCEL, owner, [owner, key, clock.for_server()])
        status = None if row is None else row["status"]
        if status is None:
            raise NotFound(model="Generation")
        if status in (GenerationStatus.COMPLETED, GenerationStatus.FAILED):
            raise InvalidTransition(from_=status, to=GenerationStatus.CANCELLED)
        return GenerationStatus(status)

    async def _retry(self, owner: UUID, key: UUID) -> None:
        client = self._client()
        row = await client.change(
            _RETRY,
            owner,
            [
                owner, client.daily_limits, key, new_id(), limits.HEAD_START, limits.TURN_SPACING, limits.LONGEST_HOLD,
                clock.for_server(),
            ],
        )  # fmt: skip
        outcome = "UNKNOWN" if row is None else row["outcome"]
        if row is None or outcome == "UNKNOWN":
            raise NotFound(model="Generation")
        if outcome == "INVALID":
            raise InvalidTransition(from_=json.loads(row["details"]), to=GenerationStatus.PENDING)
        if outcome != "PENDING":
            [record] = await self.model.objects.filter(id=key, user_id=owner).values("batch_size")
            raise refusal(outcome, row["details"], row["at"], record["batch_size"], owner)
