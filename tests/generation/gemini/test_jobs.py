"""Jobs that Gemini runs: one call a try, nothing taken for what was refused, whatever came kept and paid for."""

from typing import Any

import pytest

from accounts.models import User
from credits import statements
from generation import jobs, worker
from generation.models import Asset, Attempt, ErrorCode, InferenceModel, Job, JobState, Lane
from generation.pricing import quote
from generation.wish import Wish
from tests.emulators.gemini import GeminiEmulator
from tests.generation.asking import rested
from tests.generation.gemini.asking import MODEL, one_picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> InferenceModel:
    return InferenceModel.objects.create(
        slug="banana",
        name="Banana",
        about="Gemini at the wire",
        provider="gemini",
        provider_model=MODEL,
        lane=Lane.PROVIDERS,
        aspect_ratios=["1:1"],
        max_count=4,
        price_credits=1,  # a charge may be lower than its quote, not lower than one
        typical_seconds=8,
    )


def run(owner: User, model: InferenceModel, *, count: int = 1, tries: int = 1) -> Job:
    """A job, submitted and taken up so many times."""
    token = quote.sign(quote.make(model=model, aspect_ratio="1:1", count=count), model=model, aspect_ratio="1:1")
    wish = Wish(model=model, prompt="A pier in fog", count=count)
    job = jobs.submit(owner=owner, visitor=None, wish=wish, quote_token=token, key="gemini", address="198.51.100.7").job
    for _ in range(tries):
        worker.work(Lane.PROVIDERS)
        rested()
    job.refresh_from_db()
    return job


def money(job: Job) -> tuple[int, int]:
    """What was captured, what is still reserved."""
    told = statements.of_subject(job.subject)
    return told.captured, told.open


def test_pictures_are_stored_and_paid_for(alice: User, model: InferenceModel, gemini: GeminiEmulator) -> None:
    job = run(alice, model, count=2)
    assert job.state == JobState.SUCCEEDED
    assert [(asset.width, asset.seed) for asset in Asset.objects.filter(job=job)] == [(1024, None)] * 2
    assert money(job) == (2, 0)


@pytest.mark.parametrize(
    ("fault", "code"), [("block_prompt", ErrorCode.BLOCKED_PROMPT), ("block_output", ErrorCode.BLOCKED_OUTPUT)]
)
def test_what_is_refused_costs_nothing_and_is_not_asked_again(
    alice: User, model: InferenceModel, gemini: GeminiEmulator, fault: str, code: ErrorCode
) -> None:
    gemini.faults.add(fault, times=None)
    job = run(alice, model, count=2, tries=2)
    assert (job.state, job.error_code) == (JobState.FAILED, code)
    assert "SAFETY" in Attempt.objects.get(job=job).error_detail
    assert money(job) == (0, 0)
    assert len(gemini.calls) == 1


def test_an_empty_answer_is_asked_for_again_and_paid_for_once(
    alice: User, model: InferenceModel, gemini: GeminiEmulator
) -> None:
    gemini.faults.add("text_only")
    job = run(alice, model, tries=2)
    assert (job.state, job.tries) == (JobState.SUCCEEDED, 2)
    assert money(job) == (1, 0)


@pytest.mark.parametrize("fault", ["no_image", "bad_base64", "wrong_mime", "empty_picture"])
def test_a_model_that_never_answers_with_a_picture_is_asked_three_times(
    alice: User, model: InferenceModel, gemini: GeminiEmulator, fault: str
) -> None:
    gemini.faults.add(fault, times=None)
    job = run(alice, model, tries=4)
    assert (job.state, job.error_code) == (JobState.FAILED, ErrorCode.PROVIDER_FAILED)
    assert money(job) == (0, 0)
    assert len(gemini.calls) == 3


def test_bytes_that_are_no_picture_cost_nothing(
    alice: User, model: InferenceModel, gemini: GeminiEmulator, settings: Any
) -> None:
    inline = {"inlineData": {"mimeType": "image/png", "data": "PGh0bWw-"}}
    gemini.faults.add("shape", times=None, body={"candidates": [{"content": {"parts": [inline]}}]})
    job = run(alice, model, tries=3)
    assert (job.state, job.error_code) == (JobState.FAILED, ErrorCode.PROVIDER_FAILED)
    assert money(job) == (0, 0)
    assert not list(settings.MEDIA_ROOT.rglob("*.png"))


def test_one_picture_of_two_costs_one(alice: User, model: InferenceModel, gemini: GeminiEmulator) -> None:
    gemini.faults.add("shape", body=one_picture())
    gemini.faults.add("shape", body={"candidates": [{"finishReason": "IMAGE_SAFETY"}]})
    job = run(alice, model, count=2)
    assert job.state == JobState.SUCCEEDED
    assert money(job) == (1, 0)
