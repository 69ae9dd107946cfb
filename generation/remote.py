"""What a worker does about predictions that run elsewhere: starts one, looks at it, fetches its files, stops it.

Between two looks nobody holds the job; what is known of a prediction is in predictions.py, in PostgreSQL. Everything
here may happen twice, at once, or never to its end: whoever is first writes, the rest changes nothing.
"""

import json
import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from generation import breaker, callbacks, fetching, intake, orders, predictions, retrying, running
from generation.models import Attempt, ErrorCode, Job, JobState, ProviderEvent
from generation.providers import registry
from generation.providers.base import Output, Prediction, ProviderError, RemoteProvider, RemoteState

log = logging.getLogger(__name__)

# From look to look, longer each time.
LOOK_SECONDS, LOOK_SECONDS_MAX, LOOK_GROWTH = 2.0, 15.0, 1.5
# A prediction whose start was ambiguous is sought this often.
SEEK_SECONDS = 5.0
# Providers keep files for an hour: so long pictures are fetched even for a job that has failed meanwhile, and so long
# what should not run any more is told to stop.
FILES_KEPT = timedelta(hours=1)
WIND_UP_SECONDS_MAX = 60.0
# All of these fit into one claim of a prediction.
FILE_SECONDS_MAX, FILES_SECONDS_MAX = settings.JOB_COLLECT_SECONDS / 4, settings.JOB_COLLECT_SECONDS / 2
EVENTS_READ_MAX = 3


def start(job: Job, attempt: Attempt, provider: RemoteProvider) -> None:
    """Begin the prediction and leave it: no worker holds the job any more. Raises ProviderError where none began."""
    try:
        begun = provider.start(orders.of(job, attempt), callback_url=callbacks.url(attempt))
    except ProviderError as error:
        if not error.ambiguous:
            raise
        log.warning("job %s, try %d may have begun: %s", job.code, attempt.number, error)
        predictions.expect(job, attempt, external_id=None, seconds=SEEK_SECONDS)
        return
    predictions.expect(job, attempt, external_id=begun.external_id, seconds=0 if begun.is_over else LOOK_SECONDS)


def collect(*, attempt_id: int) -> None:
    """Ask about a prediction that is due, and do what follows from its answer."""
    attempt = predictions.claim(attempt_id=attempt_id)
    if attempt is None:
        return
    provider = registry.get(attempt.provider)
    assert isinstance(provider, RemoteProvider)
    asked = _Asked(provider, attempt)
    if attempt.job.is_open:
        asked.while_open()
    else:
        asked.afterwards()


def stop_stray(*, event_id: int) -> None:
    """Stop a prediction that names one of our attempts and is not the attempt's: nobody would ever look at it."""
    event = ProviderEvent.objects.select_related("attempt").get(pk=event_id)
    told = json.loads(bytes(event.body))
    provider = registry.get(event.provider)
    assert isinstance(provider, RemoteProvider)
    if event.attempt and event.attempt.external_id != told["id"]:
        log.warning("prediction %s names attempt %s and is not its own", told["id"], event.attempt)
        provider.cancel(told["id"])


@dataclass
class _Files:
    """What could be fetched of a prediction's files, and whether the rest may come by asking again."""

    outputs: list[Output] = field(default_factory=list)
    is_late: bool = False
    detail: str = "no picture came"


