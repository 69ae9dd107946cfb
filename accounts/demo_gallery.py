"""The lived-in gallery of a fresh site: its people and pictures stand in demo_gallery.toml, and every picture is made
through a job and the ledger like any other, then published some hours or days back. Never in production."""

import logging
import multiprocessing
import os
import signal
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.cache import caches
from django.db import connections, transaction
from django.utils import timezone

from accounts import demo_company, signup
from accounts.models import User
from gallery import posts
from gallery.models import Level, Post, Visibility
from generation import access, catalogue, jobs, renditions, worker
from generation.errors import GenerationError
from generation.models import Asset, InferenceModel, Job
from generation.pricing import quote
from generation.wish import Wish

log = logging.getLogger(__name__)

FILE = Path(__file__).with_name("demo_gallery.toml")
MODEL = "demo"
MAIL_DOMAIN = "example.com"
# Of the range kept for documentation, one for each picture: nobody's rate limit is used up.
ADDRESSES = "192.0.2"
WAIT_SECONDS = 0.05
STALLED_SECONDS = 60

Wait = Callable[[], object]


@dataclass(frozen=True)
class Plan:
    """What the gallery shall hold. A picture names its artist by handle, `company` what they say and keep."""

    artists: dict[str, dict[str, Any]]
    pictures: list[dict[str, Any]]
    company: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"comments": [], "collections": []})


def plan(path: Path = FILE) -> Plan:
    data = tomllib.loads(path.read_text())
    company = {name: data[name] for name in ("comments", "collections")}
    return Plan(artists=data["artists"], pictures=data["pictures"], company=company)


def is_allowed() -> bool:
    """Invented people have no place on a site with a database of its own, unless a developer says DEBUG."""
    return bool(settings.EMBEDDED or settings.DEBUG)


def is_wanted(plan: Plan) -> bool:
    """Only for a site without people and posts. Its own artists count as nobody: a seeding that was cut off goes on."""
    strangers = User.objects.filter(is_guest=False).exclude(email__in=map(_address, plan.artists))
    return not Post.objects.exists() and not strangers.exists()


def seed(plan: Plan, *, painters: int) -> int:
    """Make the gallery with so many painting processes (0: paint here); returns how many pictures it shows.

    All posts appear in one commit at the end, so a seeding that was cut off is seen as such and can begin again.
    """
    model = _model()
    people = {handle: _artist(handle, told) for handle, told in plan.artists.items()}
    with _painting(painters, model.lane) as wait:
        made = [_submit(people[p["artist"]], model, p, number, wait) for number, p in enumerate(plan.pictures)]
        _finish([job for job in made if job], wait)
    return _publish(plan, people, made)


# --- People ----------------------------------------------------------------------------------------------------------


def _address(handle: str) -> str:
    return f"{handle}@{MAIL_DOMAIN}"


def _artist(handle: str, told: dict[str, Any]) -> User:
    """An account with a confirmed address, welcome credits, and no password that anybody could know."""
    with transaction.atomic():
        user = User.objects.filter(email=_address(handle)).first() or User.objects.create_user(
            _address(handle),
            handle=handle,
            display_name=told["name"],
            bio=told["bio"],
            date_joined=timezone.now() - timedelta(days=told["days"]),
        )
        EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    signup.arrive(account_id=user.pk, guest_id=None)
    return user


def _model() -> InferenceModel:
    if not InferenceModel.objects.filter(slug=MODEL).exists():
        catalogue.sync()
    return InferenceModel.objects.get(slug=MODEL)


# --- Jobs ------------------------------------------------------------------------------------------------------------


