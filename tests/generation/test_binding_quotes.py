"""What was shown is what is reserved and the most that is charged: for its two minutes, for its request, unaltered."""

import base64
import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from credits import statements
from generation import catalogue, jobs
from generation.errors import ModelUnavailable, QuoteExpired
from generation.models import InferenceModel, Job
from generation.pricing import quote as quotes
from generation.wish import Wish
from tests import pictures
from tests.browsers import As
from tests.generation.asking import HTMX, ask, demo, error_of, form, job_of, token
from tests.rules import refused_by

pytestmark = pytest.mark.django_db

# A browser's longest comfortable hidden field; most of it is the explanation, which the receipt shows again.
TOKEN_MAX = 600


def change(**fields: Any) -> None:
    """As staff do: the row and every open page."""
    InferenceModel.objects.update(**fields)
    catalogue.forget()


def quote(**asked: Any) -> quotes.Quote:
    return quotes.make(**{"model": demo(), "aspect_ratio": "3:2", "count": 2, **asked})


def shown(**asked: Any) -> str:
    model = asked.get("model") or demo()
    named = {name: asked[name] for name in ("steps", "references") if name in asked}
    return quotes.sign(quote(**asked), model=model, aspect_ratio=asked.get("aspect_ratio", "3:2"), **named)


def accept(text: str, **asked: Any) -> quotes.Quote:
    return quotes.accept(text, **{"model": demo(), "aspect_ratio": "3:2", "count": 2, **asked})


# --- What staff and time change between showing and pressing ---------------------------------------------------------


@pytest.mark.parametrize("rate", [1, 9])
def test_a_new_rate_leaves_the_price_that_was_shown(alice: User, browse: As, rate: int) -> None:
    demo()
    change(price_credits=4)
    said = form(count=2)
    change(price_credits=rate)
    job = job_of(browse(alice).post("/generate", said, headers=HTMX))  # type: ignore[arg-type]
    assert (job.price_credits, statements.of_subject(job.subject).open) == (4, 8)
    assert job.quote["lines"][0] == {"label": "Demo, its rate", "note": "one picture", "amount": "4"}
    later = job_of(ask(browse(alice), count=2))
    assert later.price_credits == rate


def test_a_new_catalogue_file_leaves_the_price_that_was_shown(alice: User, browse: As, tmp_path: Path) -> None:
    said = form()
    dearer = tmp_path / "catalogue.toml"
    dearer.write_text(catalogue.FILE.read_text().replace("price_credits = 1", "price_credits = 7"))
    catalogue.sync(dearer)
    catalogue.forget()
    job = job_of(browse(alice).post("/generate", said, headers=HTMX))  # type: ignore[arg-type]
    assert (job.price_credits, demo().price_credits) == (1, 7)


@pytest.mark.parametrize("seconds", [0.1, 90.0])
def test_a_new_median_leaves_price_and_expected_time(alice: User, browse: As, seconds: float) -> None:
    demo()
    change(price_credits=8)
    said = form()
    change(measured_seconds=seconds, measured_runs=200, measured_at="2026-01-01T00:00:00Z")
    job = job_of(browse(alice).post("/generate", said, headers=HTMX))  # type: ignore[arg-type]
    assert (job.price_credits, job.quote["expected_seconds"]) == (8, 1.5)
    assert quote().price_credits == (6 if seconds < 1 else 10)


def test_a_price_of_an_earlier_rule_base_is_honoured(alice: User, browse: As) -> None:
    """As a form carries it that was shown before a deploy."""
    earlier = replace(quote(count=1), price_credits=3, rules_version=1, summary="of other rules: 3")
    said = form(quote=quotes.sign(earlier, model=demo(), aspect_ratio="3:2"))
    job = job_of(browse(alice).post("/generate", said, headers=HTMX))  # type: ignore[arg-type]
    assert (job.price_credits, job.quote["rules_version"], job.quote["summary"]) == (3, 1, "of other rules: 3")


@pytest.mark.parametrize("rate", [1, 50])
def test_an_open_job_is_charged_by_its_accepted_price(alice: User, rate: int) -> None:
    demo()
    change(price_credits=5)
    job = pictures.submit(alice, pictures=2, prompt="A red kite", ratio="1:1")
    change(price_credits=rate, typical_seconds=1000, measured_seconds=1000, measured_at="2026-01-01T00:00:00Z")
    pictures.deliver(pictures.begin(job), run_seconds=3)
    charges = statements.of_subject(job.subject)
    assert (charges.reserved, charges.captured, charges.open) == (10, 10, 0)


def test_one_quote_serves_several_jobs_of_several_people(alice: User, charlie: User, browse: As) -> None:
    said = token()
    made = [job_of(ask(browse(owner), quote=said)) for owner in (alice, charlie, alice)]
    assert len({job.pk for job in made}) == 3
    assert {job.price_credits for job in made} == {1}


# --- What it does not bind -------------------------------------------------------------------------------------------


