"""A server that says exactly the bytes it is told to, for what no emulator of a vendor would say."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

HEAD_BYTES_MAX = 65_536


@dataclass
class Wire:
    """`requests` are the heads of what came, in order."""

    port: int
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


Say = Callable[[socket.socket], None]


@contextmanager
def wire(*says: bytes | Say) -> Iterator[Wire]:
    """Answers one connection after the other; the last answer also serves all that follow."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        told = Wire(server.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(server, told, says), daemon=True)
        thread.start()
        try:
            yield told
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(server: socket.socket, told: Wire, says: tuple[bytes | Say, ...]) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                told.requests.append(head(connection))
                say = says[min(len(told.requests), len(says)) - 1]
                connection.sendall(say) if isinstance(say, bytes) else say(connection)


def head(connection: socket.socket) -> str:
    """Of one request, whose body is read as well: an answer before its end would break the line."""
    head, _, body = _until(connection, b"\r\n\r\n").partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]) and (piece := connection.recv(65_536)):
        body += piece
    return head.decode("latin-1")


def _until(connection: socket.socket, end: bytes) -> bytes:
    read = b""
    while end not in read and len(read) < HEAD_BYTES_MAX and (piece := connection.recv(4096)):
        read += piece
    return read


def answer(body: bytes = b"", *, status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer; `content_length` and the like say another header than what is true."""
    said = {"content-length": str(len(body)), "connection": "close"}
    said |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items() if value)
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body
