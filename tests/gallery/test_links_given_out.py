"""Every address that was ever given out for a picture, played again once it is taken back.

PAGES are read while the picture is public: every address on them that is about it is kept, with the tags its answers
carried. A new page of pictures is one more line in PAGES, a new door of a picture that no page names one in DOORS.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from gallery import posts
from gallery.models import Post, Visibility
from generation import renditions, tasks
from generation.models import Asset, Moderation
from tests import pictures
from tests.browsers import As
from tests.buckets import Moto

pytestmark = pytest.mark.django_db

# Where a public picture stands, beside its own page. `{handle}` is its artist's.
PAGES = ["/", "/explore", "/explore/latest", "/@{handle}"]
# What a picture answers at, beside what pages name.
DOORS = [
    "/art/{code}",
    *(f"/art/{{code}}/download?format={kind}" for kind in ("original", "png", "jpeg", "webp")),
    "/art/{code}/remix",
    *(f"/files/{{code}}/{width}.{kind}" for width in (320, 640, 1280) for kind in ("avif", "webp")),
]
SECRET = "A lighthouse that nobody else has asked for"
ATTRIBUTES = {"href", "src", "srcset", "action", "content", "data-src", "poster", "hx-get", "hx-post"}


@dataclass
class Named(HTMLParser):
    """All addresses of a page."""

    found: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ATTRIBUTES and value:
                parts = value.split(",") if name == "srcset" else [value]
                self.found |= {words[0] for part in parts if (words := part.split())}


@dataclass
class GivenOut:
    """What somebody wrote down of a picture while everybody saw it: addresses with the tags of their answers."""

    ours: dict[str, set[str]]
    public: set[str]

    @property
    def code_free(self) -> set[str]:
        """Pages that are not about this picture alone: the studio with its settings."""
        return {url for url in self.ours if urlsplit(url).path == "/"}

    @property
    def files(self) -> "GivenOut":
        """The picture's very bytes alone."""
        ours = {url: tags for url, tags in self.ours.items() if url.startswith("/files/") or "/download" in url}
        return GivenOut(ours, set())

    def all_answer(self, status: int) -> dict[str, set[int]]:
        return {url: {status} for url in self.ours.keys() - self.code_free}


def addresses(client: Client, asset: Asset) -> set[str]:
    """What every page names of a picture, and its own page too."""
    about = [word for word in (str(asset.code), asset.public_folder) if word]
    found = set()
    for page in [*PAGES, asset.url]:
        response = client.get(page.format(handle=asset.owner.handle))
        assert response.status_code == 200, page
        named = Named()
        named.feed(response.content.decode())
        found |= {url for url in named.found if any(word in url for word in about)}
    return found


def write_down(clients: dict[str, Client], asset: Asset) -> GivenOut:
    ours: dict[str, set[str]] = {door.format(code=asset.code): set() for door in DOORS}
    public: set[str] = set()
    for client in clients.values():
        for url in addresses(client, asset):
            if asset.public_folder and asset.public_folder in url:
                public.add(url)
            else:
                parts = urlsplit(url)  # pages name some of them whole
                ours.setdefault(parts.path + ("?" + parts.query if parts.query else ""), set())
    for url, tags in ours.items():
        for client in clients.values():
            answer = client.get(url)
            if answer.status_code in (200, 302) and "ETag" in answer.headers:
                tags.add(answer["ETag"])
    answered = {url: tags for url, tags in ours.items() if clients["stranger"].get(url).status_code in (200, 302)}
    return GivenOut(answered, public)