def test_a_model_that_is_switched_off_or_retired_is_refused_whatever_was_shown(alice: User, browse: As) -> None:
    said = form()
    change(is_enabled=False)
    response = browse(alice).post("/generate", said, headers=HTMX)
    assert error_of(response) == "provider_down"  # type: ignore[arg-type]
    change(is_enabled=True, is_retired=True)
    response = browse(alice).post("/generate", said, headers=HTMX)
    assert response.status_code == 422
    assert "not on offer" in response.content.decode()
    wish = Wish(model=InferenceModel.objects.get(slug="demo"), prompt="A red kite", aspect_ratio="3:2")
    with pytest.raises(ModelUnavailable):
        jobs.submit(owner=alice, visitor=None, wish=wish, quote_token=said["quote"], key="k", address="192.0.2.1")
    assert not Job.objects.exists()


def test_a_model_that_became_pro_is_shown_again_since_other_credits_pay(alice: User, browse: As) -> None:
    said = form()
    change(is_pro=True)
    response = browse(alice).post("/generate", said, headers=HTMX)
    assert error_of(response) == "quote_expired"  # type: ignore[arg-type]
    assert "leaves 29" in response.content.decode()  # of the 30 that were bought


# --- For its request only --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other", [{"count": 1}, {"count": 3}, {"aspect_ratio": "2:3"}, {"steps": 20}, {"references": 1}]
)
def test_a_quote_for_another_request_is_none(other: dict[str, Any]) -> None:
    said = shown()
    assert accept(said) == quote()
    with pytest.raises(QuoteExpired):
        accept(said, **other)
    with pytest.raises(QuoteExpired):
        accept(shown(**other))


def test_a_quote_for_another_model_is_none() -> None:
    said, model = shown(), demo()
    model.slug = "other"
    with pytest.raises(QuoteExpired):
        accept(said, model=model)


def test_steps_and_references_are_priced_where_a_model_has_them() -> None:
    demo()
    change(price_credits=10, normal_steps=20)
    usual, many, following = quote(), quote(steps=40), quote(references=4)
    assert [one.price_credits for one in (usual, quote(steps=20), many, following)] == [10, 10, 13, 13]
    assert "many" in many.lines[2].note
    assert following.lines[2].label == "4 references"
    assert accept(shown(steps=40, references=4), steps=40, references=4).price_credits == 15


# --- Altered ---------------------------------------------------------------------------------------------------------


def unpack(text: str) -> tuple[Any, str]:
    """What a token carries, and its time and signature."""
    data, _, rest = text.partition(":")
    packed = data.startswith(".")
    raw = base64.urlsafe_b64decode(data.removeprefix(".") + "=" * (-len(data.removeprefix(".")) % 4))
    return json.loads(zlib.decompress(raw) if packed else raw), rest


def pack(payload: Any, rest: str) -> str:
    raw = zlib.compress(json.dumps(payload, separators=(",", ":")).encode("latin-1"))
    return f".{base64.urlsafe_b64encode(raw).decode().rstrip('=')}:{rest}"


def places(payload: Any, *at: int) -> list[tuple[int, ...]]:
    if not isinstance(payload, list):
        return [at]
    return [place for number, part in enumerate(payload) for place in places(part, *at, number)]


def altered(payload: Any, at: tuple[int, ...]) -> Any:
    first, *rest = at
    changed = list(payload)
    old = payload[first]
    changed[first] = altered(old, tuple(rest)) if rest else f"{old}x" if isinstance(old, str) else (old or 0) + 1
    return changed


def test_a_quote_with_any_field_altered_is_none(alice: User, browse: As) -> None:
    payload, rest = unpack(shown())
    assert accept(pack(payload, rest)) == quote()  # the signature is of the text, which this test writes alike
    fields = places(payload)
    assert len(fields) == 8 + 5 + 4 * 3
    for at in fields:
        with pytest.raises(QuoteExpired):
            accept(pack(altered(payload, at), rest))
    for forged in (pack(payload, "x" + rest), pack(payload, rest[:-1]), pack(payload, ""), "é:ß:ü", ":" * 9):
        assert error_of(ask(browse(alice), count=2, quote=forged)) == "quote_expired"
    assert not Job.objects.exists()


def test_an_altered_quote_keeps_the_form_and_shows_the_price_again(alice: User, browse: As) -> None:
    payload, rest = unpack(shown())
    cheaper = pack(altered(payload, (1, 0)), rest)
    for htmx in (True, False):
        response = ask(browse(alice), htmx=htmx, count=2, quote=cheaper, prompt="Kept words")
        body = response.content.decode()
        assert (response.status_code, error_of(response)) == (422, "quote_expired")
        assert "Kept words" in body
        assert "2 credits" in body
        assert cheaper not in body


@pytest.mark.parametrize("lie", [{"price_credits": 1}, {"count": 1}])
def test_no_job_holds_another_price_than_its_quote_says(alice: User, lie: dict[str, int]) -> None:
    demo()
    change(price_credits=4)
    job = pictures.submit(alice, pictures=2, prompt="A red kite", ratio="1:1")
    job.pk, job.code, job.form_key = None, uuid4(), "other"
    job.quote |= lie
    with refused_by(f"job_{'price' if 'price_credits' in lie else 'count'}_is_the_quoted_one"):
        job.save(force_insert=True)


def test_the_longest_token_fits_into_a_hidden_field(alice: User) -> None:
    demo()
    change(
        price_credits=999_999,
        normal_steps=30,
        measured_seconds=12.345,
        measured_runs=200,
        measured_at="2026-01-01T00:00:00Z",
    )
    longest = shown(count=4, aspect_ratio="21:9", steps=55, references=3)
    assert len(longest) <= TOKEN_MAX
