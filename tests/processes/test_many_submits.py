"""Submits that come at once, twice, too often or with an answer that is lost: over real HTTP into two web processes."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any, TypeVar

import pytest

from tests.alive import until
from tests.processes.person import ENDED, Answer, Person
from tests.processes.site import Site

pytestmark = pytest.mark.processes

T = TypeVar("T")


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """The results of all, begun at one moment."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        barrier.wait(30)
        return work()

    with ThreadPoolExecutor(len(works)) as threads:
        return [done.result() for done in [threads.submit(run, work) for work in works]]


def sends(person: Person, forms: Sequence[dict[str, Any]]) -> list[Callable[[], Answer]]:
    return [lambda form=form: person.post("/generate", form) for form in forms]  # type: ignore[misc]


def forms(person: Person, number: int) -> list[dict[str, Any]]:
    """Forms that differ in their key alone, as if as many tabs were open."""
    form = person.form()
    return [form | {"key": f"{form['key'][:-2]}{index:02}"} for index in range(number)]


def statuses(answers: Sequence[Answer]) -> dict[int, int]:
    found = [answer.status for answer in answers]
    return {status: found.count(status) for status in set(found)}


def cancel_all(site: Site, person: Person) -> None:
    for (code,) in site.rows("SELECT code FROM generation_job WHERE finished_at IS NULL"):
        person.cancel(str(code))


# --- Once, whatever happens ------------------------------------------------------------------------------------------


def test_a_form_sent_twenty_times_at_once_is_one_job(site: Site, guest: Person) -> None:
    answers = at_once(sends(guest, [guest.form()] * 20))
    assert statuses(answers) == {201: 20}
    assert len({answer.job for answer in answers}) == 1
    guest.wait(answers[0].job, ["succeeded"])
    assert guest.balance() == 9


def test_a_visitors_double_click_is_one_job_of_one_guest(site: Site, somebody: Callable[[], Person]) -> None:
    people = "SELECT count(*) FROM accounts_user"
    before = site.number(people)
    visitor = somebody()
    answers = at_once(sends(visitor, [visitor.form()] * 5))
    assert statuses(answers) == {201: 5}
    assert len({answer.job for answer in answers}) == 1
    assert site.number(people) == before + 1
    visitor.wait(answers[0].job, ["succeeded"])
    assert visitor.balance() == 9


def test_the_same_key_with_other_words_is_refused(site: Site, guest: Person) -> None:
    form = guest.form()
    first = guest.post("/generate", form)
    second = guest.post("/generate", form | {"prompt": "something else entirely"})
    assert (first.status, second.status) == (201, 409)
    assert "something else entirely" in second.text
    guest.wait(first.job, ["succeeded"])
    assert guest.balance() == 9


def test_web_processes_killed_under_submits_lose_none_and_double_none(site: Site, guest: Person) -> None:
    site.worker.kill()
    asked = forms(guest, 10)

    def bold(send: Callable[[], Answer]) -> Callable[[], Answer | None]:
        def attempt() -> Answer | None:
            try:
                return send()
            except (OSError, HTTPException):  # cut off before the answer, or within it
                return None

        return attempt

    killer = threading.Timer(0.15, site.web.kill)
    killer.start()
    at_once([bold(send) for send in sends(guest, asked)])
    killer.join()

    site.web.start()
    site.serves()
    answers = [guest.post("/generate", form) for form in asked]
    assert statuses(answers) == {201: 10}
    assert len({answer.job for answer in answers}) == 10
    assert site.open_jobs() == 10
    assert guest.balance() == 0
    cancel_all(site, guest)
    assert guest.balance() == 10


# --- Limits under races ----------------------------------------------------------------------------------------------


def test_fifty_submits_at_once_on_ten_credits_are_exactly_ten_jobs(site: Site, guest: Person) -> None:
    site.worker.kill()
    answers = at_once(sends(guest, forms(guest, 50)))
    assert statuses(answers) == {201: 10, 402: 40}
    assert {answer.error for answer in answers if answer.status == 402} == {"insufficient_credits"}
    assert guest.balance() == 0
    assert site.number("SELECT min(balance - reserved) FROM credits_wallet") >= 0

    cancel_all(site, guest)
    assert guest.balance() == 10


def test_the_cap_on_open_jobs_holds_when_twenty_come_at_once(site: Site, guest: Person) -> None:
    site.worker.kill()
    site.restart_web(OPEN_JOBS_MAX="1,3,6")
    answers = at_once(sends(guest, forms(guest, 20)))
    assert statuses(answers) == {201: 1, 429: 19}
    assert {answer.error for answer in answers if answer.status == 429} == {"too_many_jobs"}
    assert guest.balance() == 9
    cancel_all(site, guest)


def test_the_ninth_request_of_a_minute_waits(site: Site, guest: Person) -> None:
    site.restart_web(RATE_LIMIT_GENERATE="8/60")
    site.redis(2).flushdb()
    answers = at_once(sends(guest, forms(guest, 12)))
    assert statuses(answers) == {201: 8, 429: 4}
    for answer in answers:
        if answer.status == 429:
            assert answer.error == "rate_limited"
            assert 1 <= int(answer.headers["Retry-After"]) <= 61
    until(lambda: site.open_jobs() == 0)
    assert guest.balance() == 2


def test_ten_cookies_of_one_address_share_its_free_credits(site: Site, somebody: Callable[[], Person]) -> None:
    site.worker.kill()
    spent = site.number("SELECT coalesce(sum(spent), 0) FROM generation_freespend")
    site.restart_web(FREE_CREDITS_PER_ADDRESS=str(spent + 5))
    people = [somebody() for _ in range(10)]
    answers = at_once([send for person in people for send in sends(person, [person.form()])])
    assert statuses(answers) == {201: 5, 429: 5}
    assert {answer.error for answer in answers if answer.status == 429} == {"daily_limit"}
    for person, answer in zip(people, answers, strict=True):
        if answer.status == 201:
            person.cancel(answer.job)


