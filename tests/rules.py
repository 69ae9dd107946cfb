"""Says which rule of the database refuses something."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, transaction

from credits.triggers import broken_rule


@contextmanager
def refused_by(rule: str) -> Iterator[None]:
    """What happens inside is refused by exactly this constraint or trigger, and leaves the transaction usable."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        yield
    assert broken_rule(caught.value) == rule
