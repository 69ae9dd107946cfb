"""Downloads: the name, the bytes, what is written inside, and for whom."""

import io
import json
import re
import struct
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.http import FileResponse
from PIL import Image

from accounts.models import User
from generation import metadata
from generation.models import Asset, InferenceModel
from generation.solid import glb
from tests.browsers import As
from tests.files import attributes, packet, picture
from tests.pictures import PROMPT, one, png, show, solid

NAME = "Atelier Image Jun 18, 2026, 06_30_00 PM"
FORMATS = ["original", "png", "jpeg", "webp"]


@pytest.fixture
def asset(alice: User) -> Asset:
    made = one(alice, negative_prompt="people, boats", style="anime")
    Asset.objects.filter(pk=made.pk).update(created_at=datetime(2026, 6, 18, 18, 30, tzinfo=UTC))
    return made


def fetch(browse: As, user: User | None, asset: Asset, wanted: str, **more: str) -> tuple[Any, bytes]:
    answer = browse(user).get(f"{asset.url}/download", ({"format": wanted} if wanted else {}) | more)
    assert isinstance(answer, FileResponse), answer.status_code
    return answer, answer.getvalue()


def tells_nothing(data: bytes, asset: Asset) -> bool:
    """Neither our words nor a provider's, in any of the ways in which they are written."""
    words = [PROMPT, "secret words", str(asset.seed), "people, boats", "Demo"]
    ways = ("utf-8", "utf-16-be", "utf-16-le")
    return metadata.find(data) is None and not any(word.encode(way) in data for word in words for way in ways)


# --- The file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["original", ""])
def test_the_original_keeps_its_pixels_and_loses_what_the_provider_wrote(
    browse: As, alice: User, asset: Asset, wanted: str
) -> None:
    answer, data = fetch(browse, alice, asset, wanted)
    assert picture(data).tobytes() == picture(png(asset.seed or 0)).tobytes()
    assert b"secret words" in png(asset.seed or 0)
    assert b"secret words" not in data
    assert b"IDAT" + png(asset.seed or 0).partition(b"IDAT")[2] in data  # not drawn anew
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Length"] == str(len(data))
    assert answer["Content-Disposition"] == f'attachment; filename="{NAME}.png"'
    assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("wanted", "kind", "extension"),
    [("original", "PNG", "png"), ("png", "PNG", "png"), ("jpeg", "JPEG", "jpg"), ("webp", "WEBP", "webp")],
)
def test_every_format_says_how_the_picture_was_made(
    browse: As, alice: User, asset: Asset, wanted: str, kind: str, extension: str
) -> None:
    answer, data = fetch(browse, alice, asset, wanted)
    assert (picture(data).format, picture(data).size) == (kind, (48, 32))
    assert answer["Content-Type"] == f"image/{kind.lower()}"
    assert answer["Content-Disposition"] == f'attachment; filename="{NAME}.{extension}"'
    said = metadata.find(data)
    assert said is not None
    assert (said.prompt, said.negative_prompt, said.seed) == (PROMPT, "people, boats", asset.seed)
    assert (said.model, said.model_name, said.style) == ("demo", "Demo", "anime")
    assert (said.width, said.height, said.aspect_ratio) == (48, 32, "3:2")
    inside = attributes(data)
    assert inside["DigitalSourceType"].endswith("/algorithmicMedia")
    assert inside["AISystemUsed"] == "Demo"
    assert inside["AIPromptInformation"] == f"{PROMPT}\nExcludes: people, boats"
    assert inside["description"] == PROMPT
    assert inside["CreateDate"] == "2026-06-18T18:30:00Z"
    exif = picture(data).getexif()
    assert exif[0x0131] == "Atelier"
    assert exif.get_ifd(0x8769)[0x9003] == "2026:06:18 18:30:00"


def test_the_text_that_other_programs_read_is_in_every_format(browse: As, alice: User, asset: Asset) -> None:
    line = f"Seed: {asset.seed}, Size: 48x32, Model: Demo, Style: anime, Version: Atelier"
    text = f"{PROMPT}\nNegative prompt: people, boats\n{line}"
    assert picture(fetch(browse, alice, asset, "png")[1]).info["parameters"] == text
    for wanted in ("jpeg", "webp"):
        details = picture(fetch(browse, alice, asset, wanted)[1]).getexif().get_ifd(0x8769)
        assert details[0x9286] == b"UNICODE\x00" + text.encode("utf-16-be")


