"""Enhancement from the button to the job: Gemini emulated at the wire, the worker's real call, the page in between."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from accounts.models import User
from credits import statements
from generation import breaker, catalogue, difference, enhancing, jobs, limits, references, sweeping
from generation.access import Feature, Tier
from generation.difference import Kind, of
from generation.models import Enhancement, EnhancementState, ErrorCode, InferenceModel, Job, Reference
from generation.prompts import enhance
from generation.providers.base import ProviderError
from generation.providers.gemini import client as gemini_client
from tests import pictures, races, uploads
from tests.browsers import As
from tests.emulators.gemini import GeminiEmulator
from tests.generation.asking import HTMX, ask, demo, error_of, form, job_of

pytestmark = pytest.mark.django_db

WRITTEN = "Misty ridges at first light"
TEXT = "Misty ridges at first light, a lake below, soft gold on the water"


@pytest.fixture(scope="module")
def vendor() -> Iterator[GeminiEmulator]:
    with GeminiEmulator() as emulator:
        yield emulator


@pytest.fixture(autouse=True)
def gemini(vendor: GeminiEmulator, settings: Any, monkeypatch: pytest.MonkeyPatch) -> GeminiEmulator:
    vendor.reset()
    settings.GEMINI_API_KEYS, settings.GEMINI_BASE_URL = ["a-key"], vendor.url
    monkeypatch.setattr(gemini_client, "FIRST_PAUSE_SECONDS", 0.01)
    return vendor


def wish(browser: Client, *, htmx: bool = True, **changes: Any) -> Any:
    """POST /enhance."""
    return browser.post("/enhance", form(**changes), headers=HTMX if htmx else {})


def asked(browser: Client, **changes: Any) -> Enhancement:
    response = wish(browser, **changes)
    assert response.status_code == 202, response.content.decode()[:500]
    return Enhancement.objects.order_by("-pk")[0]


def done(browser: Client, gemini: GeminiEmulator, *, text: str = TEXT, **changes: Any) -> Enhancement:
    """Asked for, worked off, and there; the model says `text`."""
    gemini.faults.add("says", text=f'{{"prompt": "{text}"}}')
    row = asked(browser, **changes)
    enhancing.run(enhancement_id=row.pk)
    row.refresh_from_db()
    assert (row.state, row.text) == (EnhancementState.DONE, text)
    return row


def use(browser: Client, row: Enhancement, **changes: Any) -> Any:
    """Generate, with the enhancement in the form."""
    said = {"enhance": "on", "enhancement": str(row.code), "enhanced": row.text, **changes}
    return ask(browser, **said)


def used(owner: User, tier: Tier = Tier.CUSTOMER) -> int:
    return limits.used_today(Feature.ENHANCE, owner_id=owner.pk, tier=tier).used


# --- The difference --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("A red kite over the dunes", "the low sun", "-A red kite over- the -dunes- +low sun+"),
        ("Red kite", "Blue kite", "-Red- +Blue+ kite"),
        ("kite", "A kite, red", "+A+ kite+, red+"),
        ("A kite.", "A kite, red", "A kite-.-+, red+"),
    ],
)
def test_words_of_a_difference_stand_apart(before: str, after: str, shown: str) -> None:
    marks = {Kind.SAME: "", Kind.GONE: "-", Kind.NEW: "+"}
    parts = [f"{' ' * part.is_apart}{marks[part.kind]}{part.text}{marks[part.kind]}" for part in of(before, after)]
    assert "".join(parts) == shown


# --- Asked, worked off, seen -----------------------------------------------------------------------------------------


def test_from_the_button_to_the_difference(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    browser = browse(alice)
    response = wish(browser)
    row = Enhancement.objects.get()
    body = response.content.decode()
    assert response.status_code == 202
    assert response.headers["HX-Retarget"] == "#enhancement"
    assert f'hx-get="/enhance/{row.code}" hx-trigger="every 1s"' in body
    assert browser.get(f"/enhance/{row.code}", headers=HTMX).status_code == 204

    gemini.faults.add("says", text=f'{{"prompt": "{TEXT}"}}')
    enhancing.run(enhancement_id=row.pk)
    answer = browser.get(f"/enhance/{row.code}", headers=HTMX)
    body = answer.content.decode()
    assert answer.status_code == 200
    assert "hx-trigger" not in body
    assert "Misty ridges at first light<ins>, a lake below, soft gold on the water</ins>" in body
    assert f'name="enhanced" rows="4" data-mirror="enhanced-sent">{TEXT}</textarea>' in body
    assert answer.headers["Cache-Control"].startswith("max-age=0")


def test_generate_with_the_switch_on_asks_first_and_pays_nothing(alice: User, browse: As) -> None:
    response = ask(browse(alice), enhance="on")
    assert response.status_code == 202
    assert response.headers["HX-Retarget"] == "#enhancement"
    assert Enhancement.objects.count() == 1
    assert not Job.objects.exists()
    assert statements.balance(owner_id=alice.pk, is_guest=False).available == 100


def test_words_as_written_enhanced_and_sent_are_three(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    InferenceModel.objects.filter(pk=demo().pk).update(styles={"none": "", "anime": "cel shading"})
    catalogue.forget()
    browser = browse(alice)
    row = done(browser, gemini, style="anime")
    job = job_of(use(browser, row, style="anime", enhanced="Misty ridges, edited by hand"))
    assert job.prompt_written == WRITTEN
    assert job.prompt_enhanced == TEXT
    assert job.prompt_sent == "Misty ridges, edited by hand, cel shading"
    page = browser.get(f"/jobs/{job.code}").content.decode()
    for words in (job.prompt_written, job.prompt_enhanced, job.prompt_sent):
        assert words in page


def test_the_switch_off_means_the_words_as_written(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    browser = browse(alice)
    job = job_of(use(browser, done(browser, gemini), enhance=""))
    assert (job.prompt_written, job.prompt_enhanced, job.prompt_sent) == (WRITTEN, "", WRITTEN)


def test_other_words_are_enhanced_anew(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    browser = browse(alice)
    row = done(browser, gemini)
    assert use(browser, row, prompt="A kite over the sea").status_code == 202
    assert not Job.objects.exists()


def test_both_branches_look_at_a_picture_once(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    browser, kept = browse(alice), uploads.kept(alice)
    for number in range(2):
        row = asked(browser, reference=str(kept.code), prompt=f"{WRITTEN}, {number}")
        enhancing.run(enhancement_id=row.pk)
        row.refresh_from_db()
        assert (row.state, row.reference) == (EnhancementState.DONE, kept)
    kept.refresh_from_db()
    assert kept.seen["subject"]
    looks = [call for call in gemini.calls if b"Describe this picture" in call.raw]
    rewrites = [call for call in gemini.calls if kept.seen["subject"].encode() in call.raw]
    assert (len(looks), len(rewrites), len(gemini.calls)) == (1, 2, 3)
    assert b"river-mouth" not in looks[0].raw  # what a file is called is nobody's business


def test_what_was_seen_serves_where_the_rewriting_fails(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    kept = uploads.kept(alice)
    Reference.objects.filter(pk=kept.pk).update(seen={"subject": "A river mouth", "colours": ["teal"]})
    gemini.faults.add("prose", times=None)
    row = asked(browse(alice), reference=str(kept.code))
    enhancing.run(enhancement_id=row.pk)
    row.refresh_from_db()
    assert row.text == f"{WRITTEN}, a river mouth, colours teal"


def test_what_a_model_writes_is_text(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    browser = browse(alice)
    row = done(browser, gemini, text="<img src=//evil.example/x.png> <script>alert(1)</script> ridges")
    body = browser.get(f"/enhance/{row.code}", headers=HTMX).content.decode()
    assert "<script>" not in body
    assert "<img" not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body


# --- Once, and only its owner's --------------------------------------------------------------------------------------


def test_the_same_words_twice_are_one_and_count_once(alice: User, browse: As) -> None:
    browser, said = browse(alice), form()
    first, second = (browser.post("/enhance", said, headers=HTMX) for _ in range(2))
    assert first.status_code == second.status_code == 202
    assert Enhancement.objects.count() == used(alice) == 1


@pytest.mark.django_db(transaction=True)
def test_four_clicks_at_once_are_one_and_count_once(alice: User, browse: As) -> None:
    said = form()
    answers = races.together(4, lambda: browse(alice).post("/enhance", said, headers=HTMX).status_code)
    assert answers == [202] * 4
    assert Enhancement.objects.count() == used(alice) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_call_the_model_once(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    row = asked(browse(alice))
    races.together(3, lambda: enhancing.run(enhancement_id=row.pk))
    assert len(gemini.calls) == 1


def test_a_visitor_becomes_a_guest_and_their_second_click_is_the_same(browse: As) -> None:
    browser, said = browse(None), form()
    browser.get("/")
    csrf = browser.cookies["csrftoken"].value
    browser.post("/enhance", said, headers=HTMX)
    browser.cookies.clear()  # the first answer, and its session, were lost
    browser.cookies["csrftoken"] = csrf
    browser.post("/enhance", said, headers=HTMX)
    row = Enhancement.objects.get()
    assert User.objects.get() == row.owner
    assert row.owner.is_guest
    assert used(row.owner, Tier.GUEST) == 1
    assert browser.get(f"/enhance/{row.code}", headers=HTMX).status_code == 204


def test_anothers_enhancement_is_not_here(
    alice: User, charlie: User, gwen: User, browse: As, gemini: GeminiEmulator
) -> None:
    row = done(browse(alice), gemini)
    for other in (charlie, gwen, None):
        browser = browse(other)
        assert browser.get(f"/enhance/{row.code}").status_code == 404
        gone = browser.get(f"/enhance/{row.code}", headers=HTMX)  # to htmx an empty place, so that polling ends
        assert gone.status_code == 200
        assert TEXT not in gone.content.decode()
        assert "hx-get" not in gone.content.decode()
    assert use(browse(charlie), row).status_code == 202  # enhanced for charlie himself; alice's words are not his
    assert not Job.objects.exists()


def test_anothers_picture_is_a_field_error(alice: User, charlie: User, browse: As) -> None:
    response = wish(browse(alice), reference=str(uploads.kept(charlie).code))
    assert response.status_code == 422
    assert "This picture is not here any more" in response.content.decode()
    assert not Enhancement.objects.exists()


@pytest.mark.parametrize("method", ["get", "delete"])
def test_other_methods_are_refused(alice: User, browse: As, method: str) -> None:
    assert getattr(browse(alice), method)("/enhance").status_code == 405


# --- Refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "sentence"), [("", "Write what"), ("ab", "at least 3"), ("x" * 1001, "at most 1000")]
)
def test_a_bad_prompt_names_its_field(alice: User, browse: As, prompt: str, sentence: str) -> None:
    response = wish(browse(alice), prompt=prompt)
    assert (response.status_code, sentence in response.content.decode()) == (422, True)
    assert used(alice) == 0


def test_words_that_break_a_rule_are_not_sent(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    response = wish(browse(alice), prompt="lolicon")
    assert (response.status_code, error_of(response)) == (422, "blocked_prompt")
    assert used(alice) == len(gemini.calls) == 0


def test_without_a_key_there_is_no_switch_and_no_enhancement(alice: User, browse: As, settings: Any) -> None:
    browser = browse(alice)
    assert 'name="enhance"' in browser.get("/").content.decode()
    settings.GEMINI_API_KEYS = []
    assert 'name="enhance"' not in browser.get("/").content.decode()
    assert error_of(wish(browser)) == "provider_down"
    assert used(alice) == 0


def test_the_days_limit_holds_and_is_told(alice: User, browse: As, settings: Any) -> None:
    settings.DAILY_ENHANCE_MAX = (1, 1, 1)
    browser = browse(alice)
    assert "Free, 1 left today" in browser.get("/").content.decode()
    wish(browser)
    response = wish(browser, prompt="Another one")
    assert (response.status_code, error_of(response)) == (429, "daily_limit")
    assert "1 enhancement is used up" in response.content.decode()
    assert int(response.headers["Retry-After"]) > 0
    assert "Free, 0 left today" in browser.get("/").content.decode()


def test_so_many_are_open_at_a_time(alice: User, browse: As) -> None:
    browser = browse(alice)
    answers = [wish(browser, prompt=f"Ridges number {n}") for n in range(enhancing.OPEN_MAX + 1)]
    assert [answer.status_code for answer in answers] == [202] * enhancing.OPEN_MAX + [429]
    assert error_of(answers[-1]) == "too_many_jobs"
    assert used(alice) == enhancing.OPEN_MAX


def test_a_name_that_never_was_uses_up_nothing(alice: User, browse: As) -> None:
    said: dict[str, Any] = {"enhance": "on", "enhancement": "nonsense", "enhanced": "free words"}
    assert ask(browse(alice), **said).status_code == 202
    job = job_of(ask(browse(alice), **{**said, "enhance": ""}))
    assert (job.prompt_enhanced, job.prompt_sent) == ("", WRITTEN)


def test_edited_words_are_held_to_the_same_rules(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    browser = browse(alice)
    row = done(browser, gemini)
    assert error_of(use(browser, row, enhanced="lolicon")) == "blocked_prompt"
    too_long = use(browser, row, enhanced="x" * 1001)
    assert (too_long.status_code, "at most 1000" in too_long.content.decode()) == (422, True)
    assert not Job.objects.exists()


# --- What goes wrong behind it ---------------------------------------------------------------------------------------


def test_a_text_of_any_length_is_named_too_long_and_compared_to_nothing(
    alice: User, browse: As, gemini: GeminiEmulator
) -> None:
    browser = browse(alice)
    row = done(browser, gemini)
    endless = "a pier, " * 1000
    answer = use(browser, row, enhanced=endless)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Write at most 1000 characters" in page
    assert endless.strip() in page
    assert "<ins>" not in page


def test_words_that_come_again_and_again_are_compared_as_a_whole() -> None:
    """Word by word these would keep a web process busy for seconds."""
    assert len(difference.of("a," * 500, "a;" * 500)) <= 3
    assert [part.text for part in difference.of("A red kite, high", "A red kite, very high")] == [
        "A red kite,",
        "very",
        "high",
    ]


def _went_wrong(browser: Client) -> tuple[str, str]:
    """The enhancement is worked off, as often as it may be; the code on the page, and on the row."""
    row = asked(browser)
    for _ in range(enhancing.TRIES_MAX + 1):
        enhancing.run(enhancement_id=row.pk)
    row.refresh_from_db()
    assert row.state == EnhancementState.FAILED
    page = browser.get(f"/enhance/{row.code}", headers=HTMX)
    assert "Yours stand as you wrote them" in page.content.decode()
    assert "hx-trigger" not in page.content.decode()
    return error_of(page), row.error_code  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fault", "values", "code", "counted"),
    [
        ("block_prompt", {"reason": "SAFETY"}, "blocked_prompt", 1),
        ("block_output", {"reason": "SAFETY"}, "blocked_output", 1),
        ("refuse", {"status": 429, "seconds": 60}, "provider_busy", 0),
        ("refuse", {"status": 400, "reason": "API_KEY_INVALID"}, "provider_down", 0),
        ("prose", {}, "provider_failed", 0),
        ("truncated", {}, "provider_failed", 0),
        ("no_candidates", {}, "provider_failed", 0),
        ("says", {"text": '{"prompt": ""}'}, "provider_failed", 0),
        ("says", {"text": '{"prompt": "lolicon"}'}, "blocked_output", 1),
    ],
)
def test_a_failure_is_named_and_gives_its_count_back(
    alice: User, browse: As, gemini: GeminiEmulator, fault: str, values: dict[str, Any], code: str, counted: int
) -> None:
    gemini.faults.add(fault, times=None, **values)
    assert _went_wrong(browse(alice)) == (code, code)
    assert used(alice) == counted


def test_a_model_that_hangs_ends_in_time(
    alice: User, browse: As, gemini: GeminiEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enhance, "SECONDS", 0.6)
    gemini.faults.add("hang", times=None, seconds=2.0)
    code, _ = _went_wrong(browse(alice))
    assert code in {"timeout", "provider_down", "provider_failed"}
    assert used(alice) == 0


def test_while_the_model_keeps_failing_it_is_left_alone(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    for _ in range(breaker.FAULTS):
        breaker.failed(enhancing.WRITER, ProviderError(ErrorCode.PROVIDER_BUSY, permanent=False))
    row, calls = asked(browse(alice)), len(gemini.calls)
    enhancing.run(enhancement_id=row.pk)
    row.refresh_from_db()
    assert (row.state, row.error_code) == (EnhancementState.FAILED, "provider_down")
    assert len(gemini.calls) == calls
    assert used(alice) == 0
    breaker.close_by_hand(enhancing.WRITER, reason="It is back", actor="sam")
    assert done(browse(alice), gemini).state == EnhancementState.DONE


def test_a_failure_that_passes_is_tried_once_more(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    gemini.faults.add("prose")
    row = asked(browse(alice))
    enhancing.run(enhancement_id=row.pk)
    row.refresh_from_db()
    assert (row.state, row.started_at, row.tries) == (EnhancementState.WAITING, None, 1)
    enhancing.run(enhancement_id=row.pk)
    row.refresh_from_db()
    assert row.state == EnhancementState.DONE


def test_a_failed_one_may_be_asked_for_again(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    browser, said = browse(alice), form()
    gemini.faults.add("block_output", reason="SAFETY")
    browser.post("/enhance", said, headers=HTMX)
    first = Enhancement.objects.get()
    enhancing.run(enhancement_id=first.pk)
    assert browser.post("/enhance", said, headers=HTMX).status_code == 202
    second = Enhancement.objects.get()
    assert (second.pk != first.pk, second.state) == (True, EnhancementState.WAITING)


def test_a_lost_message_is_sent_again(alice: User, browse: As, django_capture_on_commit_callbacks: Any) -> None:
    row = asked(browse(alice))
    Enhancement.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(seconds=10))
    with django_capture_on_commit_callbacks() as sent:
        sweeping.sweep()
    assert len(sent) == 1


def test_the_sweep_ends_what_is_past_its_deadline(alice: User, browse: As) -> None:
    row = asked(browse(alice))
    Enhancement.objects.filter(pk=row.pk).update(started_at=timezone.now(), deadline_at=timezone.now())
    sweeping.sweep()
    row.refresh_from_db()
    assert (row.state, row.error_code) == (EnhancementState.FAILED, "timeout")
    assert used(alice) == 0
    enhancing.run(enhancement_id=row.pk)  # a worker that wakes up late changes nothing
    row.refresh_from_db()
    assert row.state == EnhancementState.FAILED


def test_a_picture_that_went_is_told(alice: User, browse: As) -> None:
    kept = uploads.kept(alice)
    row = asked(browse(alice), reference=str(kept.code))
    default_storage.delete(kept.storage_key)
    enhancing.run(enhancement_id=row.pk)
    row.refresh_from_db()
    assert row.error_code == "bad_reference"


# --- Without JavaScript ----------------------------------------------------------------------------------------------


def test_through_pages_nothing_of_the_form_is_lost(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    browser, kept = browse(alice), uploads.kept(alice)
    gemini.faults.add("says", text=f'{{"prompt": "{TEXT}"}}', match=WRITTEN)
    said = {"enhance": "on", "aspect_ratio": "2:3", "count": 2, "seed": "77", "negative_prompt": "people & text"}
    response: Any = ask(browser, htmx=False, reference=str(kept.code), **said)
    assert response.status_code == 303
    address = response.headers["Location"]
    waiting = browser.get(address)
    assert 'http-equiv="refresh"' in waiting.content.decode()
    enhancing.run(enhancement_id=Enhancement.objects.get().pk)
    body = browser.get(address).content.decode()
    assert 'http-equiv="refresh"' not in body
    for part in (WRITTEN, TEXT, 'value="2:3" checked', 'value="77"', "people &amp; text", str(kept.code)):
        assert part in body
    fields = dict(re.findall(r'name="(key|quote|enhancement)"[^>]*?value="([^"]*)"', body))
    job = job_of(use(browser, Enhancement.objects.get(), **said, **fields, reference=str(kept.code), htmx=False))
    assert (job.prompt_written, job.prompt_enhanced, job.count, job.seed) == (WRITTEN, TEXT, 2, 77)


def test_undo_brings_the_own_words_back(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    browser = browse(alice)
    row = done(browser, gemini)
    said = {**form(), "enhance": "on", "enhancement": str(row.code), "enhanced": row.text, "undo": "enhancement"}
    body = browser.post("/quote", said).content.decode()
    assert WRITTEN in body
    assert TEXT not in body


def test_a_refusal_keeps_the_enhancement(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    browser = browse(alice)
    row = done(browser, gemini)
    response = use(browser, row, quote="expired", enhanced=f"{TEXT} indeed")
    body = response.content.decode()
    assert (response.status_code, error_of(response)) == (422, "quote_expired")
    assert f"{TEXT} indeed</textarea>" in body
    assert f'name="enhancement" value="{row.code}"' in body


def test_a_failed_one_leads_back_to_the_studio_with_the_words(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    browser = browse(alice)
    gemini.faults.add("block_output", reason="SAFETY")
    row = asked(browser)
    enhancing.run(enhancement_id=row.pk)
    body = browser.get(f"/enhance/{row.code}").content.decode()
    assert WRITTEN in body
    assert 'data-error="blocked_output"' in body


# --- Afterwards ------------------------------------------------------------------------------------------------------


def test_reuse_retry_and_remix_carry_all_three(alice: User, charlie: User, browse: As, gemini: GeminiEmulator) -> None:
    browser = browse(alice)
    asset = pictures.one(alice, prompt=f"{TEXT} indeed", written=WRITTEN, enhanced=TEXT)
    pictures.show(asset)
    job = asset.job
    for who, address in ((browser, f"/?from={job.code}"), (browse(charlie), f"/?remix={asset.code}")):
        body = who.get(address).content.decode()
        assert f"{WRITTEN}</textarea>" in body
        assert f"{TEXT} indeed</textarea>" in body
        parent = re.search(r'name="parent" value="([^"]+)"', body)
        assert parent
        again = job_of(ask(who, enhance="on", enhanced=f"{TEXT} indeed", parent=parent[1]))
        assert (again.prompt_written, again.prompt_enhanced) == (WRITTEN, TEXT)
        assert again.prompt_sent == f"{TEXT} indeed"
    retried = job_of(browser.post(f"/jobs/{job.code}/retry", headers=HTMX))  # type: ignore[arg-type]
    assert (retried.prompt_written, retried.prompt_enhanced) == (WRITTEN, TEXT)
    assert retried.prompt_sent == f"{TEXT} indeed"


def test_the_three_are_shown_to_those_who_may_see_the_prompt(alice: User, charlie: User, browse: As) -> None:
    asset = pictures.one(alice, prompt=f"{TEXT} indeed", written=WRITTEN, enhanced=TEXT)
    pictures.show(asset)
    shown = browse(charlie).get(f"/art/{asset.code}").content.decode()
    assert "As enhanced" in shown
    assert f"{TEXT} indeed" in shown
    pictures.show(asset, hide_prompt=True)
    hidden = browse(charlie).get(f"/art/{asset.code}").content.decode()
    assert TEXT not in hidden
    assert "As enhanced" not in hidden


def test_old_ones_are_forgotten_and_jobs_keep_their_words(alice: User, browse: As, gemini: GeminiEmulator) -> None:
    browser, kept = browse(alice), uploads.kept(alice)
    row = done(browser, gemini)
    job = job_of(use(browser, row))
    Enhancement.objects.update(finished_at=timezone.now() - timedelta(hours=25), reference=kept)
    Reference.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert (enhancing.forget_old(), references.forget_unused()) == (1, 1)
    job.refresh_from_db()
    assert (job.prompt_written, job.prompt_enhanced) == (WRITTEN, TEXT)


def test_a_guests_enhancement_goes_along_into_the_account(
    gwen: User, charlie: User, browse: As, gemini: GeminiEmulator
) -> None:
    row = done(browse(gwen), gemini)
    jobs.hand_over(from_id=gwen.pk, to_id=charlie.pk)
    assert browse(charlie).get(f"/enhance/{row.code}", headers=HTMX).status_code == 200