# --- Ends that race --------------------------------------------------------------------------------------------------


def test_a_cancel_beside_a_success_is_one_of_the_two(site: Site, guest: Person) -> None:
    chance = random.Random(7)
    jobs = [guest.submit() for _ in range(8)]
    for job in jobs:
        guest.wait(job, {"running", "storing", *ENDED})
        time.sleep(chance.random())
        assert guest.cancel(job).status in {200, 409}
    ended = [guest.wait(job).attribute("state") for job in jobs]
    assert set(ended) <= {"succeeded", "cancelled"}
    assert guest.balance() == 10 - ended.count("succeeded")
    stored = site.number(
        "SELECT count(*) FROM generation_asset a JOIN generation_job j ON j.id = job_id WHERE j.code = ANY(%s::uuid[])",
        jobs,
    )
    assert stored == ended.count("succeeded")


def test_a_job_past_its_deadline_is_not_drawn_any_more(site: Site, guest: Person) -> None:
    site.worker.kill()
    site.restart_web(JOB_DEADLINE_SECONDS="2")
    job = guest.submit()
    time.sleep(2.5)
    assert guest.state(job) == "queued"  # nobody is there to end it
    site.worker.start()

    card = guest.wait(job, ["failed"])
    assert card.error == "timeout"
    assert "Nothing was charged." in card.text
    assert guest.balance() == 10
    assert site.number("SELECT tries FROM generation_job WHERE code = %s", job) == 0


def test_a_job_past_its_deadline_is_stopped_while_it_is_drawn(site: Site, guest: Person) -> None:
    site.restart_web(JOB_DEADLINE_SECONDS="2")
    job = guest.submit(count=4, aspect_ratio="21:9")
    assert guest.wait(job, ["failed"]).error == "timeout"
    assert guest.balance() == 10


def test_two_beats_and_three_sweeps_at_once_do_nothing_twice(site: Site, guest: Person) -> None:
    site.worker.kill()
    site.another(site.beat, "-s", str(site.var / "beat-schedule-2")).start()
    site.restart_web(JOB_DEADLINE_SECONDS="2")
    late = [guest.submit() for _ in range(3)]
    site.restart_web()
    waiting = [guest.submit() for _ in range(3)]
    time.sleep(2)
    at_once([lambda: site.manage("sweep")] * 3)
    assert [guest.state(job) for job in late] == ["failed"] * 3

    site.worker.start()
    for job in waiting:
        guest.wait(job, ["succeeded"])
    assert guest.balance() == 7
    assert site.number("SELECT max(tries) FROM generation_job WHERE code = ANY(%s::uuid[])", waiting) == 1


# --- What no browser sends -------------------------------------------------------------------------------------------

BAD: dict[str, dict[str, Any]] = {
    "nothing": {"prompt": ""},
    "only spaces": {"prompt": "   \t\n "},
    "1,001 characters": {"prompt": "a" * 1001},
    "a NUL": {"prompt": "a calm\x00sea"},
    "an unknown model": {"model": "sora"},
    "a model of NULs": {"model": "\x00\x00"},
    "no pictures": {"count": 0},
    "99 pictures": {"count": 99},
    "not a number of pictures": {"count": "NaN"},
    "a seed of 2^64": {"seed": 2**64},
    "a seed below zero": {"seed": -1},
    "a shape that is none": {"aspect_ratio": "-1:0"},
    "a foreign parent": {"parent": "\x00\u202e../../etc/passwd"},
    "a key of 1 kB": {"key": "k" * 1000},
    "no quote": {"quote": ""},
    "an altered quote": {"quote": "x:y:z"},
}


def test_bad_input_is_a_sentence_and_keeps_what_was_written(site: Site, guest: Person) -> None:
    good = guest.form()
    for name, changes in BAD.items():
        answer = guest.post("/generate", good | changes)
        assert answer.status == 422 or (name == "a foreign parent" and answer.status == 201), name
        if answer.status == 422:
            assert str((good | changes)["prompt"]).strip()[:20].replace("\x00", "") in answer.text.replace("\x00", "")
    until(lambda: site.open_jobs() == 0)


def test_bytes_that_are_no_form_are_refused_without_a_fault(site: Site, guest: Person) -> None:
    token = guest.form()["csrfmiddlewaretoken"]
    form = f"csrfmiddlewaretoken={token}&prompt=".encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    bad = {
        "a lone surrogate": (form + b"%ED%A0%80 sea&model=demo", kind, 422),
        "bytes that are no UTF-8": (form + b"%FF%FE%C3&model=demo", kind, 422),
        "a megabyte": (form + b"a" * 1_000_000, kind, 422),
        "three megabytes": (form + b"a" * 3_000_000, kind, 413),
        "no multipart": (form, {"Content-Type": "multipart/form-data"}, 400),
        "another charset": (form, {"Content-Type": "application/x-www-form-urlencoded; charset=klingon"}, 422),
    }
    for name, (body, headers, status) in bad.items():
        answer = guest.send("/generate", body, headers | {"X-CSRFToken": token})
        assert answer.status in {status, 400, 403}, f"{name}: {answer.status}"
    for path in (
        "/jobs/%00/card",
        "/art/../../etc",
        "/@%ff",
        "/explore?after=%00",
        "/files/x/320.webp",
        "/?prompt=%ff%00",
    ):
        assert guest.get(path).status in {200, 400, 404}, path
    assert site.open_jobs() == 0
