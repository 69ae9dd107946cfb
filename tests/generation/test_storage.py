"""A site with a bucket does what one with a disk does: from the pipeline to the sweep."""

import io
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client, TestCase
from PIL import Image

from accounts.models import User
from config.bucket import BEGINNING_MAX_BYTES
from generation import assets, intake, renditions, worker
from generation.models import Asset, Job, JobState, Reference
from generation.providers.base import Output
from generation.solid import glb
from tests import pictures, uploads
from tests.browsers import As
from tests.buckets import NOWHERE, Moto

pytestmark = pytest.mark.django_db


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


@pytest.mark.usefixtures("anywhere")
@pytest.mark.django_db(transaction=True)
def test_a_picture_goes_from_the_worker_to_the_pages_and_the_download(alice: User, browse: As) -> None:
    asset = pictures.one(alice)
    renditions.make(asset_id=asset.pk)
    mine = browse(alice)
    answer = mine.get(asset.src)
    with Image.open(io.BytesIO(body(answer))) as picture:
        assert (picture.format, picture.size) == ("WEBP", (48, 32))
    original = body(mine.get(f"{asset.url}/download?format=original"))
    with (
        default_storage.open(asset.storage_key) as file,
        Image.open(file) as kept,
        Image.open(io.BytesIO(original)) as got,
    ):
        assert (got.format, got.tobytes()) == (kept.format, kept.tobytes())
    for wanted in ("png", "jpeg", "webp"):
        with Image.open(io.BytesIO(body(mine.get(f"{asset.url}/download?format={wanted}")))) as picture:
            assert picture.size == (48, 32)


@pytest.mark.usefixtures("anywhere")
@pytest.mark.django_db(transaction=True)
def test_a_3d_model_is_stored_with_its_poster_and_streamed(alice: User, browse: As) -> None:
    asset = pictures.solid(alice)
    renditions.make(asset_id=asset.pk)
    data = body(browse(alice).get(asset.model_url))
    assert (len(data), data[:4]) == (asset.size_bytes, b"glTF")
    assert glb.read(data).triangles == asset.triangles
    assert browse(alice).get(asset.src).status_code == 200
    pictures.show(asset, hide_prompt=True)
    assert body(browse(None).get(asset.model_url))[:4] == b"glTF"


@pytest.mark.usefixtures("anywhere")
def test_a_reference_is_kept_shown_and_forgotten(alice: User, browse: As) -> None:
    reference, mine = uploads.kept(alice), browse(alice)
    address = f"/references/{reference.code}.jpg"
    assert len(body(mine.get(address))) == reference.size_bytes
    with TestCase.captureOnCommitCallbacks(execute=True):
        mine.post(f"/references/{reference.code}/remove")
    assert mine.get(address).status_code == 404
    assert not default_storage.exists(reference.storage_key)


@pytest.mark.usefixtures("anywhere")
def test_what_is_discarded_is_gone(alice: User) -> None:
    job = pictures.submit(alice, pictures=1, prompt="A red kite", ratio="1:1")
    kept = intake.keep(job=job, output=Output(0, pictures.png(1), 1))
    assert default_storage.exists(kept.storage_key)
    intake.discard([kept])
    intake.discard([kept])  # again is no error
    assert not default_storage.exists(kept.storage_key)


@pytest.mark.usefixtures("anywhere")
def test_the_same_name_is_written_over() -> None:
    for data in (b"one", b"another"):
        assert default_storage.save("renditions/aa/x/320.webp", ContentFile(data)) == "renditions/aa/x/320.webp"
    with default_storage.open("renditions/aa/x/320.webp") as file:
        assert file.read() == b"another"


@pytest.mark.usefixtures("anywhere")
def test_readyz_writes_a_file_and_leaves_none(client: Client) -> None:
    assert client.get("/readyz").json()["parts"]["storage"] == "ok"
    assert default_storage.listdir("readyz")[1] == []


