"""One real site for all tests of processes. Each begins with everything running and leaves nothing open.

After each module `audit_ledger` proves the books: it reads every row that any test has written.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.alive import until
from tests.processes.person import Person
from tests.processes.site import Site


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("processes") / "a site")
    try:
        site.start()
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="module")
def books(running: Site) -> Iterator[None]:
    yield
    proof = running.proof()
    assert (proof["ok"], proof["breaches"], proof["open_reserves"], proof["open_jobs"]) == (True, [], 0, 0)


@pytest.fixture
def site(running: Site, books: None) -> Iterator[Site]:
    running.run_all()
    running.redis(2).flushdb()  # all tests come from one address
    yield running
    running.run_all()
    until(lambda: running.open_jobs() == 0)
    assert running.open_reserves() == 0


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
