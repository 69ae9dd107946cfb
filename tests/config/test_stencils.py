"""Stencils: what they write is what their template makes of the same values; and the bar and the foot among them."""

from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.template.loader import get_template
from django.test import RequestFactory
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from config import stencils
from config.templatetags import frame
from tests.browsers import As

BAR = "components/bar.html"
NAMES = ("handle", "artist_url", "public_name", "letter", "csrf_token")
text = st.one_of(st.sampled_from(("", "<b>", "'&\"", "\0", "a\0b", "\ue000\ue001")), st.text(max_size=40))


@settings(deadline=None, max_examples=100)
@given(st.lists(text, min_size=len(NAMES), max_size=len(NAMES)), st.booleans(), st.booleans())
def test_a_stencil_writes_what_its_template_makes(drawn: list[str], known: bool, member: bool) -> None:
    values = dict(zip(NAMES, drawn, strict=True)) | {"letter": drawn[3][:1].upper()[:1]}
    fixed: dict[str, Any] = {"here": "explore", "known": known, "member": member, "guest_daily_credits": 10}
    assert stencils.render(BAR, values, **fixed) == get_template(BAR).render(values | fixed).strip()


def test_what_is_fixed_is_another_shape() -> None:
    bar: dict[str, Any] = {"known": False, "member": False, "guest_daily_credits": 10}
    open_one = 'href="/explore" aria-current="page"'
    assert open_one in stencils.render(BAR, here="explore", **bar)
    assert open_one not in stencils.render(BAR, here="studio", **bar)
    assert ">7<span" in stencils.render(BAR, here="", **{**bar, "guest_daily_credits": 7})


def test_a_page_without_a_request_has_a_bar_and_a_foot_of_nobody() -> None:
    assert "Sign in" in frame.bar({})
    assert "Explore" in frame.foot({})
    assert "Sign in" in frame.bar({"request": RequestFactory().get("/")})


@pytest.mark.django_db
def test_the_bar_is_of_whoever_asks_and_of_now(browse: As, alice: User, bob: User, gwen: User) -> None:
    def bar_of(user: User | None) -> str:
        page = browse(user).get("/explore").content.decode()
        return page[page.index('<header class="bar">') : page.index("</nav>", page.index('id="menu"'))]

    User.objects.filter(pk=alice.pk).update(display_name="Alice <A.>")
    assert "Alice &lt;A.&gt;, account" in bar_of(alice)
    assert "@alice" in bar_of(alice)
    assert "alice" not in bar_of(bob).lower()
    assert "Sign in" in bar_of(gwen)
    assert "Sign in" in bar_of(None)
    User.objects.filter(pk=alice.pk).update(display_name="Ada")
    assert "Ada, account" in bar_of(alice)


@pytest.mark.django_db
def test_each_page_has_its_own_token_to_sign_out(alice: User, browse: As) -> None:
    client = browse(alice)
    tokens = [str(client.get("/explore").context["csrf_token"]) for _ in range(2)]
    assert tokens[0] != tokens[1]
    page = client.get("/explore")
    sign_out = page.content.decode().split('action="/accounts/logout/"')[1:]
    assert len(sign_out) == 2
    assert all(f'name="csrfmiddlewaretoken" value="{page.context["csrf_token"]}"' in form[:200] for form in sign_out)


@pytest.mark.django_db
def test_the_frame_asks_nothing_of_the_database(
    browse: As, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        context: dict[str, Any] = {"request": RequestFactory().get("/"), "csrf_token": "x"}
        context["request"].user = alice
        assert frame.bar(context) + frame.foot(context)


def test_an_address_of_a_static_file_is_looked_up_once_and_stays() -> None:
    first = staticfiles_storage.url("css/base.css")
    assert first == staticfiles_storage.url("css/base.css") != "/static/css/base.css"
    with pytest.raises(ValueError, match="Missing"):
        staticfiles_storage.url("css/there-is-none.css")
