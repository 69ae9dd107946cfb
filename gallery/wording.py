"""Words that others will read: which rule they break. Reads only."""

from gallery.errors import NotPassed
from generation import moderation
from generation.errors import BlockedPrompt
from generation.models import Moderation


def check(**texts: str) -> None:
    """Raises NotPassed with the first field whose words break a rule: field, rule, phrase."""
    for field, text in texts.items():
        try:
            moderation.check_text(text)
        except BlockedPrompt as error:
            raise NotPassed(moderation=Moderation.REFUSED, field=field, **error.data) from error


def sentence(error: NotPassed) -> str:
    """What is said of it beside the field."""
    return f"It breaks the rule “{error.data['rule']}”: “{error.data['phrase']}”."
