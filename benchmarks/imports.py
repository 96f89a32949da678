"""What importing charmodels costs beside importing the libraries that it stands on.

Each import takes place in a process of its own, in turns. The interpreter's start is in both figures; how little it
is stands in a line of its own. The ratio is to stay at 1.5 or below.

Run with: python -m benchmarks.imports
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import compare
from benchmarks.compare import Ratio

DEPENDENCIES = ("tortoise", "asyncpg", "aerich", "pydantic", "pydantic_settings", "uuid_utils")

STATEMENTS = {
    "nothing": "pass",
    "dependencies": f"import {', '.join(DEPENDENCIES)}",
    "charmodels": "import charmodels",
}

TARGET = 1.5
"""The most that charmodels may take, as a multiple of what its dependencies take."""


def measure(rounds: int) -> dict[str, list[float]]:
    """Time each statement in fresh processes, in turns.

    Arguments:
        rounds: how often.

    Returns:
        By statement, the seconds of each round.
    """
    for statement in STATEMENTS.values():  # fills the disk's cache and writes the .pyc files
        _time(statement)
    samples: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for order in compare.turns(list(STATEMENTS), rounds):
        for name in order:
            samples[name].append(_time(STATEMENTS[name]))
    return samples


def _time(statement: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, cwd=Path(__file__).parent.parent)
    return time.perf_counter() - began


def ratio(samples: compare.Samples) -> Ratio:
    """Say how many times the dependencies' time charmodels takes, the interpreter's start included in both."""
    return compare.ratio(samples["charmodels"], samples["dependencies"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print and write the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imports", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=20, help="processes for each")
    parser.add_argument("--output", type=Path, default=compare.RESULTS / "imports.json", help="file for the figures")
    given = parser.parse_args(arguments)
    samples = measure(given.rounds)
    found = ratio(samples)
    for name, seconds in samples.items():
        print(f"  {name:<14}{statistics.median(seconds) * 1000:>7.0f} ms")
    print(f"charmodels takes {found} times what its dependencies take; at most {TARGET} is the aim")
    compare.write(given.output, {**compare.describe_machine(), "ratio": found, "seconds": samples})


if __name__ == "__main__":
    main()
