"""What every request passes through: its address, its id, error pages, health, and redirects for htmx."""

from typing import Any

import pytest
from django.test import Client, RequestFactory

from accounts.models import User
from config import http, redis_urls
from tests.browsers import As

HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "address"),
    [
        (0, "192.0.2.1", "", "192.0.2.1"),
        (0, "192.0.2.1", "203.0.113.9", "192.0.2.1"),  # nobody is believed
        (1, "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),  # what stands further left is a claim
        (2, "10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "10.0.0.1", "203.0.113.9", "10.0.0.1"),  # fewer hops than counted
        (1, "10.0.0.1", "nonsense", "10.0.0.1"),
        (1, "10.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (0, "2001:db8:1:2:ffff::1", "", "2001:db8:1:2::/64"),
        (0, "::ffff:192.0.2.1", "", "192.0.2.1"),
    ],
)
def test_addresses_are_counted_from_the_right(
    settings: Any, proxies: int, peer: str, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded} if forwarded else {})
    assert http.client_address(request) == address


def test_redis_urls_are_three_databases_of_one_server() -> None:
    urls = redis_urls.from_url("rediss://:secret@host:6380/4")
    assert (urls.broker, urls.cache, urls.limits) == tuple(f"rediss://:secret@host:6380/{n}" for n in (4, 5, 6))


@pytest.mark.django_db
def test_answers_carry_a_request_id_and_take_over_a_proxys() -> None:
    client = Client()
    made = client.get("/healthz").headers["X-Request-ID"]
    assert len(made) == 32
    assert (
        client.get("/healthz", headers={"X-Request-ID": "proxy-12345678"}).headers["X-Request-ID"] == "proxy-12345678"
    )
    forged = client.get("/healthz", headers={"X-Request-ID": "a b\nc"}).headers["X-Request-ID"]
    assert forged != "a b\nc"


@pytest.mark.django_db
def test_alive_and_ready() -> None:
    assert Client().get("/healthz").content == b"ok\n"
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "parts": dict.fromkeys(("database", "redis", "broker", "storage", "queue"), "ok"),
    }


@pytest.mark.django_db
def test_a_part_that_is_down_is_named_and_503(settings: Any) -> None:
    settings.MEDIA_ROOT = "/dev/null/media"
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["storage"] != "ok"
    assert answer.json()["parts"]["database"] == "ok"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/nope", "/jobs/", "/art/1", "/files/x/1.webp", "/static/../manage.py", "/.git/config", "/@"]
)
@pytest.mark.parametrize("debug", [True, False])
def test_what_is_not_there_is_our_page_with_and_without_debug(settings: Any, path: str, debug: bool) -> None:
    settings.DEBUG = debug
    answer = Client().get(path)
    assert answer.status_code == 404
    assert "URLconf" not in answer.content.decode()
    assert 'id="main"' in answer.content.decode()


@pytest.mark.django_db
def test_pages_come_with_a_strict_policy(browse: As, alice: User) -> None:
    headers = browse(alice).get("/").headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.django_db
def test_a_wrong_host_is_400() -> None:
    assert Client().get("/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.django_db
def test_htmx_gets_a_header_instead_of_a_redirect(browse: As, charlie: User) -> None:
    answer = browse(None).get("/settings", headers=HTMX)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].startswith("/accounts/login/")
    assert browse(None).get("/settings").status_code == 302
