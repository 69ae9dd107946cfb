"""A person's words and what was seen in their reference picture, as one prompt. Pure."""

from collections.abc import Iterator

from django.conf import settings

from generation.prompts import plain
from generation.prompts.vision import Seen


def merge(*, words: str, seen: Seen) -> str:
    """The words first and whole, then what the picture adds to them, as far as there is room."""
    prompt = words.strip()
    for phrase in _phrases(seen):
        longer = f"{prompt}, {phrase}"
        if len(longer) <= settings.PROMPT_MAX and phrase.casefold() not in prompt.casefold():
            prompt = longer
    return prompt[: settings.PROMPT_MAX]


def _phrases(seen: Seen) -> Iterator[str]:
    """The most telling first: a prompt that is nearly full takes what fits."""
    if seen.subject:
        yield _lower_first(seen.subject)
    if seen.style:
        yield f"in the manner of {_article(seen.style)}"
    if seen.colours:
        yield f"colours {_listed(seen.colours)}"
    if seen.light:
        yield f"{seen.light} light" if not seen.light.endswith(("light", "hour", "night")) else seen.light
    if seen.mood:
        yield f"{seen.mood} mood"
    if seen.composition:
        yield seen.composition
    if seen.words:
        yield plain.cut(_lower_first(seen.words.rstrip(".")), limit=160)


def _listed(words: tuple[str, ...]) -> str:
    """a, b and c"""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _article(word: str) -> str:
    if word in ("watercolour", "ink", "anime", "pixel art"):
        return word
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _lower_first(text: str) -> str:
    """As inside a sentence, unless it begins with a name of capitals."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
