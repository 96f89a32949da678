"""Our own fixtures for the tests of your app: a pytest plugin (extra: testing).

Enable it in `conftest.py` with `pytest_plugins = ["charmodels.testing"]`. Each test that asks for one gets a database
of its own, cloned from one that was migrated once, on the server that DATABASE_URL names or on an embedded PostgreSQL.

(For pytest: PYTEST_DONT_REWRITE. A conftest.py may import the factories before pytest reads which plugins it names.)
"""

from __future__ import annotations

from charmodels.testing import factories, servers
from charmodels.testing.fixtures import (
    FROZEN_AT,
    charmodels_apps,
    charmodels_clock,
    charmodels_database,
    charmodels_empty_url,
    charmodels_environment,
    charmodels_prepare,
    charmodels_rolled_back,
    charmodels_server_url,
    charmodels_settings,
    charmodels_shared_url,
    charmodels_template,
    charmodels_url,
    pytest_configure,
)

__all__ = [
    "FROZEN_AT",
    "charmodels_apps",
    "charmodels_clock",
    "charmodels_database",
    "charmodels_empty_url",
    "charmodels_environment",
    "charmodels_prepare",
    "charmodels_rolled_back",
    "charmodels_server_url",
    "charmodels_settings",
    "charmodels_shared_url",
    "charmodels_template",
    "charmodels_url",
    "factories",
    "pytest_configure",
    "servers",
]
