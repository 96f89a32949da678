"""The words of which `charmodels.population` makes names, prompts and tags, the common ones first."""

from __future__ import annotations

from itertools import accumulate, islice


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for line in text.strip().splitlines() for phrase in line.split("|"))


CONNECTORS = _phrases("""
    with|in|of|and|under|beside|against|by|near|over|before|behind|without|among|wearing|holding|beyond|around
    chasing|guarding|carrying|beneath|leaning on|facing|followed by|made of|lost in|listening to|painted like
    dreaming of|between|across|waiting for|hiding from|singing to|balanced on|wrapped in|lit by|trapped inside
""")

SUBJECTS = _words("""
    knight witch hero wizard warrior robot hacker princess pirate dragon detective elf vampire samurai angel fox
    hunter archer thief monk bard healer king queen ghost demon cyborg pilot captain scholar ranger assassin giant
    golem dwarf fairy mermaid werewolf sorcerer druid paladin alchemist courier mechanic soldier nomad android
    astronaut explorer gardener baker tailor clockmaker cartographer librarian blacksmith falconer shepherd ferryman
    lamplighter beekeeper puppeteer acrobat juggler strongman ringmaster magician fortune-teller violinist singer
    dancer painter sculptor potter weaver miner sailor diver lighthouse-keeper smuggler bounty-hunter gunslinger
    sheriff outlaw duelist gladiator jester herald squire page abbess pilgrim oracle hermit shaman necromancer
    enchantress summoner beastmaster tinkerer inventor botanist astronomer geologist medic
    surgeon nurse firefighter postman busker barista boxer cyclist swimmer skater climber chess-player card-sharp
""")

QUALITIES = _words("""
    brave dark ancient young old beautiful mysterious lonely fierce gentle wise cursed golden silver broken hidden
    wild silent noble tired cheerful grim radiant weathered haunted wandering fallen royal tiny colossal clever
    forgotten restless stubborn graceful crooked frozen burning luminous shadowy emerald crimson azure ivory ebony
    scarlet violet amber copper bronze rusted mechanical clockwork spectral celestial infernal arcane sacred profane
    feral tame masked hooded armoured barefoot one-eyed scarred tattooed freckled bearded bald long-haired braided
    solemn merry melancholy furious serene anxious sleepy hungry proud humble vain shy reckless cautious cunning
    loyal treacherous retired exiled orphaned immortal dying newborn moonlit sunlit stormy misty dusty snowy rainy
    mossy thorny flowering withered tangled polished tarnished threadbare embroidered patched velvet silken woollen
    leathern painted carved woven folded cracked glowing flickering humming whispering drifting floating towering
""")

THINGS = _words("""
    castle forest city moon sword sea mountain storm garden tower river desert lantern mirror crown rose temple bridge
    library market village harbour island cave tavern throne ship train rooftop alley workshop observatory greenhouse
    lighthouse windmill graveyard cathedral palace ruin labyrinth canyon glacier volcano waterfall meadow swamp lagoon
    orchard vineyard bakery theatre carousel circus arcade station airship submarine carriage bicycle caravan tent
    shield bow dagger staff wand cloak mask helmet gauntlet amulet ring key map compass clock hourglass candle torch
    book scroll quill letter teapot umbrella suitcase violin harp drum bell kite feather shell pearl coin dice
    crystal prism telescope microscope battery cable antenna hologram neon visor drone satellite comet nebula eclipse
    sunrise sunset twilight midnight snowfall thunder fog rainbow frost ember ash smoke dust sand clay marble iron
""")

MEDIA = _phrases("""
    Portrait of|Full-body study of|Oil painting of|Close-up of|Ink drawing of|Watercolour of|Poster of|Cameo of
    Film still of|Woodcut of|Pencil sketch of|Concept art of|Stained glass of|Snapshot of|Marble bust of|Tapestry of
""")

FINISHES = _phrases("""
    soft light and fine detail|dramatic light from one side|muted colours and film grain|bold outlines, flat colours
    golden hour, long shadows|cold light, shallow focus|high contrast and deep blacks|pastel colours on plain paper
""")

FIRST_NAMES = _words("""
    Ada Bram Cleo Dorian Elif Finn Greta Hugo Ines Jonas Kaya Leif Mara Nils Odile Pavel Quinn Rosa Sven Tilda Ugo
    Vera Wim Xenia Yara Zeno Amara Bela Chidi Dalia Emre Farah Goran Hana Ivo Jamila Kofi Lucia Malik Noor Oskar Priya
    Ravi Selma Tariq Uma Viggo Willa Yusuf Zora
""")

_STEMS = _words("""
    moon iron star shadow storm ash thorn frost raven silver ember oak wolf stone salt rain copper lark night wind
    fern glass bone river cloud hawk honey flint mist coal reed gold sun owl briar snow dawn dusk fire leaf
""")
_ENDINGS = _words("""
    blade song heart wood light wing field water thread bound born weaver walker keeper singer watch hollow mark ridge
    gate lock stride brook fall whisper shade spark mantle root vale crest claw horn veil burn flower bell tide smith
""")


def _compounds() -> list[str]:
    """Give the rare words: moonblade, ironsong and so on, stems and endings in turn."""
    count = len(_STEMS)
    return [_STEMS[(row + column) % count] + ending for column in range(count) for row, ending in enumerate(_ENDINGS)]


COMPOUNDS = tuple(dict.fromkeys(_compounds()))
SURNAMES = tuple(word.capitalize() for word in COMPOUNDS)

DESCRIPTIONS = tuple(
    f"{article} {quality}" for quality in QUALITIES for article in ("an" if quality[0] in "aeiou" else "a", "the")
)
"""What stands before a noun: "a brave", "the brave", "an old" ..."""

NOUNS = (*THINGS, *COMPOUNDS)
"""What a prompt names besides its subject; a long tail of words that are rare."""


def tags(count: int) -> tuple[str, ...]:
    """Give a vocabulary of tags: single words, then pairs of them.

    Arguments:
        count: how many.

    Returns:
        That many different ones, the common ones first.

    Example:
        >>> tags(3)
        ('knight', 'castle', 'brave')
    """
    singles = (word for words in zip(SUBJECTS, THINGS, QUALITIES, strict=False) for word in words)
    pairs = (f"{quality} {subject}" for quality in QUALITIES for subject in SUBJECTS[:8])
    return tuple(islice(dict.fromkeys((*singles, *pairs)), count))


def zipf(count: int) -> list[float]:
    """Give the cumulative weights of Zipf's law: the n-th most common is 1/n as common as the first.

    Arguments:
        count: how many.

    Returns:
        As `random.choices` takes them in `cum_weights`.

    Example:
        >>> zipf(2)
        [1.0, 1.5]
    """
    return list(accumulate(1 / rank for rank in range(1, count + 1)))
