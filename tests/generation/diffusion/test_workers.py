"""A job on the GPU's lane from its claim to its assets, and the processes of a worker that serves that lane."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from celery.signals import worker_process_init
from PIL import Image

from accounts.models import User
from credits import statements
from generation import assets, jobs, sweeping, worker
from generation.models import Asset, Attempt, ErrorCode, InferenceModel, Job, JobState, Lane
from generation.pricing import quote
from generation.providers.diffusion import pipeline
from generation.wish import Wish
from tests.alive import PATIENCE_SECONDS, until
from tests.generation.asking import rested
from tests.generation.diffusion.conftest import Fault, out_of_memory

ROOT = Path(__file__).resolve().parents[3]


# --- Jobs ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def own(db: None) -> InferenceModel:
    return InferenceModel.objects.create(
        slug="own",
        name="Own",
        about="Drawn on our own GPU",
        provider="diffusion",
        lane=Lane.GPU,
        aspect_ratios=["1:1", "3:2"],
        styles={"none": ""},
        seed_support="reproducible",
        supports_negative=True,
        max_count=4,
        price_credits=2,
        typical_seconds=3,
    )


def ask(owner: User, model: InferenceModel, *, count: int = 2) -> Job:
    offer = quote.make(model=model, aspect_ratio="3:2", count=count)
    return jobs.submit(
        owner=owner,
        visitor=None,
        wish=Wish(model=model, prompt="A red kite", aspect_ratio="3:2", count=count, seed=7),
        quote_token=quote.sign(offer, model=model, aspect_ratio="3:2"),
        key="once",
        address="198.51.100.7",
    ).job


def test_a_job_on_the_gpus_lane_becomes_pictures_of_its_seeds(
    alice: User, own: InferenceModel, model: pipeline.Model
) -> None:
    job = ask(alice, own)
    worker.work(Lane.GPU)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    made = list(Asset.objects.filter(job=job).order_by("index"))
    assert [asset.seed for asset in made] == [7, 8]
    for asset in made:
        with assets.open_original(asset) as file:
            assert Image.open(file).size == (asset.width, asset.height) == (64, 48)
    told = statements.of_subject(job.subject)
    assert (told.captured > 0, told.open) == (True, 0)


def test_a_full_gpu_costs_nothing_and_says_why(
    alice: User, own: InferenceModel, model: pipeline.Model, fault: Fault
) -> None:
    fault(out_of_memory(), times=1000)
    job = ask(alice, own)
    while worker.work(Lane.GPU):
        rested()
    job.refresh_from_db()
    assert (job.state, job.error_code, job.tries) == (JobState.FAILED, ErrorCode.PROVIDER_BUSY, 3)
    assert statements.of_subject(job.subject).captured == 0
    assert "out of memory" in Attempt.objects.filter(job=job).latest("number").error_detail


def test_a_model_that_is_too_slow_is_stopped_when_the_deadline_has_passed(
    alice: User, own: InferenceModel, model: pipeline.Model, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JOB_DEADLINE_SECONDS = 1
    monkeypatch.setattr(worker, "PROGRESS_SECONDS", 0)
    job = ask(alice, own)
    steps: list[int] = []

    def outlast(*_: Any) -> None:
        steps.append(len(steps))
        until(lambda: sweeping.sweep().expired)

    handle = model.from_words.unet.register_forward_pre_hook(outlast)
    try:
        worker.work(Lane.GPU)
    finally:
        handle.remove()
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, ErrorCode.TIMEOUT)
    assert len(steps) == 1
    assert (statements.of_subject(job.subject).captured, Asset.objects.filter(job=job).count()) == (0, 0)


# --- Processes -------------------------------------------------------------------------------------------------------


@pytest.fixture
def queues() -> Iterator[Any]:
    """The queues that this process consumes, as if it were a worker's."""
    current_app.loader.import_default_modules()
    mine: Any = current_app.amqp.queues
    before = mine._consume_from
    yield mine
    mine._consume_from = before


@pytest.mark.parametrize(("queue", "warms"), [(Lane.GPU, True), (Lane.PROVIDERS, False)])
def test_a_process_of_the_gpus_queue_alone_loads_the_model_and_outlives_a_failure(
    queues: Any, queue: str, warms: bool, settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DIFFUSION_MODEL = str(tmp_path / "gone")
    queues._consume_from = {queue: queue}
    worker_process_init.send(sender="a process")
    for thread in threading.enumerate():
        if thread.name == "diffusion-warm-up":
            thread.join()
    assert ("no model for the GPU" in caplog.text) is warms


@pytest.mark.processes
def test_a_real_worker_is_warm_before_any_job_comes(tiny_folder: Path, tmp_path: Path) -> None:
    said = tmp_path / "worker.log"
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "config", "worker", "-n", "gpu-tried@%h", "-c", "1"]
    with said.open("w") as log:
        started = subprocess.Popen(
            [*command, "-Q", "gpu", "-l", "info", "--without-gossip", "--without-mingle"],
            cwd=ROOT,
            env={**os.environ, "DIFFUSION_MODEL": str(tiny_folder)},
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: f"{tiny_folder} is warm: " in said.read_text())
    finally:
        started.terminate()
        started.wait(PATIENCE_SECONDS)


def python(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_a_process_whose_gpu_is_lost_ends_after_its_task() -> None:
    ended = python(
        "import config, torch\n"
        "config.celery.loader.import_default_modules()\n"
        "from celery.signals import task_postrun\n"
        "from generation.providers.diffusion import pipeline\n"
        "pipeline.trouble(RuntimeError('of this picture alone'))\n"
        "task_postrun.send(sender=None)\n"
        "print('still here', flush=True)\n"
        "pipeline.trouble(torch.AcceleratorError('CUDA error: an illegal memory access was encountered'))\n"
        "task_postrun.send(sender=None)\n"
        "print('still here')\n"
    )
    assert (ended.returncode, ended.stdout) == (os.EX_SOFTWARE, "still here\n"), ended.stderr


def test_neither_the_web_process_nor_a_worker_at_rest_loads_a_model_library() -> None:
    code = (
        "import sys, config, config.wsgi, config.urls\n"
        "config.celery.loader.import_default_modules()\n"
        "from generation.providers import registry; registry.get('diffusion')\n"
        "print({'torch', 'diffusers', 'transformers', 'safetensors'} & set(sys.modules))"
    )
    ended = python(code)
    assert ended.stdout == "set()\n", ended.stderr


def test_a_name_on_the_hub_may_be_held_to_one_commit(tiny_folder: Path, tmp_path: Path) -> None:
    """With a cache as the hub's client keeps it, in which one commit of one model was downloaded."""
    commit, cached = "0123456789abcdef" * 2 + "01234567", tmp_path / "hub" / "models--studio--tiny"
    shutil.copytree(tiny_folder, cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit)
    names = ["studio/tiny", f"studio/tiny@{commit}", f"studio/tiny@{commit[::-1]}", "studio/another"]
    ended = python(
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        "from generation.providers.base import ProviderError\n"
        "from generation.providers.diffusion import pipeline\n"
        f"for settings.DIFFUSION_MODEL in {names}:\n"
        "    try: print(pipeline.get().native_px)\n"
        "    except ProviderError as error: print(error.code)\n",
        HF_HOME=str(tmp_path),
        HF_HUB_OFFLINE="1",
    )
    assert ended.stdout.split() == ["64", "64", "provider_down", "provider_down"], ended.stderr