@pytest.mark.parametrize("wanted", FORMATS)
@pytest.mark.parametrize(
    ("provider", "source"), [("demo", "algorithmicMedia"), ("replicate", "trainedAlgorithmicMedia")]
)
@pytest.mark.parametrize("words", ["0", "1"])
def test_every_file_names_its_source_type(
    browse: As, alice: User, asset: Asset, wanted: str, provider: str, source: str, words: str
) -> None:
    InferenceModel.objects.filter(slug="demo").update(provider=provider)
    _, data = fetch(browse, alice, asset, wanted, words=words)
    assert attributes(data)["DigitalSourceType"] == f"http://cv.iptc.org/newscodes/digitalsourcetype/{source}"
    assert tells_nothing(data, asset) == (words == "0")


def test_a_picture_that_lies_on_its_side_goes_on_doing_so_or_is_put_upright(
    browse: As, alice: User, asset: Asset
) -> None:
    """The tag goes with the pixels of the original; what is drawn anew needs none."""
    stored, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 3
    drawn = Image.new("RGB", (48, 32), "white")
    drawn.paste("black", (0, 0, 24, 32))
    drawn.save(stored, "PNG", exif=exif)
    _store(asset, stored.getvalue())
    assert picture(fetch(browse, alice, asset, "original")[1]).getexif()[0x0112] == 3
    for wanted in ("png", "jpeg", "webp"):
        made = picture(fetch(browse, alice, asset, wanted)[1])
        assert 0x0112 not in made.getexif()
        assert made.convert("L").getpixel((40, 16)) < 50  # type: ignore[operator]


def test_a_stored_file_too_odd_to_be_taken_apart_is_drawn_anew(browse: As, alice: User, asset: Asset) -> None:
    chopped = png(7).partition(b"IEND")[0][:-4]  # Pillow needs no end
    _store(asset, chopped)
    _, data = fetch(browse, alice, asset, "original")
    assert picture(data).size == (48, 32)
    assert b"secret words" not in data


def test_transparent_pictures_become_white_in_a_jpeg(browse: As, alice: User, asset: Asset) -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (48, 32), (200, 0, 0, 0)).save(buffer, "PNG")
    _store(asset, buffer.getvalue())
    red, green, blue = picture(fetch(browse, alice, asset, "jpeg")[1]).convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert min(red, green, blue) > 250
    assert picture(fetch(browse, alice, asset, "original")[1]).mode == "RGBA"


def _store(asset: Asset, data: bytes) -> None:
    default_storage.delete(asset.storage_key)
    default_storage.save(asset.storage_key, io.BytesIO(data))


@pytest.mark.parametrize(
    ("hour", "clock"), [(0, "12_05_09 AM"), (9, "09_05_09 AM"), (12, "12_05_09 PM"), (23, "11_05_09 PM")]
)
def test_the_clock_of_the_name_has_two_halves(browse: As, asset: Asset, alice: User, hour: int, clock: str) -> None:
    Asset.objects.filter(pk=asset.pk).update(created_at=datetime(2026, 1, 2, hour, 5, 9, tzinfo=UTC))
    answer, _ = fetch(browse, alice, asset, "png")
    assert f"Jan 02, 2026, {clock}.png" in answer["Content-Disposition"]


@pytest.mark.parametrize("title", ['"; filename="evil.exe', "a\r\nX-Evil: 1", "../../etc/passwd", "🌊 моя картина"])
def test_no_title_reaches_the_name(browse: As, asset: Asset, title: str) -> None:
    show(asset, title=title)
    answer, data = fetch(browse, None, asset, "jpeg")
    assert answer["Content-Disposition"] == f'attachment; filename="{NAME}.jpg"'
    assert "X-Evil" not in answer.headers
    assert attributes(data)["title"] == title.replace("\r\n", "\n")


def test_a_prompt_with_markup_and_control_characters_makes_no_broken_file(browse: As, alice: User) -> None:
    asset = one(alice, prompt='Tide & "time" <wait> {for} ]]> no\x0bone 🌊')
    for wanted in FORMATS:
        _, data = fetch(browse, alice, asset, wanted)
        assert attributes(data)["description"] == 'Tide & "time" <wait> {for} ]]> noone 🌊'


def test_words_that_a_model_enhanced_are_kept_beside_those_that_were_written(browse: As, alice: User) -> None:
    asset = one(alice, prompt="A grand harbour", written="A harbour", enhanced="A grand harbour", style="realistic")
    said = metadata.find(fetch(browse, alice, asset, "webp")[1])
    assert said is not None
    assert (said.prompt, said.written) == ("A grand harbour", "A harbour")


