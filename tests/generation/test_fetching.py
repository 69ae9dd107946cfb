"""Files are fetched from a provider's hosts only, within bounds, and with nothing that could be stolen."""

import base64
import contextlib
import gzip
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from generation import fetching
from generation.fetching import Unfetched
from tests import wires
from tests.wires import Say, answer, wire

LOOPBACK = ("127.0.0.1",)
DELIVERY = ("replicate.delivery", "*.replicate.delivery")
PUBLIC = "93.184.215.14"
PICTURE = b"\x89PNG\r\n\x1a\n" + os.urandom(2000)


def fetch(url: str, *, hosts: tuple[str, ...] = LOOPBACK, bytes_max: int = 100_000, seconds_max: float = 5.0) -> bytes:
    return fetching.fetch(url, hosts=hosts, bytes_max=bytes_max, seconds_max=seconds_max)


def refusal(url: str, **bounds: Any) -> Unfetched:
    with pytest.raises(Unfetched) as caught:
        fetch(url, **bounds)
    return caught.value


# --- What comes ------------------------------------------------------------------------------------------------------


def test_a_file_comes_whole() -> None:
    with wire(answer(PICTURE)) as server:
        assert fetch(f"{server.url}/out.png?signature=1#part") == PICTURE
    assert server.requests[0].startswith("GET /out.png?signature=1 HTTP/1.1\r\n")


def test_a_chunked_file_comes_whole() -> None:
    chunked = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    said = answer(content_length="", transfer_encoding="chunked") + chunked
    with wire(said) as server:
        assert fetch(server.url) == b"abcde"


