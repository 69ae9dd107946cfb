"""From a prompt to a `Reading`: which scene, in which light, weather and colours, and why. Pure; never raises."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from generation.providers.demo import vocabulary

MAX_COLOURS = 3
"""More colours than this in one prompt would turn any picture to mud."""
PHRASE_WORDS = 3
STYLES = ("none", "realistic", "anime", "artistic")
_WORD = re.compile(r"[\w'&-]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the demo provider understood of a prompt. Empty strings mean that the prompt did not say."""

    scene: str
    scene_words: tuple[str, ...]
    time: str
    weather: str
    mood: str
    tones: tuple[str, ...]
    colours: tuple[str, ...]
    avoided_colours: tuple[str, ...]
    shown: frozenset[str]
    hidden: frozenset[str]
    style: str
    key: int
    """A stable number of the prompt's text: the same for every seed."""

    def wants(self, thing: str, *, default: bool) -> bool:
        """Whether a scene should show a thing; what the negative prompt names always goes."""
        return thing not in self.hidden and (default or thing in self.shown)

    def explain(self) -> str:
        """One sentence for people, naming what steered the picture."""
        reason = f"because of {_listed(self.scene_words)}" if self.scene_words else "chosen from the prompt's hash"
        parts = [f"Scene '{self.scene}', {reason}"]
        parts += [f"{name} {value}" for name, value in self._said() if value]
        return "; ".join(parts) + "."

    def _said(self) -> tuple[tuple[str, str], ...]:
        return (
            ("time", self.time),
            ("weather", self.weather),
            ("mood", self.mood),
            ("tones", _listed(self.tones)),
            ("colours", _listed(self.colours)),
            ("away from", _listed(self.avoided_colours)),
            ("shown", _listed(sorted(self.shown))),
            ("left out", _listed(sorted(self.hidden))),
            ("style", "" if self.style == "none" else self.style),
        )


def read(prompt: str, negative_prompt: str = "", style: str = "none") -> Reading:
    """Understand a prompt. Any text is accepted; an unknown style counts as "none"."""
    wanted, negated = _split(_tokens(prompt))
    unwanted = negated + _tokens(negative_prompt)
    wanted_grams, unwanted_grams = _grams(wanted), _grams(unwanted)
    key = _key(prompt)
    hidden = _members(vocabulary.THINGS, unwanted_grams)
    scene, scene_words = _scene(wanted_grams, unwanted_grams, key)
    avoided = _colours(unwanted_grams)
    return Reading(
        scene=scene,
        scene_words=scene_words,
        time=_first(vocabulary.TIMES, wanted_grams, unwanted_grams),
        weather=_first(vocabulary.WEATHERS, wanted_grams, unwanted_grams),
        mood=_first(vocabulary.MOODS, wanted_grams, unwanted_grams),
        tones=tuple(sorted(_members(vocabulary.TONES, wanted_grams) - _members(vocabulary.TONES, unwanted_grams))),
        colours=tuple(colour for colour in _colours(wanted_grams) if colour not in avoided)[:MAX_COLOURS],
        avoided_colours=avoided[:MAX_COLOURS],
        shown=_members(vocabulary.THINGS, wanted_grams) - hidden,
        hidden=hidden,
        style=style if style in STYLES else "none",
        key=key,
    )


