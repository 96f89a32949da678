"""Rows to test with: those that users of the package get."""

from __future__ import annotations

from charmodels.testing.factories import character, generation, missing, template, user

__all__ = ["character", "generation", "missing", "template", "user"]
