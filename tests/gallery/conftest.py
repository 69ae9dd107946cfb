"""Who and what else tests of the gallery know: a moderator, and a collection of Alice's."""

import pytest

from accounts.models import User
from gallery import collecting
from gallery.models import Collection
from tests.gallery.cases import moderator


@pytest.fixture
def mona(db: None) -> User:
    return moderator("mona")


@pytest.fixture
def mine(alice: User) -> Collection:
    return collecting.create(owner=alice, name="Paper studies")
