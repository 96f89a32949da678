"""Runs the gallery on a database of its own, with characters in it."""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

import uvicorn

import charmodels as cm
from examples.databases import own_database
from examples.gallery_app.app import create_app

CHARACTERS = Path(__file__).parents[1] / "data" / "characters.jsonl"


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.gallery_app",
        description="A gallery of characters as a web page, on an embedded PostgreSQL, or on the server that "
        "DATABASE_URL names; in a database of its own that is gone when it ends. Ctrl-C ends it.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="0 for any that is free (default: %(default)s)")
    parser.add_argument("--characters", type=int, default=5000, help="how many there are (default: %(default)s)")
    return parser.parse_args(given)


async def fill(settings: cm.Settings, characters: int) -> None:
    """Make the tables, users and characters; those that somebody wrote are the newest."""
    await cm.migrations.upgrade(settings)
    async with cm.connect(settings):
        if characters > 0:
            await cm.populate(characters, seed=7)
        await cm.seed()
        lines = CHARACTERS.read_bytes().splitlines()
        random.Random(2).shuffle(lines)  # the file has them by style
        await cm.import_characters(lines, owner="studio@example.com", publish=True)


async def main(options: argparse.Namespace, listening: socket.socket) -> None:
    print(f"Filling a database with {options.characters:,} characters ...", flush=True)
    async with own_database() as settings:
        await fill(settings, options.characters)
        server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning"))
        host, port = listening.getsockname()[:2]
        print(f"The gallery is at http://{host}:{port}/ - Ctrl-C ends it.", flush=True)
        # In a task of its own, so that Ctrl-C ends the waiting here, and the database is dropped in peace.
        await asyncio.create_task(server.serve([listening]))


if __name__ == "__main__":
    options = arguments()
    try:
        listening = socket.create_server((options.host, options.port))
    except OSError as error:
        raise SystemExit(f"Cannot listen on port {options.port} ({error.strerror}); --port takes another.") from None
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        with listening:
            asyncio.run(main(options, listening))
    except KeyboardInterrupt:
        print("\nThe gallery is closed.")
