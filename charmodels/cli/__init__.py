"""The `charmodels` command (extra: cli)."""

from __future__ import annotations

import sys

_EXTRA = {"typer", "rich", "click"}


def main() -> int:
    """Run the command.

    Returns:
        The exit code: 0 when all went well, 1 when it did not, 2 when the command was used wrongly, 130 when it was
        interrupted.
    """
    try:
        from charmodels.cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.stderr.write("The charmodels command needs its extra; install it with: pip install 'charmodels[cli]'\n")
        return 2
    return run()
