"""The one way out: requests to allow-listed servers, bounded in size and time, never redirected.

Each request connects to the address that `destination` looked at, with the name in the Host header
and in the certificate's check. No proxy, cookie or password of the environment is used, and a
connection is used once, so that no answer comes over one that was opened for another name.
"""

import logging
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2

from fhir_api.outbound.destination import AllowList
from fhir_api.outbound.errors import Unreachable

TIMEOUT_S = 10.0
LARGEST = 16 << 20  # bytes of an answer, unpacked
LARGEST_FILE = 16 << 30  # bytes of a file that is read line by line, unpacked
LONGEST_LINE = 10_000_000  # bytes
SLOWEST = 1024  # bytes a second; a slower answer is cut
PIECE = 1 << 16  # bytes of an unpacked piece
GZIP = 16 + zlib.MAX_WBITS
Headers = Mapping[str, str]

logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would log each URL, query and all


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other server said.

    Attributes:
        status: HTTP status; a redirect is an answer like any other.
        headers: Names in lower case.
        body: Unpacked.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class OutboundClient:
    """Asks servers of an allow-list; threads may share it.

    Args:
        allowed: Origins, or origins with a path, such as `https://ehr.example/fhir/`.
        allow_private: Whether they may lie in a private network or on this machine.
        timeout_s: Longest wait for a connection, or for the next bytes.
        largest_bytes: Of an answer, unpacked; a larger one is refused. A file that is read line by
            line may be LARGEST_FILE, for no more than a line of it is held.
        trust: Certificates to trust; None for those of this machine.
    """

    def __init__(
        self,
        allowed: Sequence[str],
        *,
        allow_private: bool = False,
        timeout_s: float = TIMEOUT_S,
        largest_bytes: int = LARGEST,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.allowed = AllowList(allowed, private=allow_private)
        self.timeout_s = timeout_s
        self.largest_bytes = largest_bytes
        self.client = httpx2.Client(
            verify=trust or ssl.create_default_context(),
            timeout=timeout_s,
            limits=httpx2.Limits(max_keepalive_connections=0),
            trust_env=False,
            follow_redirects=False,
        )

    def get(self, url: str, headers: Headers | None = None) -> Answer:
        """The answer to a GET; raises NotAllowed before anything is asked, or Unreachable."""
        return self.answer("GET", url, headers)

    def post(self, url: str, body: bytes, headers: Headers | None = None) -> Answer:
        """The answer to a POST of bytes; raises as `get` does."""
        return self.answer("POST", url, headers, body)

    def stream_lines(
        self, url: str, headers: Headers | None = None, *, longest: int = LONGEST_LINE
    ) -> Iterator[bytes | None]:
        """Lines of the answer to a GET as they come, without line ends; None for one too long.

        Raises NotAllowed before anything is asked; Unreachable too for any status but 200.
        """
        with self.opened("GET", url, headers, None) as response:
            if response.status_code != httpx2.codes.OK:
                raise Unreachable(f"answered {response.status_code}")
            yield from lines(self.pieces(response, LARGEST_FILE), longest)

    def answer(
        self, method: str, url: str, headers: Headers | None, body: bytes | None = None
    ) -> Answer:
        """The whole answer to a request."""
        with self.opened(method, url, headers, body) as response:
            content = b"".join(self.pieces(response, self.largest_bytes))
            return Answer(response.status_code, dict(response.headers), content)

    @contextmanager
    def opened(
        self, method: str, url: str, headers: Headers | None, body: bytes | None
    ) -> Iterator[httpx2.Response]:
        """An answer whose body has not been read; what breaks on the way is Unreachable."""
        where = self.allowed.destination(url)
        given = {"accept-encoding": "gzip", **lowered(headers or {}), "host": where.host}
        extensions = {"sni_hostname": where.name}
        try:
            with self.client.stream(
                method, where.url, headers=given, content=body, extensions=extensions
            ) as response:
                yield response
        except (httpx2.TransportError, zlib.error) as error:
            raise Unreachable(f"did not answer to the end ({type(error).__name__})") from None

    def pieces(self, response: httpx2.Response, largest: int) -> Iterator[bytes]:
        """The body, unpacked piece by piece; Unreachable when it is too large or too slow."""
        unpack = unpacker(response.headers.get("content-encoding", "identity"))
        came = unpacked = 0
        begun = time.monotonic()
        for raw in response.iter_raw():
            came += len(raw)
            if came < SLOWEST * (time.monotonic() - begun - self.timeout_s):
                raise Unreachable("answered too slowly")
            for piece in unpack(raw):
                unpacked += len(piece)
                if unpacked > largest:
                    raise Unreachable(f"answered more than {largest:,} bytes")
                yield piece
        if isinstance(unpack, Gunzip) and not unpack.member.eof:
            raise Unreachable("did not answer to the end (gzip)")


class Gunzip:
    """Unpacks gzip without ever holding more than a piece: a small file may unpack to a huge one.

    A file of several members one after the other is read to its end.
    """

    def __init__(self) -> None:
        self.member = zlib.decompressobj(GZIP)

    def __call__(self, raw: bytes) -> Iterator[bytes]:
        """What these bytes unpack to."""
        while raw:
            if self.member.eof:
                self.member = zlib.decompressobj(GZIP)
            piece = self.member.decompress(raw, PIECE)
            raw = self.member.unconsumed_tail or self.member.unused_data
            while piece:
                yield piece
                piece = self.member.decompress(b"", PIECE) if not raw else b""


def unpacker(encoding: str) -> Callable[[bytes], Iterator[bytes]]:
    """What turns bytes as sent into pieces of the body; raises Unreachable for other codings."""
    if encoding.strip().lower() in {"gzip", "x-gzip"}:
        return Gunzip()
    if encoding.strip().lower() in {"identity", ""}:
        return as_sent
    raise Unreachable("packed its answer in a way that was not asked for")


def as_sent(raw: bytes) -> Iterator[bytes]:
    """Bytes that are not packed."""
    yield raw


def lines(pieces: Iterator[bytes], longest: int) -> Iterator[bytes | None]:
    """Lines without their ends; None in the place of each that is longer than `longest`."""
    begun, too_long = b"", False
    for piece in pieces:
        *whole, rest = (begun + piece).split(b"\n")
        for line in whole:
            yield None if too_long or len(line) > longest else line.removesuffix(b"\r")
            too_long = False
        too_long = too_long or len(rest) > longest
        begun = b"" if too_long else rest
    if begun or too_long:
        yield None if too_long else begun


def lowered(headers: Headers) -> dict[str, str]:
    """Headers with their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}
