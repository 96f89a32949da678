"""Rows to test with: every value has a default, every call makes a new row."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

import charmodels as cm

_numbers = itertools.count(1)


async def user(**values: Any) -> cm.User:
    """Make a user, with a name and an address that no other has.

    Arguments:
        values: by the names of the fields.

    Returns:
        The user, whose tier is FREE unless said otherwise.

    Raises:
        InvalidInput: a value breaks a rule.

    Example:
        >>> async def pro() -> cm.User:
        ...     return await user(subscription_tier=cm.SubscriptionTier.PRO)
    """
    number = next(_numbers)
    return await cm.User.create(**{"email": f"user{number}@example.com", "name": f"User {number}", **values})


async def character(owner: cm.User | None = None, **values: Any) -> cm.Character:
    """Make a finished, private character.

    Arguments:
        owner: whose it is, or None for a new user's.
        values: by the names of the fields.

    Returns:
        The character.

    Raises:
        InvalidInput: a value breaks a rule.

    Example:
        >>> async def knight(ada: cm.User) -> cm.Character:
        ...     return await character(ada, tags=["knight"], is_public=True)
    """
    number = next(_numbers)
    return await cm.Character.create(
        **{
            "user_id": (owner or await user()).id,
            "name": f"Character {number}",
            "prompt": f"A brave knight, number {number}",
            "style_type": cm.StyleType.FANTASY,
            "generation_status": cm.GenerationStatus.COMPLETED,
            **values,
        }
    )


async def generation(owner: cm.User | None = None, **values: Any) -> cm.Generation:
    """Write the bare record of a generation, without a hold on quota or a place in the queue.

    For one that a worker can claim, call `cm.Generation.objects.request`.

    Arguments:
        owner: who asked for it, or None for a new user.
        values: by the names of the fields.

    Returns:
        The record, PENDING unless said otherwise.

    Raises:
        InvalidInput: a value breaks a rule.
    """
    number = next(_numbers)
    return await cm.Generation.create(
        **{
            "user_id": (owner or await user()).id,
            "prompt": f"A brave knight, number {number}",
            "style_type": cm.StyleType.FANTASY,
            **values,
        }
    )


async def template(**values: Any) -> cm.CharacterTemplate:
    """Make an active template.

    Arguments:
        values: by the names of the fields.

    Returns:
        The template.

    Raises:
        InvalidInput: a value breaks a rule.
    """
    number = next(_numbers)
    return await cm.CharacterTemplate.create(
        **{"name": f"Template {number}", "prompt": "A brave knight", "style_type": cm.StyleType.FANTASY, **values}
    )


def missing() -> UUID:
    """Give a key that no row has.

    Returns:
        The key.

    Example:
        >>> missing()
        UUID('00000000-0000-0000-0000-000000000001')
    """
    return UUID(int=1)
