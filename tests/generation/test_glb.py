"""What a .glb from outside may say. Everything else is Broken: one kind of error, in bounded time."""

import io
import json
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generation.providers.demo.sculpt import sculpt
from generation.solid import geometry, glb, plain, textures
from generation.solid.errors import Broken
from tests.solids import CRYSTAL, Document, binary_of, changed, document_of, packed, picture, textured

PROMPTS = ("A blue porcelain vase", "An amethyst crystal", "A pink seashell", "A green hill with pines", "?", "夜")


# --- What is accepted ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prompt", PROMPTS)
def test_what_the_demo_provider_makes_is_correct_small_and_the_same_each_time(prompt: str) -> None:
    data = sculpt(prompt=prompt, seed=7)
    solid = glb.read(data)
    assert 100 < solid.triangles < 20_000
    assert len(data) < 200_000
    assert data == sculpt(prompt=prompt, seed=7)
    assert data != sculpt(prompt=prompt, seed=8)
    assert "demo" in solid.document["asset"]["generator"]
    assert solid.document["asset"]["copyright"] == "demo"


def test_words_choose_the_shape_and_its_colours() -> None:
    shapes = [document_of(sculpt(prompt=prompt, seed=1))["meshes"][0]["name"] for prompt in PROMPTS[:4]]
    assert shapes == ["vase", "crystal", "shell", "hill"]
    red, green = (glb.read(sculpt(prompt=f"A {name} shell", seed=1)) for name in ("red", "green"))
    means = [solid.array(2)[:, :3].mean(axis=0) for solid in (red, green)]
    assert means[0][0] > means[0][1]
    assert means[1][1] > means[1][0]


def test_normals_point_outwards() -> None:
    """Seen from outside a face turns against the clock: volumes come out positive."""
    solid = glb.read(sculpt(prompt="A blue vase", seed=2))
    points, faces = solid.array(0).astype(np.float64), solid.array(3)[:, 0].reshape(-1, 3).astype(np.int64)
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    assert float((a * np.cross(b, c)).sum()) > 0


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_pictures_inside_are_measured(kind: str) -> None:
    assert glb.read(textured(picture((32, 16), kind))).texture_sizes == ((32, 16),)


def test_markup_in_names_and_extras_is_only_text() -> None:
    script = "<script>alert(1)</script>"
    data = changed(CRYSTAL, lambda d: (d["nodes"][0].update(name=script), d.update(extras={"x": script})))
    assert glb.read(data).document["nodes"][0]["name"] == script


def test_a_mesh_counts_as_often_as_it_is_shown() -> None:
    once = glb.read(CRYSTAL).triangles
    data = changed(CRYSTAL, lambda d: (d["nodes"].extend(d["nodes"][:2]), d["scenes"][0].update(nodes=[0, 1, 2, 3])))
    assert glb.read(data).triangles == 2 * once


def test_a_copy_without_words_is_whole(tmp_path: Any) -> None:
    data = changed(CRYSTAL, lambda d: d["meshes"][0].update(extras={"prompt": "secret"}, name="secret"))
    target = io.BytesIO()
    plain.copy(io.BytesIO(data), target)
    assert b"secret" not in target.getvalue()
    assert glb.read(target.getvalue()).triangles == glb.read(data).triangles
    assert binary_of(target.getvalue()) == binary_of(data)


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"glTF",
        b"<html>no</html>" * 9,
        picture(),
        CRYSTAL[:-1],
        CRYSTAL + b"\0\0\0\0",
        CRYSTAL[:4] + b"\1" + CRYSTAL[5:],
        packed(b"{}", b""),
        packed(b"[]", b"0000"),
        packed(b"\xff\xfe", b"0000"),
        packed(b"[" * 100_000, b"0000"),
        packed(b'{"asset":{"version":"2.0"},"a":' + b"9" * 5000 + b"}", b"0000"),
        packed(b'{"asset":{"version":"2.0"},"a":NaN}', b"0000"),
        packed(b'{"asset":{"version":"2.0"},"a":1e999}', b"0000"),
        packed(b'{"asset":{"version":"1.0"}}', b"0000"),
        packed(b'{"a":"' + b"x" * glb.JSON_BYTES_MAX + b'"}', b"0000"),
    ],
    ids=range(16),
)
def test_what_is_no_glb_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        glb.read(data)