def _tokens(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return [_singular(word.strip("'-_")) for word in _WORD.findall(plain)]


def _spelled() -> frozenset[str]:
    """Every single word that the vocabulary itself spells."""
    kinds: tuple[Mapping[str, Iterable[str]], ...] = (
        *_GROUPS,
        {"": vocabulary.COLOURS},
        *({"": kind} for kind in _KEYED),
    )
    phrases = [phrase for kind in kinds for group in kind.values() for phrase in group]
    return frozenset(word for phrase in phrases for word in phrase.split())


_GROUPS = (
    vocabulary.TIMES,
    vocabulary.WEATHERS,
    vocabulary.MOODS,
    vocabulary.TONES,
    vocabulary.THINGS,
    vocabulary.SCENES,
)
_KEYED = (vocabulary.MATERIAL_COLOURS, vocabulary.SEASON_COLOURS)
_SPELLED = _spelled()


def _singular(word: str) -> str:
    """A rough English singular; what the vocabulary spells with an s (chaos, Paris) stays."""
    if word in _SPELLED:
        return word
    word = word.removesuffix("'s")
    if len(word) > 4 and word.endswith("ies") and word not in ("series", "species"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    if word == "leaves":
        return "leaf"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _split(tokens: list[str]) -> tuple[list[str], list[str]]:
    """Take 'no clouds' and 'without any trees' out of a prompt's words: (wanted, negated)."""
    wanted: list[str] = []
    negated: list[str] = []
    reach = 0
    for token in tokens:
        if token in vocabulary.NEGATIONS:
            reach = 2
        elif reach:
            negated.append(token)
            reach = reach if token in ("any", "a", "the", "of") else 0
        else:
            wanted.append(token)
    return wanted, negated


def _grams(tokens: list[str]) -> dict[str, int]:
    """Every word and phrase of up to PHRASE_WORDS words, with the place where it first stands."""
    found: dict[str, int] = {}
    for size in range(PHRASE_WORDS, 0, -1):
        for start in range(len(tokens) - size + 1):
            found.setdefault(" ".join(tokens[start : start + size]), start)
    return found


def _members(groups: Mapping[str, Iterable[str]], grams: Mapping[str, int]) -> frozenset[str]:
    return frozenset(name for name, words in groups.items() if any(word in grams for word in words))


def _first(groups: Mapping[str, Iterable[str]], grams: Mapping[str, int], unwanted: Mapping[str, int]) -> str:
    """The group whose word stands first among the wanted and not among the unwanted; '' where there is none."""
    places = [
        (grams[word], name)
        for name, words in groups.items()
        for word in words
        if word in grams and word not in unwanted
    ]
    return min(places)[1] if places else ""


def _scene(grams: Mapping[str, int], unwanted: Mapping[str, int], key: int) -> tuple[str, tuple[str, ...]]:
    """The scene with the heaviest words; earlier words break ties. Without known words, the prompt's hash chooses."""
    best: tuple[float, int, str, tuple[str, ...]] | None = None
    for name, words in vocabulary.SCENES.items():
        hits = {word: weight for word, weight in words.items() if word in grams and word not in unwanted}
        if not hits:
            continue
        place = min(grams[word] for word in hits)
        rank = (sum(hits.values()) + 0.5 / (1 + place), -place, name, tuple(sorted(hits, key=grams.__getitem__)))
        best = max(best, rank) if best else rank
    if best:
        return best[2], best[3]
    names = sorted(name for name in vocabulary.SCENES if not any(word in unwanted for word in (name, name.rstrip("s"))))
    return names[key % len(names)], ()


def _colours(grams: Mapping[str, int]) -> tuple[str, ...]:
    """Colour names and coloured materials, in the order of the text."""
    known = [*vocabulary.COLOURS, *vocabulary.MATERIAL_COLOURS, *vocabulary.SEASON_COLOURS]
    found = sorted((grams[word], -len(word), word) for word in known if word in grams)
    names: list[str] = []
    for _, _, word in found:
        if not any(word in longer.split() for longer in names):
            names.append(word)
    return tuple(dict.fromkeys(names))


def hexes(colours: Iterable[str]) -> tuple[str, ...]:
    """The hex values of colour words as `Reading` names them; a material may stand for several."""
    found: list[str] = []
    for name in colours:
        group = vocabulary.MATERIAL_COLOURS.get(name) or vocabulary.SEASON_COLOURS.get(name)
        found.extend(group or (vocabulary.COLOURS[name],))
    return tuple(found)


def _key(prompt: str) -> int:
    """64 bits of SHA-256; lone surrogates, which UTF-8 has no bytes for, are kept as they are."""
    text = unicodedata.normalize("NFKC", prompt).casefold()
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def grams_of(text: str) -> frozenset[str]:
    """Every word and short phrase of a text as the vocabulary would have to spell it."""
    return frozenset(_grams(_tokens(text)))
