"""Runs every example from a clean install of the extra that it declares, and nothing else.

Each extra gets a virtual environment of its own, into which this checkout is installed as a user would. A script must
end well; an app must serve its gallery and end when it is interrupted.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
import venv
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"

OWN_EXTRA = {"auth0.py": "fastapi,apps,embedded", "testing_your_app.py": "testing"}
"""Scripts that need another extra than `embedded`, as they say in their first lines."""

LIMIT = 120
"""Seconds that an example may take."""

FRAMEWORKS = ("fastapi", "starlette", "litestar", "quart", "sanic", "blacksheep", "aiohttp")


class Failed(Exception):
    """An example did not do its work."""


def install(folder: Path, extra: str) -> Path:
    """Make an environment and give its Python."""
    place = folder / re.sub(r"\W+", "-", extra)
    venv.create(place, with_pip=True)
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "-qq", f"{ROOT}[{extra}]"], check=True)
    return python


def environment() -> Mapping[str, str]:
    """No setting, no server but the embedded one, and the examples beside what was installed."""
    kept = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")
    }
    return {**kept, "PYTHONSAFEPATH": "1", "PYTHONWARNINGS": "error::DeprecationWarning:__main__"}


def run_script(python: Path, folder: Path, name: str) -> None:
    done = subprocess.run(
        [python, folder / "examples" / name],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    if done.returncode != 0 or not done.stdout.strip():
        raise Failed(f"{name} ended with {done.returncode}: {done.stdout[-1000:]}{done.stderr[-3000:]}")


def run_app(python: Path, folder: Path, arguments: Iterable[str], paths: Iterable[str]) -> None:
    """Start an app, ask it for some pages, and interrupt it."""
    name = " ".join(arguments)
    process = subprocess.Popen(
        [python, "-m", *arguments, "--port", "0"],
        cwd=folder,
        env={**environment(), "PYTHONPATH": str(folder), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell in the background has it ignored
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        else:
            raise Failed(f"{name} did not start: {''.join(said)}")
        for path in paths:
            with urllib.request.urlopen(found.group() + path, timeout=LIMIT) as answer:  # noqa: S310 - its own server
                if answer.status != 200 or not answer.read():
                    raise Failed(f"{name} answered {answer.status} to {path}")
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=LIMIT)
        if process.returncode not in (0, 130, -signal.SIGINT) or "Traceback" in rest:
            raise Failed(f"{name} ended with {process.returncode}: {''.join(said)}{rest}")
    finally:
        process.kill()
        process.wait()


def main() -> int:
    """Run all of them, and say how many failed."""
    passed, failed = 0, 0
    with tempfile.TemporaryDirectory(prefix="charmodels-examples-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        shutil.copytree(EXAMPLES, folder / "examples")  # away from the checkout, so that only the install is imported
        scripts = sorted(
            path.name for path in EXAMPLES.glob("*.py") if path.name not in ("__init__.py", "databases.py")
        )
        work: dict[str, list[tuple[str, ...]]] = {"embedded": []}
        for name in scripts:
            work.setdefault(OWN_EXTRA.get(name, "embedded"), []).append((name,))
        work.setdefault("fastapi,starlette,litestar,apps,embedded", []).extend(
            ("examples.apps", framework) for framework in FRAMEWORKS
        )
        if (EXAMPLES / "gallery_app").is_dir():
            work["gallery"] = [("examples.gallery_app", "--characters", "200")]
        for extra, examples in work.items():
            python = install(folder, extra)
            for example in examples:
                try:
                    if len(example) == 1:
                        run_script(python, folder, example[0])
                    else:
                        run_app(python, folder, example, ("/",) if "gallery" in extra else ("/characters", "/readyz"))
                except (Failed, OSError, subprocess.TimeoutExpired) as error:
                    failed += 1
                    print(f"FAILED [{extra}] {' '.join(example)}: {error}")
                else:
                    passed += 1
                    print(f"passed [{extra}] {' '.join(example)}", flush=True)
    print(f"examples: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
