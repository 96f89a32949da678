from __future__ import annotations

import charmodels as cm


def test_what_is_exported_is_sorted_and_there() -> None:
    names = [name for name in cm.__all__ if name != "__version__"]
    constants = [name for name in names if name.isupper()]
    classes = [name for name in names if name[0].isupper() and not name.isupper()]
    functions = [name for name in names if name[0].islower()]
    assert names == sorted(constants) + sorted(classes) + sorted(functions)
    assert all(hasattr(cm, name) for name in cm.__all__)


def test_nothing_public_is_left_out() -> None:
    modules = {"backend", "database", "dsn", "embedded", "enums", "errors", "fields", "identifiers", "limits"}
    modules |= {"migrations", "models", "plans", "querysets", "schemas", "settings", "sql", "tags", "transactions"}
    modules |= {
        "values",
        "version",
        "cli",
        "search_query",
        "seeds",
        "importing",
        "population",
        "copying",
        "samples",
        "vocabulary",
        "annotations",
        "quota",
        "Any",
    }
    public = {name for name in vars(cm) if not name.startswith("_")}
    assert public - modules <= set(cm.__all__)
