"""Content credentials: signed with a real chain of certificates, and checked by C2PA's own reader."""

import io
import json
import logging
from typing import Any

import c2pa
import pytest
from django.utils import timezone
from PIL import Image

from accounts.models import User
from gallery import credentials
from generation import metadata
from generation.models import Asset, InferenceModel
from tests.browsers import As
from tests.certificates import Chain, chain
from tests.files import attributes, picture
from tests.pictures import PROMPT, one, png, show

TYPES = {"original": "image/png", "png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


@pytest.fixture(scope="session")
def certified() -> Chain:
    return chain()


@pytest.fixture
def signing(settings: Any, certified: Chain) -> Chain:
    settings.C2PA_CERTIFICATE, settings.C2PA_PRIVATE_KEY = certified.certificate, certified.key
    return certified


@pytest.fixture
def asset(alice: User) -> Asset:
    return one(alice)


def fetch(browse: As, user: User | None, asset: Asset, wanted: str, **more: str) -> bytes:
    answer: Any = browse(user).get(f"{asset.url}/download", {"format": wanted, **more})
    assert answer.status_code == 200
    return bytes(answer.getvalue())


def verified(data: bytes, content_type: str, signing: Chain) -> tuple[str, dict[str, Any]]:
    """What the reader says of it, trusting the chain's root alone, and the manifest."""
    trust = {"trust": {"trust_anchors": signing.root}, "verify": {"verify_trust": True}}
    context = c2pa.Context(c2pa.Settings.from_dict(trust))
    with c2pa.Reader(content_type, io.BytesIO(data), context=context) as reader:
        told = json.loads(reader.json())
        return str(reader.get_validation_state()), told["manifests"][told["active_manifest"]]


def made(manifest: dict[str, Any]) -> dict[str, Any]:
    """Its only action."""
    (assertion,) = (one for one in manifest["assertions"] if one["label"].startswith("c2pa.actions"))
    (action,) = assertion["data"]["actions"]
    return dict(action)


@pytest.mark.parametrize("wanted", TYPES)
def test_a_download_is_signed_and_names_its_source(
    browse: As, alice: User, asset: Asset, signing: Chain, wanted: str
) -> None:
    data = fetch(browse, alice, asset, wanted)
    state, manifest = verified(data, TYPES[wanted], signing)
    assert state == "Trusted"
    assert made(manifest)["action"] == "c2pa.created"
    assert made(manifest)["digitalSourceType"].endswith("/algorithmicMedia")
    assert manifest["claim_generator_info"][0]["name"] == "Atelier"
    assert manifest["title"].startswith("Atelier Image ")
    assert "ingredients" not in manifest
    found = metadata.find(data)
    assert found is not None
    assert found.prompt == PROMPT
    assert attributes(data)["DigitalSourceType"] == made(manifest)["digitalSourceType"]


def test_a_picture_of_a_model_says_so(browse: As, alice: User, asset: Asset, signing: Chain) -> None:
    InferenceModel.objects.filter(slug="demo").update(provider="replicate")
    _, manifest = verified(fetch(browse, alice, asset, "jpeg"), "image/jpeg", signing)
    assert made(manifest)["digitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert made(manifest)["softwareAgent"] == {"name": "Demo"}


@pytest.mark.parametrize("wanted", TYPES)
def test_a_changed_file_fails(browse: As, alice: User, asset: Asset, signing: Chain, wanted: str) -> None:
    data = bytearray(fetch(browse, alice, asset, wanted))
    place = {"jpeg": data.rfind(b"\xff\xda") + 8, "webp": data.find(b"VP8 ") + 30}.get(wanted, data.find(b"IDAT") + 10)
    data[place] ^= 1
    assert verified(bytes(data), TYPES[wanted], signing)[0] == "Invalid"


def test_another_root_does_not_trust_it(browse: As, alice: User, asset: Asset, signing: Chain) -> None:
    other = chain()
    assert verified(fetch(browse, alice, asset, "png"), "image/png", other)[0] == "Valid"


@pytest.mark.parametrize("wanted", TYPES)
def test_no_words_are_in_the_credentials_of_a_silent_file(
    browse: As, charlie: User, asset: Asset, signing: Chain, wanted: str
) -> None:
    show(asset, hide_prompt=True)
    data = fetch(browse, charlie, asset, wanted)
    state, manifest = verified(data, TYPES[wanted], signing)
    assert state == "Trusted"
    assert made(manifest)["softwareAgent"] == {"name": "Atelier"}
    for secret in (PROMPT, "Demo", str(asset.seed)):
        assert secret.encode() not in data


def test_the_pixels_of_the_original_stay_and_its_length_is_right(
    browse: As, alice: User, asset: Asset, signing: Chain
) -> None:
    answer: Any = browse(alice).get(f"{asset.url}/download")
    data = answer.getvalue()
    assert answer["Content-Length"] == str(len(data))
    assert picture(data).tobytes() == picture(png(asset.seed or 0)).tobytes()
    assert len(data) < len(png(asset.seed or 0)) + 12_000


def test_the_page_says_that_files_are_signed(browse: As, alice: User, asset: Asset, signing: Chain) -> None:
    assert "made it, signed with content credentials" in browse(alice).get(asset.url).content.decode()


def test_without_a_certificate_nothing_is_signed(browse: As, alice: User, asset: Asset, settings: Any) -> None:
    settings.C2PA_CERTIFICATE = settings.C2PA_PRIVATE_KEY = ""
    data = fetch(browse, alice, asset, "png")
    with pytest.raises(c2pa.C2paError):
        c2pa.Reader("image/png", io.BytesIO(data))
    assert credentials.certificate_signs() == []


def test_a_certificate_that_ran_out_keeps_nobodys_picture_back(
    browse: As, alice: User, asset: Asset, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    old = chain(days=-1)
    settings.C2PA_CERTIFICATE, settings.C2PA_PRIVATE_KEY = old.certificate, old.key
    with caplog.at_level(logging.ERROR):
        data = fetch(browse, alice, asset, "png")
    assert metadata.find(data)
    assert "no content credentials" in caplog.text


def test_the_check_finds_a_certificate_and_a_key_that_do_not_sign(
    settings: Any, signing: Chain, certified: Chain
) -> None:
    assert credentials.certificate_signs() == []
    for certificate, key in ((chain(days=-1).certificate, certified.key), (certified.certificate, "no key")):
        settings.C2PA_CERTIFICATE, settings.C2PA_PRIVATE_KEY = certificate, key
        assert [found.id for found in credentials.certificate_signs()] == ["atelier.E007"]


def test_a_picture_of_four_megapixels_is_signed_in_bounded_memory(signing: Chain) -> None:
    source, target = io.BytesIO(), io.BytesIO()
    Image.effect_noise((2048, 2048), 90).save(source, "PNG")
    marks = metadata.Marks(source=metadata.Source.MODEL, made_at=timezone.now())
    assert credentials.sign(source, target, name="a.png", content_type="image/png", marks=marks)
    assert verified(target.getvalue(), "image/png", signing)[0] == "Trusted"
