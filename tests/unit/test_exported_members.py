from __future__ import annotations

from pathlib import Path

import charmodels as cm


def test_what_is_exported_is_sorted_and_there() -> None:
    names = [name for name in cm.__all__ if name != "__version__"]
    constants = [name for name in names if name.isupper()]
    classes = [name for name in names if name[0].isupper() and not name.isupper()]
    functions = [name for name in names if name[0].islower()]
    assert names == sorted(constants) + sorted(classes) + sorted(functions)
    assert all(hasattr(cm, name) for name in cm.__all__)


def test_nothing_public_is_left_out() -> None:
    modules = {path.stem for path in Path(cm.__file__).parent.iterdir()} | {"annotations", "Any"}
    public = {name for name in vars(cm) if not name.startswith("_")}
    assert public - modules <= set(cm.__all__)