# --- For whom --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", FORMATS)
@pytest.mark.parametrize("words", [{}, {"words": "1"}])
def test_a_hidden_prompt_is_in_no_file_that_others_get(
    browse: As, charlie: User, asset: Asset, wanted: str, words: dict[str, str]
) -> None:
    show(asset, hide_prompt=True)
    for user in (charlie, None):
        _, data = fetch(browse, user, asset, wanted, **words)
        assert tells_nothing(data, asset)
        assert attributes(data)["DigitalSourceType"].endswith("/algorithmicMedia")


@pytest.mark.parametrize("wanted", FORMATS)
def test_its_owner_still_has_it_in_theirs(browse: As, alice: User, asset: Asset, wanted: str) -> None:
    show(asset, hide_prompt=True)
    assert not tells_nothing(fetch(browse, alice, asset, wanted)[1], asset)


@pytest.mark.parametrize("wanted", FORMATS)
def test_whoever_keeps_words_out_of_files_gets_none_but_on_wish(
    browse: As, alice: User, asset: Asset, wanted: str
) -> None:
    User.objects.update(writes_metadata=False)
    alice.refresh_from_db()
    assert tells_nothing(fetch(browse, alice, asset, wanted)[1], asset)
    assert not tells_nothing(fetch(browse, alice, asset, wanted, words="1")[1], asset)


def test_an_owner_who_keeps_words_out_of_files_keeps_them_out_of_everybodys(
    browse: As, alice: User, charlie: User, asset: Asset
) -> None:
    show(asset)
    assert not tells_nothing(fetch(browse, charlie, asset, "png")[1], asset)
    User.objects.filter(pk=alice.pk).update(writes_metadata=False)
    for user in (charlie, None):
        assert tells_nothing(fetch(browse, user, asset, "png", words="1")[1], asset)


def test_somebody_elses_settings_hold_for_what_they_download(browse: As, charlie: User, asset: Asset) -> None:
    show(asset)
    User.objects.filter(pk=charlie.pk).update(writes_metadata=False)
    charlie.refresh_from_db()
    assert tells_nothing(fetch(browse, charlie, asset, "webp")[1], asset)
    assert not tells_nothing(fetch(browse, None, asset, "webp")[1], asset)


def test_the_artist_is_named_while_the_picture_is_shown_and_not_before(
    browse: As, alice: User, charlie: User, asset: Asset
) -> None:
    assert "creator" not in attributes(fetch(browse, alice, asset, "png")[1])
    show(asset, title="Evening")
    inside = attributes(fetch(browse, charlie, asset, "png")[1])
    assert (inside["creator"], inside["title"]) == (alice.public_name, "Evening")


def test_a_guest_has_the_words_in_their_own(browse: As, gwen: User) -> None:
    asset = one(gwen)
    assert metadata.find(fetch(browse, gwen, asset, "jpeg")[1])


@pytest.mark.parametrize("words", ["2", "", "true", "0\x00"])
def test_an_unknown_wish_about_words_is_400(browse: As, alice: User, asset: Asset, words: str) -> None:
    assert browse(alice).get(f"{asset.url}/download", {"words": words}).status_code == 400


def document(data: bytes) -> dict[str, Any]:
    """The JSON of a .glb, and that its frame fits."""
    magic, version, length, text_length = struct.unpack("<4sIII", data[:16])
    assert (magic, version, length) == (b"glTF", 2, len(data))
    told: dict[str, Any] = json.loads(data[20 : 20 + text_length])
    return told


@pytest.mark.parametrize("wanted", ["original", "glb"])
def test_a_model_tells_as_much_as_a_picture(browse: As, alice: User, charlie: User, wanted: str) -> None:
    asset = solid(alice, prompt="A blue porcelain vase")
    _, told = fetch(browse, alice, asset, wanted)
    _, silent = fetch(browse, alice, asset, wanted, words="0")
    show(asset, hide_prompt=True)
    _, hidden = fetch(browse, charlie, asset, wanted)
    packets = [document(data)["extensions"]["KHR_xmp_json_ld"]["packets"][0] for data in (told, silent, hidden)]
    assert {packet["Iptc4xmpExt:DigitalSourceType"].rpartition("/")[2] for packet in packets} == {"algorithmicMedia"}
    assert packets[0]["Iptc4xmpExt:AIPromptInformation"] == "A blue porcelain vase"
    for data in (silent, hidden):
        assert b"vase" not in data
        assert "Iptc4xmpExt:AISystemUsed" not in document(data)["extensions"]["KHR_xmp_json_ld"]["packets"][0]
    solids = [glb.read(data) for data in (told, silent, hidden)]
    assert len({solid.triangles for solid in solids}) == 1


