"""Rules for prompts, by whole words and phrases. Pure; the lists are data, each with the title that a refusal names."""

import re
import unicodedata
from dataclasses import dataclass

from generation.errors import BlockedPrompt

_MINOR = (
    r"(?:child|children|kid|kids|toddler|infant|minor|minors|preteen|schoolgirl|schoolboy|underage|loli|shota"
    r"|(?:1[0-7]|[1-9])[ -]?years?[ -]?old)"
)
_SEXUAL = r"(?:nude|naked|sex|sexual|sexy|erotic|porn|pornographic|nsfw|topless|lingerie|fetish|hentai)"


@dataclass(frozen=True)
class Rule:
    title: str
    pattern: re.Pattern[str]


def _rule(title: str, *phrases: str) -> Rule:
    return Rule(title, re.compile(r"\b(?:" + "|".join(phrases) + r")\b"))


RULES = (
    _rule(
        "Sexual content with minors",
        rf"{_MINOR}\b.{{0,60}}\b{_SEXUAL}",
        rf"{_SEXUAL}\b.{{0,60}}\b{_MINOR}",
        "child porn(?:ography)?",
        "csam",
        "lolicon",
        "shotacon",
    ),
    _rule("Sexual violence", "rape[ds]?", "raping", "non[ -]?consensual sex", "bestiality", "zoophilia", "necrophilia"),
    _rule(
        "Explicit sexual acts",
        "hardcore porn(?:ography)?",
        "blowjob",
        "cumshot",
        "gangbang",
        "bukkake",
        "creampie",
        "deepthroat",
    ),
    _rule(
        "Stripping a real person",
        "deepfake (?:nude|porn|sex)",
        "undress (?:her|him|them)",
        "remove (?:her|his|their) clothes",
        "nudify",
        "revenge porn",
    ),
    _rule(
        "Praise of terror or genocide",
        "(?:isis|al[ -]qaeda|nazi|terrorist) (?:propaganda|recruitment)(?: poster)?",
        "glorify(?:ing)? (?:genocide|terrorism|the holocaust)",
        "behead(?:ing|ed) (?:video|of a (?:hostage|prisoner))",
    ),
    _rule(
        "Instructions to hurt",
        "(?:pipe ?bomb|nail bomb|nerve agent|bioweapon) (?:instructions|blueprint|diagram|recipe)",
        "how to (?:build|make) a (?:bomb|pipe ?bomb|bioweapon)",
    ),
    _rule(
        "Self-harm encouraged",
        "suicide (?:instructions|how[ -]?to|method|guide)",
        "pro[ -]?ana",
        "thinspo(?:ration)?",
        "how to (?:kill|cut|hang) (?:yourself|myself)",
    ),
)

# Characters that only serve to split a word in two for a machine: zero-width ones and soft hyphens.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_LOOKALIKES = str.maketrans("аеорсухіѕԁɡ0134$@", "aeopcyxisdgoieasa")


def check(prompt: str) -> None:
    """Raise BlockedPrompt with the first rule that a prompt breaks, and the phrase as it stands there."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", prompt)).casefold()
    for text in (plain, plain.translate(_LOOKALIKES)):
        for rule in RULES:
            if found := rule.pattern.search(text):
                raise BlockedPrompt(rule=rule.title, phrase=plain[found.start() : found.end()])
