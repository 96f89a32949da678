"""What `charmodels seed` writes: templates, users and characters to try things with."""

from __future__ import annotations

from charmodels.enums import StyleType, SubscriptionTier
from charmodels.schemas import CharacterCreate, CharacterTemplateCreate, UserCreate

S = StyleType


def _template(name: str, style: StyleType, description: str, prompt: str, *tags: str) -> CharacterTemplateCreate:
    return CharacterTemplateCreate(name=name, style_type=style, description=description, prompt=prompt, tags=list(tags))


def _character(name: str, style: StyleType, prompt: str, *tags: str, public: bool = True) -> CharacterCreate:
    return CharacterCreate(name=name, style_type=style, prompt=prompt, tags=list(tags), is_public=public)


def templates() -> list[CharacterTemplateCreate]:
    """Give the ten templates; their names are their natural keys."""
    return [
        _template(
            "Harbour portrait",
            S.REALISTIC,
            "Somebody who works by the sea, in plain daylight.",
            "Head-and-shoulders portrait of a harbour worker, salt on the collar, grey morning light, an honest face",
            "portrait",
            "sea",
            "daylight",
        ),
        _template(
            "Market stranger",
            S.REALISTIC,
            "A passer-by worth a second look.",
            "A stranger at a crowded market stall, caught in mid-laugh, shallow depth of field, warm colours",
            "portrait",
            "city",
        ),
        _template(
            "Sidekick",
            S.CARTOON,
            "Round, loyal and always hungry.",
            "A small round sidekick with enormous boots and a sandwich, thick outlines, flat bright colours",
            "sidekick",
            "funny",
        ),
        _template(
            "Rooftop runner",
            S.ANIME,
            "Speed, wind and a scarf.",
            "A courier running over the rooftops at dusk, long scarf in the wind, speed lines, a determined look",
            "courier",
            "action",
            "dusk",
        ),
        _template(
            "Wandering knight",
            S.FANTASY,
            "Armour that has seen better days, and a heart that has not.",
            "A wandering knight in dented armour under an old oak, a borrowed sword across the knees, golden hour",
            "knight",
            "hero",
            "forest",
        ),
        _template(
            "Hedge witch",
            S.FANTASY,
            "Knows every herb, and most of the gossip.",
            "A hedge witch in a crooked kitchen, bundles of herbs overhead, a cat on the shelf, candlelight",
            "witch",
            "magic",
            "cottage",
        ),
        _template(
            "Night-shift hacker",
            S.CYBERPUNK,
            "Somewhere between two shifts and three screens.",
            "A hacker in a noodle bar after midnight, neon on wet glass, a cracked visor, cables for jewellery",
            "hacker",
            "neon",
            "city",
        ),
        _template(
            "Street medic",
            S.CYBERPUNK,
            "Fixes people and machines, in no set order.",
            "A street medic with one mechanical arm and a glowing red cross, rain, an alley full of steam",
            "medic",
            "cyborg",
            "rain",
        ),
        _template(
            "Railway detective",
            S.VINTAGE,
            "A trench coat, a timetable and a hunch.",
            "A detective on a railway platform of the nineteen-thirties, steam, film grain, a newspaper under one arm",
            "detective",
            "steam",
        ),
        _template(
            "One-line hero",
            S.MINIMALIST,
            "As little as possible, and then a cape.",
            "A hero drawn in one continuous line, a single red cape, plenty of white space",
            "hero",
            "line art",
        ),
    ]


def users() -> list[tuple[UserCreate, SubscriptionTier]]:
    """Give two users of each tier; their email addresses are their natural keys."""
    tiers = SubscriptionTier
    return [
        (UserCreate(email="wren@example.com", name="Wren Halloway", timezone="Europe/London"), tiers.FREE),
        (UserCreate(email="tomas@example.com", name="Tomas Brandt", timezone="Europe/Berlin"), tiers.FREE),
        (UserCreate(email="imani@example.com", name="Imani Okafor", timezone="Africa/Lagos"), tiers.PREMIUM),
        (UserCreate(email="yuki@example.com", name="Yuki Sato", timezone="Asia/Tokyo"), tiers.PREMIUM),
        (UserCreate(email="marisol@example.com", name="Marisol Vega", timezone="America/Bogota"), tiers.PRO),
        (UserCreate(email="studio@example.com", name="Lantern Street Studio", timezone="America/New_York"), tiers.PRO),
    ]


