"""kombu's Redis transport, mended in one point: a worker outlives a Redis that dies while the worker waits for it.

kombu 5.7 asks a channel whose connection is closed already to put messages back (a close that met the dead socket in a
BRPOP is followed by a second one) and to acknowledge those of tasks that end later: an AttributeError ends the worker.
"""

from collections import OrderedDict

from kombu.transport import redis


class QoS(redis.QoS):
    """What was delivered and not acknowledged. Without a connection Redis keeps it until the visibility timeout."""

    def restore_unacked(self, client: object = None) -> None:
        """Put back what was not acknowledged."""
        if self._has_connection():
            super().restore_unacked(client)
        else:
            self._delivered = OrderedDict()

    def ack(self, delivery_tag: str) -> None:
        """The task has ended: forget its message."""
        if self._has_connection():
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """The task was refused: forget its message, or put it back."""
        if self._has_connection():
            super().reject(delivery_tag, requeue)

    def _has_connection(self) -> bool:
        transport = self.channel.connection
        return transport is not None and transport.client is not None


class Channel(redis.Channel):
    QoS = QoS


class Transport(redis.Transport):
    Channel = Channel
