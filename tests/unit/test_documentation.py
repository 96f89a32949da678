"""What the documentation shows, runs."""

from __future__ import annotations

import doctest
import importlib
import logging
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import yaml

import charmodels

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^```python\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
MODULES = [
    module.name
    for module in pkgutil.walk_packages(charmodels.__path__, "charmodels.")
    if "aerich_migrations" not in module.name and not module.name.endswith("__main__")
]

NEED_FASTADMIN = {f"charmodels.studio.{name}" for name in ("admin", "pages", "server", "site")}


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """Frameworks set up logging, here to a stream of pytest's that is closed when the next record comes."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_blocks_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        module = ModuleType("documentation")
        monkeypatch.setitem(sys.modules, module.__name__, module)  # where frameworks look up annotations
        # Defining is enough here: the example scripts, which the tests run, do what main() does.
        exec(compile(block, str(page), "exec"), vars(module))


def test_the_readme_begins_with_the_quickstart() -> None:
    quickstart = (ROOT / "examples" / "quickstart.py").read_text(encoding="utf-8")
    first = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))[0]
    assert quickstart.endswith('"""\n\n' + first)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name: str) -> None:
    if name in NEED_FASTADMIN:
        pytest.importorskip("fastadmin", reason="needs Python 3.12")
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.failed == 0


def test_compose_file_is_well_formed() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert services["database"]["image"].startswith("postgres:")
    assert services["database"]["ports"] == ["127.0.0.1:5432:5432"]