def nodes(count: int, link: Callable[[int], list[int]]) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document["nodes"] = [{"mesh": 0, "children": link(number)} for number in range(count)]
        document["scenes"] = [{"nodes": [0]}]

    return change


REFUSED: dict[str, tuple[Callable[[Document], object], str]] = {
    "a buffer elsewhere": (lambda d: d["buffers"][0].update(uri="https://example.org/x.bin"), "address"),
    "a buffer in the text": (lambda d: d["buffers"][0].update(uri="data:;base64,AAAA"), "address"),
    "an image elsewhere": (lambda d: d.update(images=[{"uri": "../x.png"}]), "address"),
    "an address deep in an extension": (
        lambda d: d.update(extensions={"X": [{"uri": "file:///etc/passwd"}]}),
        "address",
    ),
    "draco": (lambda d: d.update(extensionsUsed=["KHR_draco_mesh_compression"]), "decoder"),
    "meshopt": (lambda d: d.update(extensionsUsed=["EXT_meshopt_compression"]), "decoder"),
    "ktx2": (lambda d: d.update(extensionsRequired=["KHR_texture_basisu"]), "decoder"),
    "an unknown need": (lambda d: d.update(extensionsRequired=["ACME_script"]), "ACME_script"),
    "no list of names": (lambda d: d.update(extensionsRequired="KHR_materials_unlit"), "names"),
    "two buffers": (lambda d: d["buffers"].append({"byteLength": 4}), "buffers"),
    "a buffer longer than its chunk": (lambda d: d["buffers"][0].update(byteLength=10**8), "binary chunk"),
    "a view outside": (lambda d: d["bufferViews"][0].update(byteOffset=10**9), "outside"),
    "a negative offset": (lambda d: d["bufferViews"][0].update(byteOffset=-4), "byteOffset"),
    "a true length": (lambda d: d["bufferViews"][0].update(byteLength=True), "byteLength"),
    "a huge count": (lambda d: d["accessors"][0].update(count=2**31), "outside"),
    "a count beyond all": (lambda d: d["accessors"][0].update(count=2**70), "count"),
    "an accessor without bytes": (lambda d: d["accessors"][0].pop("bufferView"), "bufferView"),
    "a sparse accessor": (lambda d: d["accessors"][0].update(sparse={"count": 1}), "sparse"),
    "an unknown component": (lambda d: d["accessors"][0].update(componentType=5130), "type"),
    "a list for a component": (lambda d: d["accessors"][0].update(componentType=[5126]), "componentType"),
    "an unaligned accessor": (lambda d: d["accessors"][0].update(byteOffset=1, count=3), "aligned"),
    "positions in a plane": (lambda d: d["accessors"][0].update(type="VEC2"), "nowhere"),
    "no positions": (lambda d: d["meshes"][0]["primitives"][0]["attributes"].pop("POSITION"), "POSITION"),
    "fewer colours than corners": (lambda d: d["accessors"][2].update(count=3), "lengths"),
    "an index past the end": (
        lambda d: (
            d["accessors"][0].update(count=2),
            d["accessors"][1].update(count=2),
            d["accessors"][2].update(count=2),
        ),
        "past the last",
    ),
    "indices with signs": (lambda d: d["accessors"][3].update(componentType=5122), "indices"),
    "an unknown mode": (lambda d: d["meshes"][0]["primitives"][0].update(mode=7), "mode"),
    "only points": (lambda d: [p.update(mode=0) for m in d["meshes"] for p in m["primitives"]], "0 triangles"),
    "no material of that number": (lambda d: d["meshes"][0]["primitives"][0].update(material=9), "material"),
    "no texture of that number": (lambda d: d["materials"][0].update(normalTexture={"index": 0}), "index"),
    "an empty scene": (lambda d: d["scenes"][0].update(nodes=[]), "0 triangles"),
    "no scene": (lambda d: d.update(scenes=[]), "scenes"),
    "a node that is its own child": (nodes(1, lambda _: [0]), "below another"),
    "nodes in a circle": (nodes(3, lambda number: [[], [2], [1]][number]), "circle"),
    "a node with two parents": (nodes(3, lambda number: [[1, 2], [2], []][number]), "two parents"),
    "nodes too deep": (nodes(100, lambda number: [number + 1] if number < 99 else []), "deep"),
    "too many nodes": (nodes(10_001, lambda _: []), "nodes"),
    "a matrix of words": (lambda d: d["nodes"][0].update(matrix=["1"] * 16), "matrix"),
    "a matrix beyond all": (lambda d: d["nodes"][0].update(scale=[1e300, 1, 1]), "scale"),
    "a mesh that is none": (lambda d: d.update(meshes=["mesh"]), "objects"),
    "an animation without its values": (
        lambda d: d.update(animations=[{"samplers": [{"input": 99, "output": 0}], "channels": []}]),
        "input",
    ),
}


