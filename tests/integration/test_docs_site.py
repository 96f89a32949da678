"""The docs site builds without a warning, and has every page and every public name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zlib
from html import unescape
from pathlib import Path

import pytest

import charmodels as cm

pytest.importorskip("sphinx")

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    done = subprocess.run(
        [*command, "--doctree-dir", str(folder / "doctrees"), str(DOCS), str(folder / "html")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    # A page that stands in no list belongs into docs/index.md, where it fits.
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


def described(site: Path) -> set[str]:
    """The names that have a place in the API reference, as other sites would link to them."""
    inventory = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    return {line.split()[0] for line in zlib.decompress(inventory).decode().splitlines()}


def letters(html: str) -> str:
    """What is said, without marks and quotation marks, which Sphinx draws otherwise."""
    return "".join(filter(str.isalnum, unescape(re.sub("<[^>]*>", "", html))))


def test_every_page_is_there(site: Path) -> None:
    # By its heading: Sphinx has pages of its own, as search.html, which take the place of ours with that name.
    for path in DOCS.rglob("*.md"):
        heading = path.read_text(encoding="utf-8").partition("\n")[0]
        page = (site / path.relative_to(DOCS).with_suffix(".html")).read_text(encoding="utf-8")
        shown = re.search("<h1>(.*?)</h1>", page, flags=re.DOTALL)
        assert shown is not None, path.name
        assert letters(shown[1]) == letters(heading), f"{path.name} needs another name"


def test_every_public_name_is_described(site: Path) -> None:
    missing = {f"charmodels.{name}" for name in cm.__all__} - described(site)
    assert missing == set(), "add them to the page under docs/api where they fit"


def test_links_out_of_the_docs_lead_to_the_repository(site: Path) -> None:
    recipes = (site / "recipes.html").read_text(encoding="utf-8")
    assert 'href="https://github.com/charmodels/charmodels/blob/main/examples/quota.py"' in recipes
    assert 'href="../lifecycle.html"' in (site / "api" / "database.html").read_text(encoding="utf-8")


def test_diagrams_are_drawn(site: Path) -> None:
    assert 'class="mermaid"' in (site / "schema.html").read_text(encoding="utf-8")


def test_settings_are_described_by_their_own_words(site: Path) -> None:
    page = (site / "api" / "settings.html").read_text(encoding="utf-8")
    assert "Seconds to wait for a free connection, then PoolTimeout." in page
