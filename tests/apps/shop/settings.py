"""The shop's configuration for its own Aerich set-up, computed when it is asked for."""

from __future__ import annotations

from typing import Any

import charmodels as cm

APPS = {"shop": ["tests.apps.shop.models"]}


def __getattr__(name: str) -> Any:
    if name == "TORTOISE_ORM":
        return cm.tortoise_config(apps=APPS)
    raise AttributeError(name)
