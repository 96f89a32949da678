from __future__ import annotations

import charmodels as cm
from tests import factories


async def test_a_user_is_found_whatever_the_case_of_the_address(db: cm.Database) -> None:
    ada = await factories.user(email="Ada@Example.com")
    assert await cm.User.objects.get_by_email(" ADA@example.COM ") == ada
    assert (await cm.User.get(email="ada@example.com")).email == "Ada@Example.com"
