"""What the gallery can be counted by."""

from __future__ import annotations

from dataclasses import dataclass

from charmodels.enums import GenerationStatus, StyleType


@dataclass(frozen=True, slots=True)
class Facets:
    """What a query finds, by style and by tag.

    Arguments:
        styles: how many characters of each style there are among them, the most common first; styles without any are
            left out.
        tags: how many have a tag, for the most common tags, the most common first.

    Example:
        >>> Facets(styles={StyleType.ANIME: 2}, tags={"hero": 1}).styles[StyleType.ANIME]
        2
    """

    styles: dict[StyleType, int]
    tags: dict[str, int]


@dataclass(frozen=True, slots=True)
class CharacterStats:
    """The characters of a query in numbers.

    Arguments:
        total: characters.
        public: those that the public gallery shows.
        by_style: every style to its characters, also to none.
        by_status: every status to its characters, also to none.
        tags: the 20 most common tags to their characters, the most common first.
        from_template: those that were made from a template that is still there.
    """

    total: int
    public: int
    by_style: dict[StyleType, int]
    by_status: dict[GenerationStatus, int]
    tags: dict[str, int]
    from_template: int


@dataclass(frozen=True, slots=True)
class TemplateStats:
    """The templates of a query in numbers.

    Arguments:
        total: templates.
        active: those that the catalogue offers.
        by_style: every style to its templates, also to none.
        used: how often they were used, all together.
    """

    total: int
    active: int
    by_style: dict[StyleType, int]
    used: int
