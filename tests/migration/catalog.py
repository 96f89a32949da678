"""What a database holds, read from PostgreSQL's own catalog, to compare one with another."""

from __future__ import annotations

import asyncpg

import charmodels as cm

QUERIES = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    """,
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": """
        SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    """,
    "functions": """
        SELECT proname, pg_get_functiondef(p.oid) FROM pg_proc p
        WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    """,
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
    "rights": """
        SELECT proname, proacl::text FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'charmodels_%' AND proacl IS NOT NULL
    """,
    "comments": """
        SELECT objoid::regclass::text, objsubid, description FROM pg_description
        WHERE classoid = 'pg_class'::regclass
          AND objoid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    """,
}


async def read(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the schema public, sorted, by kind."""
    connection = await asyncpg.connect(**cm.Settings(database_url=url).connect_arguments())
    try:
        return {
            kind: sorted((tuple(row) for row in await connection.fetch(query)), key=repr)
            for kind, query in QUERIES.items()
        }
    finally:
        await connection.close()


async def tables(url: str) -> set[str]:
    """The names of the tables in the schema public."""
    return {str(row[0]) for row in (await read(url))["columns"]}
