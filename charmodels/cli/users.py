"""`charmodels users`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeAlias

import typer
from tortoise.expressions import Q

from charmodels.cli import console
from charmodels.cli.opening import opened
from charmodels.cli.values import duration, find_user, future, moment
from charmodels.clock import utc_now
from charmodels.enums import SubscriptionTier
from charmodels.models.character import Character
from charmodels.models.generation import Generation
from charmodels.models.quota import QuotaGrant, UserQuota
from charmodels.models.user import User
from charmodels.transactions import transaction

app = typer.Typer(
    name="users",
    no_args_is_help=True,
    help="Look at users, their subscriptions and quotas.\n\n"
    "A user is named by email address or by id. An address is printed only for whoever gave it, or asked for it "
    "with --email.\n\n"
    "\b\nExamples:\n  charmodels users show ada@example.com\n  charmodels users grant ada@example.com 20 --for 30d",
)

Who: TypeAlias = Annotated[str, typer.Argument(metavar="EMAIL|ID", show_default=False, help="Who is meant.")]
Email: TypeAlias = Annotated[bool, typer.Option("--email", help="Print email addresses.")]
Length: TypeAlias = Annotated[
    timedelta | None, typer.Option("--for", parser=duration, metavar="TIME", help="Or how long, as 30d.")
]


@app.command()
def show(user: Who, email: Email = False, json: console.Json = False) -> None:
    """Show a user: tier, quota, grants and work.

    The email address is shown if you named the user by it, or with --email.

    \b
    Examples:
      charmodels users show ada@example.com
      charmodels users show 019ab2c4-7d10-7a34-9c51-2f0e6b7d8a90 --json
    """
    found = console.finish(_show(user, email or "@" in user))
    if json:
        console.print_json(found)
    else:
        _print(found)


@app.command("list")
def list_users(
    tier: Annotated[SubscriptionTier | None, typer.Option(help="Only those who have this tier now.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many; the newest come first.")] = 20,
    email: Email = False,
    json: console.Json = False,
) -> None:
    """List users and what is left of their quotas.

    \b
    Examples:
      charmodels users list
      charmodels users list --tier PRO --limit 100 --email
    """
    found = console.finish(_list(tier, limit, email))
    if json:
        console.print_json(found)
        return
    columns = ["User", *(["Email"] if email else []), "Tier", "Left", "Since"]
    rows = [
        (str(each["id"]), *([each["email"]] if email else []), each["tier"],
         f"{each['remaining']:,} of {each['limit'] + each['granted']:,}", f"{each['created_at']:%Y-%m-%d}")
        for each in found
    ]  # fmt: skip
    console.out.print(console.table(*columns, rows=rows))


@app.command()
def subscribe(
    user: Who,
    tier: Annotated[
        SubscriptionTier, typer.Argument(case_sensitive=False, metavar="TIER", show_default=False, help="Which one.")
    ],
    until: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="DATE", help="When it runs out, as 2027-01-31 (UTC). Else never."),
    ] = None,
    length: Length = None,
    json: console.Json = False,
) -> None:
    """Give a user a tier.

    With it come its daily quota and its place in the queue. Today's use is
    kept. FREE ends a subscription. The ledger notes it.

    \b
    Examples:
      charmodels users subscribe ada@example.com PRO --until 2027-01-31
      charmodels users subscribe ada@example.com FREE
    """
    ends = future(until, length, names="--until / --for")

    async def work() -> User:
        async with opened():
            found = await find_user(user)
            async with transaction():
                await found.subscribe(tier, until=ends)
            return found

    changed = console.finish(work())
    if json:
        console.print_json(
            {"id": changed.id, "tier": changed.subscription_tier, "expires_at": changed.subscription_expires_at}
        )
    else:
        console.say(f"User {changed.id} has {tier} {'for good' if ends is None else f'until {_time(ends)}'}.")


@app.command()
def grant(
    user: Who,
    amount: Annotated[int, typer.Argument(min=1, metavar="AMOUNT", show_default=False, help="How many pictures.")],
    expires: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="DATE", help="When the rest is lost, as 2027-01-31 (UTC). Else never."),
    ] = None,
    length: Length = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="For the ledger.")] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="With the same key the grant is made once, however often you ask."),
    ] = None,
    json: console.Json = False,
) -> None:
    """Grant a user quota beside that of the plan, once.

    It is spent when the day's own is used up.

    \b
    Examples:
      charmodels users grant ada@example.com 20 --for 30d --reason "Sorry"
      charmodels users grant ada@example.com 50 --key invoice-1704
    """
    ends = future(expires, length, names="--expires / --for")

    async def work() -> tuple[QuotaGrant, int]:
        async with opened():
            found = await find_user(user)
            async with transaction():
                made = await User.objects.grant_quota(found.id, amount, until=ends, key=key, reason=reason)
            return made, (await User.objects.quota(found.id)).remaining

    made, remaining = console.finish(work())
    if json:
        console.print_json({**_grant(made), "user_id": made.user_id, "remaining": remaining})
    else:
        lasting = "for good" if made.expires_at is None else f"until {_time(made.expires_at)}"
        console.say(f"User {made.user_id} has {made.amount:,} more {lasting}; {remaining:,} are left now.")


async def _show(who: str, with_email: bool) -> dict[str, Any]:
    async with opened():
        user = await find_user(who)
        counters = await UserQuota.objects.get(user_id=user.id)
        owned = Character.objects.owned_by(user.id)
        work = await Generation.objects.stats(user.id)
        return {
            "id": user.id,
            **({"email": user.email} if with_email else {}),
            "name": user.name,
            "tier": user.current_tier,
            "subscribed_tier": user.subscription_tier,
            "subscription_expires_at": user.subscription_expires_at,
            "timezone": user.timezone,
            "created_at": user.created_at,
            "last_active_at": counters.last_active_at,
            "total_generated": counters.total_generated,
            "quota": asdict(await User.objects.quota(user.id)),
            "grants": [_grant(each) for each in await QuotaGrant.objects.filter(user_id=user.id).usable()],
            "characters": await owned.count(),
            "public_characters": await owned.filter(is_public=True).count(),
            "generations": work.by_status,
        }


async def _list(tier: SubscriptionTier | None, limit: int, with_email: bool) -> list[dict[str, Any]]:
    async with opened():
        chosen = User.objects.all()
        if tier is SubscriptionTier.FREE:
            chosen = chosen.filter(Q(subscription_tier=tier) | Q(subscription_expires_at__lte=utc_now()))
        elif tier is not None:
            chosen = chosen.subscribed().filter(subscription_tier=tier)
        users = await chosen.order_by("-created_at", "-id").limit(limit)
        quotas = await User.objects.quotas(user.id for user in users)
        return [
            {
                "id": user.id,
                **({"email": user.email} if with_email else {}),
                "tier": user.current_tier,
                "created_at": user.created_at,
                "limit": quotas[user.id].limit,
                "granted": quotas[user.id].granted,
                "remaining": quotas[user.id].remaining,
            }
            for user in users
            if user.id in quotas
        ]


def _grant(grant: QuotaGrant) -> dict[str, Any]:
    return {
        "id": grant.id,
        "amount": grant.amount,
        "spent": grant.spent,
        "expires_at": grant.expires_at,
        "reason": grant.reason,
    }


def _print(found: dict[str, Any]) -> None:
    quota, ends = found["quota"], found["subscription_expires_at"]
    tier = found["tier"]
    if tier != found["subscribed_tier"]:
        tier = f"{tier} ({found['subscribed_tier']} ran out on {_time(ends)})"
    elif ends is not None:
        tier = f"{tier} until {_time(ends)}"
    seen = "never" if found["last_active_at"] is None else _time(found["last_active_at"])
    work = ", ".join(f"{number:,} {status.lower()}" for status, number in found["generations"].items() if number)
    granted = f" and {quota['granted']:,} granted" if quota["granted"] else ""
    rows = [
        ("Id", str(found["id"])),
        *([("Email", found["email"])] if "email" in found else []),
        ("Name", found["name"] or "-"),
        ("Tier", tier),
        ("Quota", f"{quota['remaining']:,} left; {quota['used']:,} used of {quota['limit']:,} a day{granted}"),
        ("Held", f"{quota['held']:,}"),
        ("Resets", f"{_time(quota['resets_at'])} ({found['timezone']})"),
        *(("Grant", _describe(each)) for each in found["grants"]),
        ("Characters", f"{found['characters']:,}, of them public: {found['public_characters']:,}"),
        ("Generations", work or "none"),
        ("Pictures", f"{found['total_generated']:,}"),
        ("Since", _time(found["created_at"])),
        ("Last here", seen),
    ]  # fmt: skip
    console.out.print(console.fields(rows))


def _describe(grant: dict[str, Any]) -> str:
    ends = "" if grant["expires_at"] is None else f" until {_time(grant['expires_at'])}"
    why = f": {grant['reason']}" if grant["reason"] else ""
    return f"{grant['amount'] - grant['spent']:,} left of {grant['amount']:,}{ends}{why}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
