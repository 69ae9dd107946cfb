"""Pictures for tests: made by the real pipeline with a small stand-in drawing, so that a wall of them takes no time."""

import io
from itertools import count
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from accounts.models import User
from gallery import posts
from gallery.models import Level, Post, Visibility
from generation import catalogue, intake, jobs, lanes, running, worker
from generation.models import Asset, Attempt, InferenceModel, Job, JobState
from generation.pricing import quote
from generation.providers.base import Output
from generation.wish import Wish

_numbers = count(1)
PROMPT = "A quiet harbour at dusk, lamps on the water"


def make(owner: User, *, pictures: int = 1, prompt: str = PROMPT, ratio: str = "3:2", **wish: Any) -> list[Asset]:
    """A job of one to four pictures, submitted, paid, run and stored; the oldest picture first."""
    job = submit(owner, pictures=pictures, prompt=prompt, ratio=ratio, **wish)
    assert deliver(begin(job), run_seconds=0.1) == JobState.SUCCEEDED
    return list(Asset.objects.filter(job=job).select_related("owner").order_by("pk"))


def submit(
    owner: User, *, pictures: int, prompt: str, ratio: str, model: InferenceModel | None = None, **wish: Any
) -> Job:
    model = model or listed("demo")
    number = next(_numbers)
    token = quote.sign(quote.make(model=model, aspect_ratio=ratio, count=pictures), model=model, aspect_ratio=ratio)
    return jobs.submit(
        owner=owner,
        visitor=None,
        wish=Wish(model=model, prompt=prompt, aspect_ratio=ratio, count=pictures, **wish),
        quote_token=token,
        key=f"test-{number}",
        address=f"198.51.100.{number % 250}",  # one of its own: no test is about the rate limit
    ).job


def listed(slug: str) -> InferenceModel:
    if not InferenceModel.objects.filter(slug=slug).exists():
        catalogue.sync()
    return InferenceModel.objects.get(slug=slug)


def begin(job: Job) -> Attempt:
    """A worker takes the job, whose turn it is; the attempt's `job` is as the worker knows it."""
    claimed = lanes.claim(lane=job.lane)
    assert claimed == job
    attempt = running.begin(claimed)
    assert attempt is not None
    return attempt


def deliver(attempt: Attempt, *, run_seconds: float, stored: int | None = None) -> JobState:
    """What was drawn is kept and stored: a picture for each seed, or the first `stored` of them; the job's state."""
    drawn = [Output(index, png(seed), seed) for index, seed in enumerate(attempt.job.seeds())]
    kept = [intake.keep(job=attempt.job, output=output) for output in drawn[:stored]]
    return running.store(attempt.job, attempt, kept, run_seconds=run_seconds)


def solid(owner: User, *, prompt: str = "A blue porcelain vase", **wish: Any) -> Asset:
    """A 3D model by the demo provider, through the worker's own hands."""
    job = submit(owner, pictures=1, prompt=prompt, ratio="1:1", model=listed("demo-3d"), **wish)
    assert worker.work(job.lane) == job
    return Asset.objects.select_related("owner").get(job=job)


def png(seed: int) -> bytes:
    """A small picture whose metadata hold what a provider may write: nothing of it may reach who must not see it."""
    told = PngInfo()
    told.add_text("parameters", f"secret words, Seed: {seed}")
    buffer = io.BytesIO()
    Image.new("RGB", (48, 32), (seed % 256, 90, 120)).save(buffer, "PNG", pnginfo=told)
    return buffer.getvalue()


def one(owner: User, **told: Any) -> Asset:
    return make(owner, **told)[0]


def show(
    asset: Asset, *, visibility: str = Visibility.PUBLIC, title: str = "", hide_prompt: bool = False, **more: Any
) -> Post:
    return posts.publish(
        asset=asset,
        owner=asset.owner,
        title=title,
        visibility=visibility,
        hide_prompt=hide_prompt,
        **{"level": Level.GENERAL, **more},
    )
