"""The doors of files: what predictions made, open to everybody, and what was uploaded for them."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from tests.emulators.faults import Fault
from tests.emulators.replicate import drawing, errors, files
from tests.emulators.replicate.runs import Run, new_id, now
from tests.emulators.server import Call, Refused, Reply, Route

UPLOADS_MAX = 1000
UPLOAD_HOURS = 24
COVER = {"aspect_ratio": "1:1", "megapixels": "0.25"}


class Storage:
    """`find` gives a run by its id; `pause` and `closing` are the emulator's."""

    def __init__(
        self,
        *,
        base_url: Callable[[], str],
        find: Callable[[str], Run | None],
        pause: files.Pause,
        closing: files.Ending,
    ) -> None:
        self._base_url, self._find, self._pause, self._closing = base_url, find, pause, closing
        self._uploads: dict[str, dict[str, Any]] = {}

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", r"/files/(?P<run_id>[\w-]+)/(?P<file>[\w.-]+)", "files", self._file),
            Route("POST", r"/v1/files", "read", self._upload),
            Route("GET", r"/v1/files/(?P<upload_id>\w+)", "read", self._get_upload),
        )

    def _file(self, call: Call, faults: Mapping[str, Fault], run_id: str, file: str) -> Reply:
        reply = files.whole(self._drawn(run_id, file), file)
        return files.spoilt(reply, faults, pause=self._pause, closing=self._closing)

    def _drawn(self, run_id: str, file: str) -> bytes:
        """One of the outputs of a run that succeeded; videos and weights are named there and not made."""
        stem, _, ending = file.rpartition(".")
        if run_id == "covers":
            return drawing.picture(stem.replace("--", "/"), COVER, number=0, ending=ending)
        run = self._find(run_id)
        if run is None or run.status != "succeeded" or run.data_removed:
            raise Refused(errors.no_such_file())
        if ending == "glb":
            return drawing.cube()
        number = stem.removeprefix("out-")
        if ending not in drawing.FORMATS or not number.isdecimal():
            raise Refused(errors.no_such_file())
        return drawing.picture(run.prompt, run.settings, number=int(number), ending=ending)

    def _upload(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        """The content is looked at and not kept: no model here reads it."""
        part = _file_part(call)
        if part is None:
            raise Refused(errors.invalid([("content", "content is required")]))
        told = _upload_told(part, base_url=self._base_url())
        self._uploads[told["id"]] = told
        if len(self._uploads) > UPLOADS_MAX:
            self._uploads.pop(next(iter(self._uploads)))
        return Reply.json(told, status=201)

    def _get_upload(self, call: Call, faults: Mapping[str, Fault], upload_id: str) -> Reply:
        if upload_id not in self._uploads:
            raise Refused(errors.problem(404))
        return Reply.json(self._uploads[upload_id])


def _upload_told(part: Message, *, base_url: str) -> dict[str, Any]:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    upload_id = new_id()
    return {
        "id": upload_id,
        "name": part.get_filename() or "file",
        "content_type": part.get_content_type(),
        "size": len(data),
        "etag": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "checksums": {"sha256": hashlib.sha256(data).hexdigest()},
        "metadata": {},
        "created_at": now(),
        "expires_at": now(hours=UPLOAD_HOURS),
        "urls": {"get": f"{base_url}/v1/files/{upload_id}"},
    }


def _file_part(call: Call) -> Message | None:
    """The part named "content" of a multipart/form-data body."""
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + call.raw)
    return next(
        (part for part in message.walk() if part.get_param("name", header="content-disposition") == "content"), None
    )
