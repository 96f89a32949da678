"""The docs site: `make docs` builds it into build/docs. Every page reads the same on GitHub."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from pydantic import BaseModel

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))

from charmodels.version import __version__  # noqa: E402 - of this checkout

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "charmodels"
author = "The charmodels authors"
project_copyright = author
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinxcontrib.mermaid",
]

myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]

# Docstrings set code in single backticks, as the pages do.
default_role = "code"
highlight_language = "text"
autodoc_default_options = {"exclude-members": "Meta, model_config"}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
copybutton_prompt_text = "$ "

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = f"charmodels {release}"

SOURCE = "https://github.com/charmodels/charmodels/blob/main/"
LINK = re.compile(r"(?<=\]\()\.\./[^)#\s]*")


def link_to_source(app: Sphinx, page: str, source: list[str]) -> None:
    """Turn links that lead out of docs/ into links to the repository."""
    folder = (DOCS / page).parent

    def target(link: re.Match[str]) -> str:
        path = (folder / link[0]).resolve()
        return link[0] if path.is_relative_to(DOCS) else SOURCE + path.relative_to(ROOT).as_posix()

    source[0] = LINK.sub(target, source[0])


def leave_out_what_is_not_there(app: Sphinx, page: str, source: list[str]) -> None:
    """Take patterns out of the list of pages that no page fits."""
    if page == "index":
        lines = source[0].splitlines()
        source[0] = "\n".join(line for line in lines if not line.endswith("*") or any(DOCS.glob(f"{line}.md")))


def shorten_signature(
    app: Sphinx, what: str, name: str, item: object, options: object, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Leave the fields of a pydantic model to the list of them."""
    return ("(**values)", None) if is_schema(item) else (signature, returns)


def describe_settings(app: Sphinx, what: str, name: str, item: object, options: object, lines: list[str]) -> None:
    """Say of each setting what its description says."""
    if is_schema(item):
        found = [(field, info.description or "") for field, info in item.model_fields.items()]
        fields = [(field, text.replace("\\", r"\\")) for field, text in found if text]
        place = next((number for number, line in enumerate(lines) if line.startswith(":raises ")), len(lines))
        lines[place:place] = [f":param {field}: {description}" for field, description in fields]


def take_back_type(app: Sphinx, what: str, name: str, item: object, options: object, lines: list[str]) -> None:
    """Undo what napoleon makes of a property whose first sentence has a colon: it takes its beginning for a type."""
    for number, line in enumerate(lines):
        if line.startswith(":type: "):
            del lines[number]
            lines[0] = f"{line.removeprefix(':type: ')}: {lines[0]}"
            return


def is_schema(item: object) -> TypeGuard[type[BaseModel]]:
    """Tell whether it is a pydantic model."""
    return isinstance(item, type) and issubclass(item, BaseModel)


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("source-read", link_to_source)
    app.connect("source-read", leave_out_what_is_not_there)
    app.connect("autodoc-process-signature", shorten_signature)
    for mend in (describe_settings, take_back_type):
        app.connect("autodoc-process-docstring", mend, priority=900)  # after napoleon
