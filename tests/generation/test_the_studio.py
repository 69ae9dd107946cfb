"""GET /: for a visitor, a guest and an account, and everything that may fill the form."""

from urllib.parse import quote

import pytest

from accounts.models import User
from generation import catalogue
from generation.models import InferenceModel
from tests import pictures
from tests.browsers import As
from tests.generation.asking import demo

pytestmark = pytest.mark.django_db


def test_a_visitor_sees_the_landing_band_and_makes_no_row(browse: As) -> None:
    demo()
    body = browse(None).get("/").content.decode()
    assert "hang a picture" in body
    assert "1 credit" in body
    assert not User.objects.exists()


def test_an_account_goes_straight_to_work(alice: User, browse: As) -> None:
    body = browse(alice).get("/").content.decode()
    assert "hang a picture" not in body
    assert "0 of 1,000" in body


def test_one_s_last_pictures_are_there_and_nobody_elses(alice: User, charlie: User, browse: As) -> None:
    mine, theirs = pictures.one(alice), pictures.one(charlie)
    body = browse(alice).get("/").content.decode()
    assert str(mine.code) in body
    assert str(theirs.code) not in body


def test_a_link_may_bring_a_prompt_which_is_text(browse: As) -> None:
    body = browse(None).get("/?prompt=" + quote('<script>alert(1)</script> "quoted"')).content.decode()
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &quot;quoted&quot;" in body


@pytest.mark.parametrize(
    "query", ["from=nonsense", "remix=1", "count=abc", "count=99", "model=none", "prompt=%00", "aspect_ratio=9"]
)
def test_a_broken_link_is_a_fresh_form(browse: As, query: str) -> None:
    assert browse(None).get(f"/?{query}").status_code == 200


def test_reuse_and_variation_fill_the_form_from_ones_own_job(alice: User, browse: As) -> None:
    job = pictures.one(alice, prompt="Two boats", ratio="9:16").job
    same = browse(alice).get(f"/?from={job.code}").content.decode()
    assert "Two boats" in same
    assert f'value="variation:{job.code}"' in same
    beside = browse(alice).get(f"/?from={job.code}&variation=1").content.decode()
    assert f'value="{(job.seed + 1) % 2**32}"' in beside


def test_anothers_job_fills_nothing(alice: User, charlie: User, browse: As) -> None:
    job = pictures.one(alice, prompt="Two secret boats").job
    assert "secret" not in browse(charlie).get(f"/?from={job.code}").content.decode()


def test_remix_needs_a_picture_whose_prompt_shows(alice: User, charlie: User, browse: As) -> None:
    hidden, shown, private = (pictures.one(alice, prompt=f"Boat {name}") for name in ("one", "two", "three"))
    pictures.show(hidden, hide_prompt=True)
    pictures.show(shown)
    answers = [browse(charlie).get(f"/art/{asset.code}/remix") for asset in (hidden, shown, private)]
    assert [answer.status_code for answer in answers] == [404, 302, 404]
    assert "Boat two" in browse(charlie).get(answers[1].headers["Location"]).content.decode()
    assert "Boat one" not in browse(charlie).get(f"/?remix={hidden.code}").content.decode()
    assert browse(alice).get(f"/art/{hidden.code}/remix").status_code == 302


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_studio_is_only_read(browse: As, method: str) -> None:
    assert getattr(browse(None), method)("/").status_code == 405


def test_coming_back_finds_the_open_job_again(alice: User, browse: As) -> None:
    job = pictures.submit(alice, pictures=1, prompt="A red kite", ratio="1:1")
    body = browse(alice).get("/").content.decode()
    assert f'id="job-{job.code}"' in body
    assert "1 credit reserved." in body


@pytest.mark.parametrize("steps", ["30", "-1", "1e1", "NaN", "1e309", "\u0663", "x", "9" * 30])
@pytest.mark.parametrize("model", ["demo", "none"])
def test_an_address_that_names_nonsense_is_a_studio_with_a_price(browse: As, db: None, model: str, steps: str) -> None:
    """Whoever wrote the address: settings that do not exist are those of the rule."""
    demo()
    InferenceModel.objects.filter(slug="demo").update(max_steps=50, normal_steps=20)
    catalogue.forget()
    answer = browse(None).get("/", {"model": model, "aspect_ratio": "7:0", "steps": steps, "count": steps})
    assert answer.status_code == 200
    assert 'name="quote"' in answer.content.decode()
