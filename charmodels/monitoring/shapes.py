"""The shape of a statement: its text without the values in it.

Values go as parameters nearly always, but raw SQL, UNION and EXPLAIN may hold some in the text. What is shown, counted
or handed to a tracing backend is the shape alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 2_000
"""Characters of a shape; what is longer is cut."""

LONGEST_SUMMARY = 255
"""Characters of a summary, as OpenTelemetry's conventions have it."""

OPERATIONS = frozenset(
    {
        "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT",
        "RELEASE", "SET", "RESET", "SHOW", "LISTEN", "UNLISTEN", "NOTIFY", "COPY", "EXPLAIN", "VACUUM", "ANALYZE",
        "CREATE", "ALTER", "DROP", "TRUNCATE", "LOCK", "CALL", "DO", "DECLARE", "FETCH", "CLOSE",
    }
)  # fmt: skip
"""What a statement can be counted as; all else is OTHER, so that a text of any kind adds no new label."""

# One alternative for each kind of token, the first that fits. A string, quote or comment without an end reaches to the
# end of the text: rather too little is shown than a value.
_TOKEN = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<text>    \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)
                 | [eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)
                 | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|\Z) )
    | (?P<name>    (?:[uU]&)?"(?:[^"]|"")*" )
    | (?P<rest>    ".*\Z )
    | (?P<place>   \$\d+ )
    | (?P<word>    [^\W\d][\w$]* )
    | (?P<number>  \d[\d_]*\.?[\w.]* | \.\d\w* )
    | (?P<space>   \s+ )
    | (?P<other>   . )
    """,
    re.VERBOSE | re.DOTALL,
)
_LIST = re.compile(r"\b(IN|VALUES|ARRAY) ?([(\[])(?:\$\d+|\?)(?: ?, ?(?:\$\d+|\?))*([)\]])", re.IGNORECASE)
_MORE_ROWS = re.compile(r"(VALUES ?\(\.\.\.\))(?: ?, ?\((?:\$\d+|\?)(?: ?, ?(?:\$\d+|\?))*\))+", re.IGNORECASE)
_PLACE = re.compile(r"\$\d+")

_VERBS = {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "COPY", "CALL", "LISTEN", "NOTIFY"}
_BEFORE_A_NAME = {"FROM", "JOIN", "INTO", "USING", "UPDATE", "TRUNCATE", "COPY", "CALL", "LISTEN", "NOTIFY"}
_BETWEEN = {"ONLY", "TABLE", "LATERAL"}
_AFTER_NAMES = {"WHERE", "ON", "SET", "GROUP", "ORDER", "WINDOW", "LIMIT", "RETURNING", "FOR", "UNION"}
_NO_NAME = {"ARRAY", "UNNEST", "GENERATE_SERIES", "SELECT", "VALUES", "SET"}
_TAKES_FROM = {"EXTRACT", "SUBSTRING", "TRIM", "OVERLAY", "POSITION"}
"""Functions with a FROM in their parentheses."""

_PART = re.compile(r'(?:"[^"]*"|[^\W\d][\w$]*)(?:\.(?:"[^"]*"|[^\W\d][\w$]*))*|[^\s\w]|\S')
_CTE = re.compile(r'(?:\bWITH(?: RECURSIVE)?|,) ?("[^"]+"|\w+)(?: ?\([^()]*\))? AS (?:NOT )?(?:MATERIALIZED )?\(', re.I)


@dataclass(frozen=True, slots=True)
class Described:
    """What may be said of a statement to anybody.

    Arguments:
        shape: its text without literals, lists of parameters and comments.
        summary: what it does to which tables, as "SELECT characters"; OpenTelemetry's `db.query.summary`.
        operation: its verb, one of OPERATIONS or OTHER.
        is_single: whether the verb is all that it does.
    """

    shape: str
    summary: str
    operation: str
    is_single: bool


@lru_cache(maxsize=2048)
def describe(statement: str) -> Described:
    """Say what a statement is, without the values in it. Remembered by the text: taking one apart takes a while.

    Arguments:
        statement: SQL, as it goes to the server.

    Returns:
        Its description.

    Example:
        >>> describe("SELECT name FROM users WHERE email = 'ada@example.com' AND id IN ($1, $2) LIMIT 5").shape
        'SELECT name FROM users WHERE email = ? AND id IN (...) LIMIT ?'
        >>> describe("INSERT INTO shop.orders SELECT * FROM carts").summary
        'INSERT shop.orders SELECT carts'
    """
    plain = _without_values(statement)
    summary, verbs = _summary(plain)
    first = plain.partition(" ")[0].strip(";(").upper()
    operation = _verb_of_with(plain) if first == "WITH" else first
    if operation not in OPERATIONS:
        operation = "OTHER"
    shape = plain if len(plain) <= LONGEST else plain[:LONGEST] + " ..."
    return Described(shape, summary, operation, is_single=len(verbs) == 1 and ";" not in plain.rstrip("; "))


def _without_values(statement: str) -> str:
    """Replace literals by ?, drop comments, and collapse white space and lists."""
    parts: list[str] = []
    for token in _TOKEN.finditer(statement):
        kind = token.lastgroup if token.lastgroup != "tag" else "text"
        if kind in ("comment", "space"):
            if parts and parts[-1] != " ":
                parts.append(" ")
        else:
            parts.append("?" if kind in ("text", "number", "rest") else token.group())
    plain = "".join(parts).strip()
    collapsed = _LIST.sub(lambda found: f"{found[1]} {found[2]}...{found[3]}", plain)
    if collapsed == plain:
        return plain
    collapsed = _MORE_ROWS.sub(r"\1", collapsed)
    numbers: dict[str, str] = {}  # those behind a list would differ with its length
    return _PLACE.sub(lambda found: numbers.setdefault(found.group(), f"${len(numbers) + 1}"), collapsed)


def _summary(plain: str) -> tuple[str, set[str]]:
    """List operations and their targets, in the order of the text and each once; give the operations too."""
    hidden = {_bare(name).lower() for name in _CTE.findall(plain)}
    groups: list[list[str]] = []
    for word in _words(plain):
        if word in _VERBS:
            groups.append([word])
        elif groups and word.lower() not in hidden and word not in groups[-1]:
            groups[-1].append(word)
    first = plain.partition(" ")[0].strip(";(").upper()
    if first in OPERATIONS - _VERBS or not groups:  # SET, EXPLAIN and the like, whatever follows
        groups = [[first if first in OPERATIONS else "OTHER"]]
    telling = [group for number, group in enumerate(groups) if len(group) > 1 and group not in groups[:number]]
    words = [word for group in telling or groups[:1] for word in group]
    while len(" ".join(words)) > LONGEST_SUMMARY:
        words.pop()
    return " ".join(words), {group[0] for group in groups}


def _words(plain: str) -> Iterator[str]:
    """Find verbs, in capitals, and what they are about: tables, and our own functions."""
    calls: list[str] = []  # what stands before each parenthesis that is open
    expects = lists = False
    before = ""
    parts = _PART.findall(plain)
    for part, following in zip(parts, [*parts, ""][1:], strict=True):
        word = part.upper()
        if part == "(":
            calls.append(before)
            expects = lists = False
        elif part == ")":
            del calls[-1:]
        elif part == ",":
            expects = lists
        elif expects and word not in _BETWEEN:
            expects, lists = False, (part[0].isalpha() or part[0] in '_"') and word not in _NO_NAME
            if lists:
                yield _bare(part)
        elif word in _BEFORE_A_NAME | _VERBS and before not in ("FOR", "DO", "KEY", "DISTINCT"):
            if word in _VERBS:
                yield word
            expects, lists = word in _BEFORE_A_NAME and calls[-1:] not in [[call] for call in _TAKES_FROM], False
        elif following == "(" and part.startswith("charmodels_"):
            yield part
        elif word in _AFTER_NAMES or not (part[0].isalnum() or part[0] in '_"'):
            lists = False
        before = word


def _verb_of_with(plain: str) -> str:
    """The verb of a statement that begins with WITH: the first outside of all parentheses."""
    depth = 0
    for part in re.findall(r'"[^"]*"|[()]|\w+', plain):
        depth += (part == "(") - (part == ")")
        if depth == 0 and part.upper() in ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES"):
            return str(part.upper())
    return "OTHER"


def _bare(name: str) -> str:
    """A name without the quotes that it does not need."""
    return re.sub(r'"([A-Za-z_]\w*)"', r"\1", name)