@dataclass(frozen=True)
class _Asked:
    """One claimed look at a prediction. `attempt` and its job are as they were when it was claimed."""

    provider: RemoteProvider
    attempt: Attempt

    @property
    def job(self) -> Job:
        return self.attempt.job

    # --- While the job is open ---------------------------------------------------------------------------------------

    def while_open(self) -> None:
        """Ends the job by its pictures or its error, or asks again later; the last time is at its deadline."""
        try:
            prediction = self._learn()
        except ProviderError as error:
            if error.permanent:
                self._fail(error)
            else:
                self._later(error.retry_after_seconds or self._pause())
            return
        if prediction is None:
            self._seek_again()
        elif prediction.state == RemoteState.SUCCEEDED:
            self._bring_in(prediction)
        elif prediction.is_over:
            self._fail(prediction.error or _stopped())
        else:
            self._show(prediction)
            self._later(self._pause())

    def _seek_again(self) -> None:
        """Nothing that was asked for is to be found yet; after a while it has never begun."""
        if timezone.now() < self.attempt.started_at + timedelta(seconds=settings.JOB_ADOPT_SECONDS):
            self._later(SEEK_SECONDS)
        else:
            self._fail(ProviderError(ErrorCode.PROVIDER_DOWN, permanent=False, detail="it never began"))

    def _show(self, prediction: Prediction) -> None:
        if prediction.state == RemoteState.RUNNING:
            percent = max(0, min(99, int((prediction.progress or 0) * 100)))
            running.runs(job_id=self.job.pk, tries=self.attempt.number, percent=percent)

    def _bring_in(self, prediction: Prediction) -> None:
        """Fetch, keep, store. What cannot be had now is asked for again while there is time, and what there is by then
        is a partial success."""
        if not running.storing(self.job):
            return  # it has ended meanwhile, and whoever ended it had this prediction asked about again
        files = self._fetch(prediction)
        if files.is_late and not (files.outputs and self._is_last()):
            self._later(self._pause())
            return
        if not files.outputs:
            permanent = bool(prediction.files)
            self._fail(ProviderError(ErrorCode.PROVIDER_FAILED, permanent=permanent, detail=files.detail))
            return
        try:
            self._store(prediction, files)
        except ProviderError as error:
            self._fail(error)
        except OSError as error:
            log.warning("job %s: the storage is away: %s", self.job.code, error)
            self._later(self._pause())

    def _fail(self, error: ProviderError) -> None:
        """What failed here is the try's failure, unless a webhook has just come or the try had been given up before."""
        breaker.failed(self.attempt.provider, error, person=self.job.person)
        with transaction.atomic():
            job = Job.objects.select_for_update(no_key=True).get(pk=self.job.pk)
            if predictions.is_told_all(self.attempt) and self.attempt.finished_at is None:
                retrying.follow(job, error, number=self.attempt.number)

    def _later(self, seconds: float) -> None:
        """Ask again, or end the job where its deadline has passed: that look was the last one.

        A try that had been given up before ends nothing.
        """
        if not self._is_last():
            predictions.ask_again(self.attempt, seconds=seconds, latest=self.job.deadline_at)
        elif self.attempt.finished_at is None:
            self._time_out()
        else:
            predictions.ask_again(self.attempt, seconds=seconds)

    def _time_out(self) -> None:
        """The job ends, and its prediction is told so by the next look; unless a webhook has just come."""
        with transaction.atomic():
            Job.objects.select_for_update(no_key=True).get(pk=self.job.pk)
            if predictions.is_untouched(self.attempt):
                running.fail(job_id=self.job.pk, code=ErrorCode.TIMEOUT, detail="past its deadline")

    def _is_last(self) -> bool:
        return timezone.now() >= self.job.deadline_at

    def _pause(self) -> float:
        return min(LOOK_SECONDS_MAX, LOOK_SECONDS * LOOK_GROWTH ** min(self.attempt.polls - 1, 10))

    # --- After the job has ended -------------------------------------------------------------------------------------

    def afterwards(self) -> None:
        """A failed job's late pictures are kept for its owner; whatever still runs is stopped."""
        try:
            is_done = self._wind_up()
        except (ProviderError, OSError) as error:
            log.warning("job %s, try %d, after its end: %s", self.job.code, self.attempt.number, error)
            is_done = isinstance(error, ProviderError) and error.permanent
        if is_done or self._are_files_gone():
            predictions.is_told_all(self.attempt)
        else:
            predictions.ask_again(self.attempt, seconds=min(WIND_UP_SECONDS_MAX, 2 * self._pause()))

    def _wind_up(self) -> bool:
        """Whether nothing is left to do."""
        if self.job.state == JobState.FAILED or self.attempt.external_id is None:
            prediction = self._learn()
            if prediction is None:
                return timezone.now() > self.attempt.started_at + timedelta(seconds=settings.JOB_ADOPT_SECONDS)
            if prediction.state == RemoteState.SUCCEEDED and self.job.state == JobState.FAILED:
                return self._bring_in_late(prediction)
            if prediction.is_over:
                return True
        assert self.attempt.external_id
        self.provider.cancel(self.attempt.external_id)
        return True

    def _bring_in_late(self, prediction: Prediction) -> bool:
        files = self._fetch(prediction)
        if files.is_late and not self._are_files_gone():
            return False
        if files.outputs:
            with suppress(ProviderError):  # not one of them can be read: nothing is kept of it
                self._store(prediction, files)
        return True

    def _are_files_gone(self) -> bool:
        return timezone.now() > self.attempt.started_at + FILES_KEPT

    # --- What the provider tells -------------------------------------------------------------------------------------

    def _learn(self) -> Prediction | None:
        """What the prediction has come to: by its last webhook, by asking, or by seeking it. None: not to be found."""
        attempt = self.attempt
        if attempt.external_id is None:
            found = self.provider.find(orders.of(self.job, attempt), since=attempt.started_at)
            return found if found and predictions.adopt(attempt, found.external_id) else None
        return self._told() or self.provider.look(attempt.external_id, recipe=self._recipe())

    def _told(self) -> Prediction | None:
        """By a webhook that said the last word; one of another shape says nothing."""
        finals = ProviderEvent.objects.filter(attempt=self.attempt, is_final=True).exclude(body=b"").order_by("-pk")
        for body in finals.values_list("body", flat=True)[:EVENTS_READ_MAX]:
            try:
                told = self.provider.read(json.loads(bytes(body)), recipe=self._recipe())
            except ValueError:
                continue
            if told.external_id == self.attempt.external_id:
                return told
        return None

    def _recipe(self) -> dict[str, object]:
        recipe: dict[str, object] = (self.attempt.model or self.job.model).recipe
        return recipe

    # --- From addresses to pictures ----------------------------------------------------------------------------------

    def _fetch(self, prediction: Prediction) -> _Files:
        """Each file by itself: one that is gone for good spoils no other."""
        files, until = _Files(), time.monotonic() + FILES_SECONDS_MAX
        hosts, seeds = self.provider.file_hosts(), self.job.seeds()
        for index, url in enumerate(prediction.files[: self.job.count]):
            seconds = min(FILE_SECONDS_MAX, max(0.1, until - time.monotonic()))
            try:
                data = fetching.fetch(url, hosts=hosts, bytes_max=intake.bytes_max(self.job), seconds_max=seconds)
            except fetching.Unfetched as error:
                log.warning("job %s, picture %d: %s", self.job.code, index, error)
                files.detail, files.is_late = str(error), files.is_late or not error.permanent
            else:
                files.outputs.append(Output(index, data, seeds[index], prediction.verdict))
        return files

    def _store(self, prediction: Prediction, files: _Files) -> None:
        kept = intake.keep_readable(job=self.job, outputs=files.outputs)
        running.store(self.job, self.attempt, kept, run_seconds=self._run_seconds(prediction))
        breaker.delivered(self.attempt.provider)

    def _run_seconds(self, prediction: Prediction) -> float:
        """As the provider measured it; else since the attempt began, by our clock."""
        if prediction.run_seconds is not None:
            return prediction.run_seconds
        return max(0.0, (timezone.now() - self.attempt.started_at).total_seconds())


def _stopped() -> ProviderError:
    """Our owner's cancel ends the job first, so this was somebody else's."""
    return ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False, detail="the provider stopped it")
