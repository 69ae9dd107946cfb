"""Every address that was ever given out for a picture, played again once it is taken back.

PAGES are read while the picture is public: every address on them that is about it is kept, with the tags its answers
carried. A new page of pictures is one more line in PAGES, a new door of a picture that no page names one in DOORS.
Around the picture are a collection that everybody finds and one that has only a link, and another picture that was made
from it, which is its neighbour on the walls.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from django.test import Client

from accounts.models import User
from gallery import collecting, follows, posts, sitemaps, trash
from gallery.models import Action, Collection, Post, Visibility
from generation import metadata, renditions, tasks
from generation.models import Asset
from generation.models.job import Origin
from tests import pictures
from tests.browsers import As
from tests.buckets import Moto
from tests.gallery.cases import decide, moderator

pytestmark = pytest.mark.django_db

# Where a public picture stands, beside its own page. `{handle}` is its artist's.
LINKED = ["/collections/{listed}", "/collections/{linked}", "/@{handle}/collections"]
PAGES = [
    "/",
    "/explore",
    "/explore/latest",
    "/explore?q=lighthouse",
    "/explore?q=nobody+else&sort=new",
    "/explore?q=lighthouse&sort=liked&ratio=3:2",
    "/explore?sort=liked",
    "/explore?sort=rated&color={tone}",
    "/explore?artist={handle}&model=demo",
    "/explore?since=2020-01-01&sort=liked",
    "/@{handle}",
    "/@{handle}?sort=rated",
    "/following",
    "/art/{beside}/lineage",
    "/art/{beside}/more",
    "/art/{beside}/next?wall=explore",
    "/art/{beside}/next?wall=artist",
    "/feeds/latest.atom",
    "/feeds/@{handle}.atom",
    "/feeds/collections/{listed}.atom",
    "/feeds/collections/{linked}.atom",
    "/sitemaps/posts-{part}.xml",
    *LINKED,
]
# Whoever has no account is sent to sign-in by these, whatever the code, and learns nothing from it.
FOR_MEMBERS = ["/art/{code}/collect", "/art/{code}/report", "/presets/new?remix={code}"]
# What a picture answers at, beside what pages name.
DOORS = [
    "/art/{code}",
    *(f"/art/{{code}}/download?format={kind}" for kind in ("original", "png", "jpeg", "webp")),
    "/art/{code}/remix",
    "/art/{code}/remix?variation=1",
    "/art/{code}/comments",
    "/art/{code}/lineage",
    "/art/{code}/more",
    "/art/{code}/next?wall=explore",
    "/art/{code}/previous?wall=artist",
    "/files/{code}/card.jpg",
    *FOR_MEMBERS,
    *(f"/files/{{code}}/{width}.{kind}" for width in (320, 640, 1280) for kind in ("avif", "webp")),
]
SECRET = "A lighthouse that nobody else has asked for"
UNWANTED = "No ships that pass in the night"
SEED = 3_141_592_653
# In a sitemap, and in the escaped HTML of a feed's entries.
XML_ADDRESS = re.compile(r"""(?<=[>"' ])(?:https?:/)?/[^\s<>"'&]+""")
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
        """Pages that are not about this picture alone: the studio with its settings, sign-in on the way to it."""
        return {url for url in self.ours if urlsplit(url).path == "/" or url.startswith("/accounts/")}

    @property
    def files(self) -> "GivenOut":
        """The picture's very bytes alone."""
        ours = {url: tags for url, tags in self.ours.items() if url.startswith("/files/") or "/download" in url}
        return GivenOut(ours, set())

    def all_answer(self, status: int, *, who: str = "stranger") -> dict[str, set[int]]:
        """204 is the way to sign-in as htmx is told it."""
        sent_away = {302, 204} if who in ("guest", "nobody") else {status}
        doors = ("/collect", "/report", "/presets/new")
        about = self.ours.keys() - self.code_free
        return {url: sent_away if urlsplit(url).path.endswith(doors) else {status} for url in about}


def addresses(client: Client, asset: Asset) -> set[str]:
    """What every page names of a picture, and its own page too."""
    about = [word for word in (str(asset.code), asset.public_folder) if word]
    found = set()
    for page in [*PAGES, asset.url]:
        response = client.get(filled(page, asset))
        assert response.status_code in (200, 302), page
        named = Named()
        named.feed(response.content.decode())
        named.found |= {response.headers.get("Location", ""), *XML_ADDRESS.findall(response.content.decode())}
        found |= {url for url in named.found if any(word in url for word in about)}
    return found


def filled(page: str, asset: Asset) -> str:
    """The address of a page in PAGES."""
    collections = Collection.objects.order_by("pk").values_list("code", flat=True)
    return page.format(
        handle=asset.owner.handle,
        tone=asset.tone,
        listed=collections[0],
        linked=collections[1],
        beside=Asset.objects.exclude(pk=asset.pk).get().code,
        part=Post.objects.get(asset=asset).pk // sitemaps.PART,
    )


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
def asset(alice: User, charlie: User) -> Asset:
    asset = pictures.one(alice, prompt=SECRET, negative_prompt=UNWANTED, seed=SEED)
    renditions.make(asset_id=asset.pk)
    pictures.show(asset, title="Lighthouse")
    beside = pictures.one(alice, prompt="Made from another", parent_id=asset.job_id, origin=Origin.REMIX)
    pictures.show(beside)
    for visibility in (Visibility.PUBLIC, Visibility.UNLISTED):
        kept = collecting.create(owner=alice, name="Coasts", visibility=visibility)
        collecting.add_many(owner=alice, collection_code=kept.code, asset_ids=[asset.pk])
    follows.follow(follower_id=charlie.pk, artist_id=alice.pk)
    return asset


def delete(asset: Asset, owner: User) -> None:
    trash.discard_one(code=asset.code, owner_id=owner.pk)


def purge(asset: Asset, owner: User) -> None:
    delete(asset, owner)
    assert trash.purge(owner_id=owner.pk, asset_ids=[asset.pk]) == 1


TAKEN_BACK: dict[str, Callable[[Asset, User], object]] = {
    "withdrawn": lambda asset, owner: posts.withdraw(asset=asset, owner=owner),
    "deleted": delete,
    "purged": purge,
    "refused": lambda asset, owner: decide(moderator("mona"), asset, Action.REFUSE),
    "withheld": lambda asset, owner: decide(moderator("mona"), asset, Action.WITHDRAW),
}
OTHERS = ("stranger", "guest", "nobody")


@pytest.mark.parametrize(
    ("how", "where"),
    [("withdrawn", "public bucket"), ("deleted", "public bucket"), *((how, "disk") for how in TAKEN_BACK)],
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
        assert replay(viewers[who], given_out) == given_out.all_answer(404, who=who), who
        assert not on_pages(viewers[who], asset), who
        assert viewers[who].get(f"/library/trash/{asset.code}/640.webp").status_code == 404
    if how in ("deleted", "purged"):
        in_trash = 200 if how == "deleted" else 404
        assert viewers["owner"].get(f"/library/trash/{asset.code}/640.webp").status_code == in_trash
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
        # Whoever has the address may keep it in a collection that others find: that is theirs to say.
        assert not on_pages(viewers[who], asset, but=LINKED)
    assert given_out.public
    tasks.settle_public(asset.pk)
    assert public_bucket.objects("public/") == []


@pytest.mark.parametrize("level", ["nudity"])
def test_its_level_raised_its_bytes_are_for_accounts(
    public_bucket: Moto, alice: User, asset: Asset, viewers: dict[str, Client], level: str
) -> None:
    copied(asset)
    given_out = write_down(viewers, asset)
    files = given_out.files
    pictures.show(asset, level=level)
    for who in ("guest", "nobody"):
        told = replay(viewers[who], files)
        # The page says that there is something, so a download leads to sign-in; bytes are not there.
        assert {url: statuses for url, statuses in told.items() if url.startswith("/files/")} == {
            url: {404} for url in files.ours if url.startswith("/files/")
        }
        assert all(statuses <= {302, 204} for url, statuses in told.items() if "/download" in url)
        assert not on_pages(viewers[who], asset)
        assert viewers[who].get(asset.url).status_code == 200
        page = viewers[who].get(asset.url).content.decode()
        assert not re.search(rf"/files/{asset.code}|og:image|ld\+json", page)
    for who in ("owner", "stranger"):
        theirs = [url for url in files.ours if not url.endswith("/card.jpg")]  # which is for other sites
        assert {viewers[who].get(url).status_code for url in theirs} == {200}
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


def test_its_prompt_hidden_no_address_tells_words_seed_or_settings(
    alice: User, asset: Asset, viewers: dict[str, Client]
) -> None:
    given_out = write_down(viewers, asset)
    pictures.show(asset, title="Lighthouse", hide_prompt=True)
    words = (SECRET, UNWANTED, str(SEED), SECRET[:30])
    for who in OTHERS:
        for url in [*given_out.ours, *(filled(page, asset) for page in PAGES), asset.url]:
            answer = viewers[who].get(url)
            body = answer.getvalue()
            assert not [word for word in words if word.encode() in body], (who, url)
            assert not body or metadata.find(body) is None, (who, url)
        for door in (f"{asset.url}/remix", f"{asset.url}/remix?variation=1"):
            assert viewers[who].get(door).status_code == 404
        for words_of_it in ("nobody+else", "ships", "asked"):
            assert str(asset.code) not in viewers[who].get(f"/explore?q={words_of_it}").content.decode()
    for door in (f"/presets/new?remix={asset.code}", f"/presets/new?remix={asset.code}&variation=1"):
        assert viewers["stranger"].get(door).status_code == 404
    assert SECRET in viewers["owner"].get(asset.url).content.decode()
    assert metadata.find(viewers["owner"].get(f"{asset.url}/download?format=png").getvalue()) is not None


@pytest.mark.parametrize("how", ["withdrawn", "deleted"])
def test_nothing_more_is_done_with_what_was_taken_back(
    alice: User, asset: Asset, viewers: dict[str, Client], how: str
) -> None:
    TAKEN_BACK[how](asset, alice)
    kept = Collection.objects.create(owner_id=viewers["stranger"].session["_auth_user_id"], name="Mine")
    posted: dict[str, dict[str, str]] = {
        "like": {},
        "rate": {"stars": "5"},
        "comments": {"text": "Lovely"},
        "report": {"reason": "person"},
        "collect": {"collection": str(kept.code)},
        "publish": {"visibility": "public"},
        "withdraw": {},
        "delete": {},
        "restore": {},
        "alt": {"alt": "A tower"},
    }
    for door, told in posted.items():
        assert viewers["stranger"].post(f"{asset.url}/{door}", told).status_code == 404, door
    assert viewers["stranger"].post(f"{kept.url}/items", {"art": str(asset.code)}).status_code == 404
    post = Post.objects.get(asset=asset)
    kept.refresh_from_db()
    assert (post.like_count, post.rating_count, post.comment_count, kept.item_count) == (0, 0, 0, 0)


def copied(asset: Asset) -> None:
    """As its task leaves it, where there is a public address."""
    tasks.settle_public(asset.pk)
    asset.refresh_from_db()


def on_pages(client: Client, asset: Asset, *, but: Sequence[str] = ()) -> list[str]:
    """The pages of pictures that say a word of it."""
    told = {page: client.get(filled(page, asset)) for page in PAGES if page not in but}
    words = (str(asset.code), SECRET, "Lighthouse")
    return [
        page
        for page, answer in told.items()
        for text in [answer.content.decode() + answer.headers.get("Location", "")]
        if any(word in text for word in words)
    ]


def _plain(body: bytes) -> bytes:
    """Without what differs from one answer to the next."""
    return re.sub(rb'[^\n]*csrf[^\n]*|nonce="[^"]*"', b"", body)
