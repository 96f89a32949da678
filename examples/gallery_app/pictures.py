"""Portraits that stand where an image provider's pictures would: drawn as SVG, each character's always the same."""

from __future__ import annotations

from functools import lru_cache
from random import Random
from uuid import UUID

from fastapi import APIRouter, HTTPException, Response

import charmodels as cm

router = APIRouter()

FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}

HEAD = '<ellipse cx="200" cy="215" rx="70" ry="84"/>'
CROWN_OF_HEAD = '<path d="M127 216C120 98 280 98 273 216C264 180 236 168 200 168S136 180 127 216Z"/>'
HAIR = {
    "cropped": ("", CROWN_OF_HEAD),
    "long": (
        '<path d="M120 222C108 96 292 96 280 222L292 372Q276 392 244 384H156Q124 392 108 372Z"/>',
        '<path d="M127 214C122 98 278 98 273 214C258 176 226 158 190 152C176 182 148 188 127 214Z"/>',
    ),
    "spiky": (
        "",
        '<path d="M124 220L102 178L130 180L112 132L152 148L158 100L190 134L214 90L230 136L270 108L262 154L296 146'
        'L272 188L298 196L276 222C262 182 240 172 218 184L206 168L190 186L172 170C150 176 134 190 124 220Z"/>',
    ),
    "curly": (
        "".join(
            f'<circle cx="{x}" cy="{y}" r="38"/>'
            for x, y in ((134, 236), (124, 186), (148, 144), (200, 124), (252, 144), (276, 186), (266, 236))
        ),
        '<circle cx="160" cy="156" r="28"/><circle cx="204" cy="146" r="30"/><circle cx="244" cy="160" r="26"/>',
    ),
    "bun": ('<circle cx="200" cy="108" r="36"/>', CROWN_OF_HEAD),
    "bald": ("", ""),
}
HATS = {
    "none": "",
    "crown": '<path d="M136 160L126 92L164 124L200 78L236 124L274 92L264 160Q200 140 136 160Z"/>',
    "pointed hat": '<path d="M88 172Q200 118 312 172Q200 206 88 172ZM140 152L196 20Q226 44 260 152Q200 134 140 152Z"/>',
    "hood": '<path fill-rule="evenodd" d="M96 396C84 60 316 60 304 396Q200 430 96 396ZM200 132C112 136 122 310 200 312'
    'C278 310 288 136 200 132Z"/>',
    "cap": '<path d="M126 170C126 92 274 92 274 170ZM112 166H312Q320 182 298 182H112Z"/>',
    "horns": '<path d="M142 156C104 150 92 112 100 74C116 108 138 120 168 138ZM258 156C296 150 308 112 300 74'
    'C284 108 262 120 232 138Z"/>',
}


@router.get("/pictures/{style}/{character_id}.svg")
async def picture(style: str, character_id: UUID) -> Response:
    """A portrait. It never changes, so browsers keep it."""
    if style.upper() not in cm.StyleType.__members__:
        raise HTTPException(404)
    return Response(portrait(cm.StyleType[style.upper()], character_id), media_type="image/svg+xml", headers=FOR_EVER)


def address_of(style: cm.StyleType, character_id: UUID) -> str:
    """Where a character's portrait is."""
    return f"/pictures/{style.lower()}/{character_id}.svg"


@lru_cache(maxsize=2048)
def portrait(style: cm.StyleType, character_id: UUID) -> str:
    """Draw somebody, in a style. The id decides on everything else."""
    draw = Drawing(style, Random(character_id.int))
    parts = [draw.backdrop(), *draw.figure(), draw.foreground()]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 500"><defs>'
        f"{''.join(draw.gradients)}</defs>{''.join(parts)}</svg>"
    )


