"""The same words in the several ways in which they may be meant: without accents, lookalikes, figures for letters,
and letters spaced out. Pure; every reading knows which part of the text each of its characters comes from."""

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

# Letters of other scripts that look like Latin ones.
LOOKALIKES = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0456\u0458\u0455\u0501\u0261\u04cf"
    "\u03b1\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u0131\u03f2",
    "abekmhopctyxijsdglaeikvoptuxic",
)
FIGURES = str.maketrans("013457$@!€", "oieastsaie")
ONE_AS_L = str.maketrans("1!|", "lll")

_TOKEN = re.compile(r"\S+")
# Four or more single letters in a row, each apart from the next by one sign: "n u d e", "n.u.d.e".
_SPACED = re.compile(r"(?<!\w)\w(?:[ .,_*~/\\|-]\w){3,}(?!\w)")
_SPLITTER = re.compile(r"(?<=\w)[.*_'’~^|/\\+-](?=\w)")
_REPEATED = re.compile(r"(\w)\1{2,}")
_CODED = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{12,}={0,2}(?![A-Za-z0-9+/=])")
CODED_MAX = 8
# What is sought inside letters that were spaced out, where no gap says where a word ends.
_STEMS = re.compile(
    r"(children|child|kids?|toddler|teen|minors?|infant|girl|boy|nudes?|naked|sexy?|erotic|porn|rape|bomb|suicide|loli)"
)


@dataclass(frozen=True)
class Reading:
    """One way to read a text; `origins` holds the place in it of each character."""

    text: str
    origins: tuple[int, ...]

    def source_of(self, found: re.Match[str], written: str) -> str:
        """What stands in the text as it was written, for what was found in this reading of it."""
        start, end = found.span()
        return written[self.origins[start] : self.origins[end - 1] + 1]

    def sub(self, pattern: re.Pattern[str], write: Callable[[re.Match[str]], str]) -> "Reading":
        """As re.sub; what is written instead comes from where the match began, each letter that stays from its own."""
        text: list[str] = []
        origins: list[int] = []
        done = 0
        for found in pattern.finditer(self.text):
            written = write(found)
            text += [self.text[done : found.start()], written]
            origins += self.origins[done : found.start()]
            origins += _places(found, written, self.origins)
            done = found.end()
        return Reading("".join([*text, self.text[done:]]), (*origins, *self.origins[done:]))


def _places(found: re.Match[str], written: str, origins: tuple[int, ...]) -> list[int]:
    """The origins of a replacement: its letters are looked up in order in what they replace."""
    at, places = found.start(), []
    for letter in written:
        there = found.string.find(letter, at, found.end())
        if there >= 0:
            at = there
        places.append(origins[min(at, found.end() - 1)])
    return places


def readings(text: str) -> Iterator[Reading]:
    """Each different one once, the plainest first."""
    seen: set[str] = set()
    plain = _plain(text)
    for reading in chain(_variants(plain), _decoded(text)):
        if reading.text not in seen:
            seen.add(reading.text)
            yield reading


def _plain(text: str) -> Reading:
    """Small letters without accents; what only serves to split a word in two for a machine is left out."""
    signs: list[str] = []
    origins: list[int] = []
    for place, sign in enumerate(text):
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", sign).casefold())
        kept = [part for part in folded if unicodedata.category(part) not in {"Mn", "Me", "Cf"}]
        signs += [" " if part.isspace() else part for part in kept]
        origins += [place] * len(kept)
    return Reading("".join(signs).translate(LOOKALIKES), tuple(origins))


def _variants(plain: Reading) -> Iterator[Reading]:
    for one in (plain, _lettered(plain, FIGURES), _lettered(plain, FIGURES | ONE_AS_L)):
        tight = one.sub(_SPLITTER, lambda found: "")
        yield one
        yield one.sub(_SPACED, _joined)
        yield tight
        yield tight.sub(_REPEATED, lambda found: found[1])


def _lettered(reading: Reading, table: dict[int, int]) -> Reading:
    """Figures as the letters that they look like, where they stand among letters: "12" stays a number."""
    write = lambda found: found[0].translate(table) if any(map(str.isalpha, found[0])) else found[0]  # noqa: E731
    text = _TOKEN.sub(write, reading.text)
    return Reading(text, reading.origins)


def _joined(found: re.Match[str]) -> str:
    return _STEMS.sub(r" \1 ", found[0][::2]).strip()


def _decoded(text: str) -> Iterator[Reading]:
    """What stands in base64 is read too; all of it comes from where the code stands."""
    for found in list(_CODED.finditer(text))[:CODED_MAX]:
        try:
            inner = base64.b64decode(found[0] + "=" * (-len(found[0]) % 4), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            continue
        if inner.isprintable():
            plain = _plain(inner)
            length = len(plain.text)
            if length:
                places = (found.start(),) * (length - 1) + (found.end() - 1,)
                yield Reading(plain.text, places)
