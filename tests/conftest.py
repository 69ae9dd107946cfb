"""The test run's ground: static files, clean Redis, a flush that passes the ledger's guards, and the fixed cast.

Alice has 100 credits, Bob none, Charlie is a stranger, Gwen a guest, Sam staff.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.cache import cache
from django.db import transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import override_settings

from accounts.models import User
from config import run
from credits import ledger
from tests.browsers import As, browser_of
from tests.funds import give
from tests.rediswatch import limits_redis

if TYPE_CHECKING:
    from tests.buckets import Moto

# --- The ground ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def fast_passwords() -> Iterator[None]:
    """A password hash is slow on purpose; no test is about that."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def collected_static_files() -> None:
    """Pages name hashed files through the manifest here too, so a missing file fails a test."""
    run.collect_static()


@pytest.fixture(autouse=True)
def clean_redis() -> None:
    """Empties the databases of cache and limits; the broker's is a third one and stays."""
    cache.clear()
    limits_redis().flushdb()


@pytest.fixture(scope="session", autouse=True)
def flush_past_the_guards() -> Iterator[None]:
    """A transactional test ends with TRUNCATE, which the ledger refuses to everybody: only this flush may pass."""
    plain = DatabaseOperations.sql_flush

    def sql_flush(self: DatabaseOperations, style: Any, tables: Sequence[str], **options: Any) -> list[str]:
        guards = [guard for guard in _truncate_guards() if guard[0] in tables]
        off = [f"ALTER TABLE {table} DISABLE TRIGGER {name}" for table, name in guards]
        on = [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for table, name in guards]
        return [*off, *plain(self, style, tables, **options), *on]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        yield


def _truncate_guards() -> list[tuple[str, str]]:
    """Table and trigger of everything that refuses TRUNCATE, in whichever app."""
    models: list[Any] = list(apps.get_models())
    return [
        (model._meta.db_table, trigger.get_pgid(model))
        for model in models
        for trigger in getattr(model._meta, "triggers", [])
        if "TRUNCATE" in str(trigger.operation)
    ]


@pytest.fixture(autouse=True)
def files_of_the_test(settings: Any, tmp_path: Path) -> None:
    """What a test stores goes away with it."""
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(scope="session")
def moto() -> Iterator["Moto"]:
    from tests.buckets import Moto  # noqa: PLC0415  (boto3 and moto take a second: most runs need neither)

    with Moto() as server:
        yield server


@pytest.fixture
def bucket(moto: "Moto", settings: Any) -> "Moto":
    """The site's files lie in a bucket, which is empty."""
    moto.empty()
    settings.STORAGES = moto.storages()
    return moto


@pytest.fixture
def public_bucket(bucket: "Moto", settings: Any) -> "Moto":
    """And everybody reads its folder public/ at an address of its own."""
    settings.S3_PUBLIC_URL = bucket.public_url
    return bucket


@pytest.fixture(params=["disk", "bucket"])
def anywhere(request: pytest.FixtureRequest) -> None:
    """On a disk, then in a bucket."""
    if request.param == "bucket":
        request.getfixturevalue("bucket")


@pytest.fixture
def browse() -> As:
    return browser_of


# --- The cast --------------------------------------------------------------------------------------------------------


def _account(name: str, **fields: Any) -> User:
    """An account whose e-mail address is verified; the password is "correct horse"."""
    user = User.objects.create_user(f"{name}@example.org", "correct horse", handle=name, **fields)
    EmailAddress.objects.create(user=user, email=f"{name}@example.org", verified=True, primary=True)
    return user


@pytest.fixture
def alice(db: None) -> User:
    """100 credits: 20 daily, 50 bonus, 30 purchased. She has bought, so the higher limits are hers."""
    user = _account("alice")
    give(user, bonus=50, purchased=30)
    return user


@pytest.fixture
def bob(db: None) -> User:
    """No credits: his daily ones of today are gone."""
    user = _account("bob")
    with transaction.atomic():
        purse = ledger.lock(owner_id=user.pk, is_guest=False)
        if purse.daily:
            ledger.reserve(purse=purse, amount=purse.daily, subject=f"spent:{user.pk}", kind="generation")
    ledger.settle(subject=f"spent:{user.pk}", amount=purse.daily)
    return user


@pytest.fixture
def charlie(db: None) -> User:
    """A stranger with an account, who has never bought."""
    return _account("charlie")


@pytest.fixture
def gwen(db: None) -> User:
    """A guest."""
    return User.objects.create_guest()


@pytest.fixture
def sam(db: None) -> User:
    """Staff."""
    return _account("sam", is_staff=True, is_superuser=True)
