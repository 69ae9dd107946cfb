"""Consented failover: another model of the family takes over, under the same reserve, at the locked price."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from accounts.models import User
from credits import audit, statements
from generation import breaker, catalogue, equivalents, lanes, running, worker
from generation.models import Asset, Attempt, ErrorCode, InferenceModel, Job, JobState, Lane
from generation.wish import Wish
from tests import pictures
from tests.browsers import As
from tests.generation.asking import rested
from tests.generation.resilience.conftest import fault, model, open_breaker, submit
from tests.generation.resilience.vendors import Vendor
from tests.rules import refused_by

pytestmark = pytest.mark.django_db


def worked(job: Job) -> Job:
    """After every lane has done all that it can."""
    for _ in range(4):
        for lane in Lane.values:
            while worker.work(lane):
                pass
        rested()
    return Job.objects.select_related("model", "stand_in").get(pk=job.pk)


# --- With consent ----------------------------------------------------------------------------------------------------


def test_an_equivalent_takes_over_at_the_price_that_was_quoted(
    alice: User, fresco: InferenceModel, gouache: InferenceModel, north: Vendor, south: Vendor
) -> None:
    north.fails = [fault()]
    job = submit(alice, fresco, failover=True)
    worker.work("providers")
    job.refresh_from_db()
    assert (job.lane, job.waiting, job.not_before, job.stand_in) == ("gpu", True, None, gouache)
    job = worked(job)
    assert (job.state, job.model, job.maker) == (JobState.SUCCEEDED, fresco, gouache)
    assert (len(north.orders), len(south.orders)) == (1, 1)
    tried = Attempt.objects.filter(job=job).order_by("number").values_list("provider", "model", "error_code")
    assert list(tried) == [("north", fresco.pk, "provider_failed"), ("south", gouache.pk, "")]
    assert {asset.maker for asset in Asset.objects.filter(job=job)} == {gouache}
    told = statements.of_subject(job.subject)
    assert (told.reserved, told.open) == (8, 0)
    assert 0 < told.captured <= 8
    assert audit.run().ok


def test_a_dearer_equivalent_costs_no_more(
    alice: User, fresco: InferenceModel, north: Vendor, south: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    model("oil", provider="south", price_credits=40)
    north.fails = [fault()]
    monkeypatch.setattr("generation.pricing.price.QUICK_PART", 0)
    job = worked(submit(alice, fresco, failover=True))
    assert statements.of_subject(job.subject).captured == job.total_credits == 8


def test_it_goes_on_from_the_equivalent_to_a_third_and_never_back(
    alice: User, fresco: InferenceModel, gouache: InferenceModel, north: Vendor, south: Vendor
) -> None:
    third = model("sketch")
    north.fails, south.fails = [fault()], [fault()]
    job = worked(submit(alice, fresco, failover=True))
    assert job.state == JobState.SUCCEEDED
    made = Attempt.objects.filter(job=job).order_by("number").values_list("model", flat=True)
    assert list(made) == [fresco.pk, gouache.pk, third.pk]


def test_with_no_other_model_left_the_same_one_is_tried_again(
    alice: User, fresco: InferenceModel, gouache: InferenceModel, north: Vendor, south: Vendor
) -> None:
    north.fails, south.fails = [fault()], [fault(), fault()]
    job = worked(submit(alice, fresco, failover=True))
    assert (job.state, job.error_code) == (JobState.FAILED, ErrorCode.PROVIDER_FAILED)
    assert (len(north.orders), len(south.orders)) == (1, 2)
    assert statements.of_subject(job.subject).captured == 0
    assert audit.run().ok


def test_an_open_breaker_leads_to_the_equivalent_without_a_call(
    alice: User, fresco: InferenceModel, gouache: InferenceModel, north: Vendor, south: Vendor
) -> None:
    job = submit(alice, fresco, failover=True)
    open_breaker("north")
    job = worked(job)
    assert (job.state, job.maker, north.orders) == (JobState.SUCCEEDED, gouache, [])
    assert audit.run().ok


def test_a_refused_prompt_is_nobody_s_fault_and_is_sent_to_nobody_else(
    alice: User, fresco: InferenceModel, gouache: InferenceModel, north: Vendor, south: Vendor
) -> None:
    north.fails = [fault(ErrorCode.BLOCKED_OUTPUT, permanent=True)]
    job = worked(submit(alice, fresco, failover=True))
    assert (job.state, job.error_code, south.orders) == (JobState.FAILED, ErrorCode.BLOCKED_OUTPUT, [])


def test_what_was_chosen_within_a_model_s_range_is_not_passed_on(
    alice: User, fresco: InferenceModel, gouache: InferenceModel, north: Vendor, south: Vendor
) -> None:
    north.fails = [fault()]
    worked(submit(alice, fresco, failover=True, steps=40, count=1))
    assert (north.orders[0].steps, south.orders[0].steps) == (40, None)
    assert north.orders[0].prompt == south.orders[0].prompt


def test_on_its_new_lane_it_has_the_turn_of_somebody_who_comes_now(
    alice: User, charlie: User, fresco: InferenceModel, gouache: InferenceModel, north: Vendor
) -> None:
    others = [submit(charlie, gouache, count=1) for _ in range(3)]
    assert lanes.claim(lane="gpu") == others[0]
    moved = submit(alice, fresco, failover=True, count=1)
    north.fails = [fault()]
    worker.work("providers")
    assert [lanes.claim(lane="gpu") for _ in range(3)] == [moved, *others[1:]]


# --- Without consent -------------------------------------------------------------------------------------------------


def test_this_model_only_is_tried_again_there_and_then_all_is_released(
    alice: User, fresco: InferenceModel, gouache: InferenceModel, north: Vendor, south: Vendor
) -> None:
    north.fails = [fault()] * 3
    job = worked(submit(alice, fresco))
    assert (job.state, len(north.orders), south.orders) == (JobState.FAILED, 3, [])
    told = statements.of_subject(job.subject)
    assert (told.reserved, told.captured, told.released) == (8, 0, 8)


def test_the_database_refuses_an_equivalent_that_nobody_agreed_to(
    alice: User, fresco: InferenceModel, gouache: InferenceModel
) -> None:
    job = submit(alice, fresco)
    with refused_by("job_stands_in_by_consent"):
        Job.objects.filter(pk=job.pk).update(stand_in=gouache)
    consented = submit(alice, fresco, failover=True)
    with refused_by("job_stands_in_by_consent"):
        Job.objects.filter(pk=consented.pk).update(stand_in=fresco)


# --- Who may take over -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "wished"),
    [
        ({"aspect_ratios": ["1:1"]}, {"aspect_ratio": "3:2"}),
        ({"max_count": 1}, {"count": 2}),
        ({"styles": {"none": ""}}, {"style": "anime"}),
        ({"supports_negative": False}, {"negative_prompt": "text"}),
        ({"supports_reference": False}, {"reference_id": 1}),
        ({"output_kind": "3d"}, {}),
        ({"is_pro": True}, {}),
        ({"is_enabled": False}, {}),
        ({"family": "lettering"}, {}),
        ({"provider": "nobody"}, {}),
    ],
    ids=lambda told: next(iter(told), ""),
)
def test_a_model_that_cannot_do_what_was_asked_takes_nothing_over(
    fresco: InferenceModel, other: dict[str, Any], wished: dict[str, Any]
) -> None:
    able = {"supports_negative": True, "supports_reference": True, "styles": {"none": "", "anime": ""}}
    model("other", **{"provider": "south", **able, **other})
    assert equivalents.of_wish(Wish(model=fresco, prompt="A red kite", **wished)) is None
    fit = model("fit", provider="south", **able)
    assert equivalents.of_wish(Wish(model=fresco, prompt="A red kite", **wished)) == fit


def test_another_provider_comes_first_then_the_nearest_rate(fresco: InferenceModel) -> None:
    near, dear = model("near"), model("dear", provider="south", price_credits=9)
    cheap = model("cheap", provider="south", price_credits=3)
    wish = Wish(model=fresco, prompt="A red kite")
    assert equivalents.of_wish(wish) == cheap
    cheap.delete()
    dear.delete()
    catalogue.forget()
    assert equivalents.of_wish(wish) == near


def test_an_equivalent_whose_breaker_is_open_takes_nothing_over(
    fresco: InferenceModel, gouache: InferenceModel
) -> None:
    wish = Wish(model=fresco, prompt="A red kite")
    assert equivalents.of_wish(wish) == gouache
    open_breaker("south")
    assert equivalents.of_wish(wish) is None
    breaker.close_by_hand("south", reason="a test", actor="sam")
    assert equivalents.of_wish(wish) == gouache


# --- What people read ------------------------------------------------------------------------------------------------


def test_card_job_receipt_picture_and_download_name_the_model_that_made_it(
    alice: User, browse: As, fresco: InferenceModel, gouache: InferenceModel, north: Vendor
) -> None:
    north.fails = [fault()]
    job = submit(alice, fresco, failover=True)
    worker.work("providers")
    client = browse(alice)
    page = client.get(f"/jobs/{job.code}").content.decode()
    assert "Fresco could not finish; Gouache takes over at the same price." in page
    assert "Next in the queue for Gouache" in page
    assert "If Fresco fails" in page
    job = worked(job)
    page = client.get(f"/jobs/{job.code}").content.decode()
    assert "Fresco could not finish, so Gouache took over at the same price." in page
    receipt = client.get(f"/jobs/{job.code}/receipt").content.decode()
    assert "Fresco <span" in receipt
    assert "Gouache <span" in receipt
    assert receipt.count("equivalent, allowed by you") == 1
    assert "Gouache took over. The price stayed as quoted." in receipt
    asset = Asset.objects.filter(job=job)[0]
    assert "<dt>Model</dt><dd>Gouache</dd>" in client.get(f"/art/{asset.code}").content.decode()
    assert pictures.show(asset).model_name == "Gouache"
    png: Any = client.get(f"/art/{asset.code}/download?format=png")
    assert "Model: Gouache" in Image.open(BytesIO(b"".join(png.streaming_content))).info["parameters"]
    assert "/gouache_" in asset.storage_key


def test_a_late_success_of_the_first_try_says_who_made_it(
    alice: User, fresco: InferenceModel, gouache: InferenceModel, north: Vendor, south: Vendor
) -> None:
    """A frozen worker comes back when the equivalent has failed too: kept for the owner, and not charged."""
    job = submit(alice, fresco, failover=True, count=1)
    claimed = lanes.claim(lane="providers")
    assert claimed
    first = running.begin(claimed)
    assert first
    running.give_back(job_id=job.pk, code=ErrorCode.INTERNAL, detail="its lease ran out", tries=1, stand_in=gouache)
    south.fails = [fault(), fault()]
    assert worked(job).state == JobState.FAILED
    pictures.deliver(first, run_seconds=0.1)
    asset = Asset.objects.get(job=job)
    assert (asset.maker, asset.is_late) == (fresco, True)
    assert statements.of_subject(job.subject).captured == 0
    assert audit.run().ok
