"""A process that reserves quota: it connects, says that it is ready, and starts when it reads a line.

    python -m tests.quota_worker URL USER_ID CALLERS [KEY]

It prints the ids of the holds that it got, and for each refusal its error's name.
"""

from __future__ import annotations

import asyncio
import sys
from uuid import UUID

import charmodels as cm


async def reserve(user_id: UUID, key: str | None) -> str:
    try:
        return str((await cm.User.objects.reserve_quota(user_id, key=key)).id)
    except cm.QuotaExceeded as error:
        return type(error).__name__


async def main(url: str, user_id: str, callers: str, key: str | None = None) -> None:
    async with cm.connect(cm.Settings(database_url=url, app_env="test", db_pool_max=4)):
        await cm.User.objects.quota(user_id)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        for outcome in await asyncio.gather(*(reserve(UUID(user_id), key) for _ in range(int(callers)))):
            print(outcome)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
