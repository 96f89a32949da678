"""Querysets: what each model can be asked, one concern a file."""

from __future__ import annotations

from charmodels.querysets.base import Manager, QuerySet
from charmodels.querysets.pagination import PagedQuerySet
from charmodels.querysets.tags import TaggedQuerySet

__all__ = ["Manager", "PagedQuerySet", "QuerySet", "TaggedQuerySet"]