class Drawing:
    """What one portrait is made of; each style has its colours, its lines and its backdrop."""

    def __init__(self, style: cm.StyleType, rng: Random) -> None:
        self.style = style
        self.rng = rng
        self.gradients: list[str] = []
        self.hue = rng.randrange(360)
        self.line = {"CARTOON": 7, "ANIME": 3, "VINTAGE": 2.5}.get(style, 0)
        self.is_shaded = style in ("REALISTIC", "FANTASY", "CYBERPUNK")
        self.ink = "#4a3420" if style == "VINTAGE" else "#221a2c"

    def colour(self, hue: float, saturation: float, lightness: float) -> str:
        """A colour, as far as the style has colours."""
        if self.style == "VINTAGE":
            hue, saturation = 32, saturation * 0.45
        elif self.style == "CARTOON":
            saturation = min(saturation * 1.1, 72)
        elif self.style == "REALISTIC":
            saturation *= 0.62
        return f"hsl({hue % 360:.0f} {saturation:.0f}% {lightness:.0f}%)"

    def fade(self, *colours: str, turned: bool = False) -> str:
        """A fill that goes from one colour to the next, downwards or, turned, to the right."""
        name = f"g{len(self.gradients)}"
        stops = "".join(
            f'<stop offset="{number / (len(colours) - 1):.2f}" stop-color="{colour}"/>'
            for number, colour in enumerate(colours)
        )
        way = 'x2="1"' if turned else 'x2="0" y2="1"'
        self.gradients.append(f'<linearGradient id="{name}" {way}>{stops}</linearGradient>')
        return f"url(#{name})"

    def shape(self, content: str, fill: str) -> str:
        """Shapes in one fill, with the outline of the style."""
        outline = f' stroke="{self.ink}" stroke-width="{self.line}" stroke-linejoin="round"' if self.line else ""
        return f'<g fill="{fill}"{outline}>{content}</g>'

    def figure(self) -> list[str]:
        """Hair, shoulders, head, face and whatever is on the head."""
        rng = self.rng
        skin_hue, skin_light = rng.choice(((26, 84), (28, 74), (24, 62), (22, 48), (20, 34)))
        skin, shade = self.colour(skin_hue, 52, skin_light), self.colour(skin_hue - 6, 50, skin_light - 11)
        unreal = self.style in ("ANIME", "CYBERPUNK", "CARTOON")
        hair = self.colour(self.hue + 170, 62, 48) if unreal else self.colour(*rng.choice(
            ((22, 40, 14), (24, 55, 26), (36, 62, 52), (14, 66, 38), (220, 10, 72))))  # fmt: skip
        cloth, dark_cloth = self.colour(self.hue, 46, 42), self.colour(self.hue + 12, 50, 28)
        hair_cut, worn = rng.choice(tuple(HAIR)), rng.choice(self.wardrobe())
        if worn in ("cap", "pointed hat") and hair_cut in ("spiky", "bun"):
            hair_cut = "long"
        back, front = HAIR[hair_cut]
        if worn == "hood":
            back, front = "", ""
        shoulders = f'<path d="M{rng.randint(36, 66)} 512C64 410 118 380 168 362H232C282 380 336 410 '
        shoulders += f'{rng.randint(334, 364)} 512Z"/>'
        hat = HATS[worn]
        lining = '<path d="M118 210C118 120 282 120 282 210V380H118Z"/>' if worn == "hood" else ""
        return [
            self.shape(lining, dark_cloth),
            self.shape(back, hair),
            self.shape('<path d="M168 270H232V372Q200 404 168 372Z"/>', shade),
            self.shape(shoulders, self.fade(cloth, dark_cloth)),
            self.shape(self.collar(), self.colour(self.hue + 40, 60, 66)),
            self.shape(HEAD, self.fade(skin, skin, shade, turned=True) if self.is_shaded else skin),
            self.face(shade),
            self.shape(front, hair),
            self.shape(hat, self.fade(self.colour(self.hue + 36, 60, 56), self.colour(self.hue + 20, 56, 36))),
        ]

    def wardrobe(self) -> tuple[str, ...]:
        """What may be on a head."""
        if self.style == "FANTASY":
            return ("none", "crown", "pointed hat", "hood", "horns")
        if self.style in ("REALISTIC", "VINTAGE", "CARTOON"):
            return ("none", "none", "cap", "hood")
        if self.style == "MINIMALIST":
            return ("none",)
        return ("none", "none", "none", "hood", "horns")

    def collar(self) -> str:
        """What is around a neck."""
        return self.rng.choice(
            (
                '<path d="M150 366L200 430L250 366L232 358L200 402L168 358Z"/>',
                '<path d="M146 372Q200 420 254 372L262 398Q200 450 138 398Z"/>',
                '<circle cx="200" cy="414" r="13"/>',
                "",
            )
        )

    def face(self, shade: str) -> str:
        """Eyes, nose and mouth; how much of them is the style's affair."""
        if self.style == "MINIMALIST":
            return ""
        smile = self.rng.randint(-2, 20)
        mouth = f'<path d="M180 262Q200 {264 + smile} 220 262"/>'
        brow = self.rng.randint(-4, 6)
        brows = (
            f'<path d="M158 {190 + brow}Q172 184 184 {190 - brow / 2}M216 {190 - brow / 2}Q228 184 242 {190 + brow}"/>'
        )
        lines = f'<g fill="none" stroke="{self.ink}" stroke-width="4" stroke-linecap="round">{mouth}{brows}</g>'
        nose = f'<path d="M200 216Q214 240 198 242" fill="none" stroke="{shade}" stroke-width="5"/>'
        if self.style == "CYBERPUNK" and self.rng.random() < 0.6:
            glow = self.fade(self.colour(self.hue + 170, 95, 62), self.colour(self.hue + 250, 95, 62), turned=True)
            return f'<path d="M132 196H268L258 232H216L200 220L184 232H142Z" fill="{glow}"/>{nose}{lines}'
        return nose + lines + self.eyes()

    def eyes(self) -> str:
        """Two eyes."""
        if self.style == "ANIME":
            iris = self.fade(self.colour(self.hue + 60, 70, 26), self.colour(self.hue + 60, 80, 62))
            return "".join(
                f'<ellipse cx="{x}" cy="218" rx="15" ry="20" fill="#fff"/><ellipse cx="{x}" cy="219" rx="12" ry="17" '
                f'fill="{iris}"/><circle cx="{x + 4}" cy="212" r="5" fill="#fff"/>'
                f'<path d="M{x - 17} 206Q{x} 192 {x + 17} 206" fill="none" stroke="{self.ink}" stroke-width="5"/>'
                for x in (170, 230)
            )
        if self.style == "CARTOON":
            return "".join(
                f'<circle cx="{x}" cy="214" r="16" fill="#fff" stroke="{self.ink}" stroke-width="4"/>'
                f'<circle cx="{x + 3}" cy="216" r="7" fill="{self.ink}"/>'
                for x in (172, 228)
            )
        return "".join(
            f'<ellipse cx="{x}" cy="212" rx="11" ry="7" fill="#fff" fill-opacity=".85"/>'
            f'<circle cx="{x}" cy="212" r="6" fill="{self.ink}"/>'
            for x in (171, 229)
        )

    def backdrop(self) -> str:
        """What is behind."""
        make = getattr(self, f"_{self.style.lower()}")
        drawn: str = make()
        return drawn

    def foreground(self) -> str:
        """What is over it all: the edge of an old photograph."""
        if self.style != "VINTAGE":
            return ""
        mat = "M0 0H400V500H0ZM200 28C98 28 34 128 34 250S98 472 200 472S366 372 366 250S302 28 200 28Z"
        return (
            f'<path fill-rule="evenodd" d="{mat}" fill="#e9dcc0"/>'
            '<ellipse cx="200" cy="250" rx="167" ry="223" fill="none" stroke="#a58a5e" stroke-width="4"/>'
            '<ellipse cx="200" cy="250" rx="176" ry="233" fill="none" stroke="#a58a5e" stroke-width="1.5"/>'
        )

    def _ground(self, *colours: str) -> str:
        return f'<path d="M0 0H400V500H0Z" fill="{self.fade(*colours)}"/>'

    def _dots(self, count: int, sizes: tuple[float, float], fill: str, depth: int = 500) -> str:
        rng = self.rng
        dots = "".join(
            f'<circle cx="{rng.randrange(400)}" cy="{rng.randrange(depth)}" r="{rng.uniform(*sizes):.1f}"/>'
            for _ in range(count)
        )
        return f'<g fill="{fill}">{dots}</g>'

    def _realistic(self) -> str:
        light = self._dots(9, (26, 74), "rgb(255 255 255 / .09)")
        return self._ground(self.colour(self.hue, 34, 66), self.colour(self.hue + 30, 40, 30)) + light

    def _cartoon(self) -> str:
        rays = "".join(
            f'<path d="M200 250L{x} -80L{x + 70} -80ZM200 250L{x} 580L{x + 70} 580Z"/>' for x in range(-620, 1000, 150)
        )
        return self._ground(self.colour(self.hue, 62, 64), self.colour(self.hue, 66, 56)) + (
            f'<g fill="{self.colour(self.hue, 70, 74)}">{rays}</g>'
        )

    def _anime(self) -> str:
        sky = self._ground(
            self.colour(210 + self.hue / 8, 78, 68), self.colour(260 + self.hue / 6, 70, 82), self.colour(340, 78, 88)
        )
        petals = "".join(
            f'<ellipse rx="9" ry="4" transform="translate({self.rng.randrange(400)} {self.rng.randrange(500)}) '
            f'rotate({self.rng.randrange(180)})"/>'
            for _ in range(26)
        )
        return sky + self._dots(5, (40, 70), "rgb(255 255 255 / .35)") + f'<g fill="#ffd0e0">{petals}</g>'

    def _fantasy(self) -> str:
        hue = 215 + self.hue / 3.2
        sky = self._ground(self.colour(hue, 55, 14), self.colour(hue + 24, 52, 34), self.colour(hue + 60, 60, 58))
        x, radius = self.rng.randint(70, 330), self.rng.randint(44, 92)
        moon = f'<circle cx="{x}" cy="{self.rng.randint(80, 150)}" r="{radius}" fill="#fff3d6" fill-opacity=".92"/>'
        heights = [self.rng.randint(250, 400) for _ in range(6)]
        peaks = "".join(f"L{number * 80} {height}" for number, height in enumerate(heights))
        hills = f'<path d="M0 500{peaks}L400 500Z" fill="{self.colour(hue, 45, 20)}" fill-opacity=".75"/>'
        return sky + self._dots(46, (0.6, 2.2), "#fff", 300) + moon + hills

    def _cyberpunk(self) -> str:
        sky = self._ground("#0b0820", self.colour(265 + self.hue / 9, 70, 24), self.colour(310 + self.hue / 9, 85, 46))
        towers, windows, x = "", "", -10
        while x < 400:
            width, top = self.rng.randint(34, 74), self.rng.randint(90, 330)
            towers += f'<path d="M{x} 500V{top}H{x + width}V500Z"/>'
            windows += "".join(
                f'<path d="M{x + 8 + column * 13} {top + 14 + row * 20}h6v8h-6Z"/>'
                for row in range((480 - top) // 20)
                for column in range((width - 12) // 13)
                if self.rng.random() < 0.35
            )
            x += width + self.rng.randint(2, 12)
        neon = self.colour(180 + self.hue / 4, 92, 66)
        return f'{sky}<g fill="#120d2b">{towers}</g><g fill="{neon}" fill-opacity=".8">{windows}</g>'

    def _vintage(self) -> str:
        return self._ground("hsl(38 36% 72%)", "hsl(30 30% 48%)") + self._dots(30, (0.8, 2), "rgb(74 52 32 / .35)")

    def _minimalist(self) -> str:
        x, y, radius = self.rng.randint(110, 290), self.rng.randint(130, 260), self.rng.randint(110, 170)
        disc = f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{self.colour(self.hue + 28, 74, 72)}"/>'
        return self._ground(self.colour(self.hue, 40, 92), self.colour(self.hue, 40, 88)) + disc
