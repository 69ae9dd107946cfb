"""A provider that keeps failing is left alone for a while: the breaker opens, and later lets one job at a time try.

Its state lies in the cache, one entry a provider, so that every worker and page sees it. A flush closes it, which costs
a handful of failed tries, and so does a cache that is away: no job may fail of that.

    closed -> open       FAULTS faults within WINDOW_SECONDS, and no more successes than faults in that time,
                         or one that says that no order can work until a person acts
    open -> half-open    after OPEN_SECONDS, twice as long each time in a row, at most OPEN_SECONDS_MAX
    half-open -> closed  the one trial succeeded;   -> open  it failed

What an order may have brought about itself counts once a person, so that nobody takes a provider from all others.
"""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum

from django.core.cache import cache
from django.db.models.functions import Now

from config.caches import Away
from generation.models import Attempt, ErrorCode
from generation.providers.base import ProviderError

log = logging.getLogger(__name__)

FAULTS = 5
WINDOW_SECONDS = 60
OPEN_SECONDS = 30
OPEN_SECONDS_MAX = 600
# How long a trial is waited for: one whose worker died makes room for the next.
TRIAL_SECONDS = 120
# Nobody asked for so long after it might have been tried again: the next failure begins a new count.
KEPT_SECONDS = 900
# Opened by hand it stays so until it is closed by hand, but no longer than this.
BY_HAND_SECONDS = 7 * 86400


class Leave(IntEnum):
    """Whether a call may be made; false in a condition exactly when it may not. A TRIAL's success has to be told."""

    NO = 0
    YES = 1
    TRIAL = 2


class Stand(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True)
class State:
    """How a provider's breaker stands. `until` is when the next trial may be made, by the clock of time.time()."""

    until: float = 0.0
    openings: int = 0
    why: str = ""
    closes_door: bool = False
    by_hand: bool = False

    @property
    def stand(self) -> Stand:
        if not self.openings:
            return Stand.CLOSED
        return Stand.OPEN if time.time() < self.until else Stand.HALF_OPEN

    @property
    def is_open(self) -> bool:
        return self.stand is Stand.OPEN

    @property
    def seconds_left(self) -> int:
        """Until the next trial; 0 when it is not open."""
        return max(1, round(self.until - time.time())) if self.is_open else 0


CLOSED = State()


# --- Reads -----------------------------------------------------------------------------------------------------------


def state(provider: str) -> State:
    return states([provider])[provider]


def states(providers: list[str]) -> dict[str, State]:
    """How several stand, in one round trip."""
    found: dict[str, State] = {}
    with suppress(Away):
        found = cache.get_many([_place(provider) for provider in providers])
    return {provider: found.get(_place(provider), CLOSED) for provider in providers}


# --- A job's way past it ---------------------------------------------------------------------------------------------


def allow(provider: str) -> Leave:
    """Whether a provider may be called now: one round trip, and a second one only for a trial."""
    match state(provider).stand:
        case Stand.CLOSED:
            return Leave.YES
        case Stand.OPEN:
            return Leave.NO
        case Stand.HALF_OPEN:
            return Leave.TRIAL if cache.add(_trial(provider), 1, TRIAL_SECONDS) else Leave.NO


def succeeded(provider: str) -> None:
    """A trial came to its pictures: closed. Harmless for any other success.

    One that is open by now is left so: whoever opened it, by hand or by a later failure, knew more.
    """
    with suppress(Away):
        if state(provider).is_open:
            return
        if cache.delete(_place(provider)):
            log.warning("the breaker of %s has closed: its trial succeeded", provider)
        cache.delete_many([_trial(provider), _faults(provider)])


def delivered(provider: str) -> None:
    """A success of which nobody knows any more whether it was a trial: one round trip while nothing is wrong."""
    if state(provider).openings:
        succeeded(provider)


def untried(provider: str) -> None:
    """A trial ended without telling anything of the provider: the next job makes one."""
    with suppress(Away):
        cache.delete(_trial(provider))


