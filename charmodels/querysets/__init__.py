"""Querysets: what each model can be asked, one concern a file."""

from __future__ import annotations

from charmodels.querysets.base import Manager, QuerySet

__all__ = ["Manager", "QuerySet"]
