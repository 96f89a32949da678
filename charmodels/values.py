"""The types of values that go into the schema, with their rules.

Each is a pydantic type built from a limit in `charmodels.limits`. The schemas use them as annotations, the models
validate with them on `create` and `save`, so both refuse the same values with the same words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeAlias
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from charmodels import clock, limits
from charmodels.errors import InvalidInput
from charmodels.tags import normalize_tag, normalize_tags


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not hold a NUL character")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("must not hold half a surrogate pair") from None
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return _storable(text)


def _trimmed(text: Any) -> Any:
    return text.strip() if isinstance(text, str) else text


def _identifier(value: Any) -> UUID:
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise ValueError("must be a UUID") from None


# Deliberately loose: one @, something on both sides, no white space. What is really an address, only a mail can tell.
_EMAIL = re.compile(r"[^@\s\x00]+@[^@\s\x00]+")


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError("must be an email address")
    return text


_WEB_ADDRESS = re.compile(r"https?://[^\s\x00]+|/[^\s\x00]*|data:image/[^\s\x00]+")


def _web_address(text: str) -> str:
    if not _WEB_ADDRESS.fullmatch(text):
        raise ValueError("must be an http(s) address or a path that begins with /")
    return text


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones() | {"UTC"})


def _time_zone(text: str) -> str:
    if text not in _time_zones():
        raise ValueError("must be the name of an IANA time zone, like Europe/Berlin")
    return text


Prompt: TypeAlias = Annotated[str, Field(min_length=1, max_length=limits.PROMPT_LENGTH), AfterValidator(_not_blank)]
Name: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=limits.NAME_LENGTH), BeforeValidator(_trimmed), AfterValidator(_not_blank)
]
Description: TypeAlias = Annotated[str, Field(max_length=limits.DESCRIPTION_LENGTH), AfterValidator(_storable)]
Email: TypeAlias = Annotated[
    str, Field(max_length=limits.EMAIL_LENGTH), BeforeValidator(_trimmed), AfterValidator(_email)
]
ImageUrl: TypeAlias = Annotated[str, Field(max_length=limits.URL_LENGTH), AfterValidator(_web_address)]
Key: TypeAlias = Annotated[str, Field(min_length=1, max_length=limits.KEY_LENGTH), AfterValidator(_not_blank)]
TimeZone: TypeAlias = Annotated[str, AfterValidator(_time_zone)]
BatchSize: TypeAlias = Annotated[int, Field(ge=1, le=limits.BATCH_SIZE)]
Count: TypeAlias = Annotated[int, Field(ge=0)]
DailyQuota: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=limits.LARGEST_INTEGER)]
Amount: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=limits.LARGEST_INTEGER)]
Reason: TypeAlias = Annotated[str, Field(max_length=limits.ERROR_LENGTH), AfterValidator(_storable)]
SearchText: TypeAlias = Annotated[str, Field(max_length=limits.SEARCH_LENGTH), AfterValidator(_storable)]
Identifier: TypeAlias = Annotated[UUID, BeforeValidator(_identifier)]
Tag: TypeAlias = Annotated[str, BeforeValidator(normalize_tag)]
CharacterTags: TypeAlias = Annotated[
    list[str], BeforeValidator(lambda tags: normalize_tags(tags, limit=limits.CHARACTER_TAGS))
]
TemplateTags: TypeAlias = Annotated[
    list[str], BeforeValidator(lambda tags: normalize_tags(tags, limit=limits.TEMPLATE_TAGS))
]


def _json_safe(value: Any, depth: int = 0) -> None:
    """Refuse what jsonb cannot store, at any depth."""
    if depth > limits.METADATA_DEPTH:
        raise ValueError(f"must have at most {limits.METADATA_DEPTH} levels")
    if isinstance(value, str):
        _storable(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError("must have strings as keys")
            _json_safe(key)
            _json_safe(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _json_safe(item, depth + 1)
    elif isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError("must not hold NaN or infinity")
    elif value is not None and not isinstance(value, bool | int):
        raise ValueError("must be plain JSON")


def _metadata(value: dict[str, Any]) -> dict[str, Any]:
    _json_safe(value)
    return value


Metadata: TypeAlias = Annotated[dict[str, Any], AfterValidator(_metadata)]


_adapters: dict[int, tuple[Any, TypeAdapter[Any]]] = {}
"""By the annotation's identity, which is kept with it: its hash takes as long as the check itself."""


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    try:
        return _adapters[id(annotation)][1]
    except KeyError:
        adapter = TypeAdapter(annotation, config=ConfigDict(hide_input_in_errors=True))
        _adapters[id(annotation)] = annotation, adapter
        return adapter


def validate(field: str, annotation: Any, value: Any) -> Any:
    """Check one value against one of the types above.

    Arguments:
        field: the field's name, for the error.
        annotation: a type of this module.
        value: what is to be stored.

    Returns:
        The value as it is stored: tags normalised, names trimmed.

    Raises:
        InvalidInput: it breaks the rule.

    Example:
        >>> validate("name", Name, "  Ada ")
        'Ada'
    """
    try:
        return _adapter(annotation).validate_python(value)
    except ValidationError as error:
        raise InvalidInput(field=field, reason=first_reason(error)) from None


def whole_number(field: str, value: Any, *, least: int = 1, most: int = limits.LARGEST_INTEGER) -> int:
    """Check a number that says how many, how far or where in line.

    Arguments:
        field: the argument's name, for the error.
        value: as given.
        least: the least that it may be.
        most: the most that it may be.

    Returns:
        The same.

    Raises:
        InvalidInput: it is no whole number, or out of range.

    Example:
        >>> whole_number("size", 20, most=100)
        20
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidInput(field=field, reason=f"must be a whole number from {least} to {most}")
    return value


def later(field: str, moment: datetime) -> datetime:
    """Check that a time is still to come.

    Arguments:
        field: the field's name, for the error.
        moment: aware.

    Returns:
        The moment in UTC.

    Raises:
        InvalidInput: it is past, has no time zone, or is no time at all.
    """
    utc = clock.aware(field, moment)
    if utc <= clock.utc_now():
        raise InvalidInput(field=field, reason="must be in the future")
    return utc


def first_reason(error: ValidationError) -> str:
    """Say what pydantic found first, without the value that it found.

    Arguments:
        error: what pydantic raised.

    Returns:
        The rest of a sentence that begins with the field's name.

    Example:
        >>> from pydantic import TypeAdapter
        >>> try:
        ...     TypeAdapter(Prompt).validate_python("")
        ... except ValidationError as error:
        ...     first_reason(error)
        'must have at least 1 character'
    """
    return reason_of(error.errors(include_url=False, include_input=False)[0])


def reason_of(details: Mapping[str, Any]) -> str:
    """Say what pydantic found, without the value that it found.

    Arguments:
        details: one of a ValidationError's `errors()`.

    Returns:
        The rest of a sentence that begins with the field's name.

    Example:
        >>> reason_of({"type": "missing", "loc": ("prompt",), "msg": "Field required"})
        'is required'
    """
    cause = (details.get("ctx") or {}).get("error")
    if isinstance(cause, InvalidInput):
        return cause.reason
    message: str = details["msg"].removeprefix("Value error, ")
    for prefix, replacement in _REASONS:
        if message.startswith(prefix):
            return replacement + message.removeprefix(prefix)
    return message[:1].lower() + message[1:]


_REASONS = (
    ("String should ", "must "),
    ("Input should ", "must "),
    ("List should ", "must "),
    ("Dictionary should ", "must "),
    ("Field required", "is required"),
    ("Extra inputs are not permitted", "is not a known field"),
)
