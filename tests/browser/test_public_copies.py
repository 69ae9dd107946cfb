"""Pictures that a page names at the public address: the browser's policy lets them in, and they arrive."""

import pytest
from playwright.sync_api import expect

from tests import buckets
from tests.alive import until
from tests.browser.acts import generate, picture, sees, sign_up
from tests.browser.conftest import Anybody
from tests.buckets import Moto
from tests.processes.site import Site

pytestmark = pytest.mark.browser


def test_a_wall_shows_copies_from_the_public_address(site: Site, anybody: Anybody, moto: Moto) -> None:
    there = f"{moto.public_url}/public/"
    with buckets.site_in(moto, site):
        alice = anybody()
        sign_up(alice, site, "copies@example.org")
        generate(alice, "Tall grass under the moon")
        sees(picture(alice))
        alice.goto("/library")
        alice.locator("#wall a").first.click()
        alice.get_by_role("button", name="Publish").click()
        expect(alice.get_by_role("button", name="Make private again")).to_be_visible()
        until(lambda: len(moto.objects("public/")) == 6)

        stranger, without = anybody(), anybody(java_script_enabled=False)
        stranger.goto("/explore")
        shown = stranger.locator("main img").first
        sees(shown)
        assert shown.evaluate("image => image.currentSrc").startswith(there)
        without.goto("/explore")
        assert str(without.locator("main img").first.get_attribute("src")).startswith(there)
