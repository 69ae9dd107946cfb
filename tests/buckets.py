"""A bucket for tests: moto's S3 over real HTTP on a free port, reached by the site's own storage class."""

import json
import logging
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from django.conf import settings
from moto.server import ThreadedMotoServer

from tests.processes.site import Site

NAME = "pictures"
# Nobody listens there: a reserved port that refuses at once.
NOWHERE = "http://127.0.0.1:1"
# As docs/operating.md has it: who knows a name below public/ may read it, and nobody may list anything.
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{NAME}/public/*",
        }
    ],
}


class Moto:
    """An S3 server. moto keeps objects in this process. Any signature may do anything; without one the bucket's policy
    says what may be read (though moto lists for everybody, as no real bucket does)."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line a request
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)

    def __enter__(self) -> "Moto":
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self.client = boto3.client(
            "s3",
            region_name="us-east-1",  # moto makes no bucket in R2's region "auto"
            endpoint_url=self.url,
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(s3={"addressing_style": "path"}),
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def empty(self) -> None:
        """Forget everything, and make the bucket anew."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")).close()
        self.client.create_bucket(Bucket=NAME)
        self.client.put_bucket_policy(Bucket=NAME, Policy=json.dumps(POLICY))

    def environment(self) -> dict[str, str]:
        """What makes a site of processes use it."""
        return {
            "S3_BUCKET": NAME,
            "S3_ENDPOINT_URL": self.url,
            "S3_ACCESS_KEY_ID": "a",
            "S3_SECRET_ACCESS_KEY": "b",
        }

    @property
    def public_url(self) -> str:
        return f"{self.url}/{NAME}"

    def objects(self, prefix: str = "") -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=NAME, Prefix=prefix)
        return [one["Key"] for page in pages for one in page.get("Contents", ())]

    def about(self, key: str) -> dict[str, Any]:
        """Headers of an object."""
        found: dict[str, Any] = self.client.head_object(Bucket=NAME, Key=key)
        return found

    def storages(self, **changes: str) -> dict[str, Any]:
        """STORAGES with the site's own storage class at this bucket, or at another one."""
        there = {"bucket_name": NAME, "endpoint_url": self.url, "access_key": "a", "secret_key": "b"}
        return {
            **settings.STORAGES,
            "default": {**settings.BUCKET, "OPTIONS": {**there, "region_name": "auto", **changes}},
        }


@contextmanager
def site_in(moto: Moto, site: Site) -> Iterator[None]:
    """The site's processes with an empty bucket whose folder public/ everybody reads; afterwards all is on the disk."""
    moto.empty()
    switches = moto.environment() | {"S3_PUBLIC_URL": moto.public_url}
    for process in (site.beat, site.worker):
        process.stop()
        process.start(**switches)
    site.restart_web(**switches)
    yield
    for key in moto.objects():
        path = site.var / "media" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        moto.client.download_file(NAME, key, str(path))
