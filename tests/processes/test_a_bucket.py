"""A site whose files lie in a bucket: a picture goes all the way, is read from the public address, and leaves it."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests import buckets
from tests.alive import until
from tests.buckets import Moto
from tests.processes.person import Person
from tests.processes.site import Site

pytestmark = pytest.mark.processes


@pytest.fixture
def with_bucket(site: Site, moto: Moto) -> Iterator[Moto]:
    with buckets.site_in(moto, site):
        yield moto


def read(url: str) -> tuple[int, str]:
    """Status and type of what everybody gets there."""
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_a_picture_is_made_shown_copied_and_taken_back(site: Site, with_bucket: Moto) -> None:
    alice = Person(site.url)
    alice.sign_up("bucket@example.org", site.code_mailed_to)
    job = alice.submit()
    card = alice.wait(job, ["succeeded"])
    [picture] = set(re.findall(r"/files/([0-9a-f-]{36})/", card.text))
    assert read_own(alice, f"/files/{picture}/640.webp") == 200
    until(lambda: len(with_bucket.objects("renditions/")) == 6)

    alice.publish(picture, "In a bucket")
    until(lambda: len(with_bucket.objects("public/")) == 6)
    copies = rf"{re.escape(with_bucket.public_url)}/public/[0-9a-f]{{32}}/\d+\.\w+"
    until(lambda: bool(re.search(copies, Person(site.url).get("/explore").text)))
    page = Person(site.url).get("/explore")
    named = set(re.findall(copies, page.text))
    assert len(named) == 6
    assert {read(url) for url in named} == {(200, "image/webp"), (200, "image/avif")}
    assert f"img-src 'self' data: blob: {with_bucket.url}" in str(page.headers["Content-Security-Policy"])

    token = alice.get(f"/art/{picture}").field("csrfmiddlewaretoken")
    alice.post(f"/art/{picture}/withdraw", {"csrfmiddlewaretoken": token})
    assert not set(re.findall(copies, Person(site.url).get("/explore").text))
    assert read(f"{site.url}/files/{picture}/640.webp")[0] == 404
    until(lambda: with_bucket.objects("public/") == [])
    assert {read(url)[0] for url in named} <= {403, 404}


def read_own(person: Person, path: str) -> int:
    request = urllib.request.Request(person.url + path)
    with person.opener.open(request) as answer:
        assert answer.headers["Content-Type"].startswith("image/")
        return int(answer.status)
