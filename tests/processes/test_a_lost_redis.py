"""Redis emptied, frozen, killed or full, and messages that nobody can read: no job and nobody's session is lost."""

import base64
import json
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.alive import until
from tests.processes.person import Person
from tests.processes.site import Site

pytestmark = pytest.mark.processes

BROKER, CACHE, LIMITS = 0, 1, 2


def test_an_emptied_redis_loses_no_job_and_signs_nobody_out(site: Site, somebody: Callable[[], Person]) -> None:
    site.worker.kill()
    people = [somebody() for _ in range(3)]
    jobs = [(person, person.submit()) for person in people for _ in range(2)]
    site.beat.kill()
    site.redis().flushall()

    # Whoever they were, they still are: their jobs are seen by their owners alone.
    for person, job in jobs:
        assert person.state(job) == "queued"
    assert somebody().card(jobs[0][1]).status == 404

    site.beat.start()
    site.worker.start()
    for person, job in jobs:
        person.wait(job, ["succeeded"])
    assert [person.balance() for person in people] == [8, 8, 8]


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_redis_that_hangs_is_answered_503_and_reserves_nothing(site: Site, guest: Person) -> None:
    form = guest.form()
    with frozen(site.redis_pid()):
        answer = guest.post("/generate", form)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert guest.get("/").status == 503
    site.serves()
    assert site.open_jobs() == 0
    assert guest.balance() == 10

    guest.wait(guest.post("/generate", form).job, ["succeeded"])
    assert guest.balance() == 9


def test_a_redis_that_was_killed_comes_back_with_the_queue(site: Site, guest: Person) -> None:
    site.worker.kill()
    form = guest.form()
    waiting = guest.submit()
    os.kill(site.redis_pid(), signal.SIGKILL)
    answer = guest.post("/generate", form)
    assert answer.status in {201, 503}

    site.serves()
    again = guest.post("/generate", form)
    assert again.status == 201
    assert answer.status == 503 or answer.job == again.job
    site.worker.start()
    for job in (waiting, again.job):
        guest.wait(job, ["succeeded"])
    assert guest.balance() == 8


def test_workers_and_beat_find_a_redis_that_was_killed_under_them(site: Site, guest: Person) -> None:
    job = guest.submit(count=4)
    guest.wait(job, ["running"])
    os.kill(site.redis_pid(), signal.SIGKILL)
    site.serves()
    guest.wait(job, ["succeeded"])
    guest.wait(guest.submit(), ["succeeded"])
    assert site.worker.runs()
    assert site.beat.runs()


def test_a_full_redis_is_answered_503_and_reserves_nothing(site: Site, guest: Person) -> None:
    form = guest.form()
    redis = site.redis()
    redis.config_set("maxmemory", "1mb")
    try:
        assert guest.post("/generate", form).status == 503
        assert guest.get("/explore").status == 200
    finally:
        redis.config_set("maxmemory", "0")
    assert site.open_jobs() == 0
    guest.wait(guest.post("/generate", form).job, ["succeeded"])


def message(body: str, *, task: str = "generation.tasks.work", kind: str = "application/json") -> str:
    """A message as Celery's producers write it to Redis."""
    return json.dumps(
        {
            "body": base64.b64encode(body.encode("latin-1")).decode(),
            "content-encoding": "utf-8",
            "content-type": kind,
            "headers": {"lang": "py", "task": task, "id": "0b5a", "root_id": "0b5a", "retries": 0},
            "properties": {
                "correlation_id": "0b5a",
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": "default"},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": "0b5a",
            },
        }
    )


POISON = {
    "a task that nobody knows": message('[[], {}, {"callbacks": null}]', task="generation.tasks.none"),
    "a body that is no JSON": message("{{{"),
    "arguments of another task": message('[["a", "b", "c"], {}, {"callbacks": null}]'),
    "a lane that does not exist": message('[["moon"], {}, {"callbacks": null}]'),
    "a pickle": message(
        pickle.dumps([["default"], {}, {}], protocol=0).decode("latin-1"), kind="application/x-python-serialize"
    ),
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
def test_a_poisoned_message_is_thrown_away_and_the_queue_moves_on(site: Site, guest: Person, poison: str) -> None:
    redis = site.redis(BROKER)
    redis.rpush("default", poison)
    until(lambda: poison.encode() not in redis.lrange("default", 0, -1))
    guest.wait(guest.submit(), ["succeeded"])
    assert site.worker.runs()


def test_what_is_no_message_at_all_ends_the_worker_at_most_once(site: Site, guest: Person) -> None:
    """kombu reads it before anything of ours can; the worker ends, its supervisor starts it, and it is gone."""
    redis = site.redis(BROKER)
    redis.rpush("default", "no JSON at all")
    until(lambda: b"no JSON at all" not in redis.lrange("default", 0, -1))
    job = guest.submit()
    until(lambda: not site.worker.runs() or guest.state(job) == "succeeded")
    site.run_all()
    guest.wait(job, ["succeeded"])
    assert site.worker.runs()
