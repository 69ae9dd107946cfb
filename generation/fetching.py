"""Files that a provider names by address, fetched by a client of our own: bare, bounded, and from its hosts only.

It sends no token and no cookie, and follows no proxy and no redirect. A host is looked up once, its addresses are
checked, and the connection goes to one of those, so that a name which answers differently the next time leads nowhere
(DNS rebinding). It never tries again: that is the caller's.
"""

import base64
import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import unquote_to_bytes

import httpcore

# Nothing but plain ASCII, no user, no query without a path; what is not matched is not fetched.
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253})(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>/[!\"$-~]*)?(?:#.*)?",
    re.IGNORECASE,
)
_NAME = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*")
_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_HEADERS: Mapping[bytes | str, bytes | str] = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "atelier",
}
# Answers that another try may change; any other but 200 is the last word.
_PASSING = frozenset({408, 425, 429})


class Unfetched(Exception):
    """A file that did not come. `permanent`: asking again cannot help.

    The text names the host and never the whole address, which may be signed.
    """

    def __init__(self, text: str, *, permanent: bool) -> None:
        super().__init__(text)
        self.permanent = permanent


@dataclass(frozen=True)
class _Place:
    """Where an address that may be fetched leads. `addresses` are IP literals, all of them checked."""

    scheme: str
    host: str
    port: int
    target: str
    addresses: tuple[str, ...]


def fetch(url: str, *, hosts: Sequence[str], bytes_max: int, seconds_max: float) -> bytes:
    """The bytes behind an https: or data: address. Raises Unfetched.

    `hosts` are names, or "*.example" for every host below it; a loopback literal among them may be asked over http (the
    emulators). `seconds_max` is for the whole of it, however slowly it drips; only looking the name up is bounded by
    the system's resolver instead.
    """
    if url[:5].lower() == "data:":
        return _decoded(url, bytes_max=bytes_max)
    deadline = time.monotonic() + seconds_max
    place = _place(url, hosts=hosts)
    with _told(place.host):
        return _download(place, bytes_max=bytes_max, deadline=deadline)


# --- Which addresses may be fetched ----------------------------------------------------------------------------------


def _place(url: str, *, hosts: Sequence[str]) -> _Place:
    found = _ADDRESS.fullmatch(url)
    if not found:
        raise Unfetched("no address that can be fetched", permanent=True)
    scheme, host = found["scheme"].lower(), found["host"].lower()
    port = int(found["port"] or (443 if scheme == "https" else 80))
    if not any(_matches(host, allowed.lower()) for allowed in hosts):
        raise Unfetched(f"{host} is no host of this provider", permanent=True)
    if scheme == "http" and not _is_loopback(host):
        raise Unfetched(f"{host} is named without https", permanent=True)
    if scheme == "https" and port != 443:
        raise Unfetched(f"{host} is named with port {port}", permanent=True)
    addresses = (host.strip("[]"),) if scheme == "http" else _public_addresses(host)
    return _Place(scheme, host, port, found["target"] or "/", addresses)


def _matches(host: str, allowed: str) -> bool:
    """Whole labels only: "*.example" allows a.example, neither example nor a-example, nor "a.example." """
    if allowed.startswith("*."):
        return bool(_NAME.fullmatch(host)) and not _literal(host) and host.endswith(allowed[1:])
    return host.strip("[]") == allowed.strip("[]")


def _is_loopback(host: str) -> bool:
    literal = _literal(host)
    return literal is not None and literal.is_loopback


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    with suppress(ValueError):
        return ip_address(host.strip("[]"))
    return None


def _public_addresses(host: str) -> tuple[str, ...]:
    """Looks a host up, once. One address that is not public spoils them all."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unfetched(f"{host} has no address: {error}", permanent=False) from error
    addresses = tuple(dict.fromkeys(str(address[0]) for *_, address in found))
    for address in addresses:
        if not _is_public(ip_address(address)):
            raise Unfetched(f"{host} leads to {address}, which is not public", permanent=True)
    return addresses


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    inner = _embedded(address)
    return _is_public(inner) if inner else address.is_global and address in _UNICAST


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for: mapped, 6to4, NAT64."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


# --- The bytes -------------------------------------------------------------------------------------------------------


def _decoded(url: str, *, bytes_max: int) -> bytes:
    """What a data: address holds. Its text is longer than its bytes: by a third in base64, threefold at the most."""
    head, comma, text = url.partition(",")
    if not comma:
        raise Unfetched("data: holds nothing", permanent=True)
    if len(text) > 3 * bytes_max:
        raise _too_large("data:", bytes_max)
    try:
        data = base64.b64decode(text, validate=True) if head.lower().endswith(";base64") else unquote_to_bytes(text)
    except ValueError as error:
        raise Unfetched(f"data: cannot be read: {error}", permanent=True) from error
    if len(data) > bytes_max:
        raise _too_large("data:", bytes_max)
    return data


def _download(place: _Place, *, bytes_max: int, deadline: float) -> bytes:
    url = httpcore.URL(scheme=place.scheme, host=place.host.strip("[]"), port=place.port, target=place.target)
    line = _Line(place.addresses, deadline)
    with (
        httpcore.ConnectionPool(network_backend=line, max_connections=1) as pool,
        pool.stream("GET", url, headers=_HEADERS) as response,
    ):
        _check(response, place=place, bytes_max=bytes_max)
        return _body(response, place=place, bytes_max=bytes_max)


def _check(response: httpcore.Response, *, place: _Place, bytes_max: int) -> None:
    """Status and headers, before a byte of the body is read."""
    headers = {name.lower(): value for name, value in response.headers}
    if response.status != 200:
        passing = response.status >= 500 or response.status in _PASSING
        raise Unfetched(f"{place.host} answers {response.status}", permanent=not passing)
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise Unfetched(f"{place.host} sends another encoding than asked for", permanent=True)
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > bytes_max:
        raise _too_large(place.host, bytes_max)


def _body(response: httpcore.Response, *, place: _Place, bytes_max: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > bytes_max:
            raise _too_large(place.host, bytes_max)
    return bytes(body)


def _too_large(host: str, bytes_max: int) -> Unfetched:
    return Unfetched(f"{host} sends more than {bytes_max:,} bytes", permanent=True)


@contextmanager
def _told(host: str) -> Iterator[None]:
    """The wire's errors in one word. A body shorter than its Content-Length is a protocol error already."""
    try:
        yield
    except httpcore.TimeoutException as error:
        raise Unfetched(f"{host} took too long", permanent=False) from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Unfetched(f"{host}: {error or type(error).__name__}", permanent=False) from error


# --- The line --------------------------------------------------------------------------------------------------------


class _Line(httpcore.NetworkBackend):
    """Connects to the checked addresses, whatever the name, and lets nothing wait past the deadline."""

    def __init__(self, addresses: Sequence[str], deadline: float) -> None:
        self.addresses = addresses
        self.deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """The first address that answers; each has its share of the time that is left."""
        for number, address in enumerate(self.addresses):
            share = _left(self.deadline) / (len(self.addresses) - number)
            try:
                stream = httpcore.SyncBackend().connect_tcp(address, port, timeout=share)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number + 1 == len(self.addresses):
                    raise
            else:
                return _Stream(stream, self.deadline)
        raise httpcore.ConnectError("no address")


class _Stream(httpcore.NetworkStream):
    """A stream whose every wait ends at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self.stream = stream
        self.deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, _left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, _left(self.deadline))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self.stream.start_tls(ssl_context, server_hostname, _left(self.deadline)), self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return left
