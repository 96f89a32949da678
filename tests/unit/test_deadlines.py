"""What takes too long is ended, and nothing else is; whoever cancels besides is obeyed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from charmodels.backend.deadlines import Deadlines


async def value() -> int:
    await asyncio.sleep(0)
    return 7


async def for_ever() -> None:
    await asyncio.Event().wait()


def own_cancellations() -> int:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


@asynccontextmanager
async def running(deadlines: Deadlines) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(deadlines.keep(for_ever()))
    await asyncio.sleep(0)
    yield task
    with suppress(asyncio.CancelledError):
        await task


async def test_what_is_in_time_is_left_alone() -> None:
    deadlines = Deadlines(0.05)
    assert await deadlines.keep(value()) == 7
    await asyncio.sleep(0.1)  # the timer of the first rings, and finds nobody
    assert await deadlines.keep(value()) == 7
    with pytest.raises(ZeroDivisionError):
        await deadlines.keep(divide())
    assert own_cancellations() == 0


async def divide() -> float:
    await asyncio.sleep(0)
    return 1 / 0


async def test_what_is_late_is_ended_and_who_waited_goes_on() -> None:
    deadlines = Deadlines(0.05)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await deadlines.keep(for_ever())
        assert own_cancellations() == 0
    await asyncio.sleep(0)


async def test_each_has_its_own_end() -> None:
    deadlines, loop = Deadlines(0.3), asyncio.get_running_loop()
    began = loop.time()

    async def late_after(delay: float) -> float:
        await asyncio.sleep(delay)
        begun = loop.time()
        with pytest.raises(TimeoutError):
            await deadlines.keep(for_ever())
        return loop.time() - begun

    lasted = await asyncio.gather(*(late_after(number / 10) for number in range(4)))
    assert min(lasted) >= 0.299
    assert loop.time() - began >= 0.599


async def test_who_is_cancelled_is_cancelled() -> None:
    async with running(Deadlines(60)) as task:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert task.cancelled()


async def test_who_is_cancelled_in_the_same_moment_is_cancelled() -> None:
    deadlines = Deadlines(60)
    async with running(deadlines) as task:
        for each, (_, ring) in list(deadlines._running.items()):
            deadlines._running[each] = 0.0, ring
        deadlines._ring()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_timeout_around_it_is_its_own() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await Deadlines(60).keep(for_ever())
    assert own_cancellations() == 0


async def test_what_fails_while_it_is_ended_speaks_for_itself() -> None:
    async def stubborn() -> None:
        try:
            await for_ever()
        except asyncio.CancelledError:
            raise ConnectionResetError from None

    with pytest.raises(ConnectionResetError):
        await Deadlines(0.02).keep(stubborn())
    assert own_cancellations() == 0
