"""Tells from its text whether a statement can change the session it runs in.

asyncpg resets a connection on every release, which costs a round trip. A reset is needless when nothing that ran
could have left anything behind: no setting, lock, cursor, temporary table, role or LISTEN. This module decides so
from the statement alone and errs on the side of resetting: it lets a statement pass only if it is one SELECT, INSERT,
UPDATE, DELETE or transaction command whose every function is known to leave the session alone.

What it cannot see is what the schema itself does: a trigger, a view, a policy or a column default that calls
set_config(..., false), an operator or an overload of a harmless name that does, or a function in the guise of a column
(`SELECT row.f FROM row`). With such a schema, set DB_POOL_RESET=always.
"""

from __future__ import annotations

import re
from functools import lru_cache

_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
# What would need more than this to read: comments, dollar quotes, escapes, a second statement, names with a dollar.
_HARD_TO_READ = re.compile(r"""--|/\*|\$(?!\d)|\b[Uu]&['"]|\b[Ee]'|;(?!\s*\Z)|\w\$""")
_TRANSACTION = re.compile(r"(BEGIN|START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b[\w\s,\".]*;?\s*\Z", re.I)
_QUERY = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|VALUES)\b", re.I)
_INSERT_TARGET = re.compile(r"""\bINSERT\s+INTO\s+(?:""|\w+)(?:\.(?:""|\w+))?""", re.I)
_CALL = re.compile(r"""((?:""|\w+)\s*\.\s*)?(""|[A-Za-z_]\w*)\s*\(""")
_WORD = re.compile(r"[A-Za-z_]\w*")

# Words of the grammar that stand before a parenthesis, then functions of pg_catalog that only compute, read, notify
# or lock to the end of the transaction.
_HARMLESS = frozenset(
    re.findall(
        r"\w+",
        """
    all and any array as between by case conflict distinct else end except exists filter from group having in
    intersect is join key lateral like ilike limit materialized not offset on only or order over partition recursive
    returning row select set some then union using values when where with within

    bigint bool boolean bytea char character date decimal int int2 int4 int8 integer interval json jsonb numeric real
    smallint text time timestamp timestamptz uuid varchar varying

    abs age array_agg array_append array_cat array_length array_position array_positions array_remove
    array_replace array_to_json array_to_string avg bool_and bool_or cardinality cast ceil ceiling char_length
    clock_timestamp coalesce concat concat_ws convert_from convert_to count cume_dist current_database
    current_schema current_setting date_bin date_part date_trunc decode dense_rank encode exp extract
    first_value floor format gen_random_uuid generate_series greatest hashtext hashtextextended initcap isfinite
    json_agg json_build_array json_build_object json_object_agg jsonb_agg jsonb_array_elements
    jsonb_array_elements_text jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_exists
    jsonb_object_agg jsonb_object_keys jsonb_set jsonb_to_recordset jsonb_typeof lag last_value lead least left
    length ln log lower lpad ltrim make_date make_interval make_timestamptz max md5 min mod mode now ntile
    nullif octet_length overlaps overlay percent_rank percentile_cont percentile_disc pg_advisory_xact_lock
    pg_advisory_xact_lock_shared pg_backend_pid pg_get_function_identity_arguments pg_get_userbyid pg_has_role
    pg_notify pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared
    phraseto_tsquery plainto_tsquery position power querytree random rank regexp_count regexp_match
    regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table repeat replace reverse right round
    row_number row_to_json rpad rtrim setweight sign similarity split_part sqrt starts_with statement_timestamp stddev
    strict_word_similarity string_agg string_to_array strip strpos substr substring sum timezone to_char to_date
    to_json to_jsonb to_number to_regclass to_timestamp to_tsquery to_tsvector transaction_timestamp translate trim
    trunc ts_delete ts_filter ts_headline ts_rank ts_rank_cd tsvector_to_array txid_current unnest upper uuidv7
    variance version websearch_to_tsquery width_bucket word_similarity xmax
        """,
    )
)

_OWN = "charmodels_"
"""How the functions begin that our migrations make; none of them touches the session."""

SET_TRANSACTION_CONTEXT = (
    "SELECT set_config('charmodels.actor', $1, true), set_config('charmodels.request_id', $2, true)"
)
"""The statement by which a transaction says who acts; it ends with the transaction, so it leaves nothing behind."""


@lru_cache(maxsize=4096)
def leaves_session_alone(statement: str) -> bool:
    """Tell whether a statement certainly changes nothing that outlives its transaction.

    Arguments:
        statement: SQL, as it goes to the server.

    Returns:
        True when that is certain; False when the connection is to be reset before somebody else gets it.

    Example:
        >>> leaves_session_alone('SELECT "id" FROM "users" WHERE lower("email") = $1')
        True
        >>> leaves_session_alone("SELECT set_config('role', 'admin', false)")
        False
    """
    if statement == SET_TRANSACTION_CONTEXT or _TRANSACTION.match(statement.strip()):
        return True
    statement = statement.replace(r"ESCAPE '\'", "ESCAPE ''")  # as Tortoise writes it for every LIKE
    bare = _QUOTED.sub(lambda quoted: quoted.group()[0] * 2, statement)
    if not _QUERY.match(bare) or not bare.isascii() or "\\" in statement or _HARD_TO_READ.search(bare):
        return False
    bare = _INSERT_TARGET.sub("values ", bare)
    if any(word in ("into", "call") for word in map(str.lower, _WORD.findall(bare))):
        return False
    # A quoted name, or one of another schema, is nobody's that is known here.
    return all(
        schema.strip(" .") in ("", "pg_catalog") and (name.lower() in _HARMLESS or name.startswith(_OWN))
        for schema, name in _CALL.findall(bare)
    )