def _submit(owner: User, model: InferenceModel, picture: dict[str, Any], number: int, wait: Wait) -> Job | None:
    """The picture's job, also where an earlier seeding has made it; None where it cannot be paid or is refused."""
    wish = Wish(
        model=model,
        prompt=picture["prompt"],
        negative_prompt=picture.get("without", ""),
        aspect_ratio=picture["ratio"],
        style=picture.get("style", "none"),
        seed=picture["seed"],
        seed_mode="locked",
    )
    _wait_for_room(owner, wait)
    price = quote.make(model=model, aspect_ratio=wish.aspect_ratio, count=wish.count)
    token = quote.sign(price, model=model, aspect_ratio=wish.aspect_ratio)
    key, address = f"demo-gallery-{number}", f"{ADDRESSES}.{number % 254 + 1}"
    try:
        return jobs.submit(owner=owner, visitor=None, wish=wish, quote_token=token, key=key, address=address).job
    except GenerationError as error:
        log.warning("demo gallery, picture %d: %s %s", number, error.code, error.data)
        return None


def _wait_for_room(owner: User, wait: Wait) -> None:
    """Artists may have so many open jobs as anybody else."""
    most = access.open_jobs_max(access.Tier.ACCOUNT) - 1
    _wait_while(lambda: Job.objects.filter(owner=owner, finished_at=None).count(), wait, most=most)


def _finish(made: list[Job], wait: Wait) -> None:
    ids = [job.pk for job in made]
    _wait_while(lambda: Job.objects.filter(pk__in=ids, finished_at=None).count(), wait, most=0)


def _wait_while(count: Callable[[], int], wait: Wait, *, most: int) -> None:
    """Wait until at most so many jobs are open, or nothing has moved for long.

    A job that a killed seeding was painting is held by its lease: the sweep takes it back later, nobody waits for it.
    """
    left, since = count(), time.monotonic()
    while left > most and time.monotonic() - since < STALLED_SECONDS:
        wait()
        if (now := count()) != left:
            left, since = now, time.monotonic()


def _publish(plan: Plan, people: dict[str, User], made: list[Job | None]) -> int:
    """Hang what was made, the oldest first, each with its own hours in the past; then people come to look."""
    now = timezone.now()
    hung: dict[int, Post] = {}
    with transaction.atomic():
        for picture, job in zip(plan.pictures, made, strict=True):
            asset = Asset.objects.filter(job=job).select_related("owner").first() if job else None
            if asset is None:
                continue
            hung[picture["seed"]] = posts.publish(
                asset=asset,
                owner=asset.owner,
                title=picture.get("title", ""),
                visibility=Visibility.PUBLIC,
                hide_prompt=picture.get("hide_prompt", False),
                level=Level.GENERAL,
                when=now - timedelta(hours=picture["hours"]),
            )
        demo_company.mingle(people, hung, plan.company)
    return len(hung)


# --- Painting --------------------------------------------------------------------------------------------------------


@contextmanager
def _painting(painters: int, lane: str) -> Iterator[Wait]:
    """Processes that do a worker's job while the block runs. Gives what to call while waiting for them."""
    if not painters:
        yield lambda: _paint_one(lane)
        return
    context = multiprocessing.get_context("fork")
    stop = context.Event()
    _let_go()
    crew = [context.Process(target=_paint_until, args=(lane, stop, os.getpid()), daemon=True) for _ in range(painters)]
    for painter in crew:
        painter.start()
    try:
        yield lambda: time.sleep(WAIT_SECONDS)
    finally:
        stop.set()
        for painter in crew:
            painter.join()


def _let_go() -> None:
    """No connection may be shared with a forked process: each opens its own when it needs one."""
    connections.close_all()
    caches.close_all()


def _paint_until(lane: str, stop: Event, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent says when to stop
    while not stop.is_set() and os.getppid() == parent:
        if not _paint_one(lane):
            time.sleep(WAIT_SECONDS)


def _paint_one(lane: str) -> bool:
    """Run the next waiting job and make its renditions at once: no worker may be there yet to make them later."""
    job = worker.work(lane)
    if job is None:
        return False
    for asset in Asset.objects.filter(job=job):
        renditions.make(asset_id=asset.pk)
    return True