def replay(client: Client, given_out: GivenOut) -> dict[str, set[int]]:
    """The statuses of every address about the picture, asked for in every way that a browser or a cache asks."""
    ended: dict[str, set[int]] = {}
    for url in given_out.ours.keys() - given_out.code_free:
        conditions = [{"If-None-Match": tag} for tag in [*given_out.ours[url], "*"]]
        conditions += [{"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, {"HX-Request": "true"}]
        answers = [client.get(url), *(client.head(url, headers=headers) for headers in conditions)]
        answers += [client.get(url, headers=conditions[0])]
        ended[url] = {answer.status_code for answer in answers}
    for url in given_out.code_free:
        assert SECRET not in client.get(url).content.decode(), url
    return ended


@pytest.fixture
def viewers(browse: As, alice: User, charlie: User, gwen: User) -> dict[str, Client]:
    return {"owner": browse(alice), "stranger": browse(charlie), "guest": browse(gwen), "nobody": browse(None)}


@pytest.fixture
def asset(alice: User) -> Asset:
    asset = pictures.one(alice, prompt=SECRET)
    renditions.make(asset_id=asset.pk)
    pictures.show(asset, title="Lighthouse")
    return asset


def delete(asset: Asset, owner: User) -> None:
    Asset.objects.filter(pk=asset.pk).update(deleted_at=timezone.now())


def refuse(asset: Asset, owner: User) -> None:
    Asset.objects.filter(pk=asset.pk).update(
        visibility=Visibility.PRIVATE, moderation=Moderation.REFUSED, level="refused"
    )
    Post.objects.filter(asset=asset).update(is_listed=False)


TAKEN_BACK: dict[str, Callable[[Asset, User], object]] = {
    "withdrawn": lambda asset, owner: posts.withdraw(asset=asset, owner=owner),
    "deleted": delete,
    "refused": refuse,
}
OTHERS = ("stranger", "guest", "nobody")


@pytest.mark.parametrize(
    ("how", "where"), [*((how, "public bucket") for how in TAKEN_BACK), ("withdrawn", "disk"), ("deleted", "bucket")]
)
def test_what_is_taken_back_answers_nobody_else_at_any_address_ever_given_out(
    request: pytest.FixtureRequest, alice: User, viewers: dict[str, Client], how: str, where: str
) -> None:
    if where != "disk":
        request.getfixturevalue(where.replace(" ", "_"))
    asset = request.getfixturevalue("asset")
    copied(asset)
    given_out = write_down(viewers, asset)
    assert len(given_out.ours) >= len(DOORS)
    assert bool(given_out.public) == (where == "public bucket")
    TAKEN_BACK[how](asset, alice)

    for who in OTHERS:
        assert replay(viewers[who], given_out) == given_out.all_answer(404), who
        assert not on_pages(viewers[who], asset)
    if how == "deleted":
        assert set.union(*replay(viewers["owner"], given_out).values()) == {404}
    else:
        asset.refresh_from_db()
        assert viewers["owner"].get(asset.url).status_code == 200
        assert viewers["owner"].get(asset.src).status_code == 200
    tasks.settle_public(asset.pk)
    if where == "public bucket":
        assert request.getfixturevalue("moto").objects("public/") == []


def test_unlisted_it_is_found_by_its_address_alone(
    public_bucket: Moto, alice: User, asset: Asset, viewers: dict[str, Client]
) -> None:
    copied(asset)
    given_out = write_down(viewers, asset)
    pictures.show(asset, visibility=Visibility.UNLISTED)
    for who in OTHERS:
        assert viewers[who].get(asset.url).status_code == 200
        assert not on_pages(viewers[who], asset)
    assert given_out.public
    tasks.settle_public(asset.pk)
    assert public_bucket.objects("public/") == []


@pytest.mark.parametrize("level", ["nudity", "explicit"])
def test_its_level_raised_its_bytes_are_for_accounts(
    public_bucket: Moto, alice: User, asset: Asset, viewers: dict[str, Client], level: str
) -> None:
    copied(asset)
    given_out = write_down(viewers, asset)
    files = given_out.files
    pictures.show(asset, level=level)
    for who in ("guest", "nobody"):
        assert replay(viewers[who], files) == files.all_answer(404)
        assert not on_pages(viewers[who], asset)
    for who in ("owner", "stranger"):
        assert {viewers[who].get(url).status_code for url in files.ours} == {200}
    tasks.settle_public(asset.pk)
    assert public_bucket.objects("public/") == []


def test_shown_again_the_old_public_addresses_stay_gone(
    public_bucket: Moto, alice: User, asset: Asset, viewers: dict[str, Client]
) -> None:
    copied(asset)
    given_out = write_down(viewers, asset)
    for url in given_out.public:
        with urlopen(url) as answer:
            assert answer.status == 200
    posts.withdraw(asset=asset, owner=alice)
    pictures.show(asset)
    copied(asset)
    there = {f"{public_bucket.public_url}/{key}" for key in public_bucket.objects("public/")}
    assert there
    assert not there & given_out.public
    assert {viewers["nobody"].get(url).status_code for url in given_out.ours if url.startswith("/files/")} == {200}


def test_an_address_of_another_and_one_of_nothing_have_the_same_answer(
    alice: User, asset: Asset, viewers: dict[str, Client]
) -> None:
    given_out = write_down(viewers, asset)
    posts.withdraw(asset=asset, owner=alice)
    for url in given_out.ours.keys() - given_out.code_free:
        absent = url.replace(str(asset.code), "00000000-0000-7000-8000-000000000000")
        for who in OTHERS:
            hers, none = viewers[who].get(url), viewers[who].get(absent)
            assert (hers.status_code, _plain(hers.content)) == (none.status_code, _plain(none.content)), url
            assert set(hers.headers) == set(none.headers), url


def copied(asset: Asset) -> None:
    """As its task leaves it, where there is a public address."""
    tasks.settle_public(asset.pk)
    asset.refresh_from_db()


def on_pages(client: Client, asset: Asset) -> bool:
    """Whether any page of pictures says a word of it."""
    pages = [client.get(page.format(handle=asset.owner.handle)).content.decode() for page in PAGES]
    return any(word in page for page in pages for word in (str(asset.code), SECRET, "Lighthouse"))


def _plain(body: bytes) -> bytes:
    """Without what differs from one answer to the next."""
    return re.sub(rb'[^\n]*csrf[^\n]*|nonce="[^"]*"', b"", body)
