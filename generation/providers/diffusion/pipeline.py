"""The model of DIFFUSION_MODEL, loaded once a process and kept warm. Weights are data: pickles and code are refused.

The switch names a folder with a diffusers pipeline, or a hub id, `owner/name` or `owner/name@revision`.
"""

import gc
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from generation.models import ErrorCode
from generation.providers.base import ProviderError

log = logging.getLogger(__name__)

# What the several allocators say when a device is full; not all of them raise OutOfMemoryError.
FULL_WORDS = ("out of memory", "can't allocate memory", "alloc_failed")

_loading = threading.Lock()
_lost = threading.Event()


class Model:
    """Loaded weights on their device, for one picture at a time: a scheduler keeps state from step to step."""

    def __init__(self, pipe: Any) -> None:
        self.from_words = pipe
        self.lock = threading.Lock()

    @cached_property
    def from_picture(self) -> Any:
        """The same weights, for following a picture. Raises ProviderError where the model cannot."""
        from diffusers import AutoPipelineForImage2Image

        try:
            return _quiet(AutoPipelineForImage2Image.from_pipe(self.from_words))
        except ValueError as error:
            raise ProviderError(
                ErrorCode.PROVIDER_FAILED, permanent=True, provider_at_fault=False, detail=f"no reference: {error}"
            ) from error

    @property
    def native_px(self) -> int | None:
        """The side of the square that the model was trained on; None where it does not say."""
        pipe = self.from_words
        unet = getattr(pipe, "unet", None)
        side = getattr(pipe, "default_sample_size", None) or (unet and unet.config.sample_size)
        return side * pipe.vae_scale_factor if isinstance(side, int) and hasattr(pipe, "vae_scale_factor") else None

    @contextmanager
    def thrifty(self) -> Iterator[None]:
        """Less memory for more time: attention and decoding go piece by piece. Only the seams of tiles may show."""
        vae = getattr(self.from_words, "vae", None)
        parts = [part for part in ("slicing", "tiling") if hasattr(vae, f"enable_{part}")]
        self.from_words.enable_attention_slicing()
        for part in parts:
            getattr(vae, f"enable_{part}")()
        try:
            yield
        finally:
            self.from_words.disable_attention_slicing()
            for part in parts:
                getattr(vae, f"disable_{part}")()


def get() -> Model:
    """The warm model; the first call of a process loads it and others wait. Raises ProviderError."""
    with _loading:
        return _load(settings.DIFFUSION_MODEL)


@lru_cache(maxsize=1)
def _load(name: str) -> Model:
    began = time.monotonic()
    try:
        device, dtype = _target()
        pipe = _read(name, dtype).to(device)
    except ImportError as error:
        raise _unusable(f"install requirements-ml.txt: {error}") from error
    except (RuntimeError, MemoryError) as error:
        found = trouble(error)
        raise found if is_lost() or found.code == ErrorCode.PROVIDER_BUSY else _unusable(f"{name}: {error}") from error
    except (OSError, ValueError, TypeError, AttributeError, LookupError, _torn_file()) as error:
        raise _unusable(f"{name}: {error}") from error
    log.info("%s is warm: %s, %s, %.1f s", name, device, str(dtype).removeprefix("torch."), time.monotonic() - began)
    return Model(_quiet(pipe))


def _unusable(detail: str) -> ProviderError:
    return ProviderError(ErrorCode.PROVIDER_DOWN, permanent=True, closes_door=True, detail=detail)


def _torn_file() -> type[Exception]:
    from safetensors import SafetensorError

    error: type[Exception] = SafetensorError
    return error


def _read(name: str, dtype: Any) -> Any:
    """The pipeline, in this process's memory. A folder is all there is: nothing is asked of the hub."""
    folder, is_folder = _folder(name)
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if is_folder:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read when the libraries load
    _hush()
    from diffusers import AutoPipelineForText2Image

    if is_folder and not (folder / "model_index.json").is_file():
        raise FileNotFoundError(f"there is no diffusers pipeline (model_index.json) in {folder}")
    place, _, revision = (str(folder), "", "") if is_folder else name.partition("@")
    return AutoPipelineForText2Image.from_pretrained(
        place,
        revision=revision or None,
        dtype=dtype,
        use_safetensors=True,
        local_files_only=is_folder,
        trust_remote_code=False,
    )


def _hush() -> None:
    """Leave the libraries' errors; their progress bars and advice are for notebooks. Before the rest of them loads."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    from diffusers.utils import logging as diffusers_logging

    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()


def _folder(name: str) -> tuple[Path, bool]:
    """The path that a name may be, and whether it is one: a folder that is missing is no hub id."""
    folder = Path(name).expanduser()
    return folder, folder.is_absolute() or name.startswith(".") or folder.is_dir()


def _target() -> tuple[str, Any]:
    """The device and the numbers that it is fast and right with."""
    import torch

    if torch.cuda.is_available():
        return "cuda", torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    # Half precision overflows into black pictures on Apple's, and has no speed on a CPU.
    if torch.backends.mps.is_available():
        return "mps", torch.float32
    # Threads without a core of their own wait busily: the rest of the site keeps one.
    torch.set_num_threads(max(1, min(torch.get_num_threads(), (os.cpu_count() or 1) - 1)))
    return "cpu", torch.float32


def _quiet(pipe: Any) -> Any:
    pipe.set_progress_bar_config(disable=True)
    return pipe


# --- The device ------------------------------------------------------------------------------------------------------


def trouble(error: RuntimeError | MemoryError) -> ProviderError:
    """What a failure under torch means. It may pass, if only in another process: see `is_lost`."""
    import torch

    if isinstance(error, MemoryError) or any(word in str(error).lower() for word in FULL_WORDS):
        return ProviderError(ErrorCode.PROVIDER_BUSY, permanent=False, detail=str(error))
    if isinstance(error, torch.AcceleratorError):
        _lost.set()
    return ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False, detail=str(error))


def is_lost() -> bool:
    """Whether this process must end: after an error of CUDA itself none of its calls works any more."""
    return _lost.is_set()


def free() -> None:
    """Give back what no tensor uses. Call it outside of `except`: a traceback keeps the tensors of its frames."""
    import torch

    gc.collect()
    if torch.accelerator.is_available():
        torch.accelerator.empty_cache()
