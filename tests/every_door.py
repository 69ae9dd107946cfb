"""Every door of the site, with real things behind the addresses, and what hostile people send to them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes

from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from gallery import archives, collecting
from gallery.models import Action
from generation import presets
from tests import pictures
from tests.gallery.cases import decide, moderator, say

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
TEXTS = {
    "script": SCRIPT,
    "template": "{{ 7*7 }}{% debug %}{{ settings.SECRET_KEY }}",
    "end of a section": "]]>--></title></textarea>",
    "lines": "one\r\nSet-Cookie: two=2\r\n\r\nthree",
    "nul": "one\x00two",
    "turned": "\u202egnp.exe\u2066",
    "ten thousand": "x" * 10_000,
    "emoji": "👩‍🚀🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "formula": "=cmd|' /C calc'!A0",
    "sql": "' OR 1=1; --",
    "beyond bigint": "99999999999999999999999",
    "negative": "-1",
    "infinite": "1e309",
    "no number": "NaN",
    "digits of another script": "٣٣٣",
    "a path": "../../../../etc/passwd",
    "another site": "//evil.example/\\evil.example",
    "one sign that becomes many": "㌖" * 200,
    "half of a sign": "\udce2",  # sent as the byte E2, which is no UTF-8
    "empty": "",
}
# What forms and addresses of any door are called.
_NAMES = (
    "q mode model ratio artist color since until min_score sort after before upto wall v tab page remix variation from "
    "preset reference settings prompt negative_prompt aspect_ratio count style seed seed_mode steps guidance failover "
    "strength parent enhance enhanced enhancement key quote format words codes action all visibility moment title "
    "hide_prompt level alt text stars on note reason name about art collection was new do seen answer keep back next "
    "shape kind cursor email password password1 password2 login code handle display_name bio show_suggestive o e p "
    "select_across _selected_action id__in owner__id__exact amount kind__exact user sum by days day month file png pack"
)
NAMES = _NAMES.split()
HEADERS = {
    "HX-Request": "true",
    "HX-Target": "results",
    "HX-Current-URL": "http://[testserver/explore?q=1",
    "Referer": "http://[testserver//evil.example",
    "If-None-Match": 'W/"',
    "If-Modified-Since": "the day before yesterday",
    "Range": "bytes=-99999999999999999999",
    "Accept-Language": "x" * 5000,
    "X-Forwarded-For": "::::, '",
    "X-Request-ID": "a\tb",
}


def sent(text: str) -> str:
    """As a browser writes it into a form or an address."""
    return quote_from_bytes(text.encode("utf-8", "surrogateescape"), safe="")


@dataclass(frozen=True)
class Door:
    """One pattern with a path that leads through it."""

    path: str
    name: str
    callback: Any
    app: str = field(default="")

    def __str__(self) -> str:
        return self.path

    @property
    def is_ours(self) -> bool:
        return self.app.split(".")[0] in ("gallery", "generation", "credits", "payments", "accounts", "config")


def doors(codes: dict[str, str]) -> list[Door]:
    """All patterns there are; `codes` says by the beginning of a route what stands for its UUIDs."""
    return list(_walk(get_resolver(), "/", codes))


def _walk(resolver: URLResolver, before: str, codes: dict[str, str]) -> Iterator[Door]:
    for pattern in resolver.url_patterns:
        path = before + _plain(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, path, codes)
        elif isinstance(pattern, URLPattern):
            view = pattern.callback
            yield Door(_filled(path, codes), pattern.name or "", view, getattr(view, "__module__", ""))


def _plain(route: str) -> str:
    """Of a regular expression one text that it takes."""
    return re.sub(r"\(\?P<\w+>(?:\[[^\]]*\]|[^)])*\)", "x1", route).replace("^", "").replace("$", "").replace("\\", "")


def _filled(path: str, codes: dict[str, str]) -> str:
    """The longest beginning that is known says whose code it is."""
    known = [begin for begin in codes if path.startswith(begin)]
    code = codes[max(known, key=len)] if known else codes["/art/"]
    values = {"uuid": code, "handle": "alice", "int": "640", "slug": "webp", "step": "next", "str": "x1", "path": "1"}
    return re.sub(r"<(?:(\w+):)?\w+>", lambda found: values[found[1] or "str"], path)


def things(alice: User, charlie: User) -> dict[str, str]:
    """One of each thing of Alice's that has an address, by the beginning of that address."""
    asset, other = pictures.make(alice, pictures=2)
    pictures.show(asset, title="Harbour")
    pictures.show(other)
    comment = say(alice, asset)
    collection = collecting.create(owner=alice, name="Coasts", visibility="public")
    collecting.add_many(owner=alice, collection_code=collection.code, asset_ids=[asset.pk])
    archive = archives.ask(owner_id=alice.pk, asset_ids=[asset.pk], name="Chosen pictures")
    preset = presets.keep(owner=alice, name="Usual", prompt="A {{thing}} at dusk", settings={})
    decision = decide(moderator("mona"), other, Action.WITHDRAW)
    return {
        "/art/": str(asset.code),
        "/files/": str(asset.code),
        "/jobs/": str(asset.job.code),
        "/comments/": str(comment.code),
        "/collections/": str(collection.code),
        "/feeds/collections/": str(collection.code),
        "/exports/": str(archive.code),
        "/presets/": str(preset.code),
        "/appeals/": str(decision.code),
        "/admin/gallery/moderation/decisions/": str(decision.code),
        "/admin/gallery/moderation/comments/": str(comment.code),
        "/admin/gallery/moderation/art/": str(other.code),
        "/admin/gallery/moderation/files/": str(other.code),
    }


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is taken back: the next door finds everything where it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
