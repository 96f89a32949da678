"""Rows to test with: every value has a default, every call makes a new one."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

import charmodels as cm

_numbers = itertools.count(1)


async def user(**values: Any) -> cm.User:
    number = next(_numbers)
    return await cm.User.create(**{"email": f"user{number}@example.com", "name": f"User {number}", **values})


async def character(owner: cm.User | None = None, **values: Any) -> cm.Character:
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
    number = next(_numbers)
    return await cm.CharacterTemplate.create(
        **{"name": f"Template {number}", "prompt": "A brave knight", "style_type": cm.StyleType.FANTASY, **values}
    )


def missing() -> UUID:
    """A key that no row has."""
    return UUID(int=1)
