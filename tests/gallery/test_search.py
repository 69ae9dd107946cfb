"""The search by words: what is found, what never is, and that no text breaks it."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils import timezone

from accounts import profile
from accounts.models import User
from gallery import feed, posts, search, terms
from gallery.finder import Finder
from gallery.models import Post, SearchEntry
from tests.breaches import execute
from tests.browsers import As
from tests.gallery.test_finder import wall
from tests.pictures import make, one, show


def shown(owner: User, prompt: str, **told: Any) -> str:
    asset = one(owner, prompt=prompt)
    show(asset, **told)
    return asset.url


def test_words_of_title_prompt_and_artist_are_found(browse: As, alice: User, charlie: User) -> None:
    User.objects.filter(pk=charlie.pk).update(display_name="Mara Lindqvist")
    lake = shown(alice, "A still lake between pines", title="Silence")
    night = shown(charlie, "Night market in the rain")
    client = browse(None)
    for query in (
        "lake",
        "LAKE",
        "lakes",
        "silence",
        "sil",
        "still pines",
        "alice",
        "@alice",
        "alice lake",
        "pine, lake!",
    ):
        assert wall(client, f"q={quote(query)}") == [lake], query
    for query in ("lindqvist", "mara", "mar", "charlie rain", "markets"):
        assert wall(client, f"q={quote(query)}") == [night], query
    for query in ("lake rain", "mara lake", "ake", "alices"):
        assert wall(client, f"q={quote(query)}") == [], query


def test_accents_signs_and_other_scripts_are_read_alike(browse: As, alice: User) -> None:
    cafe = shown(alice, "Café in Zürich, black/white, 4K")
    sea = shown(alice, "МОРЕ и небо, 東京")
    client = browse(None)
    for query in ("cafe", "CAFÉ", "zurich", "Zu\u0308rich", "white", "black-white", "4k"):
        assert wall(client, f"q={quote(query)}") == [cafe], query
    for query in ("море", "Мор", "東京"):
        assert wall(client, f"q={quote(query)}") == [sea], query


def test_a_title_counts_for_more_than_a_prompt(browse: As, alice: User) -> None:
    named = shown(alice, "An old tower by the river", title="Harbour")
    told = shown(alice, "A harbour, and a long walk along the river to an old tower")
    client = browse(None)
    assert wall(client, "q=harbour") == [named, told]
    assert wall(client, "q=harbour&sort=new") == [told, named]


def test_words_that_every_sentence_has_are_left_out_beside_others(browse: As, alice: User) -> None:
    lake = shown(alice, "Lake at dusk")
    the = shown(alice, "In the rain")
    client = browse(None)
    assert wall(client, "q=the+lake") == [lake]
    assert wall(client, "q=the") == [the]
    assert wall(client, "q=of") == []


def test_who_renames_is_found_under_the_new_name_at_once_and_no_more_under_the_old(browse: As, alice: User) -> None:
    url = shown(alice, "A still lake")
    profile.change(user_id=alice.pk, display_name="Noor Haddad", handle="noor", bio="")
    client = browse(None)
    assert wall(client, "q=haddad") == wall(client, "q=noor+lake") == wall(client, "artist=@noor&q=lake") == [url]
    assert wall(client, "q=alice") == wall(client, "q=lake&artist=@alice") == []


def test_a_hidden_prompt_is_never_found_and_a_shown_one_again_at_once(browse: As, alice: User, charlie: User) -> None:
    asset = one(alice, prompt="Secret recipe of light")
    show(asset, hide_prompt=True, title="Untold")
    for viewer in (None, charlie, alice):
        assert wall(browse(viewer), "q=recipe") == []
        assert wall(browse(viewer), "q=untold") == [asset.url]
    show(asset, hide_prompt=False, title="Told")
    assert wall(browse(None), "q=recipe") == [asset.url]
    assert wall(browse(None), "q=untold") == []
    show(asset, hide_prompt=True, title="Told")
    assert wall(browse(None), "q=recipe") == []


def test_only_what_is_public_is_in_the_index(browse: As, alice: User) -> None:
    public, unlisted, withdrawn = make(alice, pictures=3)
    show(public)
    show(unlisted, visibility="unlisted")
    show(withdrawn)
    posts.withdraw(asset=withdrawn, owner=alice)
    assert list(SearchEntry.objects.values_list("post__asset", flat=True)) == [public.pk]
    assert wall(browse(alice), "q=harbour") == [public.url]
    Post.objects.filter(asset=public).delete()
    assert not SearchEntry.objects.exists()


def test_the_index_follows_whoever_writes_a_post(alice: User) -> None:
    post = show(one(alice))
    execute("UPDATE gallery_post SET title = 'Zebra', level = 'nudity' WHERE id = %s", post.pk)
    [(words, level)] = SearchEntry.objects.values_list("words", "level")
    assert "'zebra':1A" in words
    assert level == "nudity"
    execute("UPDATE gallery_post SET is_listed = false WHERE id = %s", post.pk)
    assert not SearchEntry.objects.exists()


NASTY = (
    '"lake', "\x00", "lake\x00", "'", "''; DROP TABLE gallery_post; --", "lake & | ! ( ) <-> :*",
    "\\", "\\'lake", "%", "%s", "{lake}", "~artist:1", "'~artist:1'", "~era:0", "lake:*",
    "\u202elake", "a" * 10_000, "lake " * 3_000, "é" * 500,
    "🌊", "\ud7ff\ue000", "⁂ ﷽", "²½", " ", "!!!", "\u0301", "ﬁ", "İstanbul", "नमस्ते", "ก็", "한국어",
    "1" * 300, "-1e9999",
)  # fmt: skip


@pytest.mark.parametrize("text", NASTY, ids=[ascii(text)[:24] for text in NASTY])
def test_no_text_breaks_the_search(browse: As, alice: User, text: str) -> None:
    shown(alice, "A still lake")
    client = browse(None)
    for more in ({}, {"sort": "liked"}, {"artist": "@alice", "ratio": "3:2"}):
        answer = client.get("/explore", {"q": text, **more})
        assert answer.status_code == 200
        assert len(answer.content) < 200_000
    assert Post.objects.count() == 1


def test_a_marked_word_cannot_be_asked_for(browse: As, alice: User) -> None:
    shown(alice, "A still lake")
    for text in ("~tone:sea", f"~artist:{alice.pk}", "'~era:0'"):
        assert wall(browse(None), f"q={quote(text)}") == []


def test_bytes_that_are_no_text_are_read_as_signs(browse: As, alice: User) -> None:
    url = shown(alice, "A still lake")
    assert wall(browse(None), "q=lake%ff%fe") == [url]


def test_a_search_is_cut_at_a_number_of_words() -> None:
    assert len(terms.split(" ".join(f"word{n}" for n in range(100)))) == terms.TERMS_MAX
    assert terms.split("The Lake, the LAKE & Zürich's") == ["lake", "zurich", "s"]
    assert terms.split("the of") == ["the", "of"]


# --- The newest of many ----------------------------------------------------------------------------------------------


@pytest.fixture
def many(alice: User) -> list[int]:
    """Posts whose prompt has a common word, one in three a seldom one, the newest first; statistics know them."""
    for number in range(6):
        for place, asset in enumerate(make(alice, pictures=4, prompt="common lake" + " seldom" * (number % 3 == 0))):
            show(asset, title=f"set{number} place{place}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE gallery_searchentry")
    return list(Post.objects.order_by("-published_at", "-pk").values_list("pk", flat=True))


@pytest.mark.parametrize("strategy", ["read", "eras", "all"])
def test_the_newest_that_match_are_candidates_however_they_are_sought(
    many: list[int], strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MATCHES_MAX", 6)
    monkeypatch.setattr(search, "READ_MAX", 10_000 if strategy == "read" else 0)
    monkeypatch.setattr(search, "ERAS_MAX", 32 if strategy == "eras" else 0)
    for words, matching in (
        ("lake", many),
        ("seldom", many[8:12] + many[20:]),
        ("lake seldom", many[8:12] + many[20:]),
    ):
        newest = feed.explore(finder=Finder(words=words, sort="new"))
        assert [post.pk for post in newest.items] == matching[:6], words
        best = feed.explore(finder=Finder(words=words))
        assert {post.pk for post in best.items} == set(matching[:6])


def test_what_is_rarer_among_the_newest_than_elsewhere_is_found_all_the_same(
    many: list[int], alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second part of the query: the first one looked where the word was expected."""
    monkeypatch.setattr(search, "MATCHES_MAX", 4)
    for read_max in (10_000, 0):
        monkeypatch.setattr(search, "READ_MAX", read_max)
        monkeypatch.setattr(search, "SPARE", 0.5)
        found = feed.explore(finder=Finder(words="set0", sort="new"))
        assert [post.pk for post in found.items] == many[-4:]


def test_filters_and_days_come_before_the_cut(many: list[int], charlie: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MATCHES_MAX", 2)
    oldest = many[-1]
    long_ago = timezone.now() - timedelta(days=9)
    Post.objects.filter(pk=oldest).update(tone="plum", published_at=long_ago, first_published_at=long_ago)
    day = long_ago.date()
    for told in ({"colors": ("plum",)}, {"until": day}, {"since": day, "until": day}):
        found = feed.explore(finder=Finder(words="lake", **told))
        assert [post.pk for post in found.items] == [oldest]
    show(one(charlie, prompt="lake"))
    assert len(feed.explore(finder=Finder(words="lake", artists=("charlie",))).items) == 1


def test_a_page_of_best_matches_goes_on_where_it_ended(many: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    after = ""
    for _ in range(3):
        page = feed.explore(finder=Finder(words="lake"), after=after, size=8)
        seen += [post.pk for post in page.items]
        after = page.after
    assert sorted(seen) == sorted(many)
    assert not after