@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_a_file_may_not_say_is_refused(change: Callable[[Document], object], reason: str) -> None:
    with pytest.raises(Broken, match=reason):
        glb.read(changed(CRYSTAL, change))


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"GIF89a", picture()[:12], b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_inside_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        glb.read(textured(data + b"\0"))


def test_a_bomb_inside_is_refused_before_it_is_decoded() -> None:
    buffer = io.BytesIO()
    Image.new("1", (textures.SIDE_MAX + 1, 8)).save(buffer, "PNG")
    with pytest.raises(Broken, match="8193 x 8"):
        glb.read(textured(buffer.getvalue()))


def test_a_position_that_is_nowhere_is_refused() -> None:
    document, binary = document_of(CRYSTAL), bytearray(binary_of(CRYSTAL))
    binary[0:4] = np.float32(np.nan).tobytes()
    with pytest.raises(Broken, match="nowhere"):
        glb.read(packed(json.dumps(document).encode(), bytes(binary)))


def test_one_mesh_shown_ten_thousand_times_is_counted_not_drawn() -> None:
    shown = nodes(9_999, lambda number: [] if number else list(range(1, 9_999)))
    data = changed(sculpt(prompt="A vase", seed=1), shown)
    with pytest.raises(Broken, match="triangles in its scene"):
        glb.read(data)


def test_the_same_indices_under_many_names_are_read_a_bounded_number_of_times() -> None:
    """Accessors may overlap: a small file could ask for its bytes to be checked without end."""
    document, binary = document_of(CRYSTAL), b"\0" * 24_000_000
    document["buffers"] = [{"byteLength": len(binary)}]
    document["bufferViews"] = [{"buffer": 0, "byteLength": len(binary)}]
    positions = {"bufferView": 0, "componentType": 5126, "count": 1, "type": "VEC3"}
    indices = {"bufferView": 0, "componentType": 5121, "count": len(binary), "type": "SCALAR"}
    document["accessors"] = [positions] + [indices] * 1000
    document["meshes"] = [{"primitives": [{"attributes": {"POSITION": 0}, "indices": n + 1} for n in range(1000)]}] * 2
    with pytest.raises(Broken, match="too many indices"):
        glb.read(packed(json.dumps(document).encode(), binary))


# --- Whatever comes --------------------------------------------------------------------------------------------------


def test_no_mutation_raises_anything_else() -> None:
    """Bytes and values changed at random: read, and taken apart for drawing, or Broken."""
    chance, seen = random.Random(20), {"read": 0, "broken": 0}
    small = textured(picture())
    until = time.monotonic() + 4
    for _ in range(1500):
        data = _bytes_changed(chance, small) if chance.random() < 0.5 else _values_changed(chance, small)
        try:
            with np.errstate(all="ignore"):
                list(geometry.parts(glb.read(data), most=1000))
            seen["read"] += 1
        except Broken:
            seen["broken"] += 1
        if time.monotonic() > until:
            break
    assert min(seen.values()) > 20


def _bytes_changed(chance: random.Random, data: bytes) -> bytes:
    mutable = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        mutable[chance.randrange(min(len(mutable), chance.choice((64, 4000, len(mutable)))))] = chance.randrange(256)
    return bytes(mutable)


ODD: tuple[Any, ...] = (None, True, -1, 0, 1, 3, 2**31, 2**64, 0.5, "x", [], {}, [0], [[0]], {"index": 0}, [{}], [None])


def _values_changed(chance: random.Random, data: bytes) -> bytes:
    def change(document: Document) -> None:
        for _ in range(chance.randint(1, 3)):
            holder, key = chance.choice(list(_places(document)))
            holder[key] = chance.choice(ODD)

    return changed(data, change)


def _places(value: Any) -> Any:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)
