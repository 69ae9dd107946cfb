"""Words about pictures, with a language model's help: a prompt enhanced, a reference picture described, both merged.

No SDK is known here. What a model answers is text or one of our own words, never markup and never an authority.
"""

from generation.providers import registry


def available() -> bool:
    """Whether this site can ask a language model at all; pages hide the switches where it cannot."""
    return registry.is_configured("gemini")
