"""The quota, as a recipe: hold a part of it before the work, commit it after; what fails is given back.

Run it with `python -m examples.quota`, on an embedded PostgreSQL, or on the server that DATABASE_URL names, in a
database of its own. The clock stands still unless the story moves it, so it prints the same every day.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/quota.py` runs as well

import charmodels as cm
from charmodels.clock import FrozenClock
from examples.databases import own_database

DAY = timedelta(days=1)


def say(what: str, result: object) -> None:
    print(f"  {what:<38} {result}")


async def show(user: cm.User, when: str) -> None:
    now = await cm.User.objects.quota(user.id)
    granted = f" and {now.granted} granted" if now.granted else ""
    say(when, f"{now.used} used, {now.held} of that held; {now.remaining} left of {now.limit} a day{granted}")


async def as_a_block(ada: cm.User, clock: FrozenClock) -> None:
    """A block commits when it ends well, and releases when it fails."""
    async with cm.User.objects.reserve_quota(ada.id, reason="a knight"):
        await show(ada, "while the picture is made")
    await show(ada, "when it is made")
    try:
        async with cm.User.objects.reserve_quota(ada.id, reason="a dragon"):
            raise ConnectionError("no dragon today")
    except ConnectionError as error:
        await show(ada, f"after an error, {error}")


async def by_hand(ada: cm.User, clock: FrozenClock) -> None:
    """Without a block there are commit and release; the first one decides."""
    hold = await cm.User.objects.reserve_quota(ada.id, amount=2)
    await show(ada, "with 2 on hold")
    say("released, then committed", f"{await hold.release()}, {await hold.commit()}")
    await show(ada, "after that")


async def twenty_at_once(ada: cm.User, clock: FrozenClock) -> None:
    """Of twenty callers at once, exactly as many pass as fit."""
    callers = [cm.User.objects.reserve_quota(ada.id) for _ in range(20)]
    answers = await asyncio.gather(*callers, return_exceptions=True)
    holds = [answer for answer in answers if isinstance(answer, cm.QuotaHold)]
    refused = [answer for answer in answers if isinstance(answer, cm.QuotaExceeded)]
    say("twenty callers", f"{len(holds)} passed, {len(refused)} were refused")
    for hold in holds:
        await hold.commit()


async def a_key_twice(ada: cm.User, clock: FrozenClock) -> None:
    """A request that is repeated with its key is charged once."""
    first = await cm.User.objects.reserve_quota(ada.id, key="request 7")
    again = await cm.User.objects.reserve_quota(ada.id, key="request 7")
    say("the same hold, repeated", f"{again.id == first.id}, {again.repeated}")
    await first.commit()
    await show(ada, "after both")
    try:
        await cm.User.objects.reserve_quota(ada.id, amount=2, key="request 7")
    except cm.Conflict as error:
        say("with another amount", f"Conflict: {error.reason}")


async def too_late(ada: cm.User, clock: FrozenClock) -> None:
    """A hold that nobody closes runs out by itself."""
    hold = await cm.User.objects.reserve_quota(ada.id, amount=3, expires_in=timedelta(minutes=5))
    await show(ada, "with 3 on hold for 5 minutes")
    clock.advance(timedelta(minutes=6))
    await show(ada, "6 minutes later")
    say("a commit that comes too late", await hold.commit())


async def a_top_up(ada: cm.User, clock: FrozenClock) -> None:
    """A grant is spent when the day is used up."""
    for _ in range(2):  # the payment is reported twice, and counts once
        await cm.User.objects.grant_quota(ada.id, 5, until=clock.moment + 7 * DAY, key="payment 1", reason="a top-up")
    await show(ada, "with 5 more for a week")
    async with cm.User.objects.reserve_quota(ada.id, amount=4) as hold:
        assert hold.grants is not None
        say("of the 4 pictures, out of the grant", sum(hold.grants.values()))
    await show(ada, "after 4 pictures")


async def a_subscription(ada: cm.User, clock: FrozenClock) -> None:
    """A subscription counts at once, keeps today's use, and ends by itself."""
    async with cm.User.objects.reserve_quota(ada.id, amount=3):
        pass
    await ada.subscribe(cm.SubscriptionTier.PREMIUM, until=clock.moment + 31 * DAY)
    await show(ada, f"as {ada.current_tier}")
    clock.advance(31 * DAY)
    await show(ada, f"31 days later, as {ada.current_tier}")


async def over_http(ada: cm.User, clock: FrozenClock) -> None:
    """An answer over HTTP says where the user stands; the day ends at midnight in Berlin."""
    try:
        await cm.User.objects.reserve_quota(ada.id, amount=4)
    except cm.QuotaExceeded as error:
        headers = error.status.headers(error.requested) if error.status else {}
        for name, value in headers.items():
            say(name, value)


async def the_ledger(ada: cm.User, clock: FrozenClock) -> None:
    """The ledger tells all of it, and every number agrees with it."""
    print("  KIND     AMOUNT  DAY         KEY OR REASON")
    async for entry in cm.QuotaEntry.objects.owned_by(ada.id).order_by("id"):
        day, why = str(entry.quota_day or ""), entry.key or entry.reason or ""
        print(f"  {entry.kind:<8} {entry.amount:>6}  {day:<10}  {why}".rstrip())
    say("numbers that do not agree", len(await cm.QuotaEntry.objects.discrepancies()))
    await cm.UserQuota.objects.filter(user_id=ada.id).update(daily_used=0)
    [found] = await cm.QuotaEntry.objects.discrepancies()
    say("when somebody tampers with one", f"{found.what} is {found.counted}, by the ledger {found.accounted}")


async def main() -> None:
    async with own_database() as settings:
        await cm.migrations.upgrade(settings)
        with cm.clock.frozen(datetime(2026, 3, 2, 18, tzinfo=UTC)) as clock:
            async with cm.connect(settings):
                ada = await cm.User.create(email="ada@example.com", name="Ada", timezone="Europe/Berlin")
                for chapter in (
                    as_a_block, by_hand, twenty_at_once, a_key_twice, too_late, a_top_up, a_subscription, over_http,
                    the_ledger,
                ):  # fmt: skip
                    print(f"\n{clock.moment:%B %d}: {chapter.__doc__}")
                    await chapter(ada, clock)
                    clock.advance(DAY)


if __name__ == "__main__":
    asyncio.run(main())
