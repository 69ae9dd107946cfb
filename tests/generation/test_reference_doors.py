"""Uploading, seeing, using and forgetting a reference picture: one's own alone, and never a second row for one file."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from accounts.models import User
from generation import catalogue, jobs, references
from generation.errors import BadReference
from generation.models import InferenceModel, Job, Reference
from generation.pricing import quote
from tests import races, uploads
from tests.browsers import As
from tests.generation.asking import HTMX, ask, demo, error_of, form, job_of

pytestmark = pytest.mark.django_db


def send(client: Client, data: bytes | None = None, *, htmx: bool = True, name: str = "river-mouth.jpg") -> Any:
    said = {"reference": uploads.file(data, name=name), "model": "demo"}
    return client.post("/references", said, headers=HTMX if htmx else {})


@pytest.fixture
def follower() -> InferenceModel:
    """The demo model, as if it could follow a picture."""
    model = demo()
    InferenceModel.objects.filter(pk=model.pk).update(supports_reference=True, supports_strength=True)
    catalogue.forget()
    return demo()


def follow(client: Client, kept: Reference | str, **changes: Any) -> Any:
    """POST /generate with a picture to follow, at the price that it has then."""
    model = demo()
    terms = {"aspect_ratio": "3:2", "references": 1}
    token = quote.sign(quote.make(model=model, count=1, **terms), model=model, **terms)  # type: ignore[arg-type]
    code = kept if isinstance(kept, str) else str(kept.code)
    return ask(client, **{"quote": token, "reference": code, **changes})


# --- Upload ----------------------------------------------------------------------------------------------------------


def test_an_upload_is_kept_and_shown_in_its_place(alice: User, browse: As) -> None:
    client = browse(alice)
    response = send(client)
    kept = Reference.objects.get()
    body = response.content.decode()
    assert response.status_code == 201
    assert f'name="reference" value="{kept.code}"' in body
    assert f'src="/references/{kept.code}.jpg"' in body
    assert "river-mouth.jpg" in body
    assert (kept.owner, kept.content_type, kept.width, kept.height) == (alice, "image/jpeg", 90, 60)
    assert kept.storage_key.startswith("references/")
    assert "river" not in kept.storage_key


def test_without_javascript_an_upload_leads_back_to_the_studio_with_it(alice: User, browse: As) -> None:
    client = browse(alice)
    response = send(client, htmx=False)
    kept = Reference.objects.get()
    assert (response.status_code, response.headers["Location"]) == (303, f"/?reference={kept.code}")


def test_the_same_file_twice_is_one_row_and_one_object(alice: User, browse: As) -> None:
    client = browse(alice)
    first, second = send(client), send(client, name="again.jpg")
    assert first.status_code == second.status_code == 201
    assert Reference.objects.count() == 1
    assert len(_objects()) == 1


def test_the_same_file_of_two_people_is_two_rows(alice: User, charlie: User, browse: As) -> None:
    for person in (alice, charlie):
        send(browse(person))
    assert sorted(Reference.objects.values_list("owner_id", flat=True)) == sorted([alice.pk, charlie.pk])


def test_a_visitor_becomes_a_guest_with_the_first_good_picture_only(browse: As) -> None:
    client = browse(None)
    assert send(client, b"no picture").status_code == 415
    assert not User.objects.exists()
    assert send(client).status_code == 201
    kept = Reference.objects.get()
    assert kept.owner.is_guest
    assert client.get(f"/references/{kept.code}.jpg").status_code == 200


def test_a_visitors_second_click_is_the_same_guest(browse: As) -> None:
    client = browse(None)
    client.get("/")
    csrf = client.cookies["csrftoken"].value
    send(client)
    client.cookies.clear()  # the first answer, and its session, were lost
    client.cookies["csrftoken"] = csrf
    send(client)
    assert User.objects.count() == Reference.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [(b"%PDF-1.7", 415, "This is a PDF"), (b"\xff\xd8\xff" + b"x" * 99, 415, "begins like"), (None, 422, "narrow")],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_a_bad_picture_is_told_apart_and_nothing_is_kept(
    alice: User, browse: As, data: bytes | None, status: int, reason: str, htmx: bool
) -> None:
    response = send(browse(alice), uploads.jpeg(size=(8, 8)) if data is None else data, htmx=htmx)
    assert (response.status_code, error_of(response)) == (status, "bad_reference")
    assert reason in response.content.decode()
    assert not Reference.objects.exists()
    assert not _objects()


def test_a_form_without_a_file_asks_for_one(alice: User, browse: As) -> None:
    response = browse(alice).post("/references", {"model": "demo"}, headers=HTMX)
    assert (response.status_code, error_of(response)) == (422, "bad_reference")  # type: ignore[arg-type]


def test_a_body_of_sixty_megabytes_is_refused_unread(alice: User, browse: As) -> None:
    class Unread:
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("somebody read it")

        readline = read

    client = browse(alice)
    response = client.generic(
        "POST",
        "/references",
        b"",
        content_type="multipart/form-data; boundary=x",
        **{"CONTENT_LENGTH": "60000000", "wsgi.input": Unread()},  # type: ignore[arg-type]
    )
    assert response.status_code == 413
    assert "10 MB" in response.content.decode()


def test_an_address_may_send_so_many_pictures(alice: User, browse: As, settings: Any) -> None:
    settings.RATE_LIMIT_UPLOAD = (2, 600)
    client = browse(alice)
    answers = [send(client, uploads.jpeg(color=(n, n, n))) for n in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert error_of(answers[2]) == "rate_limited"
    assert int(answers[2].headers["Retry-After"]) > 0


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_row(alice: User) -> None:
    rows = races.together(4, lambda: uploads.kept(alice))
    assert len({row.pk for row in rows if isinstance(row, Reference)}) == Reference.objects.count() == 1
    assert len(_objects()) == 1


# --- See -------------------------------------------------------------------------------------------------------------


def test_only_the_owner_gets_the_bytes(alice: User, charlie: User, gwen: User, browse: As) -> None:
    kept = uploads.kept(alice)
    mine = browse(alice).get(f"/references/{kept.code}.jpg")
    assert mine.status_code == 200
    assert mine.headers["Content-Type"] == "image/jpeg"
    assert mine.headers["Cache-Control"] == "private, no-store"
    assert "sandbox" in mine.headers["Content-Security-Policy"]
    assert mine.headers["X-Content-Type-Options"] == "nosniff"
    for other in (charlie, gwen, None):
        assert browse(other).get(f"/references/{kept.code}.jpg").status_code == 404
        assert browse(other).post(f"/references/{kept.code}/remove", headers=HTMX).status_code == 404
    assert Reference.objects.filter(pk=kept.pk).exists()


def test_what_is_gone_from_storage_is_not_here(alice: User, browse: As) -> None:
    kept = uploads.kept(alice)
    default_storage.delete(kept.storage_key)
    assert browse(alice).get(f"/references/{kept.code}.jpg").status_code == 404


@pytest.mark.parametrize(("path", "method"), [("/references", "get"), ("/references/{}/remove", "get")])
def test_other_methods_are_refused(alice: User, browse: As, path: str, method: str) -> None:
    kept = uploads.kept(alice)
    assert getattr(browse(alice), method)(path.format(kept.code)).status_code == 405


# --- Use -------------------------------------------------------------------------------------------------------------


def test_a_job_follows_its_picture_at_the_price_of_it(alice: User, browse: As, follower: InferenceModel) -> None:
    kept = uploads.kept(alice)
    job = job_of(follow(browse(alice), kept, strength="0.4"))
    assert (job.reference, job.strength) == (kept, 0.4)
    assert any("reference" in str(line).lower() for line in job.quote["lines"])


def test_a_model_that_follows_no_picture_is_given_none(alice: User, browse: As) -> None:
    kept = uploads.kept(alice)
    job = job_of(ask(browse(alice), reference=str(kept.code), strength="0.4"))
    assert (job.reference, job.strength) == (None, None)


@pytest.mark.parametrize("htmx", [True, False])
def test_anothers_picture_is_a_field_error(
    alice: User, charlie: User, browse: As, follower: InferenceModel, htmx: bool
) -> None:
    theirs = uploads.kept(charlie)
    for code in (str(theirs.code), "00000000-0000-7000-8000-000000000000", "nonsense", "../../etc/passwd"):
        response = follow(browse(alice), code, htmx=htmx)
        assert response.status_code == 422
        body = response.content.decode()
        assert "This picture is not here any more" in body
        assert "Misty ridges at first light" in body
        assert str(theirs.code) not in body
    assert not Job.objects.exists()


def test_without_javascript_the_file_goes_with_the_form(alice: User, browse: As, follower: InferenceModel) -> None:
    client = browse(alice)
    priced = client.post("/quote", {**form(), "reference": uploads.file()})
    kept = Reference.objects.get()
    body = priced.content.decode()
    assert priced.status_code == 200
    assert f'name="reference" value="{kept.code}"' in body
    assert "Misty ridges at first light" in body
    assert job_of(follow(client, kept, htmx=False)).reference == kept


def test_the_empty_field_of_a_file_does_not_take_the_picture_away(
    alice: User, browse: As, follower: InferenceModel
) -> None:
    kept = uploads.kept(alice)
    job = job_of(follow(browse(alice), kept, reference=[str(kept.code), ""]))
    assert job.reference == kept


def test_a_bad_file_in_the_form_keeps_what_was_typed(alice: User, browse: As) -> None:
    said = {**form(prompt="A kite over the sea"), "reference": uploads.file(b"%PDF-1.7")}
    response: Any = browse(alice).post("/generate", said)
    assert (response.status_code, error_of(response)) == (415, "bad_reference")
    assert "A kite over the sea" in response.content.decode()
    assert not Job.objects.exists()


def test_every_refusal_keeps_the_picture_in_the_form(alice: User, browse: As, follower: InferenceModel) -> None:
    kept = uploads.kept(alice)
    response = follow(browse(alice), kept, prompt="")
    assert response.status_code == 422
    assert f'name="reference" value="{kept.code}"' in response.content.decode()


def test_another_models_controls_keep_the_picture(alice: User, charlie: User, browse: As) -> None:
    demo()
    kept = uploads.kept(alice)
    assert str(kept.code) not in browse(charlie).get(f"/?model=demo&reference={kept.code}").content.decode()
    InferenceModel.objects.update(supports_reference=True)
    catalogue.forget()
    assert str(kept.code) in browse(alice).get(f"/?model=demo&reference={kept.code}").content.decode()


def test_a_submit_for_a_picture_that_went_meanwhile_is_refused(alice: User, follower: InferenceModel) -> None:
    kept = uploads.kept(alice)
    references.remove(code=kept.code, owner_id=alice.pk)
    with pytest.raises(BadReference):
        references.hold(reference_id=kept.pk, owner_id=alice.pk)


@pytest.mark.parametrize("strength", [0.0, 0.4])
def test_reuse_and_retry_carry_ones_own_picture(
    alice: User, browse: As, follower: InferenceModel, strength: float
) -> None:
    client, kept = browse(alice), uploads.kept(alice)
    job = job_of(follow(client, kept, strength=str(strength)))
    body = client.get(f"/?from={job.code}").content.decode()
    assert f'name="reference" value="{kept.code}"' in body
    assert f'step="0.05" value="{strength}"' in body
    jobs.cancel(code=job.code, owner_id=alice.pk)
    again = job_of(client.post(f"/jobs/{job.code}/retry", headers=HTMX))  # type: ignore[arg-type]
    assert again != job
    assert (again.reference, again.strength) == (kept, strength)


def test_a_remix_by_somebody_else_has_no_reference(
    alice: User, charlie: User, browse: As, follower: InferenceModel
) -> None:
    from tests import pictures  # noqa: PLC0415  (only here are pictures made)

    kept = uploads.kept(alice)
    asset = pictures.one(alice)
    Job.objects.filter(pk=asset.job_id).update(reference=kept, strength=0.4)
    pictures.show(asset)
    theirs = browse(charlie).get(f"/?remix={asset.code}").content.decode()
    assert "Misty" in theirs or "harbour" in theirs
    assert str(kept.code) not in theirs
    assert str(kept.code) in browse(alice).get(f"/?remix={asset.code}").content.decode()


# --- Forget ----------------------------------------------------------------------------------------------------------


def test_taking_a_picture_away_deletes_it_where_nothing_uses_it(
    alice: User, browse: As, follower: InferenceModel, django_capture_on_commit_callbacks: Any
) -> None:
    client = browse(alice)
    used, unused = uploads.kept(alice), uploads.kept(alice, color=(1, 2, 3))
    follow(client, used)
    for kept in (used, unused):
        with django_capture_on_commit_callbacks(execute=True):
            response = client.post(f"/references/{kept.code}/remove", {"model": "demo"}, headers=HTMX)
        assert response.status_code == 200
        assert 'name="reference" value=' not in response.content.decode()
    assert list(Reference.objects.all()) == [used]
    assert _objects() == [used.storage_key]


def test_of_unused_pictures_the_newest_are_kept(
    alice: User, charlie: User, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "UNUSED_MAX", 2)
    theirs = uploads.kept(charlie)
    with django_capture_on_commit_callbacks(execute=True):
        rows = [uploads.kept(alice, color=(n, n, n)) for n in (10, 20, 30)]
    assert set(Reference.objects.all()) == {theirs, *rows[1:]}


def test_what_nothing_used_for_a_day_goes_with_its_bytes(
    alice: User, browse: As, follower: InferenceModel, django_capture_on_commit_callbacks: Any
) -> None:
    used, old, young = (uploads.kept(alice, color=(n, n, n)) for n in (10, 20, 30))
    follow(browse(alice), used)
    Reference.objects.filter(pk__in=[used.pk, old.pk]).update(created_at=timezone.now() - timedelta(hours=25))
    with django_capture_on_commit_callbacks(execute=True):
        assert references.forget_unused() == 1
    assert set(Reference.objects.all()) == {used, young}
    assert set(_objects()) == {used.storage_key, young.storage_key}


def test_a_guests_pictures_go_along_into_the_account(gwen: User, charlie: User) -> None:
    kept = uploads.kept(gwen)
    jobs.hand_over(from_id=gwen.pk, to_id=charlie.pk)
    kept.refresh_from_db()
    assert kept.owner == charlie


def _objects() -> list[str]:
    """What lies in storage under references/."""
    found: list[str] = []
    folders = ["references"] if default_storage.exists("references") else []
    while folders:
        folder = folders.pop()
        inside, files = default_storage.listdir(folder)
        folders += [f"{folder}/{name}" for name in inside]
        found += [f"{folder}/{name}" for name in files]
    return found


# --- Models that make nothing without a picture ----------------------------------------------------------------------


@pytest.fixture
def sculptor(follower: InferenceModel) -> InferenceModel:
    InferenceModel.objects.filter(pk=follower.pk).update(recipe={"needs_reference": True})
    catalogue.forget()
    return demo()


def test_a_model_that_needs_a_picture_is_not_asked_without_one(
    alice: User, browse: As, sculptor: InferenceModel
) -> None:
    client = browse(alice)
    refused = follow(client, "")
    assert (refused.status_code, error_of(refused)) == (422, "invalid_form")
    assert f"{sculptor.name} works from a picture. Add one." in refused.content.decode()
    assert not Job.objects.exists()
    assert follow(client, uploads.kept(alice)).status_code == 201


def test_the_price_of_a_picture_that_is_needed_is_said_before_it_is_there(
    alice: User, browse: As, sculptor: InferenceModel
) -> None:
    client = browse(alice)
    without, kept = form(), uploads.kept(alice)
    first, second = (
        client.post("/quote", said, headers=HTMX) for said in (without, without | {"reference": kept.code})
    )
    assert first.status_code == second.status_code == 200
    assert _total(first) == _total(second)


def _total(response: Any) -> str:
    return str(response.context["quote"].total_credits)
