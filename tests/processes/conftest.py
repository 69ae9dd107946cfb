"""One real site for all tests of processes. Each begins with everything running and must leave the books in order."""

from collections.abc import Callable, Iterator

import pytest

from tests.alive import until
from tests.processes.person import Person
from tests.processes.site import Site


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("processes") / "a site")
    try:
        site.start()
        yield site
    finally:
        site.stop()


@pytest.fixture
def site(running: Site) -> Iterator[Site]:
    running.run_all()
    running.redis(2).flushdb()  # all tests come from one address
    yield running
    running.run_all()
    until(lambda: running.open_jobs() == 0)
    proof = running.proof()
    assert (proof["ok"], proof["breaches"], proof["open_reserves"], proof["open_jobs"]) == (True, [], 0, 0)


@pytest.fixture
def somebody(site: Site) -> Callable[[], Person]:
    """A new browser each time."""
    return lambda: Person(site.url)


@pytest.fixture
def guest(site: Site) -> Person:
    """Somebody who has asked before, with ten credits: without a worker nothing of it was drawn."""
    guest = Person(site.url)
    guest.become_guest()
    assert guest.balance() == 10
    return guest
