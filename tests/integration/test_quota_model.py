"""Random lives of two users' quotas, step by step beside a model in plain Python (tests/quota_model.py).

By default the lives are few and the same in every run. HYPOTHESIS_PROFILE=soak makes them many, long and new each time;
`--hypothesis-seed=7` repeats such a run.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

import charmodels as cm
from charmodels import clock
from charmodels.models import UserQuota
from tests import factories, servers
from tests.quota_model import FREE, PLANS, Account, Grant, Reservation

T = TypeVar("T")

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
LIVES = settings(
    max_examples=3000 if SOAK else 60,
    stateful_step_count=60 if SOAK else 30,
    derandomize=not SOAK,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

SPANS = st.sampled_from(
    [
        *(timedelta(minutes=minutes) for minutes in (1, 10, 45)),
        *(timedelta(hours=hours) for hours in (2, 9, 23, 25)),
        timedelta(days=3),
    ]
)
ENDS = st.none() | SPANS
ZONES = st.sampled_from(
    [
        "UTC",
        "Pacific/Kiritimati",  # +14
        "Pacific/Pago_Pago",  # -11
        "America/Santiago",  # clocks change at midnight: a day begins at one o'clock
        "Atlantic/Azores",  # clocks are set back to midnight: a day has two
        "Asia/Kathmandu",  # +5:45
        "Europe/Berlin",
    ]
)
STARTS = st.sampled_from(
    [
        datetime(2026, 3, 28, 20, tzinfo=UTC),  # the night in which Berlin and the Azores lose an hour
        datetime(2026, 10, 24, 20, tzinfo=UTC),  # and get it back
        datetime(2026, 4, 4, 22, tzinfo=UTC),  # Santiago gets it back
        datetime(2026, 9, 5, 22, tzinfo=UTC),  # Santiago loses it
        datetime(2028, 2, 28, 9, 30, tzinfo=UTC),
        datetime(2026, 12, 31, 12, tzinfo=UTC),
    ]
)
AMOUNTS = st.integers(1, 6)
GRANTED = st.integers(1, 12)
KEYS = st.sampled_from([None, "a", "b", "c", "d"])
WHO = st.integers(0, 1)
BEGINNINGS = st.tuples(ZONES, st.lists(st.tuples(GRANTED, ENDS), max_size=3))
"""A time zone, and grants."""


class Lives(RuleBasedStateMachine):
    holds = Bundle[Reservation]("holds")
    runner: ClassVar[asyncio.Runner]

    def __init__(self) -> None:
        super().__init__()
        self.accounts: list[Account] = []
        self.agree = False
        self.stack = ExitStack()
        self.clock = self.stack.enter_context(clock.frozen(datetime(2026, 3, 1, tzinfo=UTC)))

    @property
    def now(self) -> datetime:
        return self.clock.moment

    def reservations(self) -> list[Reservation]:
        return [each for account in self.accounts for each in account.reservations]

    def run(self, verb: Coroutine[Any, Any, T]) -> T:
        self.agree = False
        return self.runner.run(verb)

    @initialize(start=STARTS, beginnings=st.tuples(BEGINNINGS, BEGINNINGS))
    def begin(self, start: datetime, beginnings: Sequence[tuple[str, list[tuple[int, timedelta | None]]]]) -> None:
        self.clock.move_to(start)
        for who, (zone, grants) in enumerate(beginnings):
            self.accounts.append(Account(self.run(factories.user(timezone=zone)), zone))
            for amount, span in grants:
                self.grant(who, amount, None, span)

    @rule(target=holds, who=WHO, amount=AMOUNTS, key=KEYS, lifetime=SPANS)
    def reserve(
        self, who: int, amount: int, key: str | None, lifetime: timedelta
    ) -> Reservation | MultipleResults[Reservation]:
        account = self.accounts[who]
        verb = cm.User.objects.reserve_quota(account.user.id, amount, key, expires_in=lifetime)
        known = next((each for each in account.reservations if key is not None and each.key == key), None)
        if known is not None:
            self.ask_again(known, amount, verb)
            return multiple()
        before = account.status(self.now)
        if amount > before.remaining:
            with pytest.raises(cm.QuotaExceeded) as caught:
                self.run(verb)
            error = caught.value
            assert (before.limit, before.used) == (error.limit, error.used)
            assert (amount, before.resets_at) == (error.requested, error.resets_at)
            assert before == error.status
            return multiple()
        day, parts = account.today(self.now), account.spend(amount, self.now)
        made = Reservation(account, [self.run(verb)], amount, day, parts, self.now + lifetime, self.now, key)
        assert not made.handles[0].repeated
        self.compare_hold(made, made.handles[0])
        account.reservations.append(made)
        account.highest[day] = max(account.highest[day], before.limit)
        after = self.run(cm.User.objects.quota(account.user.id))
        # Of a plan that was larger today, more may be used than the limit is now.
        assert after.used <= account.highest[day] + after.granted
        return made

    @rule(target=holds, who=WHO, too_much=st.sampled_from([0, 0, 1]), key=KEYS, lifetime=SPANS)
    def reserve_the_rest(
        self, who: int, too_much: int, key: str | None, lifetime: timedelta
    ) -> Reservation | MultipleResults[Reservation]:
        amount = self.accounts[who].status(self.now).remaining + too_much
        return self.reserve(who, amount, key, lifetime) if amount else multiple()

    @precondition(lambda self: any(hold.key for hold in self.reservations()))
    @rule(hold=holds, other=st.sampled_from([0, 0, 0, 1]), lifetime=SPANS)
    def reserve_again(self, hold: Reservation, other: int, lifetime: timedelta) -> None:
        if hold.key is not None:
            amount = hold.amount + other
            verb = cm.User.objects.reserve_quota(hold.account.user.id, amount, hold.key, expires_in=lifetime)
            self.ask_again(hold, amount, verb)

    def ask_again(self, known: Reservation, amount: int, verb: Coroutine[Any, Any, cm.QuotaHold]) -> None:
        if known.amount != amount:
            with pytest.raises(cm.Conflict):
                self.run(verb)
            return
        hold = self.run(verb)
        assert hold.repeated
        self.compare_hold(known, hold)
        known.handles.append(hold)

    def compare_hold(self, expected: Reservation, hold: cm.QuotaHold) -> None:
        assert (expected.id, expected.account.user.id) == (hold.id, hold.user_id)
        assert (expected.amount, expected.day, expected.key) == (hold.amount, hold.quota_day, hold.key)
        assert expected.parts == {UUID(grant): amount for grant, amount in (hold.grants or {}).items()}
        assert (expected.until, expected.made) == (hold.expires_at, hold.created_at)
        assert expected.state(self.now) is hold.state

    @rule(hold=holds, how=st.sampled_from(["COMMIT", "RELEASE"]), handle=st.integers(0, 2))
    def close(self, hold: Reservation, how: str, handle: int) -> None:
        handled = hold.handles[handle % len(hold.handles)]
        outcome = self.run(handled.commit() if how == "COMMIT" else handled.release())
        assert hold.close(how, self.now) is outcome
        assert outcome is handled.state

    @rule(by=SPANS)
    def time_passes(self, by: timedelta) -> None:
        self.clock.advance(by)

    @rule(who=WHO, number=st.integers(0, 2), before=st.sampled_from([timedelta(), timedelta(microseconds=1)]))
    def something_ends(self, who: int, number: int, before: timedelta) -> None:
        account = self.accounts[who]
        ends = {account.status(self.now).resets_at, account.tier_until, *(each.until for each in account.grants)}
        ends |= {each.until for each in account.reservations}
        coming = sorted(moment for moment in ends if moment is not None and moment > self.now)
        self.clock.move_to(max(coming[number % len(coming)] - before, self.now))

    @precondition(lambda self: any(hold.closed is None for hold in self.reservations()))
    @rule(users=st.sampled_from([1, 500]))
    def sweep(self, users: int) -> None:
        overdue = [row.id for row in self.run(self.open_holds()) if row.expires_at <= self.now]
        assert len(overdue) == self.run(cm.QuotaHold.objects.expire(users=users))
        for hold in self.reservations():
            if hold.state(self.now) is cm.HoldState.EXPIRED:
                hold.close("EXPIRE", self.now)

    @rule(who=WHO, tier=st.none() | st.sampled_from(cm.SubscriptionTier), span=ENDS)
    def subscribe(self, who: int, tier: cm.SubscriptionTier | None, span: timedelta | None) -> None:
        """Subscribe, or cancel."""
        until = None if span is None or tier is None else self.now + span
        user = self.accounts[who].user
        self.run(user.cancel_subscription() if tier is None else user.subscribe(tier, until))
        self.change_tier(self.accounts[who], tier or FREE, until)

    def change_tier(self, account: Account, tier: cm.SubscriptionTier, until: datetime | None) -> None:
        if tier is not account.tier:
            account.override = None
        account.tier_changes += (tier, until) != (account.tier, account.tier_until)
        account.tier, account.tier_until = tier, until

    @rule(who=WHO, quota=st.none() | st.integers(0, 10))
    def set_daily_quota(self, who: int, quota: int | None) -> None:
        self.run(self.accounts[who].user.set_daily_quota(quota))
        self.accounts[who].override = quota

    @rule(who=WHO, amount=GRANTED, key=KEYS, span=ENDS)
    def grant(self, who: int, amount: int, key: str | None, span: timedelta | None) -> None:
        account = self.accounts[who]
        until = None if span is None else self.now + span
        verb = cm.User.objects.grant_quota(account.user.id, amount, until=until, key=key)
        known = next((each for each in account.grants if key is not None and each.key == key), None)
        if known is not None and known.amount != amount:
            with pytest.raises(cm.Conflict):
                self.run(verb)
            return
        made = self.run(verb)
        if known is None:
            known = Grant(made.id, amount, until, self.now, key)
            account.grants.append(known)
            assert made.spent == 0
        assert (known.id, known.amount, known.key) == (made.id, made.amount, made.key)
        assert (known.until, known.made) == (made.expires_at, made.created_at)

    @rule(who=WHO, zone=ZONES)
    def move(self, who: int, zone: str) -> None:
        account = self.accounts[who]
        account.user.timezone = account.zone = zone
        self.run(account.user.save(update_fields=["timezone"]))

    @invariant()
    def compare(self) -> None:
        self.run(self.compare_all())
        self.agree = True

    async def compare_all(self) -> None:
        for account in self.accounts:
            expected = account.status(self.now)
            status = await cm.User.objects.quota(account.user.id)
            assert expected == status
            assert min(status.used, status.remaining) >= 0
            exceeded = expected.remaining == 0
            assert exceeded is status.exceeded
            assert (expected.resets_at - self.now if exceeded else None) == status.retry_after
            assert account.current_tier(self.now) is account.user.current_tier
        assert await cm.QuotaEntry.objects.discrepancies() == []
        certain = {each.id for each in self.reservations() if each.state(self.now) is cm.HoldState.OPEN}
        possible = {each.id for each in self.reservations() if each.closed is None}
        # Who reserves may write down what ran out, so that it need not wait for the sweep.
        assert certain <= {row.id for row in await self.open_holds()} <= possible

    async def open_holds(self) -> list[cm.QuotaHold]:
        return await cm.QuotaHold.objects.all()

    def teardown(self) -> None:
        try:
            if self.agree:
                self.end()
        finally:
            for account in self.accounts:
                self.run(account.user.delete())
            self.stack.close()

    def end(self) -> None:
        """Close what is open, and compare all that was written."""
        self.sweep(500)
        for number, hold in enumerate(self.reservations()):
            self.close(hold, ("COMMIT", "RELEASE")[number % 2], 0)
        self.compare()
        assert self.run(self.open_holds()) == []
        found = self.run(cm.User.objects.quotas(account.user.id for account in self.accounts))
        assert {account.user.id: account.status(self.now) for account in self.accounts} == found
        for account in self.accounts:
            self.run(self.compare_written(account))

    async def compare_written(self, account: Account) -> None:
        entries = await cm.QuotaEntry.objects.owned_by(account.user.id)
        assert account.entries() == Counter((entry.kind.value, entry.amount, entry.hold_id) for entry in entries)
        grants = await cm.QuotaGrant.objects.owned_by(account.user.id)
        left = {grant.id: account.left_of(grant, self.now) for grant in account.grants}
        assert left == {grant.id: grant.remaining for grant in grants}
        committed = [hold.amount for hold in account.reservations if hold.closed == "COMMIT"]
        assert sum(committed) == (await UserQuota.objects.get(user_id=account.user.id)).total_generated


@pytest.fixture
def loop(server_url: str, template: str) -> Iterator[asyncio.Runner]:
    """An event loop with an open database, both for all lives: opening one takes longer than a life."""
    url = asyncio.run(servers.create(server_url, template=template))
    plans = {tier: {"daily_quota": quota} for tier, quota in PLANS.items()}
    database = cm.Database(cm.Settings(database_url=url, app_env="test", plans=plans))
    with asyncio.Runner() as runner:
        runner.run(database.open())
        yield runner
        runner.run(database.close())
    asyncio.run(servers.drop(server_url, url))


def test_quota_never_disagrees_with_the_model(loop: asyncio.Runner) -> None:
    class LivesHere(Lives):
        runner = loop

    run_state_machine_as_test(LivesHere, settings=LIVES)
