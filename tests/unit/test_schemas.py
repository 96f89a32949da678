from __future__ import annotations

import pydantic
import pytest

import charmodels as cm
from charmodels import limits, values


def test_input_is_normalised() -> None:
    made = cm.CharacterCreate(prompt=" A knight ", name="  Ada ", style_type="ANIME", tags=["Hero", "hero "])
    assert (made.prompt, made.name, made.tags) == (" A knight ", "Ada", ["hero"])


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": " \n "}, "prompt"),
        ({"prompt": "x" * 2001}, "prompt"),
        ({"prompt": "a\x00b"}, "prompt"),
        ({"prompt": "\ud800"}, "prompt"),
        ({"prompt": "x", "name": "x" * 101}, "name"),
        ({"prompt": "x", "tags": ["x"] * 3 + [str(n) for n in range(10)]}, "tags"),
        ({"prompt": "x", "style_type": "BAROQUE"}, "style_type"),
        ({"prompt": "x", "image_url": "javascript:alert(1)"}, "image_url"),
        ({"prompt": "x", "metadata": {"a": float("nan")}}, "metadata"),
        ({"prompt": "x", "metadata": {"a": "\x00"}}, "metadata"),
        ({"prompt": "x", "metadata": [1]}, "metadata"),
        ({"prompt": "x", "promt": "x"}, "promt"),
    ],
)
def test_bad_input_is_refused_by_field(values: dict[str, object], field: str) -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        cm.CharacterCreate(**values)
    assert caught.value.errors()[0]["loc"][0] == field


def test_an_error_does_not_echo_what_was_typed() -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        cm.UserCreate(email="not an address of ada")
    assert "ada" not in str(caught.value)


@pytest.mark.parametrize("email", ["ada@example.com", " ada@example.com ", "ADA+tag@EXAMPLE.co.uk", "ä@ö.de"])
def test_addresses_are_taken_as_they_are(email: str) -> None:
    assert cm.UserCreate(email=email).email == email.strip()


@pytest.mark.parametrize(
    "email", ["", "ada", "@example.com", "ada@", "a b@c.d", "a@b@c", "x" * 251 + "@a.b", "a\x00@b"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(pydantic.ValidationError):
        cm.UserCreate(email=email)


def test_a_time_zone_is_one_that_iana_knows() -> None:
    assert cm.UserCreate(email="a@b.c", timezone="Pacific/Kiritimati").timezone == "Pacific/Kiritimati"
    with pytest.raises(pydantic.ValidationError, match="IANA"):
        cm.UserCreate(email="a@b.c", timezone="Mars/Olympus")


@pytest.mark.parametrize("schema", [cm.CharacterPublic, cm.UserPublic, cm.CharacterTemplatePublic, cm.GenerationPublic])
def test_nothing_public_holds_an_address(schema: type[pydantic.BaseModel]) -> None:
    assert not {"email", "auth0_id"} & set(schema.model_fields)


def test_the_limits_stand_in_the_json_schema() -> None:
    properties = cm.CharacterCreate.model_json_schema()["properties"]
    assert properties["prompt"]["maxLength"] == limits.PROMPT_LENGTH


def test_validate_says_the_rule_as_a_sentence() -> None:
    with pytest.raises(cm.InvalidInput, match=r"\Aprompt must have at most 2000 characters\.\Z"):
        values.validate("prompt", values.Prompt, "x" * 2001)


def test_fastapi_takes_the_schemas_without_a_warning() -> None:
    fastapi = pytest.importorskip("fastapi")
    app = fastapi.FastAPI()

    @app.post("/characters", response_model=cm.CharacterPublic)
    def create(character: cm.CharacterCreate) -> None: ...

    assert "CharacterCreate" in app.openapi()["components"]["schemas"]
