"""The picture of a 3D model: it shows what is there, in its colours, and never takes long."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from generation import tones
from generation.providers.demo.sculpt import sculpt
from generation.solid import glb, poster, raster
from tests.solids import binary_of, changed, document_of, flattened, packed, picture, textured

SIDE = 192


def drawn(data: bytes) -> npt.NDArray[np.float32]:
    return np.asarray(poster.draw(glb.read(data), side_px=SIDE), np.float32)


def triangles(count: int, *, size: float) -> bytes:
    """Random triangles in a box, of about a size, seen from both sides."""
    chance = np.random.default_rng(1)
    middles = chance.uniform(-1, 1, (count, 1, 3))
    points = (middles + chance.normal(0, size, (count, 3, 3))).astype("<f4").reshape(-1, 3)
    return packed(
        json.dumps(
            {
                "asset": {"version": "2.0"},
                "scenes": [{"nodes": [0]}],
                "nodes": [{"mesh": 0}],
                "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "material": 0}]}],
                "materials": [{"doubleSided": True}],
                "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3 * count, "type": "VEC3"}],
                "bufferViews": [{"buffer": 0, "byteLength": points.nbytes}],
                "buffers": [{"byteLength": points.nbytes}],
            }
        ).encode(),
        points.tobytes(),
    )


@pytest.mark.parametrize(("colour", "channel"), [("red", 0), ("green", 1), ("blue", 2)])
def test_a_poster_has_the_colour_of_its_model(colour: str, channel: int) -> None:
    picture = poster.draw(glb.read(sculpt(prompt=f"A {colour} vase", seed=1)), side_px=SIDE)
    middle = np.asarray(picture, np.float32)[SIDE // 2 - 10 : SIDE // 2 + 10, SIDE // 2 - 10 : SIDE // 2 + 10]
    assert middle.mean(axis=(0, 1)).argmax() == channel
    assert tones.of(picture)[1] in tones.TONES


def test_it_stands_in_the_middle_whatever_its_size_and_place() -> None:
    """The same model a thousand times larger, somewhere else, gives the same picture."""
    data = sculpt(prompt="A crystal", seed=1)
    moved = changed(
        data, lambda d: [node.update(scale=[1000] * 3, translation=[5e4, -3e4, 2e4]) for node in d["nodes"]]
    )
    here, there = drawn(data), drawn(moved)
    assert np.abs(here - there).mean() < 1.5
    around = np.concatenate([here[:6].ravel(), here[:, :6].ravel()])
    assert around.std() < 16  # nothing but the wall at the upper and left edges


def test_a_model_turns_with_its_node() -> None:
    data = sculpt(prompt="A pink shell", seed=1)
    turned = changed(data, lambda d: [node.update(rotation=[0, 1, 0, 0]) for node in d["nodes"]])
    assert np.abs(drawn(data) - drawn(turned)).mean() > 3


def test_the_near_side_hides_the_far_one() -> None:
    """Two squares, one behind the other, in both orders."""
    for order in ([0, 1], [1, 0]):
        near, far = ([[-1, -1, z], [1, -1, z], [1, 1, z], [-1, 1, z]] for z in (0.0, -1.0))
        corners = np.array([near, far], np.float32)[order]
        faces = corners[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3, 3)
        screen = np.concatenate([faces[..., :2] * 8 + 16, 0.5 - faces[..., 2:] / 4], axis=-1).astype(np.float32)
        seen = raster.look(screen, width=32, height=32)
        assert len(seen.rows) >= 16 * 16
        assert set((seen.triangles // 2).tolist()) == {order.index(0)}


def test_a_surface_has_no_cracks() -> None:
    """Every pixel of a square cut into thousands of slivers is covered."""
    points = np.random.default_rng(3).uniform(0, 64, 600)
    cuts = np.sort(np.concatenate([[0, 64], points]))
    left, right = cuts[:-1], cuts[1:]
    lower, upper = np.zeros_like(left), np.full_like(left, 64)
    one = np.stack([np.stack([left, lower], -1), np.stack([right, lower], -1), np.stack([left, upper], -1)], axis=1)
    two = np.stack([np.stack([right, lower], -1), np.stack([right, upper], -1), np.stack([left, upper], -1)], axis=1)
    flat = np.concatenate([one, two])
    screen = np.concatenate([flat, np.full((*flat.shape[:2], 1), 0.5)], axis=-1).astype(np.float32)
    assert len(raster.look(screen, width=64, height=64).rows) == 64 * 64


def test_textures_cover_what_they_are_on() -> None:
    data = textured(picture((64, 64)))
    plain = changed(data, lambda d: d["materials"][0].pop("pbrMetallicRoughness"))
    uv = np.zeros((document_of(data)["accessors"][0]["count"], 2), "<f4")

    def with_uv(body: bytes) -> bytes:
        document, binary = document_of(body), binary_of(body)
        binary += b"\0" * (-len(binary) % 4)
        document["bufferViews"].append({"buffer": 0, "byteOffset": len(binary), "byteLength": uv.nbytes})
        document["buffers"] = [{"byteLength": len(binary) + uv.nbytes}]
        document["accessors"].append(
            {
                "bufferView": len(document["bufferViews"]) - 1,
                "componentType": 5126,
                "count": len(uv),
                "type": "VEC2",
            }
        )
        document["meshes"][0]["primitives"][0]["attributes"]["TEXCOORD_0"] = len(document["accessors"]) - 1
        return packed(json.dumps(document).encode(), binary + uv.tobytes())

    assert np.abs(drawn(with_uv(data)) - drawn(with_uv(plain))).mean() > 2


def test_what_has_nothing_to_show_gets_the_plain_cube() -> None:
    picture = poster.draw(glb.read(flattened(sculpt(prompt="A vase", seed=1))), side_px=SIDE)
    assert picture.tobytes() == poster.cube(side_px=SIDE).tobytes()


def test_a_broken_texture_costs_its_colour_alone() -> None:
    whole = picture((64, 64))
    assert drawn(textured(whole[: len(whole) // 2])).std() > 5


@pytest.mark.parametrize(("count", "size"), [(200_000, 0.01), (3_000, 3.0)], ids=["many", "large"])
def test_work_is_bounded_for_any_model(count: int, size: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pixels tested never exceed their bound, however many triangles cover everything."""
    tested = 0
    plain = raster._test

    def counting(*told: Any) -> None:
        nonlocal tested
        tested += told[2].size * told[3].shape[1]
        plain(*told)

    monkeypatch.setattr(raster, "_test", counting)
    monkeypatch.setattr(raster, "TESTS_MAX", 4 << 20)
    drawn(triangles(count, size=size))
    assert 0 < tested <= 3 * raster.TESTS_MAX  # the picture and two shadow maps
