"""An enhancement as the studio's form shows it, and what is told of one that failed. Reads rows, writes none."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from generation import catalogue, difference, enhancing, lineage, words
from generation.forms import GenerateForm
from generation.models import Enhancement, EnhancementState
from generation.wish import styled


@dataclass(frozen=True)
class Shown:
    """What templates/generation/partials/enhancement.html reads. `text` is what will be used, `added` what a
    style puts behind it."""

    state: str
    code: str = ""
    written: str = ""
    text: str = ""
    parts: tuple[difference.Part, ...] = ()
    added: str = ""
    poll_url: str = ""
    told: words.Told | None = None


def of(row: Enhancement) -> Shown:
    """A row as it stands now."""
    code = str(row.code)
    if row.state == EnhancementState.WAITING:
        return Shown(row.state, code, row.written, poll_url=reverse("enhancement", args=[row.code]))
    if row.state == EnhancementState.FAILED:
        return Shown(row.state, code, row.written, told=words.enhancement(row.error_code))
    suffix = row.model.styles.get(row.style, "") if row.model else ""
    return _done(code, row.written, row.text, suffix)


def in_form(form: GenerateForm, *, viewer_id: int | None) -> Shown | None:
    """What a form that comes back stands on: None where it has no enhancement, or one of other words."""
    written, text = str(form["prompt"].value() or "").strip(), str(form["enhanced"].value() or "").strip()
    if not text or not model_words(form, written=written, viewer_id=viewer_id):
        return None
    model = catalogue.find(str(form["model"].value() or ""))
    suffix = model.styles.get(str(form["style"].value() or ""), "") if model else ""
    return _done(str(form["enhancement"].value() or ""), written, text, suffix)


def model_words(form: GenerateForm, *, written: str, viewer_id: int | None) -> str:
    """What a language model made of exactly these words, by a row or by the job that the form comes from; or ""."""
    if code := str(form["enhancement"].value() or ""):
        return enhancing.text_for(code=code, owner_id=viewer_id, written=written)
    parent = lineage.of_label(label=str(form["parent"].value() or ""), viewer_id=viewer_id)
    return parent.job.prompt_enhanced if parent and parent.job.prompt_written == written else ""


def _done(code: str, written: str, text: str, suffix: str) -> Shown:
    """A form may hold any text: one that is too long is named by its field's error, and compared to nothing."""
    parts = tuple(difference.of(written, text)) if len(text) <= settings.PROMPT_MAX else ()
    return Shown(EnhancementState.DONE, code, written, text, parts, added=styled("", suffix) if suffix else "")
