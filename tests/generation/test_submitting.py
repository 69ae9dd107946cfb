"""POST /generate and POST /quote: what is accepted, what is refused and how, and that nothing typed is lost."""

import time
import unicodedata
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from credits import ledger, statements
from credits.models import Transfer
from generation import catalogue
from generation.models import InferenceModel, Job, JobState
from tests import pictures
from tests.browsers import As
from tests.generation.asking import HTMX, ask, demo, error_of, form, job_of, token

pytestmark = pytest.mark.django_db


# --- Accepted --------------------------------------------------------------------------------------------------------


def test_htmx_gets_the_card_and_the_reserve_stands(alice: User, browse: As) -> None:
    response = ask(browse(alice), count=3)
    job = job_of(response)
    assert response.status_code == 201
    assert f'id="job-{job.code}"' in response.content.decode()
    assert response.headers["HX-Trigger"] == "jobs-changed"
    assert (job.state, job.owner_id, job.count) == (JobState.QUEUED, alice.pk, 3)
    assert statements.of_subject(job.subject).open == 3
    assert statements.balance(owner_id=alice.pk, is_guest=False).available == 97


def test_a_plain_form_leads_to_the_jobs_page(alice: User, browse: As) -> None:
    client = browse(alice)
    response = ask(client, htmx=False)
    assert response.status_code == 303
    page = client.get(response.headers["Location"])
    assert page.status_code == 200
    assert "Misty ridges at first light" in page.content.decode()


def test_a_visitor_becomes_a_guest_with_the_first_submit_only(browse: As) -> None:
    client = browse(None)
    client.get("/")
    assert not User.objects.exists()
    job = job_of(ask(client))
    assert job.owner.is_guest
    assert client.get(f"/jobs/{job.code}").status_code == 200
    assert User.objects.count() == 1


def test_words_as_written_and_as_sent_are_kept_apart(alice: User, browse: As) -> None:
    model = demo()
    InferenceModel.objects.filter(pk=model.pk).update(styles={"none": "", "anime": "cel shading"})
    catalogue.forget()
    job = job_of(ask(browse(alice), prompt="  A kite  ", style="anime"))
    assert (job.prompt_written, job.prompt_sent) == ("A kite", "A kite, cel shading")


@pytest.mark.parametrize(
    ("seed", "mode", "kept"), [("", "", "random"), ("7", "", "locked"), ("7", "counting", "counting")]
)
def test_a_seed_that_was_typed_is_used(alice: User, browse: As, seed: str, mode: str, kept: str) -> None:
    response = ask(browse(alice), seed=seed, seed_mode=mode, count=2)
    job = job_of(response)
    assert job.seed_mode == kept
    if seed:
        assert job.seeds() == [7, 8]
    assert ('value="9"' in response.content.decode()) == (mode == "counting")


# --- Once ------------------------------------------------------------------------------------------------------------


