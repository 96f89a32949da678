"""Studio: an admin site over the models, for the one person who started it (extra: studio, Python 3.12 or newer)."""

from __future__ import annotations

import importlib.util
import sys

from charmodels.errors import ConfigurationError

INSTALL = "pip install 'charmodels[studio]'"


def require() -> None:
    """Say so if Studio cannot run here. Importing this package loads nothing of what it needs.

    Raises:
        ConfigurationError: Python is older than 3.12, or the extra is not installed.

    Example:
        >>> def is_possible() -> bool:
        ...     try:
        ...         require()
        ...     except ConfigurationError:
        ...         return False
        ...     return True
    """
    if sys.version_info < (3, 12):
        running = ".".join(map(str, sys.version_info[:2]))
        raise ConfigurationError(
            reason=f"Studio needs Python 3.12 or newer, and this is Python {running}; the rest of charmodels does not"
        )
    missing = [name for name in ("fastadmin", "fastapi", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            reason=f"Studio needs its extra ({missing[0]} is not installed); install it with: {INSTALL}"
        )