def test_the_poster_of_a_model_tells_its_words_too(browse: As, alice: User) -> None:
    asset = solid(alice, prompt="A blue porcelain vase")
    _, poster = fetch(browse, alice, asset, "png")
    said = metadata.find(poster)
    assert said is not None
    assert said.prompt == "A blue porcelain vase"


# --- The door --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["gif", "glb", "PNG", "", "original\x00", "../png"])
def test_an_unknown_format_is_400(browse: As, alice: User, asset: Asset, wanted: str) -> None:
    assert browse(alice).get(f"{asset.url}/download", {"format": wanted}).status_code == 400


def test_strangers_and_visitors_get_404_until_it_is_shown(browse: As, charlie: User, gwen: User, asset: Asset) -> None:
    for user in (charlie, gwen, None):
        assert browse(user).get(f"{asset.url}/download").status_code == 404
    show(asset, visibility="unlisted")
    for user in (charlie, gwen, None):
        assert browse(user).get(f"{asset.url}/download").status_code == 200


def test_an_absent_picture_is_404_and_only_get_reads(browse: As, alice: User, asset: Asset) -> None:
    assert browse(alice).get(f"/art/{uuid4()}/download").status_code == 404
    assert browse(alice).post(f"{asset.url}/download").status_code == 405


@pytest.mark.parametrize("wanted", ["original", "jpeg"])
def test_a_missing_object_is_404_and_the_page_still_stands(browse: As, alice: User, asset: Asset, wanted: str) -> None:
    default_storage.delete(asset.storage_key)
    assert browse(alice).get(f"{asset.url}/download", {"format": wanted}).status_code == 404
    assert browse(alice).get(asset.url).status_code == 200


def test_a_download_is_one_query_for_the_piece(
    browse: As, alice: User, asset: Asset, django_assert_num_queries: Any
) -> None:
    client = browse(alice)
    client.get(asset.url)
    for wanted in FORMATS:
        with django_assert_num_queries(2):  # the person, the piece
            client.get(f"{asset.url}/download", {"format": wanted})


# --- The menu --------------------------------------------------------------------------------------------------------


def menu(browse: As, user: User | None, asset: Asset) -> tuple[list[str], list[str], str]:
    """The formats by rule, those of the second row with its wish, and the page."""
    page = browse(user).get(asset.url).content.decode()
    by_rule = re.findall(r"/download\?format=(\w+)", page)
    return by_rule, re.findall(r"/download\?words=(\d&amp;format=\w+)", page), page


def test_the_page_offers_every_format_and_each_without_words(browse: As, alice: User, asset: Asset) -> None:
    by_rule, other, page = menu(browse, alice, asset)
    assert by_rule == FORMATS
    assert other == [f"0&amp;format={wanted}" for wanted in FORMATS]
    assert "Prompt, model and seed are inside" in page


def test_for_whoever_keeps_them_out_the_menu_is_the_other_way_round(browse: As, alice: User, asset: Asset) -> None:
    User.objects.update(writes_metadata=False)
    alice.refresh_from_db()
    by_rule, other, page = menu(browse, alice, asset)
    assert by_rule == FORMATS
    assert other == [f"1&amp;format={wanted}" for wanted in FORMATS]
    assert "prompt, model and seed stay out" in page


def test_where_the_prompt_is_hidden_no_second_row_is_offered(browse: As, charlie: User, asset: Asset) -> None:
    show(asset, hide_prompt=True)
    by_rule, other, page = menu(browse, charlie, asset)
    assert (by_rule, other) == (FORMATS, [])
    assert "Prompt and seed are not inside" in page


def test_the_files_that_a_stranger_asks_for_have_no_packet_of_the_provider(
    browse: As, charlie: User, asset: Asset
) -> None:
    """A provider's XMP, EXIF and comment of a JPEG all give way."""
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = "secret words"
    Image.new("RGB", (48, 32)).save(
        buffer, "JPEG", xmp=b"<x>secret words</x>", exif=exif, comment=b"secret words", progressive=True
    )
    _store(asset, buffer.getvalue())
    Asset.objects.filter(pk=asset.pk).update(content_type="image/jpeg")
    show(asset, hide_prompt=True)
    _, data = fetch(browse, charlie, asset, "original")
    assert tells_nothing(data, asset)
    assert picture(data).tobytes() == picture(buffer.getvalue()).tobytes()
    assert packet(data)
