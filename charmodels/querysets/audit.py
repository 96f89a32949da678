"""What the audit trail can be asked, and how old entries leave it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self, overload
from uuid import UUID

from tortoise.models import Model

from charmodels import clock, events, limits
from charmodels.errors import InvalidInput
from charmodels.querysets.base import Manager
from charmodels.querysets.owned import OwnedQuerySet
from charmodels.sql import statement
from charmodels.values import Identifier, Key, validate, whole_number

if TYPE_CHECKING:
    from charmodels.models.audit import AuditEntry  # noqa: F401 - in base classes

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)

_KNOWN_BY = {"users": ("users", "user_quotas")}
"""Tables of which a row stands for another's of the same key."""


class AuditQuerySet(OwnedQuerySet["AuditEntry"]):
    """Queries on the audit trail; `owned_by` keeps all that happened to what belongs to one user, and to the user."""

    @overload
    def for_object(self, what: Model, key: None = None) -> Self: ...

    @overload
    def for_object(self, what: type[Model], key: UUID | str) -> Self: ...

    def for_object(self, what: Model | type[Model], key: UUID | str | None = None) -> Self:
        """Keep what was done to one row; to a user's quota as well, if it is a user.

        Arguments:
            what: an object; or a model, for a row that is gone.
            key: with a model, the row's key.

        Returns:
            The narrowed queryset.

        Raises:
            InvalidInput: the key is missing or no UUID.

        Example:
            >>> import charmodels as cm
            >>> async def who_published(character: cm.Character) -> list[str | None]:
            ...     entries = cm.AuditEntry.objects.for_object(character).filter(action=cm.AuditAction.PUBLISH)
            ...     return [entry.actor for entry in await entries.newest()]
        """
        table = what._meta.db_table
        object_id = validate("key", Identifier, what.pk if isinstance(what, Model) else key)
        return self.filter(object_id=object_id, table_name__in=_KNOWN_BY.get(table, (table,)))

    def by_actor(self, actor: UUID | str) -> Self:
        """Keep what somebody did.

        Arguments:
            actor: as `transaction` or `request_context` was told: a user's id, or a name.

        Returns:
            The narrowed queryset.

        Raises:
            InvalidInput: it is empty or too long.

        Example:
            >>> import charmodels as cm
            >>> query = cm.AuditEntry.objects.by_actor("nightly-import").newest()
        """
        return self.filter(actor=validate("actor", Key, str(actor)))

    def between(self, since: datetime | None = None, until: datetime | None = None) -> Self:
        """Keep what happened in a span of time.

        Arguments:
            since: from when on, aware; None for the beginning.
            until: before when, aware; None for no end.

        Returns:
            The narrowed queryset.

        Raises:
            InvalidInput: a time has no time zone.

        Example:
            >>> import charmodels as cm
            >>> yesterday = cm.clock.utc_now() - timedelta(days=1)
            >>> query = cm.AuditEntry.objects.between(yesterday).newest()
        """
        kept = self
        if since is not None:
            kept = kept.filter(created_at__gte=clock.aware("since", since))
        if until is not None:
            kept = kept.filter(created_at__lt=clock.aware("until", until))
        return kept

    async def prune(
        self,
        older_than: timedelta,
        *,
        batch: int = limits.PRUNED_ENTRIES,
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """Delete old entries; of all there are, whatever this queryset keeps. It is the one way by which entries go.

        It runs in batches of one transaction each, so it holds nobody up, and what is done stays done when it is
        interrupted. Each batch leaves an entry that says how many went, up to when, and who did it.

        Arguments:
            older_than: how old an entry must be to go; more than zero.
            batch: entries to delete in one transaction, at most; at least 1.
            progress: called after each batch with how many were deleted so far.

        Returns:
            How many entries were deleted.

        Raises:
            InvalidInput: `older_than` is no timedelta of more than zero, or `batch` is less than 1.

        Example:
            >>> import charmodels as cm
            >>> async def keep_a_year() -> None:
            ...     with cm.request_context(actor="retention"):
            ...         print(await cm.AuditEntry.objects.prune(timedelta(days=365)), "entries deleted")
        """
        if not isinstance(older_than, timedelta) or older_than <= timedelta():
            raise InvalidInput(field="older_than", reason="must be a timedelta of more than zero")
        most = whole_number("batch", batch)
        client = self._client()
        total: int = 0
        try:
            until = clock.utc_now() - older_than
        except OverflowError:
            until = _BEGINNING
        after = _BEGINNING
        while True:
            async with client._in_transaction() as tx:
                [row] = await tx.fetch(statement("prune_audit"), [until, after, most])
            total += row["entries"]
            if progress is not None:
                progress(total)
            if row["entries"] < most:
                break
            after = row["last"]
        if total:
            events.emit("audit.pruned", entries=total, older_than=older_than)
        return total


class AuditManager(Manager[AuditQuerySet]):
    """`AuditEntry.objects`."""

    queryset_class = AuditQuerySet
