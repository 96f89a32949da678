"""No framework: a script opens the database for as long as it runs."""

from __future__ import annotations

import asyncio

import charmodels as cm


async def main() -> None:
    async with cm.connect():  # DATABASE_URL says where
        report = await cm.check_health()
        print(f"The database is {report.status.value}")
        async for page in cm.Character.objects.public().matching("knight -tag:gore").pages(size=50):
            for character in page:
                print(character.name, character.tags)


if __name__ == "__main__":
    asyncio.run(main())
