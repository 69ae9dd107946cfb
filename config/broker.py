"""kombu's Redis transport, mended in one point: a worker survives a Redis that dies while the worker waits for it.

kombu 5.7 closes the lost connection twice. Where the first close meets the dead socket in the middle of a BRPOP, the
second one asks a transport without a client to put messages back, and the AttributeError ends the worker.
"""

from collections import OrderedDict

from kombu.transport import redis


class QoS(redis.QoS):
    def restore_unacked(self, client: object = None) -> None:
        """Put back what was delivered and not acknowledged, while there is a connection that can do it."""
        if self.channel.connection.client is None:
            self._delivered = OrderedDict()  # Redis holds them, and delivers them again after the visibility timeout
        else:
            super().restore_unacked(client)


class Channel(redis.Channel):
    QoS = QoS


class Transport(redis.Transport):
    Channel = Channel