def test_nothing_of_ours_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token, no cookie that a host has set, no proxy that the environment names, and no encoding is asked for."""
    with wire(answer(b"stolen")) as proxy, wire(answer(PICTURE, set_cookie="a=b")) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert [fetch(server.url), fetch(server.url)] == [PICTURE, PICTURE]
    names = {line.partition(":")[0].lower() for line in server.requests[1].split("\r\n")[1:]}
    assert names == {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert "accept-encoding: identity" in server.requests[1].lower()
    assert proxy.requests == []


# --- Where it may come from ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://replicate.delivery.evil.example/a",
        "https://evilreplicate.delivery/a",
        "https://evil-replicate.delivery/a",
        "https://delivery/a",
        "https://replicate.delivery./a",
        "https://a.replicate.delivery./a",
        "https://.replicate.delivery/a",
        "https://a..replicate.delivery/a",
        "https://user@replicate.delivery/a",
        "https://replicate.delivery@evil.example/a",
        "https://replicate.delivery:pass@evil.example/a",
        "https://evil.example#@replicate.delivery/a",
        "https://evil.example\\@replicate.delivery/a",
        "https://evil.example/@replicate.delivery",
        "https://replicate.delivery\\.evil.example/a",
        "https://replicate。delivery/a",
        "https://ｒeplicate.delivery/a",
        "https://rеplicate.delivery/a",
        "https://replicate.delivery\t/a",
        "https://replicate.delivery/a b",
        "https://replicate.delivery/a\r\nHost: evil.example",
        "https://replicate.delivery:443:80/a",
        "https://replicate.delivery:8443/a",
        "https://replicate.delivery:22/a",
        "https://replicate.delivery:0/a",
        "https://replicate.delivery:99999/a",
        "https://" + "a" * 64 + ".replicate.delivery/a",
        "https://%72eplicate.delivery/a",
        "https:///a",
        "https:replicate.delivery/a",
        "https:/replicate.delivery/a",
        "//replicate.delivery/a",
        "http://replicate.delivery/a",
        "ftp://replicate.delivery/a",
        "file:///etc/passwd",
        "gopher://replicate.delivery/a",
        "javascript:alert(1)",
        "",
        "replicate.delivery/a",
        "https://127.0.0.1/a",
        "https://2130706433/a",
        "https://0x7f000001/a",
        "https://[::1]/a",
        "https://[::ffff:127.0.0.1]/a",
        "https://localhost/a",
        "http://127.0.0.1/a",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_an_address_that_leads_elsewhere_is_refused_unasked(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **more: pytest.fail(f"asked for {asked}"))
    assert refusal(url, hosts=DELIVERY).permanent


@pytest.mark.parametrize(
    "url",
    [
        "https://replicate.delivery/a",
        "HTTPS://REPLICATE.DELIVERY/a",
        "https://replicate.delivery:443/a",
        "https://pbxt.replicate.delivery/a",
        "https://a.b.replicate.delivery/a",
    ],
)
def test_an_allowed_host_is_looked_up_once(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    asked = resolve_to(monkeypatch, "10.0.0.1")
    refusal(url, hosts=DELIVERY)
    assert len(asked) == 1


def test_a_star_does_not_allow_the_host_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolve_to(monkeypatch, PUBLIC)
    assert refusal("https://replicate.delivery/a", hosts=("*.replicate.delivery",)).permanent
    assert asked == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:a00:1::1",
        "2002:7f00:1::1",
        "2001::1",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "4000::1",
    ],
)
def test_a_name_that_leads_inside_is_refused_also_beside_a_public_address(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    connected = connect_to(monkeypatch, 9)
    for found in ([address], [PUBLIC, address], [address, PUBLIC]):
        resolve_to(monkeypatch, *found)
        assert refusal("https://replicate.delivery/a", hosts=DELIVERY).permanent
    assert connected == []


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_a_public_address_is_connected_to(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolve_to(monkeypatch, address)
    connected = connect_to(monkeypatch, 9)
    assert not refusal("https://replicate.delivery/a", hosts=DELIVERY).permanent
    assert connected == [(address, 443)]


def test_a_name_that_cannot_be_looked_up_may_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*asked: Any, **more: Any) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert not refusal("https://replicate.delivery/a", hosts=DELIVERY).permanent


def test_plain_http_is_for_a_loopback_address_that_is_named() -> None:
    with wire(answer(PICTURE)) as server:
        assert fetch(server.url, hosts=("127.0.0.1",)) == PICTURE
        for hosts in ((), ("*",), ("localhost",), ("127.0.0.2",), ("*.0.0.1",), DELIVERY):
            assert refusal(server.url, hosts=hosts).permanent
        assert refusal(server.url.replace("127.0.0.1", "localhost"), hosts=("localhost",)).permanent
    assert len(server.requests) == 1


# --- TLS: to the address that was checked, for the name that was asked ------------------------------------------------


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Tls"]:
    """A server for replicate.delivery whose certificate we trust, behind a public address."""
    certificate = certify(tmp_path, "replicate.delivery")
    monkeypatch.setattr(certifi, "where", lambda: str(certificate))
    with Tls(certificate) as server:
        yield server


def test_a_name_is_looked_up_once_and_its_certificate_is_checked(tls: "Tls", monkeypatch: pytest.MonkeyPatch) -> None:
    """The second look-up would lead inside: nobody makes it."""
    asked = resolve_to(monkeypatch, PUBLIC)
    connected = connect_to(monkeypatch, tls.port)
    assert fetch("https://replicate.delivery/a.png", hosts=DELIVERY) == PICTURE
    assert (asked, connected) == (["replicate.delivery"], [(PUBLIC, 443)])
    assert tls.names == ["replicate.delivery"]
    assert "\r\nHost: replicate.delivery\r\n" in tls.requests[0]


def test_another_hosts_certificate_is_not_taken(tls: "Tls", monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, PUBLIC)
    connect_to(monkeypatch, tls.port)
    assert not refusal("https://a.replicate.delivery/a.png", hosts=DELIVERY).permanent
    assert tls.requests == []


def test_the_second_address_serves_where_the_first_does_not(tls: "Tls", monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", PUBLIC)
    connected = connect_to(monkeypatch, tls.port, dead={"2606:2800:21f:cb07:6820:80da:af6b:8b2c"})
    assert fetch("https://replicate.delivery/a.png", hosts=DELIVERY) == PICTURE
    assert [address for address, _ in connected][-1] == PUBLIC


# --- What does not come ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        ("204 No Content", True),
        ("206 Partial Content", True),
        ("400 Bad Request", True),
        ("401 Unauthorized", True),
        ("403 Forbidden", True),
        ("404 Not Found", True),
        ("410 Gone", True),
        ("408 Request Timeout", False),
        ("429 Too Many Requests", False),
        ("500 Internal Server Error", False),
        ("502 Bad Gateway", False),
        ("503 Service Unavailable", False),
    ],
)
def test_only_200_brings_a_file(status: str, permanent: bool) -> None:
    with wire(answer(b"" if status.startswith("204") else PICTURE, status=status)) as server:
        assert refusal(server.url).permanent is permanent


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed_even_to_the_same_host(status: str) -> None:
    with wire(answer(PICTURE)) as elsewhere, wire(answer(status=status, location=elsewhere.url)) as server:
        assert refusal(server.url).permanent
    assert elsewhere.requests == []


def test_a_file_of_exactly_the_bound_is_not_too_large() -> None:
    with wire(answer(b"x" * 1000)) as server:
        assert fetch(server.url, bytes_max=1000) == b"x" * 1000


def test_a_file_that_says_it_is_too_large_is_not_read() -> None:
    with wire(answer(content_length="1001")) as server:
        assert refusal(server.url, bytes_max=1000).permanent


def _chunks(connection: socket.socket) -> None:
    connection.sendall(answer(content_length="", transfer_encoding="chunked"))
    while True:
        connection.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")


def _endless(connection: socket.socket) -> None:
    connection.sendall(answer(content_length=""))
    while True:
        connection.sendall(b"x" * 1024)


@pytest.mark.parametrize("say", [_chunks, _endless])
def test_a_stream_without_end_ends_at_the_bound(say: Say) -> None:
    with wire(say) as server:
        assert refusal(server.url, bytes_max=50_000).permanent


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, gzip", "x"])
def test_another_encoding_than_asked_for_is_refused(encoding: str) -> None:
    bomb = gzip.compress(bytes(1_000_000))
    with wire(answer(bomb, content_encoding=encoding)) as server:
        assert refusal(server.url, bytes_max=10_000).permanent


def test_the_identity_encoding_may_be_said_aloud() -> None:
    with wire(answer(PICTURE, content_encoding="Identity")) as server:
        assert fetch(server.url) == PICTURE


@pytest.mark.parametrize(
    "said",
    [
        answer(PICTURE, content_length="3000"),
        answer(content_length="", transfer_encoding="chunked") + b"400\r\nabc",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"nonsense\r\n\r\n",
        answer(PICTURE, content_length="-1"),
        answer(PICTURE, content_length="many"),
        answer(PICTURE, content_length="1").replace(
            b"content-length: 1\r\n", b"content-length: 1\r\ncontent-length: 2\r\n"
        ),
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100_000,
    ],
)
def test_a_torn_answer_is_no_file_and_may_come_back(said: bytes) -> None:
    with wire(said) as server:
        assert not refusal(server.url).permanent


def test_nobody_there_may_come_back() -> None:
    assert not refusal("http://127.0.0.1:9/a").permanent


def _silent(connection: socket.socket) -> None:
    connection.recv(1)


def _drip(first: bytes) -> Say:
    def say(connection: socket.socket) -> None:
        connection.sendall(first)
        for _ in range(250):  # it ends some time, so that a client without a deadline fails here and does not hang
            connection.sendall(b"x")
            time.sleep(0.02)

    return say


@pytest.mark.parametrize(
    "say",
    [_silent, _drip(b"HTTP/1.1 200 OK\r\nx: "), _drip(answer(content_length="90000"))],
    ids=["silent", "headers drip", "body drips"],
)
def test_the_whole_of_it_has_one_deadline(say: Say) -> None:
    """Each single read is answered at once."""
    with wire(say) as server:
        error = refusal(server.url, seconds_max=0.3)
    assert "too long" in str(error)
    assert not error.permanent


def test_an_error_names_the_host_and_not_the_address() -> None:
    with wire(answer(status="403 Forbidden")) as server:
        error = refusal(f"{server.url}/secret-path?signature=secret")
    assert "127.0.0.1" in str(error)
    assert "secret" not in f"{error} {error!r} {error.__cause__}"


# --- data: -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}",
        f"DATA:image/png;charset=x;BASE64,{base64.b64encode(PICTURE).decode()}",
        "data:application/octet-stream," + "".join(f"%{byte:02x}" for byte in PICTURE),
    ],
)
def test_a_data_address_holds_its_file(url: str) -> None:
    assert fetch(url, hosts=()) == PICTURE


@pytest.mark.parametrize("url", ["data:", "data:image/png;base64", "data:image/png;base64,%%%", "data:;base64,ä"])
def test_a_data_address_that_cannot_be_read_is_refused(url: str) -> None:
    assert refusal(url).permanent


@pytest.mark.parametrize("head", ["data:image/png;base64,", "data:text/plain,"])
def test_a_data_address_has_the_same_bound(head: str) -> None:
    body = b"x" * 1001
    text = base64.b64encode(body).decode() if "base64" in head else body.decode()
    assert fetch(head + text, bytes_max=1001) == body
    assert refusal(head + text, bytes_max=1000).permanent
    assert refusal(head + "A" * 1_000_000, bytes_max=1000).permanent


# --- A resolver and a network of the tests ---------------------------------------------------------------------------


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """What the system would say about any name; gives the names that were asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **more: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def connect_to(monkeypatch: pytest.MonkeyPatch, port: int, *, dead: set[str] | None = None) -> list[tuple[str, int]]:
    """Whatever is connected to is that port of this machine; gives where it was meant to go."""
    connected: list[tuple[str, int]] = []
    plain = socket.create_connection

    def create_connection(address: tuple[str, int], *more: Any, **named: Any) -> socket.socket:
        connected.append(address)
        if address[0] in (dead or ()):
            raise ConnectionRefusedError
        with monkeypatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", _plain_getaddrinfo)
            return plain(("127.0.0.1", port), *more, **named)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    return connected


_plain_getaddrinfo = socket.getaddrinfo


class Tls:
    """HTTPS that hands out the picture; notes the names it was asked for by SNI, and the requests."""

    def __init__(self, certificate: Path) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.context.sni_callback = lambda _, name, __: self.names.append(str(name))
        self.names: list[str] = []
        self.requests: list[str] = []

    def __enter__(self) -> "Tls":
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self.server.accept()
                with contextlib.suppress(OSError), self.context.wrap_socket(plain, server_side=True) as connection:
                    self.requests.append(wires.head(connection))
                    connection.sendall(answer(PICTURE))


def certify(folder: Path, name: str) -> Path:
    """A certificate for one name, with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path
