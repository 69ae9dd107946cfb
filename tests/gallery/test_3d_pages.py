"""The page of a 3D model: the viewer where its script is there, the poster and the file always."""

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client

from accounts.models import User
from gallery import viewer
from tests import pictures
from tests.browsers import As

pytestmark = pytest.mark.django_db


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> str:
    """A site whose set-up had npm, whatever this one's had: some collected file stands for the viewer's."""
    monkeypatch.setattr(viewer, "SCRIPT", "js/app.js")
    return staticfiles_storage.url("js/app.js")


def everywhere(client: Client) -> str:
    """What pages may do that show no model."""
    return client.get("/library").headers["Content-Security-Policy"]


def test_with_the_script_its_page_shows_the_viewer_and_may_do_a_little_more(
    alice: User, browse: As, script: str
) -> None:
    asset, picture = pictures.solid(alice), pictures.one(alice)
    response = browse(alice).get(asset.url)
    page = response.content.decode()
    assert f'data-script="{script}"' in page
    assert f'data-model="{asset.model_url}"' in page
    assert f"<dd>{asset.triangles:,}</dd>" in page
    policy = response.headers["Content-Security-Policy"]
    assert "connect-src 'self' blob:" in policy
    assert "unsafe" not in policy
    plain = browse(alice).get(picture.url)
    assert "data-solid" not in plain.content.decode()
    assert plain.headers["Content-Security-Policy"] == everywhere(browse(alice))


def test_without_the_script_the_poster_and_the_file_are_there(
    alice: User, browse: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer, "SCRIPT", "vendor/there-is-none.js")
    asset = pictures.solid(alice)
    response = browse(alice).get(asset.url)
    page = response.content.decode()
    assert "data-solid" not in page
    assert "viewer.js" not in page
    assert asset.src in page
    assert f"{asset.url}/download?format=original" in page
    assert response.headers["Content-Security-Policy"] == everywhere(browse(alice))


def test_lists_and_cards_say_that_it_is_3d(alice: User, browse: As) -> None:
    asset = pictures.solid(alice)
    for path in ("/library", f"/jobs/{asset.job.code}"):
        page = browse(alice).get(path).content.decode()
        assert ">3D</span>" in page
        assert asset.src in page


def test_another_sees_no_page_of_a_private_model(alice: User, charlie: User, browse: As) -> None:
    asset = pictures.solid(alice)
    assert browse(charlie).get(asset.url).status_code == 404
    pictures.show(asset)
    assert browse(charlie).get(asset.url).status_code == 200
