"""No charge exceeds its quote, whatever model, size, count, pictures stored and time: by plain numbers and in rows."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from credits import statements
from generation import catalogue, running
from generation.models import ErrorCode, InferenceModel, Job
from generation.pricing import price
from generation.pricing import quote as quotes
from generation.shapes import SHAPES
from tests import pictures
from tests.funds import give

rates = st.integers(1, 1000)
seconds = st.floats(0.001, 10_000)
measured_seconds = st.just(0.0) | st.floats(0, 1e12)
shapes = st.sampled_from(sorted(SHAPES))
counts = st.integers(1, 4)


# A busy machine is no fault of the numbers.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def models(draw: st.DrawFn) -> InferenceModel:
    """A catalogue row as it could be: any rate, any typical time, measured or not, with steps or without."""
    return InferenceModel(
        slug=draw(st.from_regex(r"[a-z0-9-]{1,50}", fullmatch=True)),
        name=draw(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)),
        price_credits=draw(rates),
        is_pro=draw(st.booleans()),
        typical_seconds=draw(seconds),
        measured_seconds=draw(st.none() | seconds),
        normal_steps=draw(st.none() | st.integers(1, 100)),
    )


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    steps, references = draw(st.none() | st.integers(1, 200)), draw(st.integers(0, 8))
    return {"model": draw(models()), "aspect_ratio": draw(shapes), "steps": steps, "references": references}


@unhurried
@given(requests(), counts, st.integers(0, 4), measured_seconds)
def test_no_charge_exceeds_its_quote(asked: dict[str, Any], count: int, stored: int, measured: float) -> None:
    made = quotes.make(**asked, count=count)
    each = price.charge(quoted=made.price_credits, expected_seconds=made.expected_seconds, measured_seconds=measured)
    assert 1 <= each <= made.price_credits
    assert min(stored, count) * each <= made.total_credits


@unhurried
@given(requests())
def test_each_picture_of_four_costs_what_one_alone_costs(asked: dict[str, Any]) -> None:
    """So more pictures never cost less, and three of four cost three."""
    made = [quotes.make(**asked, count=count) for count in (1, 2, 3, 4)]
    assert [quote.total_credits for quote in made] == [made[0].price_credits * count for count in (1, 2, 3, 4)]
    assert len({quote.price_credits for quote in made}) == 1
    assert [quote.lines[-1].amount for quote in made] == ["× 1", "× 2", "× 3", "× 4"]
    assert made[0].lines[:-1] == made[3].lines[:-1]


@unhurried
@given(requests(), counts)
def test_a_token_brings_back_exactly_what_was_shown(asked: dict[str, Any], count: int) -> None:
    made = quotes.make(**asked, count=count)
    assert quotes.accept(quotes.sign(made, **asked), **asked, count=count) == made


@unhurried
@given(requests(), counts, seconds)
def test_the_expected_time_alone_never_makes_a_slower_model_cheaper(
    asked: dict[str, Any], count: int, other: float
) -> None:
    made = []
    for expected in sorted([asked["model"].expected_seconds, other]):
        asked["model"].measured_seconds = expected
        made.append(quotes.make(**asked, count=count))
    assert made[0].total_credits <= made[1].total_credits
    assert made[1].total_credits <= 3 * asked["model"].price_credits * count  # the rule base's range bounds it


# --- Through the real functions, in rows -----------------------------------------------------------------------------


@pytest.fixture
def rich(alice: User) -> User:
    give(alice, purchased=1_000_000)
    return alice


@pytest.mark.django_db
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.builds(dict, price_credits=rates, typical_seconds=seconds, measured_seconds=st.none() | seconds),
    shapes,
    counts,
    st.integers(0, 4),
    measured_seconds,
)
def test_no_job_is_charged_more_than_its_quote(
    rich: User, row: dict[str, Any], ratio: str, count: int, stored: int, measured: float
) -> None:
    catalogue.sync()
    InferenceModel.objects.update(**row, measured_at="2026-01-01T00:00:00Z")
    with transaction.atomic():
        job = pictures.submit(rich, pictures=count, prompt="A red kite", ratio=ratio)
        reserved = statements.of_subject(job.subject).reserved
        InferenceModel.objects.update(price_credits=1, typical_seconds=1, measured_seconds=None)
        end(job, stored=min(stored, count), run_seconds=measured)
    charges = statements.of_subject(job.subject)
    made = min(stored, count)
    assert charges.reserved == reserved == job.price_credits * count
    assert charges.captured + charges.released == reserved
    assert made <= charges.captured <= job.price_credits * made


def end(job: Job, *, stored: int, run_seconds: float) -> None:
    attempt = pictures.begin(job)
    if stored:
        pictures.deliver(attempt, run_seconds=run_seconds, stored=stored)
    else:
        assert running.fail(job_id=job.pk, code=ErrorCode.PROVIDER_FAILED)