def test_the_same_form_twice_is_one_job(alice: User, browse: As) -> None:
    client, said = browse(alice), form()
    first, second = (client.post("/generate", said, headers=HTMX) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert job_of(first) == job_of(second)  # type: ignore[arg-type]
    assert statements.balance(owner_id=alice.pk, is_guest=False).reserved == 1


def test_a_visitors_same_form_twice_is_one_job_and_one_guest(browse: As) -> None:
    client, said = browse(None), form()
    client.get("/")
    csrf = client.cookies["csrftoken"].value
    first = client.post("/generate", said, headers=HTMX)
    client.cookies.clear()  # the first answer, and its session, were lost
    client.cookies["csrftoken"] = csrf
    second = client.post("/generate", said, headers=HTMX)
    assert job_of(first) == job_of(second)  # type: ignore[arg-type]
    assert User.objects.count() == 1
    assert client.get(f"/jobs/{job_of(second).code}").status_code == 200  # type: ignore[arg-type]


def test_a_lost_answer_is_found_again_when_the_quote_has_expired(alice: User, browse: As) -> None:
    client, said = browse(alice), form()
    first = client.post("/generate", said, headers=HTMX)
    second = client.post("/generate", {**said, "quote": "expired"}, headers=HTMX)
    assert second.status_code == 201
    assert job_of(first) == job_of(second)  # type: ignore[arg-type]


def test_a_key_used_for_other_words_is_a_conflict(alice: User, browse: As) -> None:
    client, said = browse(alice), form()
    client.post("/generate", said, headers=HTMX)
    response = client.post("/generate", {**said, "prompt": "Other words altogether"}, headers=HTMX)
    assert (response.status_code, error_of(response)) == (409, "key_reused")  # type: ignore[arg-type]
    body = response.content.decode()
    assert "Other words altogether" in body
    assert said["key"] not in body  # pressing again is a new request
    assert Job.objects.count() == 1


def test_anothers_key_neither_collides_nor_reveals(alice: User, charlie: User, browse: As) -> None:
    said = form()
    mine = job_of(browse(alice).post("/generate", said, headers=HTMX))  # type: ignore[arg-type]
    theirs = job_of(browse(charlie).post("/generate", said, headers=HTMX))  # type: ignore[arg-type]
    assert mine != theirs
    assert (mine.owner, theirs.owner) == (alice, charlie)


# --- Bad input: a named field, a sentence, the typed text, and nothing reserved --------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("prompt", "", "Write what the picture should show."),
        ("prompt", "   \n ", "Write what the picture should show."),
        ("prompt", "ab", "Write at least 3 characters."),
        ("prompt", "x" * 1001, "Write at most 1000 characters; this has 1001."),
        ("prompt", "one\x00two", "character that cannot be stored"),
        ("negative_prompt", "x" * 1001, "Write at most 1000 characters"),
        ("model", "", "Choose a model."),
        ("model", "nope", "This model is not on offer"),
        ("model", "../../etc", "This model is not on offer"),
        ("aspect_ratio", "7:3", "Choose one of the shapes shown."),
        ("count", "0", "Choose 1 to 4 pictures."),
        ("count", "99", "Choose 1 to 4 pictures."),
        ("count", "-1", "Choose 1 to 4 pictures."),
        ("count", "1e309", "Choose a whole number of pictures."),
        ("count", "", "Choose how many pictures."),
        ("style", "cubist", "Choose one of the styles shown."),
        ("seed", "pi", "A seed is a whole number."),
        ("seed", "-1", "A seed is 0 or more."),
        ("seed", str(2**64), "A seed is at most"),
        ("key", "", "Please reload the page."),
        ("key", "x'; DROP TABLE", "Please reload the page."),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_bad_input_names_its_field_and_loses_nothing(
    alice: User, browse: As, field: str, value: str, sentence: str, htmx: bool
) -> None:
    said = {"prompt": "A red kite over a harbour", "negative_prompt": "people", field: value}
    response = ask(browse(alice), htmx=htmx, **said)
    body = response.content.decode()
    assert response.status_code == 422
    assert sentence in body
    if "\x00" not in said["prompt"]:
        assert said["prompt"].strip() in body
    assert said["negative_prompt"] in body
    assert not Job.objects.exists()
    assert statements.balance(owner_id=alice.pk, is_guest=False).available == 100


def test_lone_surrogates_are_refused_not_a_crash(alice: User, browse: As) -> None:
    body = b"prompt=%ED%A0%80+broken&model=demo"
    response = browse(alice).post("/generate", body, content_type="application/x-www-form-urlencoded", headers=HTMX)
    assert response.status_code == 422


def test_emoji_and_right_to_left_text_are_welcome(alice: User, browse: As) -> None:
    assert job_of(ask(browse(alice), prompt="🌊 موج على الشاطئ")).prompt_written == "🌊 موج على الشاطئ"


def test_a_thousand_characters_count_a_line_break_once(alice: User, browse: As) -> None:
    assert ask(browse(alice), prompt="x" * 499 + "\r\n" + "y" * 500).status_code == 201


def test_fields_that_are_the_servers_are_ignored(alice: User, charlie: User, browse: As) -> None:
    job = job_of(ask(browse(alice), owner=charlie.pk, price_credits=0, state="succeeded", free_credits=0, turn=-5))
    assert (job.owner, job.price_credits, job.state) == (alice, 1, JobState.QUEUED)
    assert job.turn >= 0


def test_what_comes_from_anothers_private_picture_has_no_lineage(alice: User, charlie: User, browse: As) -> None:
    theirs = pictures.one(charlie)
    job = job_of(ask(browse(alice), parent=f"remix:{theirs.code}"))
    assert (job.parent, job.origin) == (None, "")


def test_a_remix_remembers_where_it_came_from(alice: User, charlie: User, browse: As) -> None:
    shown = pictures.one(charlie)
    pictures.show(shown)
    job = job_of(ask(browse(alice), parent=f"remix:{shown.code}"))
    assert (job.parent, job.origin) == (shown.job, "remix")


# --- Refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quote", ["", "forged", "a:b:c"])
def test_without_the_quote_that_was_shown_nothing_is_priced(alice: User, browse: As, quote: str) -> None:
    response = ask(browse(alice), quote=quote)
    body = response.content.decode()
    assert (response.status_code, error_of(response)) == (422, "quote_expired")
    assert 'name="quote"' in body
    assert "Misty ridges at first light" in body
    assert response.headers["HX-Retarget"] == "#studio-form"
    assert not Job.objects.exists()


@pytest.mark.parametrize("changed", [{"count": 4}, {"aspect_ratio": "1:1"}])
def test_a_quote_is_for_the_request_it_was_shown_for(alice: User, browse: As, changed: dict[str, Any]) -> None:
    assert error_of(ask(browse(alice), **{"quote": token(), **changed})) == "quote_expired"


def test_a_quote_expires(alice: User, browse: As, settings: Any) -> None:
    assert settings.QUOTE_SECONDS == 120
    settings.QUOTE_SECONDS, stale = 0, token()
    time.sleep(1.1)
    assert error_of(ask(browse(alice), quote=stale)) == "quote_expired"


def test_no_credits_is_402_and_says_what_is_there(bob: User, browse: As) -> None:
    response = ask(browse(bob), count=2)
    assert (response.status_code, error_of(response)) == (402, "insufficient_credits")
    assert "needs 2 credits and 0 are available" in response.content.decode()
    assert not Job.objects.exists()


def test_pro_models_take_purchased_credits_only(charlie: User, alice: User, browse: As) -> None:
    demo()
    InferenceModel.objects.update(is_pro=True)
    catalogue.forget()
    assert ask(browse(charlie)).status_code == 402  # 20 daily credits do not count
    job = job_of(ask(browse(alice)))
    assert statements.balance(owner_id=alice.pk, is_guest=False).purchased.reserved == job.total_credits


def test_a_blocked_prompt_names_rule_and_words(alice: User, browse: As) -> None:
    response = ask(browse(alice), prompt="A deepfake nude of my neighbour")
    body = response.content.decode()
    assert (response.status_code, error_of(response)) == (422, "blocked_prompt")
    assert "Stripping a real person" in body
    assert "deepfake nude" in body
    assert not Job.objects.exists()


def test_the_ninth_request_in_a_minute_waits(alice: User, browse: As, settings: Any) -> None:
    settings.OPEN_JOBS_MAX = (20, 20, 20)
    client = browse(alice)
    answers = [ask(client) for _ in range(9)]
    assert [answer.status_code for answer in answers] == [201] * 8 + [429]
    assert error_of(answers[-1]) == "rate_limited"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 61


def test_the_rate_counts_addresses_not_sessions(browse: As, settings: Any) -> None:
    settings.RATE_LIMIT_GENERATE = (2, 60)
    assert [ask(browse(None)).status_code for _ in range(3)] == [201, 201, 429]


def test_a_guest_has_one_open_job_an_account_three_a_customer_six(
    gwen: User, charlie: User, alice: User, browse: As, settings: Any
) -> None:
    settings.RATE_LIMIT_GENERATE = (100, 60)
    for user, most in ((gwen, 1), (charlie, 3), (alice, 6)):
        answers = [ask(browse(user)) for _ in range(most + 1)]
        assert [answer.status_code for answer in answers] == [201] * most + [429]
        assert error_of(answers[-1]) == "too_many_jobs"
        assert f"can have {most} open" in answers[-1].content.decode()


def test_todays_requests_are_limited_and_a_refused_one_does_not_count(gwen: User, browse: As, settings: Any) -> None:
    settings.DAILY_GENERATE_MAX, settings.OPEN_JOBS_MAX = (2, 10, 10), (9, 9, 9)
    client = browse(gwen)
    assert ask(client, prompt="").status_code == 422
    assert ask(client, quote="forged").status_code == 422
    assert [ask(client).status_code for _ in range(3)] == [201, 201, 429]
    response = ask(client)
    assert error_of(response) == "daily_limit"
    assert int(response.headers["Retry-After"]) <= 86_400


def test_new_guests_of_one_address_share_its_free_credits(browse: As, settings: Any) -> None:
    settings.FREE_CREDITS_PER_ADDRESS, settings.RATE_LIMIT_GENERATE = 5, (100, 60)
    answers = [ask(browse(None), count=2) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert "5 free credits a day" in answers[-1].content.decode()


def test_a_released_job_gives_its_free_credits_back_to_the_address(browse: As, settings: Any) -> None:
    settings.FREE_CREDITS_PER_ADDRESS, settings.RATE_LIMIT_GENERATE = 2, (100, 60)
    client = browse(None)
    job = job_of(ask(client, count=2))
    assert ask(browse(None)).status_code == 429
    client.post(f"/jobs/{job.code}/cancel", headers=HTMX)
    assert ask(browse(None)).status_code == 201


def test_old_accounts_and_customers_do_not_use_the_address_budget(
    charlie: User, alice: User, browse: As, settings: Any
) -> None:
    settings.FREE_CREDITS_PER_ADDRESS = 0
    assert ask(browse(alice)).status_code == 201
    assert ask(browse(charlie)).status_code == 429
    User.objects.filter(pk=charlie.pk).update(date_joined=timezone.now() - timedelta(days=8))
    assert ask(browse(charlie)).status_code == 201


def test_a_model_that_is_switched_off_says_so_before_anything_is_reserved(alice: User, browse: As) -> None:
    demo()
    InferenceModel.objects.update(is_enabled=False, message="Back at noon.")
    catalogue.forget()
    response = ask(browse(alice))
    assert (response.status_code, error_of(response)) == (422, "provider_down")
    assert "Back at noon." in response.content.decode()


def test_a_banned_guest_submits_nothing(gwen: User, browse: As) -> None:
    User.objects.filter(pk=gwen.pk).update(is_active=False)
    assert ask(browse(gwen)).status_code == 403
    assert not Job.objects.exists()


# --- The doors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["/generate", "/quote"])
def test_reading_does_not_submit(browse: As, url: str) -> None:
    assert browse(None).get(url).status_code == 405


@pytest.mark.parametrize("url", ["/generate", "/quote"])
def test_a_form_from_elsewhere_is_forbidden(url: str) -> None:
    assert Client(enforce_csrf_checks=True).post(url, form()).status_code == 403


def test_a_quote_is_itemised_and_reserves_nothing(alice: User, browse: As) -> None:
    response = browse(alice).post("/quote", form(count=4), headers=HTMX)
    body = response.content.decode()
    assert response.status_code == 200
    assert "4 credits" in body
    assert "Ordinary picture, usual time: 1, times 4" in body
    assert "leaves 96" in body
    assert "<form" not in body
    assert statements.balance(owner_id=alice.pk, is_guest=False).reserved == 0


@pytest.mark.parametrize(
    ("is_pro", "said"),
    [(False, "20 daily, then 16 bonus, of your 100</dt><dd>leaves 64"), (True, "Of your 30</dt><dd>not enough")],
)
def test_a_quote_names_the_wallets_that_would_pay(alice: User, browse: As, is_pro: bool, said: str) -> None:
    demo()
    InferenceModel.objects.update(price_credits=9, is_pro=is_pro)
    catalogue.forget()
    body = browse(alice).post("/quote", form(count=4), headers=HTMX).content.decode()
    assert said in body
    assert ("This model takes purchased credits only." in body) == is_pro
    if not is_pro:
        job = job_of(ask(browse(alice), count=4))
        held = Transfer.objects.filter(subject=job.subject).values_list("source__kind", "amount")
        assert sorted(held) == [("bonus", 16), ("daily", 20)]


def test_a_quote_says_that_a_debt_comes_first(alice: User, browse: As) -> None:
    ledger.clawback(owner_id=alice.pk, amount=33, kind="clawback", key="dispute", reason="a lost dispute")
    body = browse(alice).post("/quote", form(), headers=HTMX).content.decode()
    assert "you owe 3" in body
    assert "Until your debt is paid, nothing new can be made." in body
    assert "leaves" not in body
    assert ask(browse(alice)).status_code == 402


def test_a_quote_needs_no_prompt(browse: As) -> None:
    assert browse(None).post("/quote", form(prompt="", key=""), headers=HTMX).status_code == 200


def test_without_htmx_a_quote_is_the_whole_studio_with_the_form_kept(browse: As) -> None:
    response = browse(None).post("/quote", form(prompt="Kept words", count=3))
    body = response.content.decode()
    assert response.status_code == 200
    assert "Kept words" in body
    assert "3 credits" in body
    assert "<html" in body


def test_a_quote_for_what_cannot_be_is_422(browse: As) -> None:
    assert browse(None).post("/quote", form(count=99), headers=HTMX).status_code == 422


@pytest.mark.parametrize("door", ["/generate", "/quote"])
def test_marks_upon_marks_without_end_are_not_put_in_order(
    alice: User, browse: As, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    """That takes quadratic time: a body full of them would take the better part of an hour."""
    composed: list[int] = []
    compose = unicodedata.normalize

    def normalize(form: Any, text: str) -> str:
        composed.append(len(text))
        return compose(form, text)

    monkeypatch.setattr("generation.fields.unicodedata.normalize", normalize)
    pile = "a" + 3000 * "\u0301" + 3000 * "\u0327"
    response = browse(alice).post(door, form(prompt=pile, negative_prompt=pile, enhanced=pile), headers=HTMX)
    assert response.status_code == 422
    assert max(composed) < 1000


def test_a_sign_of_four_is_one_and_counts_as_one(alice: User, browse: As) -> None:
    response = ask(browse(alice), prompt=1000 * "\u03b1\u0313\u0300\u0345")
    assert response.status_code == 201
    assert job_of(response).prompt_written == 1000 * "\u1f82"
