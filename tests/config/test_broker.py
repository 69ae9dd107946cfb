"""The mended transport: a worker's channel outlives its connection, and no message is lost by it."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from celery import current_app
from django.conf import settings
from kombu import Connection, Exchange, Queue

QUEUE = Queue("tests-broker", Exchange("tests-broker", durable=False), routing_key="x", durable=False)


@pytest.fixture
def broker() -> Iterator["redis.Redis"]:
    """The broker's database, left as it was found."""
    client = redis.from_url(settings.REDIS.cache.replace("db=1", "db=0"))
    yield client
    client.delete(QUEUE.name, "unacked", "unacked_index", "_kombu.binding.tests-broker")


def test_celery_uses_the_mended_transport() -> None:
    with current_app.connection_for_write() as connection:
        assert type(connection.transport).__module__ == "config.broker"


def test_a_channel_outlives_its_connection_and_redis_keeps_what_was_not_acknowledged(broker: Any) -> None:
    connection = Connection(settings.CELERY_BROKER_URL)
    channel: Any = connection.default_channel
    connection.Producer(channel).publish({"job": 1}, exchange=QUEUE.exchange, routing_key="x", declare=[QUEUE])
    message = QUEUE(channel).get()
    assert message is not None
    assert broker.hlen("unacked") == 1

    channel._disconnect_pools()  # what the first close of a worker that lost Redis has done ...
    connection.transport.client = None
    channel.close()  # ... and what its second one does

    message.ack()  # the task that it was for ends later
    assert channel.closed
    assert broker.hlen("unacked") == 1  # the visibility timeout brings it back
