"""The first lines of the README: a database, a user, a character, the gallery."""

import asyncio

import charmodels as cm


async def main() -> None:
    with cm.embedded.postgres() as url:  # a real PostgreSQL; in production DATABASE_URL says where it is
        await cm.migrations.upgrade(url)
        async with cm.connect(url):
            ada = await cm.User.create(email="ada@example.com", name="Ada")
            osric = cm.CharacterCreate(
                name="Ser Osric", prompt="A brave knight at dawn", style_type=cm.StyleType.FANTASY, tags=["Hero"]
            )
            knight = await cm.Character.objects.create_for(ada.id, osric)
            await knight.publish()
            for found in await cm.Character.objects.public().tagged(["hero"]).search("knights").page(size=20):
                print(found.name, found.tags)


if __name__ == "__main__":
    asyncio.run(main())
