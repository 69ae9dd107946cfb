"""An S3 bucket at the wire, as far as listing a folder and deleting go; `keys` are the objects in it."""

from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import unquote
from xml.sax.saxutils import escape

from tests.emulators.faults import Fault
from tests.emulators.server import Call, Emulator, Reply, Route

NAME = "pictures"
PAGE = 3  # 1,000 at Amazon: nobody here stores as many


class BucketEmulator(Emulator):
    name: ClassVar[str] = "S3"

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self.keys = set(keys)
        super().__init__()

    def routes(self) -> Sequence[Route]:
        return [
            Route("GET", f"/{NAME}", "list", self._list),
            Route("DELETE", rf"/{NAME}/(?P<key>.+)", "delete", self._delete),
        ]

    def refusal(self, fault: Fault) -> Reply:
        return Reply(int(fault.get("status", 500)))

    def _delete(self, call: Call, faults: Mapping[str, Fault], key: str) -> Reply:
        self.keys.discard(unquote(key))
        return Reply(204)

    def _list(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        """A page of what comes after the marker; all below the next slash is one prefix."""
        prefix, marker = call.query.get("prefix", ""), call.query.get("marker", "")
        found = sorted({_to_slash(key, len(prefix)) for key in self.keys if key.startswith(prefix)})
        page = [entry for entry in found if entry > marker][:PAGE]
        more = bool(page) and page[-1] != found[-1]
        rows = "".join(_row(entry) for entry in page)
        end = f"<IsTruncated>true</IsTruncated><NextMarker>{escape(page[-1])}</NextMarker>" if more else ""
        return Reply.text(f"<ListBucketResult>{rows}{end}</ListBucketResult>", content_type="application/xml")


def _to_slash(key: str, start: int) -> str:
    end = key.find("/", start)
    return key if end < 0 else key[: end + 1]


def _row(entry: str) -> str:
    if entry.endswith("/"):
        return f"<CommonPrefixes><Prefix>{escape(entry)}</Prefix></CommonPrefixes>"
    return f"<Contents><Key>{escape(entry)}</Key><Size>5</Size></Contents>"
