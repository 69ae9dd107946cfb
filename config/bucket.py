"""The bucket, S3 or R2: django-storages' with bounds of our own. The only importer of boto3; sites without a bucket
never load it.

What is absent is FileNotFoundError, as on a disk; whatever else goes wrong is StorageAway. A name that is taken is
written over, as in the folder of a laptop: names carry codes of our own, so only the same thing comes twice.
"""

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from config.files import StorageAway

# A request waits for a bucket that is away for 2 x 3 s, and for one that has fallen silent for 2 x 15 s.
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 3, 15, 2
# Larger files go up in parts, from disk; the rest in one request. More than any picture or 3D model has.
ONE_REQUEST_MAX_BYTES = 64 * 1024 * 1024
IN_MEMORY_MAX_BYTES = 8 * 1024 * 1024
# A decoder looks at the first bytes and begins anew: so many are kept, that it costs no second request.
BEGINNING_MAX_BYTES = 64 * 1024
ABSENT = {"404", "NoSuchKey"}


def _client_config() -> Config:
    """Without the two checksum settings every upload carries a header that R2 refuses."""
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"].get("Code") in ABSENT:
            raise FileNotFoundError(name) from error
        raise StorageAway(f"{name}: {error}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageAway(f"{name}: {error}") from error


class Bucket(S3Storage):  # type: ignore[misc]
    """Objects below `location` of one bucket, all private: pages get bytes from our own doors."""

    def get_default_settings(self) -> dict[str, Any]:
        ours = {"client_config": _client_config(), "file_overwrite": True, "default_acl": None}
        return {**super().get_default_settings(), **ours}

    def exists(self, name: str) -> bool:
        with _told(name):
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        with _told(name):
            return int(super().size(name))

    def delete(self, name: str) -> None:
        with _told(name):
            super().delete(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with _told(path):
            folders, files = super().listdir(path)
        return list(folders), list(files)

    def folders(self, prefix: str) -> list[str]:
        """The folders whose path begins so: for `public/a` among others `public/a1`."""
        pages = self._client.get_paginator("list_objects_v2")
        with _told(prefix):
            found = pages.paginate(Bucket=self.bucket_name, Prefix=prefix, Delimiter="/")
            return [one["Prefix"].rstrip("/") for page in found for one in page.get("CommonPrefixes", ())]

    def copy(self, source: str, target: str, *, content_type: str, cache_control: str) -> None:
        """Copy an object within the bucket, without its bytes coming here. Raises FileNotFoundError, StorageAway."""
        with _told(source):
            self._client.copy_object(
                Bucket=self.bucket_name,
                Key=target,
                CopySource={"Bucket": self.bucket_name, "Key": source},
                MetadataDirective="REPLACE",
                ContentType=content_type,
                CacheControl=cache_control,
            )

    @property
    def _client(self) -> Any:
        return self.connection.meta.client

    def _open(self, name: str, mode: str = "rb") -> "Object":
        if mode != "rb":
            raise ValueError("an object is written whole, by save")
        return Object(name, lambda: self._get(name))

    def _get(self, name: str) -> tuple[IO[bytes], int]:
        with _told(name):
            answer = self._client.get_object(Bucket=self.bucket_name, Key=self._normalize_name(name))
        return answer["Body"], answer["ContentLength"]

    def _save(self, name: str, content: "File[bytes]") -> str:
        with _told(name):
            if content.size > ONE_REQUEST_MAX_BYTES:
                return str(super()._save(name, content))
            content.seek(0)
            self._client.put_object(
                Bucket=self.bucket_name,
                Key=self._normalize_name(name),
                Body=content.read(),
                **self._get_write_parameters(name, content),
            )
        return name


class Object(File):  # type: ignore[type-arg]
    """An object of the bucket, open for reading. It is streamed while it is read from front to back; whoever jumps
    makes it come here whole, in memory while it is small."""

    def __init__(self, name: str, fetch: Callable[[], tuple[IO[bytes], int]]) -> None:
        self._fetch = fetch
        self._body, self.size = fetch()
        self._kept: IO[bytes] | None = None
        self._beginning = bytearray()
        self._streamed = self._at = 0
        super().__init__(self._body, name)

    def read(self, size: int | None = -1) -> bytes:
        wanted = -1 if size is None else size
        with _told(self.name or ""):
            if self._kept is None and self._at != self._streamed:
                self._kept = self._keep()
            if self._kept is not None:
                self._kept.seek(self._at)
                data = self._kept.read(wanted)
            else:
                data = self._stream(wanted)
        self._at += len(data)
        return data

    def _stream(self, wanted: int) -> bytes:
        data = self._body.read() if wanted < 0 else self._body.read(wanted)
        if self._streamed == len(self._beginning) < BEGINNING_MAX_BYTES:
            self._beginning += data
        self._streamed += len(data)
        return data

    def _keep(self) -> IO[bytes]:
        kept = cast(IO[bytes], tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_MAX_BYTES))  # noqa: SIM115  (closed by close)
        if self._streamed == len(self._beginning):
            kept.write(self._beginning)
        else:
            self._body.close()
            self._body, _ = self._fetch()
        for chunk in iter(lambda: self._body.read(self.DEFAULT_CHUNK_SIZE), b""):
            kept.write(chunk)
        self._beginning.clear()
        return kept

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Costs nothing by itself: to the end and back is how lengths are asked for."""
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def close(self) -> None:
        self._body.close()
        if self._kept is not None:
            self._kept.close()