def failed(provider: str, error: ProviderError, *, person: str = "") -> None:
    """An attempt ended with an error, which may open the breaker. `person` is whose order it was (Job.person).

    What is not the provider's fault never counts: it only makes room for another trial.
    """
    with suppress(Away):
        _failed(provider, error, person)


def _failed(provider: str, error: ProviderError, person: str) -> None:
    now = state(provider)
    if now.is_open:
        return  # somebody whose call had begun before
    if not _counts(provider, now, error, person):
        if now.openings:
            cache.delete(_trial(provider))
        return
    if error.closes_door or now.stand is Stand.HALF_OPEN or _too_many(provider):
        _open(provider, now, error)


def _counts(provider: str, now: State, error: ProviderError, person: str) -> bool:
    """Whether this says something of the provider. Words or a picture can make some models fail each time."""
    if error.closes_door or not error.provider_at_fault:
        return error.closes_door
    if not person or not (error.permanent or error.code == ErrorCode.PROVIDER_FAILED):
        return True
    seconds = KEPT_SECONDS if now.openings else WINDOW_SECONDS
    return cache.add(f"{_place(provider)}:{now.stand}:{person}", 1, seconds)


def _too_many(provider: str) -> bool:
    faults = _count(provider)
    if faults < FAULTS:
        return False
    since = Now() - timedelta(seconds=WINDOW_SECONDS)
    return Attempt.objects.filter(provider=provider, finished_at__gt=since, pictures__gt=0).count() <= faults


def _count(provider: str) -> int:
    """This fault and those before it in the window that the first of them began."""
    if cache.add(_faults(provider), 1, WINDOW_SECONDS):
        return 1
    try:
        return cache.incr(_faults(provider))
    except ValueError:  # the window ended between the two
        return 1


def _open(provider: str, before: State, error: ProviderError) -> None:
    seconds = min(OPEN_SECONDS_MAX, OPEN_SECONDS * 2**before.openings)
    opened = State(
        until=time.time() + seconds, openings=before.openings + 1, why=str(error.code), closes_door=error.closes_door
    )
    if before.openings:
        cache.set(_place(provider), opened, seconds + KEPT_SECONDS)
        cache.delete_many([_trial(provider), _faults(provider)])
    elif not cache.add(_place(provider), opened, seconds + KEPT_SECONDS):
        return  # another worker's failure came first
    log.warning("the breaker of %s is open for %d s: %s", provider, seconds, error)
    if error.closes_door and not before.closes_door:
        _alert(provider, error)


def _alert(provider: str, error: ProviderError) -> None:
    """Once for as long as the door stays closed: nothing works there until a person acts."""
    from generation import tasks  # noqa: PLC0415  (tasks are doors of this module)

    log.error("%s takes no order until a person acts: %s", provider, error)
    tasks.alert_soon(f"{provider} takes no order", f"{error}\n\nUntil somebody acts, its models cannot run.")


# --- Staff -----------------------------------------------------------------------------------------------------------


def open_by_hand(provider: str, *, reason: str, actor: str) -> None:
    """Take a provider out until somebody closes it again."""
    opened = State(until=time.time() + BY_HAND_SECONDS, openings=1, why=f"{reason} ({actor})", by_hand=True)
    cache.set(_place(provider), opened, BY_HAND_SECONDS)
    log.warning("the breaker of %s was opened by %s: %s", provider, actor, reason)


def close_by_hand(provider: str, *, reason: str, actor: str) -> None:
    cache.delete_many([_place(provider), _trial(provider), _faults(provider)])
    log.warning("the breaker of %s was closed by %s: %s", provider, actor, reason)


def _place(provider: str) -> str:
    return f"breaker:{provider}"


def _trial(provider: str) -> str:
    return f"breaker:{provider}:trial"


def _faults(provider: str) -> str:
    return f"breaker:{provider}:faults"