def characters() -> list[tuple[str, CharacterCreate]]:
    """Give three characters of each style with their owners' addresses; owner and name are their natural key."""
    return [
        (
            "wren@example.com",
            _character(
                "Old Maudie",
                S.REALISTIC,
                "An old lighthouse keeper with wind-burnt cheeks, knitting by the lamp as a storm beats on the glass",
                "portrait",
                "sea",
                "storm",
            ),
        ),
        (
            "imani@example.com",
            _character(
                "Bashir the Baker",
                S.REALISTIC,
                "A baker at four in the morning, flour to the elbows, proud of one perfect loaf, light from the oven",
                "portrait",
                "baker",
                "city",
            ),
        ),
        (
            "marisol@example.com",
            _character(
                "Coach Petra",
                S.REALISTIC,
                "A retired boxing coach in an empty gym, taped hands, a whistle, and a grin with one tooth missing",
                "portrait",
                "sport",
                public=False,
            ),
        ),
        (
            "tomas@example.com",
            _character(
                "Captain Crumb",
                S.CARTOON,
                "A biscuit in a captain's hat steering a teacup through a milk storm, thick outlines, cheerful colours",
                "funny",
                "sea",
                "captain",
            ),
        ),
        (
            "yuki@example.com",
            _character(
                "Doctor Pumpernickel",
                S.CARTOON,
                "A hedgehog doctor whose stethoscope keeps catching on his own spines, kind eyes, an enormous bag",
                "funny",
                "medic",
                "animal",
            ),
        ),
        (
            "studio@example.com",
            _character(
                "The Tuesday Ghost",
                S.CARTOON,
                "A very shy ghost who only haunts on Tuesdays, holding a sign that says sorry, pastel colours",
                "ghost",
                "funny",
            ),
        ),
        (
            "yuki@example.com",
            _character(
                "Hana of the Ninth Roof",
                S.ANIME,
                "A letter courier leaping between tiled roofs at sunset, scarf streaming, a fox mask on her belt",
                "courier",
                "action",
                "fox",
            ),
        ),
        (
            "yuki@example.com",
            _character(
                "Professor Kumo",
                S.ANIME,
                "A dreamy professor of clouds, hair like cumulus, chalk dust in the air, a window full of summer sky",
                "scholar",
                "sky",
                public=False,
            ),
        ),
        (
            "imani@example.com",
            _character(
                "Zuri Sparkwheel",
                S.ANIME,
                "A young mechanic on a flying scooter, goggles up, oil on her nose, a workshop in pieces around her",
                "mechanic",
                "hero",
            ),
        ),
        (
            "wren@example.com",
            _character(
                "Ser Osric the Late",
                S.FANTASY,
                "A brave knight who arrives when the battle is over, sheepish in the doorway, mud to the knees",
                "knight",
                "hero",
                "funny",
            ),
        ),
        (
            "marisol@example.com",
            _character(
                "Ilvara Moonpetal",
                S.FANTASY,
                "An elven gardener who grows moonlight in clay pots, silver leaves, moths like lanterns, a still night",
                "elf",
                "magic",
                "garden",
            ),
        ),
        (
            "studio@example.com",
            _character(
                "Grumbold",
                S.FANTASY,
                "A mountain troll who collects lost mittens, moss for a beard, snow on the shoulders, gentle giant",
                "troll",
                "winter",
            ),
        ),
        (
            "studio@example.com",
            _character(
                "Nine-Volt",
                S.CYBERPUNK,
                "A courier with a battery for a heart weaving a motorbike through neon rain, reflections everywhere",
                "courier",
                "neon",
                "rain",
            ),
        ),
        (
            "marisol@example.com",
            _character(
                "Mama Static",
                S.CYBERPUNK,
                "The fortune teller of the broadcast market, screens for a shawl, tea leaves under ultraviolet light",
                "oracle",
                "neon",
                "market",
            ),
        ),
        (
            "imani@example.com",
            _character(
                "Unit Forty-One",
                S.CYBERPUNK,
                "A retired riot robot that waters the plants of a rooftop garden, rust, vines, a megacity at dawn",
                "robot",
                "garden",
                "city",
            ),
        ),
        (
            "tomas@example.com",
            _character(
                "Inspector Fairweather",
                S.VINTAGE,
                "A detective with an umbrella for every occasion on a foggy platform, steam, film grain, sepia",
                "detective",
                "steam",
                "rain",
            ),
        ),
        (
            "wren@example.com",
            _character(
                "Dolly Marquee",
                S.VINTAGE,
                "A jazz singer in the dressing-room mirror, a paper moon behind her, nineteen-twenties poster colours",
                "singer",
                "portrait",
            ),
        ),
        (
            "studio@example.com",
            _character(
                "The Amazing Leopold",
                S.VINTAGE,
                "A strongman of the travelling circus lifting a piano with the pianist still playing, faded lithograph",
                "circus",
                "hero",
            ),
        ),
        (
            "tomas@example.com",
            _character(
                "Dot",
                S.MINIMALIST,
                "An explorer made of three circles and one brave line on an empty page",
                "explorer",
                "line art",
            ),
        ),
        (
            "marisol@example.com",
            _character(
                "Fold",
                S.MINIMALIST,
                "A paper crane that learned to walk, two triangles, one shadow, pale blue ground",
                "animal",
                "paper",
            ),
        ),
        (
            "wren@example.com",
            _character(
                "Mister Comma",
                S.MINIMALIST,
                "A butler in the shape of a comma, bowing, black ink on cream, a great deal of room around him",
                "butler",
                "line art",
                public=False,
            ),
        ),
    ]
