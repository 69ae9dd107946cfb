"""What words may ask for and show: a text that breaks a rule is refused, one that shows more raises its level.

Pure. `fold` undoes tricks with letters, `rules` holds the lists. Words alone are judged here, never a picture.
"""

import re

from generation.errors import BlockedPrompt
from generation.models import Level
from generation.moderation import fold, rules

__all__ = ["check", "check_text", "level_of"]


def check(prompt: str) -> None:
    """Raise BlockedPrompt with the first rule that a prompt breaks, and the phrase as it stands there."""
    for reading in fold.readings(prompt):
        text = rules.HARMLESS.sub(_blank, reading.text)
        for rule in rules.RULES:
            if found := rule.pattern.search(text):
                raise BlockedPrompt(rule=rule.title, phrase=reading.source_of(found, prompt))


def check_text(text: str) -> None:
    """The same for what others read beside pictures: titles, names, comments. Raises BlockedPrompt."""
    check(text)


def level_of(*texts: str) -> Level:
    """The least content level of a picture that such words are about. Raises a level, never blocks."""
    found = Level.GENERAL
    for text in texts:
        for reading in fold.readings(text):
            plain = rules.HARMLESS.sub(_blank, reading.text)
            found = Level.highest(found, *(level for level, words in rules.LEVELS if words.search(plain)))
    return found


def _blank(found: re.Match[str]) -> str:
    """As long as what it replaces, so that positions stay; no word, so that nothing is found across a boundary."""
    return "_" * len(found[0])
