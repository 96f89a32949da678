"""The Tortoise backend of charmodels: asyncpg with a bounded wait, a cheap release and named errors.

Tortoise finds it by the engine name `charmodels.backend` in its configuration.
"""

from __future__ import annotations

from charmodels.backend.client import Client

client_class = Client
