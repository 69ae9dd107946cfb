"""M13: renditions of pictures, stored and their rows updated, beside Pillow alone encoding the same sizes.

Both take turns picture by picture, so that neighbours disturb both. Wall time is the goal's, CPU the figure to trust on
a busy machine; memory is the peak above what the process held before.
"""

import io
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.files.storage import default_storage
from PIL import Image, ImageFilter

from bench import people
from bench.cells import Goal, Verdict
from bench.ground import Ground
from bench.people import Person
from generation import intake, jobs, lanes, renditions, running
from generation.models import Asset, InferenceModel, JobState, Lane
from generation.models.asset import RENDITION_TYPES
from generation.pricing import quote
from generation.providers.base import Output
from generation.wish import Wish

SIZE = (1536, 1024)
DECODED_BYTES = SIZE[0] * SIZE[1] * 3
PICTURES, QUICK_PICTURES = 12, 2
FORMATS: dict[str, dict[str, int]] = {"PNG": {}, "JPEG": {"quality": 92}, "WEBP": {"quality": 90}}
WANTED = 0.85
Cost = tuple[float, float]  # seconds of the clock, and of the CPU


def measure(ground: Ground) -> Verdict:
    [person] = people.make(1)
    number = QUICK_PICTURES if ground.seconds < 1 else PICTURES * ground.rounds
    goals: list[Goal] = []
    figures: dict[str, float] = {}
    wrong: list[str] = []
    for kind in FORMATS:
        assets = [_asset(person, kind) for _ in range(number)]
        _bare(assets[0])  # the encoders' first time
        renditions.make(asset_id=assets[0].pk)
        Asset.objects.update(rendered_at=None)
        pairs = [(_cost(lambda: _bare(asset)), _cost(lambda: renditions.make(asset_id=asset.pk))) for asset in assets]  # noqa: B023  (called at once)
        wrong += [f"{asset.code} lacks a rendition" for asset in assets if not _is_whole(asset)]
        share, cpu = (statistics.median(bare[at] / ours[at] for bare, ours in pairs) for at in (0, 1))
        goals.append(Goal.at_least(f"{kind}, of Pillow's rate", share, WANTED))
        name = kind.lower()
        figures |= {
            f"{name}_cpu_share": round(cpu, 3),
            f"{name}_a_second": round(1 / statistics.median(ours[0] for _, ours in pairs), 2),
            f"{name}_cpu_ms": round(1000 * statistics.median(ours[1] for _, ours in pairs), 1),
        }
        print(
            json.dumps({"cell": ground.metric, "kind": kind, "pictures": number, "share": round(share, 3)}), flush=True
        )
    peaks = {name: _peak(work) for name, work in _memory(assets[0]).items()}
    figures |= {f"{name}_peak_bytes": float(peak) for name, peak in peaks.items()} | {"decoded_bytes": DECODED_BYTES}
    goals.append(Goal.no_more_than("peak beyond Pillow's, of the decoded size", _beyond(peaks), 3))
    return Verdict(not wrong, goals, figures, wrong)


def _asset(person: Person, kind: str) -> Asset:
    """A picture of a provider's usual size, made the way of every picture."""
    model = InferenceModel.objects.get(slug=Lane.DEFAULT)
    token = quote.sign(quote.make(model=model, aspect_ratio="1:1", count=1), model=model, aspect_ratio="1:1")
    wish = Wish(model=model, prompt=people.PROMPT, aspect_ratio="1:1", count=1)
    jobs.submit(owner=person.user, visitor=None, wish=wish, quote_token=token, key=uuid4().hex, address=person.address)
    job = lanes.claim(lane=Lane.DEFAULT)
    assert job
    attempt = running.begin(job)
    assert attempt
    kept = intake.keep(job=job, output=Output(0, _bytes(kind), 1))
    assert running.store(job, attempt, [kept], run_seconds=1) == JobState.SUCCEEDED
    return Asset.objects.get(job=job)


def _bytes(kind: str) -> bytes:
    """Neither flat nor noise: blurred clouds with some grain, as pictures are for an encoder."""
    bands = [Image.effect_noise(SIZE, 90).filter(ImageFilter.GaussianBlur(3)) for _ in range(3)]
    grain = Image.effect_noise(SIZE, 12).convert("RGB")
    buffer = io.BytesIO()
    Image.blend(Image.merge("RGB", bands), grain, 0.2).save(buffer, kind, **FORMATS[kind])
    return buffer.getvalue()


def _bare(asset: Asset) -> None:
    """Pillow alone: one decode, largest first, the same encoders; nothing is stored."""
    with Image.open(Path(settings.MEDIA_ROOT) / asset.storage_key) as opened:
        picture = opened.convert("RGB")
    for width in reversed(asset.rendition_widths):
        if width < picture.width:
            height = round(picture.height * width / picture.width)
            picture = picture.resize((width, height), Image.Resampling.LANCZOS)
        for kind in RENDITION_TYPES:
            picture.save(io.BytesIO(), kind.upper(), **renditions.SAVE[kind])


def _cost(work: Callable[[], None]) -> Cost:
    began, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - cpu


def _is_whole(asset: Asset) -> bool:
    asset.refresh_from_db()
    keys = [renditions.key(asset, width, kind) for width in asset.rendition_widths for kind in RENDITION_TYPES]
    return asset.rendered_at is not None and all(map(default_storage.exists, keys))


# --- Memory ----------------------------------------------------------------------------------------------------------


def _memory(asset: Asset) -> dict[str, Callable[[], None]]:
    def ours() -> None:
        Asset.objects.filter(pk=asset.pk).update(rendered_at=None)
        renditions.make(asset_id=asset.pk)

    return {"bare": lambda: _bare(asset), "ours": ours}


def _peak(work: Callable[[], None]) -> int:
    """Bytes that the process held at most while it worked, above what it held before."""
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    work()
    return max(0, _status("VmHWM") - before)


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


def _beyond(peaks: dict[str, int]) -> float:
    return max(0, peaks["ours"] - peaks["bare"]) / DECODED_BYTES
