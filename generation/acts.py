"""What staff start and stop at Replicate by hand: written into the admin's log first, then done once, by a worker.

A row of the log is who, when, why and what, and how far it is. Only this module writes these rows; a state changes by
comparing the whole text, so that of two workers one goes on. What may have begun is never begun again.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from generation import console
from generation.errors import ActKnown
from generation.providers.base import ProviderError
from generation.providers.replicate import schema

ACT_SECONDS = 120
# What no worker came to within it is not done any more: nobody waits for it.
LAPSE_SECONDS = 600
SENT_AGAIN_SECONDS = 10
SHOWN_MAX = 20
PREFIX = "replicate:"


class Kind(StrEnum):
    START = "start"
    CANCEL = "cancel"


class State(StrEnum):
    ASKED = "asked"
    BEGUN = "begun"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    LAPSED = "lapsed"


@dataclass(frozen=True)
class Told:
    """The text of a row. `training_id` is known beforehand for a cancel, afterwards for a start."""

    kind: str
    reason: str
    state: str = State.ASKED
    model: str = ""
    version: str = ""
    destination: str = ""
    hardware: str = ""
    given: Mapping[str, Any] | None = None
    training_id: str = ""
    words: str = ""

    def text(self) -> str:
        return json.dumps(asdict(self))

    def is_same(self, other: "Told") -> bool:
        """Whether both ask for the same, however far they are."""
        mine, theirs = (replace(told, state="", words="", training_id="") for told in (self, other))
        return mine == theirs and (self.kind != Kind.CANCEL or self.training_id == other.training_id)


@dataclass(frozen=True)
class Act:
    """One act as pages show it."""

    id: int
    key: str
    title: str
    actor: str
    at: datetime
    told: Told

    @property
    def state(self) -> State:
        """A worker that died on the way leaves it open whether Replicate was told."""
        state, age = State(self.told.state), (timezone.now() - self.at).total_seconds()
        if state == State.ASKED and age > LAPSE_SECONDS:
            return State.LAPSED
        if state == State.BEGUN and age > LAPSE_SECONDS + ACT_SECONDS:
            return State.UNKNOWN
        return state

    @property
    def is_open(self) -> bool:
        return self.state in (State.ASKED, State.BEGUN)


# --- Asking for it ---------------------------------------------------------------------------------------------------


def start_training(
    *,
    actor_id: int,
    form_key: str,
    reason: str,
    model: str,
    version: str,
    destination: str,
    given: Mapping[str, Any],
    hardware: str = "",
) -> Act:
    """Write down that a training is wanted; the same form twice is one. Raises ActKnown."""
    told = Told(
        kind=Kind.START,
        reason=reason,
        model=model,
        version=version,
        destination=destination,
        hardware=hardware,
        given=given,
    )
    return _write(actor_id, form_key, f"Train {model} into {destination}", ADDITION, told)


def cancel_training(*, actor_id: int, form_key: str, reason: str, training_id: str) -> Act:
    """Write down that a training is to stop. Raises ActKnown."""
    told = Told(kind=Kind.CANCEL, reason=reason, training_id=training_id)
    return _write(actor_id, form_key, f"Cancel training {training_id}", CHANGE, told)


@transaction.atomic
def _write(actor_id: int, form_key: str, title: str, flag: int, told: Told) -> Act:
    from generation import tasks  # noqa: PLC0415  (tasks are doors of this module)

    get_user_model()._default_manager.select_for_update(no_key=True).get(pk=actor_id)  # two clicks take turns
    key = f"{PREFIX}user:{actor_id}:form:{form_key}"
    row = _rows().filter(object_id=key).first()
    if row is None:
        row = LogEntry.objects.create(
            user_id=actor_id, object_id=key, object_repr=title[:200], action_flag=flag, change_message=told.text()
        )
        tasks.act_soon(row.pk)
    act = _act(row)
    if not act.told.is_same(told):
        raise ActKnown
    return act


def wrong_input(version: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """What is wrong with a training's input, a sentence each, by what the console knows of the version."""
    taken = [schema.Input(**told) for told in version["training_inputs"]]
    return schema.wrong(given, taken) if taken else ["This version cannot be trained."]


# --- Reads -----------------------------------------------------------------------------------------------------------


def find(act_id: int) -> Act | None:
    """One act; an open one that was lost on its way to a worker is sent again."""
    from generation import tasks  # noqa: PLC0415

    row = _rows().filter(pk=act_id).first()
    act = _act(row) if row else None
    if act and act.state == State.ASKED and cache.add(f"console:act:{act_id}", 1, SENT_AGAIN_SECONDS):
        tasks.act_soon(act_id)
    return act


def recent() -> list[Act]:
    return [_act(row) for row in _rows().order_by("-pk")[:SHOWN_MAX]]


def _rows() -> Any:
    return LogEntry.objects.filter(content_type=None, object_id__startswith=PREFIX).select_related("user")


def _act(row: LogEntry) -> Act:
    told = Told(**json.loads(row.change_message))
    return Act(row.pk, row.object_id or "", row.object_repr, str(row.user), row.action_time, told)


# --- The worker's part -----------------------------------------------------------------------------------------------


def perform(*, act_id: int) -> None:
    """Do it, unless it has been begun by whomever. Safe to run twice."""
    row = _rows().filter(pk=act_id).first()
    if row is None or _act(row).state != State.ASKED:
        return
    told = _act(row).told
    begun = replace(told, state=State.BEGUN)
    if not _move(act_id, told, begun):
        return
    try:
        done = _done(begun)
    except ProviderError as error:
        problem = console.problem_of(error)
        state = State.UNKNOWN if error.ambiguous else State.REFUSED
        done = replace(begun, state=state, words=f"{problem.title}. {problem.detail}".strip())
    _move(act_id, begun, done)
    _forget(done)


def _move(act_id: int, before: Told, after: Told) -> bool:
    """From one text to another; False where somebody was faster."""
    changed = LogEntry.objects.filter(pk=act_id, change_message=before.text())
    return changed.update(change_message=after.text()) == 1


def _done(told: Told) -> Told:
    from generation.providers.replicate import console as replicate  # noqa: PLC0415  (imports the SDK)

    if told.kind == Kind.CANCEL:
        status = replicate.cancel_training(told.training_id)
        return replace(told, state=State.DONE, words=f"Replicate says: {status}.")
    given = told.given or {}
    owner, _, name = told.model.partition("/")
    if wrong := wrong_input(replicate.version(owner, name, told.version), given):
        return replace(told, state=State.REFUSED, words=" ".join(wrong))
    if told.hardware:
        replicate.make_destination(told.destination, hardware=told.hardware)
    training_id = replicate.train(model=told.model, version=told.version, destination=told.destination, given=given)
    return replace(told, state=State.DONE, training_id=training_id)


def _forget(told: Told) -> None:
    """The lists and the training have changed."""
    console.forget("trainings")
    if told.training_id:
        console.forget("training", training_id=told.training_id)
