"""What a checked form asks for, and how a job is written down from it. Reads and writes nothing."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from generation.models import InferenceModel, Job, SeedMode
from generation.shapes import SHAPES


@dataclass(frozen=True)
class Wish:
    """What a checked form asks for. `seed` None means: take one at random; `steps`, `guidance`, `strength` None: the
    model's own.

    `prompt` is as it will be sent. Where it was enhanced, `written` is as it was before and `enhanced` what a model
    made of that, which the person may have edited since; otherwise both are "".
    """

    model: InferenceModel
    prompt: str
    negative_prompt: str = ""
    aspect_ratio: str = "1:1"
    count: int = 1
    style: str = "none"
    seed: int | None = None
    seed_mode: str = SeedMode.RANDOM
    written: str = ""
    enhanced: str = ""
    steps: int | None = None
    guidance: float | None = None
    reference_id: int | None = None
    strength: float | None = None
    failover: bool = False
    parent_id: int | None = None
    origin: str = ""

    def digest(self) -> str:
        """The same form twice has the same digest; another content has another."""
        told: list[object] = [
            self.model.slug,
            self.prompt,
            self.negative_prompt,
            self.aspect_ratio,
            self.count,
            self.style,
            self.seed,
        ]
        more = [self.written, self.enhanced, self.steps, self.guidance, self.reference_id, self.strength, self.failover]
        told += more if any(more) else []
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    @property
    def references(self) -> int:
        """How many pictures are to be followed, as the price counts them."""
        return 1 if self.reference_id else 0

    def fields(self) -> dict[str, Any]:
        """The fields of a job that the wish decides, by name. A random seed is drawn here."""
        shape = SHAPES[self.aspect_ratio]
        suffix = self.model.styles.get(self.style, "")
        return {
            "model": self.model,
            "prompt_written": self.written or self.prompt,
            "prompt_enhanced": self.enhanced,
            "prompt_sent": styled(self.prompt, suffix),
            "negative_prompt": self.negative_prompt,
            "aspect_ratio": self.aspect_ratio,
            "width_px": shape.width,
            "height_px": shape.height,
            "count": self.count,
            "style": self.style,
            "seed": secrets.randbelow(2**32) if self.seed is None else self.seed,
            "seed_mode": self.seed_mode,
            "steps": self.steps,
            "guidance": self.guidance,
            "reference_id": self.reference_id,
            "strength": self.strength,
            "failover": self.failover,
            "parent_id": self.parent_id,
            "origin": self.origin,
        }


def styled(prompt: str, suffix: str) -> str:
    """The words as sent: those of the style come last."""
    return f"{prompt}, {suffix}" if suffix else prompt


def asked(job: Job) -> str:
    """A job's words as its person meant them to be sent: enhanced and edited, without those of the style."""
    if not job.prompt_enhanced:
        return job.prompt_written
    suffix = job.model.styles.get(job.style, "")
    plain = job.prompt_sent.removesuffix(styled("", suffix))
    # A style that has other words by now leaves no way to tell where the person's end.
    return job.prompt_enhanced if suffix and plain == job.prompt_sent else plain
