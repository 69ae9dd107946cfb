"""The pricing page: what credits are, and that buying is off."""

import pytest
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db


def test_it_says_what_is_free_in_which_order_it_is_spent_and_that_failures_cost_nothing(client: Client) -> None:
    page = client.get("/pricing").content.decode()
    for words in ("10 credits for guests", "20 credits for accounts", "50 credits of welcome", "costs nothing"):
        assert words in page
    assert page.index("<span>Daily</span>") < page.index("<span>Bonus</span>") < page.index("<span>Purchased</span>")


def test_it_says_that_buying_is_off(client: Client) -> None:
    page = client.get("/pricing").content.decode()
    assert "Buying is off on this site" in page
    assert "/checkout/" not in page


def test_it_follows_the_settings(client: Client, settings: Settings) -> None:
    settings.DAILY_FREE_CREDITS, settings.DAILY_GENERATE_MAX = 33, (1, 2, 4321)
    page = client.get("/pricing").content.decode()
    assert "33 credits for accounts" in page
    assert "4,321" in page


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_only_read(client: Client, method: str) -> None:
    assert getattr(client, method)("/pricing").status_code == 405
