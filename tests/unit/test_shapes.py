from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charmodels import sql
from charmodels.monitoring.shapes import LONGEST, LONGEST_SUMMARY, OPERATIONS, describe


@pytest.mark.parametrize(
    ("statement", "shape"),
    [
        ("SELECT name FROM users WHERE email = 'ada''s secret'", "SELECT name FROM users WHERE email = ?"),
        ("SELECT  $1,\n\t$2  -- secret\n FROM a /* secret */", "SELECT $1, $2 FROM a"),
        (r"SELECT E'it\'s secret', U&'secret', b'1', $$secret$$, $a$secret$$secret$a$", "SELECT ?, ?, ?, ?, ?"),
        ("SELECT 1, 2.5, .5, 1e10, 0xFF, 1_000", "SELECT ?, ?, ?, ?, ?, ?"),
        ('SELECT t1."a 1", x2 FROM "users"', 'SELECT t1."a 1", x2 FROM "users"'),
        ("SELECT 'secret", "SELECT ?"),
        ("SELECT $$secret", "SELECT ?"),
        ('SELECT "secret', "SELECT ?"),
        ("SELECT 1 /* secret", "SELECT ?"),
        ("SELECT a FROM t WHERE id IN ($1,$2) LIMIT $3", "SELECT a FROM t WHERE id IN (...) LIMIT $1"),
        ("SELECT a FROM t WHERE id IN ($1) LIMIT $2", "SELECT a FROM t WHERE id IN (...) LIMIT $1"),
        ("INSERT INTO t (a) VALUES ($1),($2), ($3)", "INSERT INTO t (a) VALUES (...)"),
        ("INSERT INTO t (a, b) VALUES ($1,$2)", "INSERT INTO t (a, b) VALUES (...)"),
        ("ALTER ROLE ada PASSWORD 'secret'", "ALTER ROLE ada PASSWORD ?"),
    ],
)
def test_a_shape_has_no_values(statement: str, shape: str) -> None:
    assert describe(statement).shape == shape


@pytest.mark.parametrize(
    ("statement", "summary", "operation"),
    [
        ('SELECT "a" FROM "characters" JOIN "users" ON true', "SELECT characters users", "SELECT"),
        ("SELECT * FROM songs, artists a, b WHERE c = d, e", "SELECT songs artists b", "SELECT"),
        ("INSERT INTO orders SELECT * FROM carts", "INSERT orders SELECT carts", "INSERT"),
        ("INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 1", "INSERT t", "INSERT"),
        ("SELECT 1 FROM quotas q FOR NO KEY UPDATE OF q", "SELECT quotas", "SELECT"),
        ("WITH old AS (SELECT id FROM a) DELETE FROM b USING old", "SELECT a DELETE b", "DELETE"),
        ("SELECT extract(epoch FROM created_at) FROM a", "SELECT a", "SELECT"),
        ("SELECT charmodels_fail($1)", "SELECT charmodels_fail", "SELECT"),
        ("SELECT x FROM (SELECT y FROM shop.items) s", "SELECT shop.items", "SELECT"),
        ('SELECT 1 FROM "song list"', 'SELECT "song list"', "SELECT"),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE;", "BEGIN", "BEGIN"),
        ("NONSENSE 'secret'", "OTHER", "OTHER"),
        ("", "OTHER", "OTHER"),
    ],
)
def test_a_summary_says_what_is_done_to_which_tables(statement: str, summary: str, operation: str) -> None:
    described = describe(statement)
    assert (described.summary, described.operation) == (summary, operation)


def test_one_verb_is_told_from_several() -> None:
    assert describe("SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b)").is_single
    assert not describe("WITH a AS (DELETE FROM b RETURNING *) SELECT * FROM a").is_single
    assert not describe("SET a = 1; RESET b").is_single


def test_what_is_long_is_cut() -> None:
    described = describe("SELECT " + ", ".join(f"column{number}" for number in range(1000)) + " FROM a")
    assert len(described.shape) <= LONGEST + 4
    tables = describe("SELECT 1 FROM " + ", ".join(f"table_number_{number}" for number in range(100)))
    assert len(tables.summary) <= LONGEST_SUMMARY
    assert tables.summary.startswith("SELECT table_number_0 table_number_1")


def test_our_own_statements_are_described() -> None:
    assert describe(sql.statement("gallery_keys")).summary == "SELECT gallery_entries"
    assert describe(sql.statement("heartbeat")).operation == "UPDATE"
    assert describe(sql.statement("reserve_quota")).summary == "SELECT charmodels_reserve"


@given(st.text(max_size=60))
def test_a_literal_never_shows_whatever_it_holds(secret: str) -> None:
    marked = f"§{secret}§"
    quoted = "'" + marked.replace("'", "''") + "'"
    described = describe(f"SELECT a FROM t WHERE b = {quoted} AND c = $1")
    assert described.shape == "SELECT a FROM t WHERE b = ? AND c = $1"


@given(st.text())
def test_any_text_is_described(statement: str) -> None:
    described = describe(statement)
    assert described.operation in OPERATIONS | {"OTHER"}
