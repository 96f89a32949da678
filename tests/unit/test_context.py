"""Who acts is known inside the block, to the tasks that it starts, and to nobody else."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

import charmodels as cm


def test_a_block_inside_another_takes_over_what_it_does_not_say() -> None:
    user = uuid4()
    with cm.request_context(actor="nightly", request_id="r1"):
        with cm.request_context(actor=user) as inner:
            assert inner == cm.current_request() == cm.RequestContext(str(user), "r1")
        assert cm.current_request() == cm.RequestContext("nightly", "r1")
    assert cm.current_request() == cm.RequestContext(None, None)


async def test_tasks_do_not_see_each_others() -> None:
    async def ask(actor: str) -> str | None:
        with cm.request_context(actor):
            await asyncio.sleep(0)
            return await asyncio.create_task(told())

    async def told() -> str | None:
        await asyncio.sleep(0)
        return cm.current_request().actor

    assert await asyncio.gather(ask("ada"), ask("eve"), told()) == ["ada", "eve", None]


@pytest.mark.parametrize("wrong", ["", " ", "x" * 256, "a\0b"])
def test_what_no_column_could_hold_is_refused(wrong: str) -> None:
    for name in ("actor", "request_id"):
        with pytest.raises(cm.InvalidInput, match=name), cm.request_context(**{name: wrong}):
            pass
    assert cm.current_request() == cm.RequestContext()
