"""Windows and days in a real Redis: all limits of a hit or none, in one round trip, exactly N of many, by one clock."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from limits import RateLimitItemPerSecond
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from pytest_django import Settings

from config import throttle
from config.throttle import Day, Hit, Refusal, Window
from tests.rediswatch import limits_redis, watched

SECONDS_A_DAY = 86_400
ADDRESS = Window("generate", "192.0.2.1", 3, 60)
PERSON = Day("generate", "7", 2)


def used(*names: str, key: str = "7") -> list[int]:
    return throttle.used_today(list(names), key)


def now() -> float:
    seconds, micros = limits_redis().time()
    return float(seconds) + float(micros) / 1e6


def to_midnight() -> float:
    return SECONDS_A_DAY - now() % SECONDS_A_DAY


@pytest.fixture(autouse=True)
def far_from_midnight() -> None:
    """A test that midnight falls into would see two days."""
    if to_midnight() < 10:
        time.sleep(to_midnight())


# --- One of them -----------------------------------------------------------------------------------------------------


def test_a_window_passes_its_number_and_says_when_again() -> None:
    assert all(isinstance(throttle.hit(ADDRESS), Hit) for _ in range(3))
    refusal = throttle.hit(ADDRESS)
    assert isinstance(refusal, Refusal)
    assert refusal.limit is ADDRESS
    assert 1 <= refusal.retry_after_seconds <= 60


def test_a_window_slides() -> None:
    """Entry 2 is the oldest of three: with it one place becomes free, and not with the others."""
    for _ in range(3):
        throttle.hit(ADDRESS)
    limits_redis().lset(ADDRESS.place, 2, str(now() - 60))
    limits_redis().lset(ADDRESS.place, 1, str(now() - 20))
    assert isinstance(throttle.hit(ADDRESS), Hit)
    refusal = throttle.hit(ADDRESS)
    assert isinstance(refusal, Refusal)
    assert refusal.retry_after_seconds <= 40


def test_a_refused_hit_does_not_make_the_window_longer() -> None:
    for _ in range(10):
        throttle.hit(ADDRESS)
    assert limits_redis().llen(ADDRESS.place) == 3


def test_the_library_reads_the_window_that_we_write(settings: Settings) -> None:
    throttle.hit(ADDRESS)
    library = MovingWindowRateLimiter(storage_from_string(settings.LIMITS_URL))
    item = RateLimitItemPerSecond(3, 60, namespace="generate")
    assert library.get_window_stats(item, "192.0.2.1").remaining == 2
    assert library.hit(item, "192.0.2.1")
    assert library.hit(item, "192.0.2.1")
    assert isinstance(throttle.hit(ADDRESS), Refusal)


def test_a_day_passes_its_number_and_begins_anew_at_midnight() -> None:
    first, second = throttle.hit(PERSON), throttle.hit(PERSON)
    assert isinstance(first, Hit)
    assert isinstance(second, Hit)
    assert (first.used, second.used) == ((1,), (2,))
    before, refusal, after = to_midnight(), throttle.hit(PERSON), to_midnight()
    assert isinstance(refusal, Refusal)
    assert refusal.limit is PERSON
    assert after <= refusal.retry_after_seconds < before + 1
    assert used("generate") == [2]


def test_a_days_counter_ends_at_midnight_utc() -> None:
    throttle.hit(PERSON)
    before, left, after = to_midnight(), limits_redis().pttl(PERSON.place) / 1000, to_midnight()
    assert after - 0.01 < left < before + 0.01
    throttle.hit(PERSON)
    limits_redis().pexpireat(PERSON.place, 1)  # what midnight does
    assert used("generate") == [0]
    assert isinstance(throttle.hit(PERSON), Hit)


def test_each_name_and_each_key_has_its_own() -> None:
    for _ in range(2):
        throttle.hit(PERSON)
    assert isinstance(throttle.hit(Day("enhance", "7", 2)), Hit)
    assert isinstance(throttle.hit(Day("generate", "8", 2)), Hit)
    assert used("generate", "enhance", "score") == [2, 1, 0]
    assert used("generate", key="8") == [1]


# --- All of them or none ---------------------------------------------------------------------------------------------


def test_all_limits_of_a_hit_take_one_round_trip_also_when_one_refuses() -> None:
    throttle.hit(ADDRESS, PERSON)
    for _ in range(3):
        with watched() as calls:
            throttle.hit(ADDRESS, PERSON)
        assert [call.split()[1] for call in calls] == ["EVALSHA"]
    with watched() as calls:
        used("generate", "enhance", "ideas", "evolve", "score")
    assert [call.split()[1] for call in calls] == ["MGET"]


def test_what_the_window_refuses_uses_up_nothing_of_the_day() -> None:
    for _ in range(3):
        throttle.hit(ADDRESS)
    refusal = throttle.hit(ADDRESS, PERSON)
    assert isinstance(refusal, Refusal)
    assert refusal.limit is ADDRESS
    assert used("generate") == [0]


def test_what_the_day_refuses_uses_up_nothing_of_the_window() -> None:
    for _ in range(2):
        throttle.hit(PERSON)
    refusal = throttle.hit(ADDRESS, PERSON)
    assert isinstance(refusal, Refusal)
    assert refusal.limit is PERSON
    assert limits_redis().llen(ADDRESS.place) == 0


def test_of_two_that_refuse_the_longer_one_says_when() -> None:
    for _ in range(2):
        throttle.hit(PERSON)
    for limits in ((week := Window("generate", "a", 1, 7 * SECONDS_A_DAY), PERSON), (PERSON, week)):
        throttle.hit(week)
        refusal = throttle.hit(*limits)
        assert isinstance(refusal, Refusal)
        assert refusal.limit is week


def test_exactly_n_of_many_at_once_pass() -> None:
    day, wide = Day("generate", "7", 20), Window("generate", "a", 1000, 60)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: throttle.hit(wide, day), range(100)))
    passed = [answer for answer in answers if isinstance(answer, Hit)]
    assert sorted(hit.used for hit in passed) == [(n,) for n in range(1, 21)]
    assert limits_redis().llen(wide.place) == 20
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: throttle.hit(ADDRESS), range(50)))
    assert sum(isinstance(answer, Hit) for answer in answers) == 3


def test_a_redis_that_forgot_the_script_is_told_it_again() -> None:
    throttle.hit(PERSON)
    limits_redis().script_flush()
    assert isinstance(throttle.hit(PERSON), Hit)


# --- Taken back ------------------------------------------------------------------------------------------------------


def counted(*limits: throttle.Limit) -> Hit:
    hit = throttle.hit(*limits)
    assert isinstance(hit, Hit)
    return hit


def test_what_is_taken_back_is_free_again_while_its_address_did_ask() -> None:
    throttle.take_back(counted(ADDRESS, PERSON))
    assert used("generate") == [0]
    assert limits_redis().llen(ADDRESS.place) == 1
    assert limits_redis().ttl(PERSON.place) > 0


def test_what_was_counted_yesterday_takes_nothing_from_today() -> None:
    hit = counted(PERSON)
    throttle.take_back(Hit(hit.limits, hit.day - 1, hit.used))
    assert used("generate") == [1]


def test_a_counter_that_was_lost_does_not_go_below_zero() -> None:
    hit = counted(PERSON)
    limits_redis().delete(PERSON.place)
    throttle.take_back(hit)
    assert used("generate") == [0]
    assert not limits_redis().exists(PERSON.place)
    throttle.take_back(counted(PERSON))
    throttle.take_back(hit)
    assert used("generate") == [0]


def test_hits_and_returns_at_once_add_up() -> None:
    day = Day("generate", "7", 10)

    def ask(number: int) -> bool:
        hit = throttle.hit(day)
        if isinstance(hit, Hit) and number % 2:
            throttle.take_back(hit)
            return False
        return isinstance(hit, Hit)

    with ThreadPoolExecutor(16) as pool:
        kept = sum(pool.map(ask, range(100)))
    assert used("generate") == [kept]
    assert kept <= 10
