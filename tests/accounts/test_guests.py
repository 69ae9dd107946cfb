"""A guest's row: made by the first act and not by reading, named by the cookie alone, lazily looked up."""

from collections.abc import Callable

import pytest
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts import guests
from accounts.middleware import guests as middleware
from accounts.models import User
from tests.accounts import steps

pytestmark = pytest.mark.django_db


def visit(session: SessionStore, view: Callable[[HttpRequest], object]) -> object:
    """Run `view` behind the middlewares that say who is asking."""
    request = RequestFactory().get("/")
    request.session = session
    answers: list[object] = []

    def handle(request: HttpRequest) -> HttpResponse:
        answers.append(view(request))
        return HttpResponse()

    AuthenticationMiddleware(middleware(handle))(request)
    return answers[0]


def ensure(request: HttpRequest, guest_id: int | None = None) -> User:
    user: User = request.ensure_user(guest_id)  # type: ignore[attr-defined]
    return user


def owner_id(request: HttpRequest) -> int | None:
    named: int | None = request.owner_id()  # type: ignore[attr-defined]
    return named


def test_reading_pages_makes_no_guest_and_no_session(client: Client) -> None:
    for path in ("/pricing", "/accounts/login/", "/accounts/signup/"):
        assert client.get(path).status_code == 200
    assert not User.objects.exists()
    assert "sessionid" not in client.cookies


def test_the_first_act_makes_one_guest_and_the_next_ones_find_it() -> None:
    session = SessionStore()
    guest = visit(session, ensure)
    assert isinstance(guest, User)
    assert guest.is_guest
    assert visit(session, ensure) == guest
    assert visit(session, lambda request: request.user) == guest
    assert User.objects.count() == 1


def test_in_the_same_request_the_guest_is_the_user_at_once() -> None:
    def act(request: HttpRequest) -> bool:
        guest = ensure(request)
        return guest == request.user and guest.pk == owner_id(request)

    assert visit(SessionStore(), act)


def test_a_guest_is_not_authenticated_and_has_a_row() -> None:
    guest = guests.create()
    assert (guest.is_authenticated, guest.is_anonymous, guest.is_guest) == (False, True, True)
    assert guest.email is None


def test_the_cookie_alone_names_the_guest(client: Client) -> None:
    guest = steps.as_guest(client)
    elsewhere = Client()
    elsewhere.cookies["sessionid"] = client.cookies["sessionid"].value
    assert elsewhere.get("/pricing").wsgi_request.user == guest
    assert Client().get("/pricing").wsgi_request.user == AnonymousUser()


def test_nobody_is_looked_up_unless_the_view_asks(client: Client) -> None:
    session = SessionStore()
    visit(session, ensure)
    session.save()
    with CaptureQueriesContext(connection) as queries:
        visit(SessionStore(session.session_key), lambda request: None)
        assert visit(SessionStore(session.session_key), owner_id)
    assert queries.captured_queries == []


def test_the_owners_id_of_an_account_comes_without_a_query(client: Client) -> None:
    mara = steps.account()
    client.force_login(mara)
    key = client.session.session_key
    with CaptureQueriesContext(connection) as queries:
        assert visit(SessionStore(key), owner_id) == mara.pk
    assert queries.captured_queries == []


def test_a_stranger_has_no_owners_id() -> None:
    assert visit(SessionStore(), owner_id) is None


def test_an_account_goes_before_a_guest_in_the_same_session(client: Client) -> None:
    mara = steps.account()
    client.force_login(mara)
    session = SessionStore(client.session.session_key)
    session[guests.SESSION_KEY] = guests.create().pk
    assert visit(session, lambda request: request.user) == mara
    assert visit(session, ensure) == mara
    assert visit(session, owner_id) == mara.pk


def test_a_planted_session_is_left_behind_when_it_becomes_a_guests() -> None:
    session = SessionStore()
    session["planted"] = True
    session.save()
    planted = session.session_key
    visit(session, ensure)
    assert session.session_key != planted
    assert not SessionStore().exists(planted or "")


def test_a_guest_whose_work_has_moved_is_nobody() -> None:
    session = SessionStore()
    guest = visit(session, ensure)
    assert isinstance(guest, User)
    User.objects.filter(pk=guest.pk).update(merged_into=steps.account())
    assert visit(session, lambda request: request.user) == AnonymousUser()
    newcomer = visit(session, ensure)
    assert isinstance(newcomer, User)
    assert newcomer.pk != guest.pk


def test_a_banned_guest_acts_no_more() -> None:
    session = SessionStore()
    guest = visit(session, ensure)
    assert isinstance(guest, User)
    User.objects.filter(pk=guest.pk).update(is_active=False)
    with pytest.raises(PermissionDenied):
        visit(session, ensure)


def test_a_caller_may_name_the_browsers_guest_but_never_an_account() -> None:
    guest, mara = guests.create(), steps.account()
    assert visit(SessionStore(), lambda request: ensure(request, guest.pk)) == guest
    other = visit(SessionStore(), lambda request: ensure(request, mara.pk))
    assert isinstance(other, User)
    assert other.is_guest
    assert other != guest


@pytest.mark.parametrize("named", [0, 999_999_999])
def test_a_session_that_names_no_living_guest_is_a_strangers(named: int) -> None:
    session = SessionStore()
    session[guests.SESSION_KEY] = named
    assert visit(session, lambda request: request.user) == AnonymousUser()
