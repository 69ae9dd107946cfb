"""The picture that other sites show beside a link: whole, of one size, plain, and only of what everybody may see."""

import io
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import posts
from generation import postcards
from generation.models import Asset, Level
from generation.tones import TONES
from tests.browsers import As
from tests.pictures import one, show, solid


@pytest.fixture
def asset(alice: User) -> Asset:
    return one(alice)


def card(client: Client, asset: Asset, **headers: Any) -> Any:
    return client.get(f"/files/{asset.code}/card.jpg", **headers)


def opened(answer: Any) -> Image.Image:
    return Image.open(io.BytesIO(answer.content))


def test_it_is_a_jpeg_of_one_size_with_the_whole_picture_on_its_ground(browse: As, asset: Asset) -> None:
    show(asset)
    answer = card(browse(None), asset)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Cache-Control"] == "public, max-age=300"
    picture = opened(answer).convert("RGB")
    assert picture.size == (1200, 630)
    ground = tuple(bytes.fromhex(TONES[asset.tone][1:]))
    drawn = ((asset.seed or 0) % 256, 90, 120)  # 3:2, so 945 of the 1200 px
    for x, color in ((5, ground), (1195, ground), (140, drawn), (600, drawn), (1060, drawn)):
        pixel = picture.getpixel((x, 315))
        assert isinstance(pixel, tuple)
        assert max(abs(a - b) for a, b in zip(pixel, color, strict=True)) < 8


def test_nothing_of_how_it_was_made_is_inside(browse: As, asset: Asset) -> None:
    show(asset, hide_prompt=True)
    answer = card(browse(None), asset)
    assert b"secret words" not in answer.content
    assert "exif" not in opened(answer).info
    assert "comment" not in opened(answer).info


def test_a_model_has_one_of_its_poster(browse: As, alice: User) -> None:
    vase = solid(alice)
    show(vase)
    assert opened(card(browse(None), vase)).size == (1200, 630)


def test_a_private_picture_has_none_not_even_for_its_owner(browse: As, alice: User, asset: Asset) -> None:
    absent = browse(None).get(f"/files/{uuid4()}/card.jpg")
    for user in (None, alice):
        answer = card(browse(user), asset)
        assert answer.status_code == absent.status_code == 404


@pytest.mark.parametrize("level", [Level.NUDITY, Level.EXPLICIT])
def test_above_suggestive_there_is_none(browse: As, alice: User, asset: Asset, level: str) -> None:
    show(asset, level=level)
    for user in (None, alice):
        assert card(browse(user), asset).status_code == 404


def test_an_unlisted_picture_has_one(browse: As, asset: Asset) -> None:
    show(asset, visibility="unlisted")
    assert card(browse(None), asset).status_code == 200


def test_withdrawing_takes_it_away_also_from_who_has_its_tag(browse: As, alice: User, asset: Asset) -> None:
    show(asset)
    client = browse(None)
    tag = card(client, asset)["ETag"]
    assert card(client, asset, HTTP_IF_NONE_MATCH=tag).status_code == 304
    posts.withdraw(asset=asset, owner=alice)
    assert card(client, asset, HTTP_IF_NONE_MATCH=tag).status_code == 404
    show(asset)
    Asset.objects.filter(pk=asset.pk).update(deleted_at=asset.created_at)
    assert card(client, asset, HTTP_IF_NONE_MATCH=tag).status_code == 404


def test_a_lost_file_is_404(browse: As, asset: Asset) -> None:
    show(asset)
    default_storage.delete(asset.storage_key)
    assert card(browse(None), asset).status_code == 404


def test_it_is_only_read(browse: As, asset: Asset) -> None:
    show(asset)
    assert browse(None).post(f"/files/{asset.code}/card.jpg").status_code == 405
    assert browse(None).head(f"/files/{asset.code}/card.jpg").status_code == 200


def test_it_costs_one_query_whoever_asks(
    browse: As, alice: User, asset: Asset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    show(asset)
    for client in (browse(None), browse(alice)):
        with django_assert_num_queries(1):
            card(client, asset)


@pytest.mark.parametrize("size", [(1200, 630), (630, 1200), (4, 3000), (3000, 4), (1, 1), (1024, 1024)])
def test_whatever_its_shape_nothing_is_cut_off(size: tuple[int, int]) -> None:
    fitted = postcards._fitted(Image.new("RGB", size))
    assert fitted.width <= 1200
    assert fitted.height <= 630
    assert fitted.width == 1200 or fitted.height == 630