# --- An open object --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [10, BEGINNING_MAX_BYTES + 10])
def test_an_object_reads_like_any_file(bucket: Moto, size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    default_storage.save("one", ContentFile(data))
    with default_storage.open("one") as file:
        assert (file.read(4), file.tell()) == (data[:4], 4)
        assert file.seek(0) == 0
        assert file.read() == data
        assert file.read() == b""
        assert file.seek(-3, io.SEEK_END) == size - 3
        assert file.read(2) == data[-3:-1]
        assert b"".join(file.chunks(1000)) == data
    with default_storage.open("one") as file:
        file.read(BEGINNING_MAX_BYTES)
        file.read(5)
        file.seek(1)
        assert file.read(3) == data[1:4]


def test_an_object_that_is_read_in_order_comes_in_one_request(bucket: Moto) -> None:
    default_storage.save("one", ContentFile(b"x" * 300_000))
    asked: list[str] = []
    default_storage._client.meta.events.register(  # type: ignore[attr-defined]
        "before-send.s3", lambda request, **_: asked.append(request.method)
    )
    with default_storage.open("one") as file:
        assert (file.seek(0, io.SEEK_END), file.seek(0)) == (300_000, 0)  # how an answer learns its length
        assert sum(len(chunk) for chunk in file.chunks()) == 300_000
    assert asked == ["GET"]


# --- A bucket that is away -------------------------------------------------------------------------------------------


@pytest.fixture
def shown(bucket: Moto, alice: User) -> Asset:
    asset = pictures.one(alice)
    renditions.make(asset_id=asset.pk)
    pictures.show(asset)
    return asset


@pytest.mark.parametrize("changes", [{"endpoint_url": NOWHERE}, {"bucket_name": "another"}], ids=["away", "no bucket"])
def test_a_bucket_that_is_away_is_503_and_comes_back(
    bucket: Moto, alice: User, browse: As, settings: Any, shown: Asset, changes: dict[str, str]
) -> None:
    settings.STORAGES = bucket.storages(**changes)
    for visitor in (browse(alice), browse(None)):
        for url in (shown.src, f"{shown.url}/download", f"{shown.url}/download?format=png"):
            answer = visitor.get(url)
            assert (answer.status_code, answer["Retry-After"]) == (503, "5"), url
        assert visitor.head(shown.src).status_code == 503
        assert visitor.get(shown.url).status_code == 200  # the page itself needs no bucket
    assert browse(None).get("/readyz").json()["parts"]["storage"] == "StorageAway"
    settings.STORAGES = bucket.storages()
    assert browse(None).get(shown.src).status_code == 200


def test_an_upload_while_the_bucket_is_away_is_503_and_leaves_no_row(
    bucket: Moto, alice: User, browse: As, settings: Any
) -> None:
    settings.STORAGES = bucket.storages(endpoint_url=NOWHERE)
    answer = browse(alice).post("/references", {"model": "demo", "reference": uploads.file()})
    assert (answer.status_code, Reference.objects.count()) == (503, 0)


def test_only_an_object_that_is_absent_is_404(bucket: Moto, alice: User, browse: As, shown: Asset) -> None:
    for key in bucket.objects():
        default_storage.delete(key)
    for url in (shown.src, f"{shown.url}/download"):
        assert browse(None).get(url).status_code == 404
        assert browse(None).head(url).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_job_without_a_storage_ends_unpaid_and_one_whose_storage_returns_is_stored(
    bucket: Moto, alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "STORAGE_PAUSES_SECONDS", (0,))
    settings.STORAGES = bucket.storages(endpoint_url=NOWHERE)
    lost, kept = (pictures.submit(alice, pictures=1, prompt="A red kite", ratio="1:1") for _ in range(2))
    for _ in range(2):  # one try each
        worker.work("providers")
    for job in (lost, kept):
        job.refresh_from_db()
        assert (job.state, job.waiting, job.tries) == (JobState.STORING, True, 1)
    Job.objects.update(not_before=None)
    settings.STORAGES = bucket.storages()
    for _ in range(2):
        worker.work("providers")
    kept.refresh_from_db()
    assert kept.state == JobState.SUCCEEDED
    with assets.open_original(Asset.objects.get(job=kept)) as file:
        assert file.read()
