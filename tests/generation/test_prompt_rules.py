"""Rules for words: a corpus of harmless ones passes, harmful ones are named, and tricks with letters do not help."""

import base64
from pathlib import Path

import pytest

from generation import moderation
from generation.errors import BlockedPrompt
from generation.models import Level
from generation.moderation import rules

CORPUS = Path(__file__).parent / "corpus"


def lines(name: str) -> list[str]:
    """A prompt a line; lines that begin with "#" say what follows."""
    return [line for line in (CORPUS / name).read_text().splitlines() if line and not line.startswith("#")]


HARMLESS, HARMFUL = lines("harmless.txt"), lines("harmful.txt")


def test_the_corpora_are_as_large_as_promised() -> None:
    assert len(set(HARMLESS)) >= 200
    assert len(set(HARMFUL)) >= 50


@pytest.mark.parametrize("prompt", HARMLESS)
def test_harmless_prompts_pass(prompt: str) -> None:
    moderation.check(prompt)


@pytest.mark.parametrize("prompt", HARMFUL)
def test_harmful_prompts_are_named(prompt: str) -> None:
    with pytest.raises(BlockedPrompt) as caught:
        moderation.check(prompt)
    assert caught.value.data["rule"]
    assert str(caught.value.data["phrase"]) in prompt
    assert caught.value.data["phrase"]


def test_every_rule_has_harmful_words_in_the_corpus() -> None:
    named = set()
    for prompt in HARMFUL:
        with pytest.raises(BlockedPrompt) as caught:
            moderation.check(prompt)
        named.add(caught.value.data["rule"])
    assert named == {rule.title for rule in rules.RULES}


@pytest.mark.parametrize(
    "prompt",
    [
        "n\u200bude child",
        "NUDE CHILD",
        "nud\u0435 child",
        "\uff4e\uff55\uff44\uff45 child",
        "nud\u00ade chi\u200dld",
        "nud3 child",
        "nude ch1ld",
        "n\u00fcd\u00e9 child",
        "n u d e child",
        "n u d e c h i l d",
        "n.u.d.e c.h.i.l.d",
        "nu.de ch-ild",
        "nuuuude child",
        "n\u0336u\u0336d\u0336e\u0336 child",
        "\U0001d4f7\U0001d4fe\U0001d4ed\U0001d4ee child",
        "please draw " + base64.b64encode(b"a nude child").decode(),
        "b1owjob",
        "a p0rn0 scene",
        "k.i.d.d.i.e porn",
        "t\u03b5rr\u03bfrist propaganda",
    ],
)
def test_tricks_with_letters_do_not_help(prompt: str) -> None:
    with pytest.raises(BlockedPrompt) as caught:
        moderation.check(prompt)
    assert str(caught.value.data["phrase"]) in prompt


def test_a_refusal_quotes_the_words_as_they_stand() -> None:
    with pytest.raises(BlockedPrompt) as caught:
        moderation.check("Portrait, N\u200bUD\u0415 of a Ch1ld, oil")
    assert caught.value.data["phrase"] == "N\u200bUD\u0415 of a Ch1ld"


def test_titles_names_and_comments_go_by_the_same_rules() -> None:
    moderation.check_text("Lovely light!")
    with pytest.raises(BlockedPrompt):
        moderation.check_text("kill yourself")


@pytest.mark.parametrize("text", ["", " ", "\x00", "\ud800", "(" * 1000, "a " * 500, "\u0301" * 400, "=" * 900])
def test_no_text_breaks_the_reading(text: str) -> None:
    moderation.check(text)
    assert moderation.level_of(text) == Level.GENERAL


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ("Venus de Milo in the Louvre, morning", Level.GENERAL),
        ("a naked mole rat in its burrow", Level.GENERAL),
        ("nude beige lipstick on marble", Level.GENERAL),
        ("naked trees in winter fog", Level.GENERAL),
        ("a woman in a bikini on the beach", Level.SUGGESTIVE),
        ("a 1950s pin-up on a bomber's nose", Level.SUGGESTIVE),
        ("a nude by Rubens in warm light", Level.NUDITY),
        ("N\u200bUD3 in charcoal", Level.NUDITY),
        ("Mujer desnuda junto al r\u00edo", Level.NUDITY),
        ("hentai poster", Level.EXPLICIT),
    ],
)
def test_words_tell_the_least_level_and_block_nothing(words: str, level: Level) -> None:
    moderation.check(words)
    assert moderation.level_of(words) == level
    assert moderation.level_of("A harbour", words) == level
