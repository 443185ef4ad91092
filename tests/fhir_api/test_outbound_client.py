"""The one way out: only where the site allows, only to the address that was looked at."""

import gzip
import logging
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from fhir_api.outbound.client import OutboundClient
from fhir_api.outbound.destination import AllowList
from fhir_api.outbound.errors import NotAllowed, Unreachable
from tests.support.sources import Source, say, serving

HOSTILE = [
    "http://127.0.0.1:{port}@evil.example/",
    "http://evil.example@127.0.0.1:{port}/",
    "http://user:secret@127.0.0.1:{port}/file",
    "http://127.0.0.1:{port}#@evil.example/",
    "http://127.0.0.1:{port}/file#part",
    "http://127.0.0.1.:{port}/file",
    "http://127.1:{port}/file",
    "http://127.0.1:{port}/file",
    "http://2130706433:{port}/file",
    "http://0x7f000001:{port}/file",
    "http://0177.0.0.1:{port}/file",
    "http://017700000001:{port}/file",
    "http://0:{port}/file",
    "http://0.0.0.0:{port}/file",
    "http://[::1]:{port}/file",
    "http://[::ffff:127.0.0.1]:{port}/file",
    "http://[::]:{port}/file",
    "http://[0:0:0:0:0:ffff:7f00:1]:{port}/file",
    "http://localhost:{port}/file",
    "http://LOCALHOST:{port}/file",
    "http://localhost.localdomain:{port}/file",
    "http://127.0.0.1:{port}\\@evil.example/",
    "http://127.0.0.1:{port}\\file",
    "http:\\\\127.0.0.1:{port}/file",
    "http:/127.0.0.1:{port}/file",
    "http:127.0.0.1:{port}/file",
    "//127.0.0.1:{port}/file",
    "127.0.0.1:{port}/file",
    "/file",
    "",
    "https://127.0.0.1:{port}/file",
    "ftp://127.0.0.1:{port}/file",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_GET",
    "data:text/plain,x",
    "jar:http://127.0.0.1:{port}/file!/x",
    "http://127.0.0.1/file",
    "http://127.0.0.1:1/file",
    "http://127.0.0.1:99999/file",
    "http://127.0.0.1:0{port}/file",
    "http://127.0.0.1:{port}:80/file",
    "http://127.0.0.1:{port}/file\r\nHost: evil.example",
    "http://127.0.0.1:{port}/file%\n",
    "http://127.0.0.1:{port}/fi le",
    "http://127.0.0.1:{port}/fi\tle",
    "http://127.0.0.1:{port}/\x00file",
    " http://127.0.0.1:{port}/file",
    "http://127.0.0.1:{port}/file ",
    "http://127。0。0。1:{port}/file",
    "http://①②⑦.0.0.1:{port}/file",
    "http://\uff4cocalhost:{port}/file",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fe80::1%25eth0]:{port}/file",
    "http://metadata.google.internal/",
    "http://10.0.0.1/",
    "http://127.0.0.1:{port}.evil.example/",
    "http://127.0.0.1.evil.example:{port}/",
    "http://evil.example/?u=http://127.0.0.1:{port}/",
    "http://%31%32%37.0.0.1:{port}/file",
    "HTTP://127.0.0.1:{port}/../file",
    "http://127.0.0.1:{port}/a/%2e%2e/file",
]

NOT_PUBLIC = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "ff02::1"),  # noqa: S104
    *("::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "93.184.216.34,127.0.0.1"),
]


@pytest.fixture
def source() -> Iterator[Source]:
    with serving() as made:
        made.put("/file", b"hello")
        yield made


def client(source: Source, **limits: Any) -> OutboundClient:
    return OutboundClient([source.url], allow_private=True, **limits)


def named(monkeypatch: pytest.MonkeyPatch, **addresses: str) -> list[str]:
    """Let names have these addresses; the names that were asked for."""
    asked: list[str] = []

    def lookup(name: str, port: int, **_options: Any) -> list[Any]:
        asked.append(name)
        found = addresses[name.replace(".", "_")].split(",")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return asked


def test_an_allowed_server_is_asked(source: Source) -> None:
    answer = client(source).get(f"{source.url}/file?part=1", {"Authorization": "Bearer t"})

    assert (answer.status, answer.body) == (200, b"hello")
    [(method, path, headers)] = source.asked
    assert (method, path) == ("GET", "/file?part=1")
    assert headers["authorization"] == "Bearer t"
    assert headers["host"] == source.url.removeprefix("http://")


def test_a_body_is_posted(source: Source) -> None:
    answer = client(source).post(f"{source.url}/file", b"{}", {"content-type": "application/json"})

    assert (answer.status, source.bodies) == (200, [b"{}"])


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_never_asked(source: Source, url: str) -> None:
    port = source.url.rpartition(":")[2]

    with pytest.raises(NotAllowed) as refused:
        client(source).get(url.replace("{port}", port))

    assert source.asked == []
    assert "evil" not in str(refused.value)


def test_a_name_that_is_not_listed_is_not_even_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = named(monkeypatch)

    with pytest.raises(NotAllowed):
        OutboundClient(["https://ehr.example"]).get("https://evil.example/")

    assert asked == []


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_listed_name_with_a_private_address_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    named(monkeypatch, ehr_example=address)

    with pytest.raises(NotAllowed):
        OutboundClient(["https://ehr.example"]).get("https://ehr.example/file")


def test_metadata_services_are_not_asked_even_where_private_networks_are() -> None:
    listed = OutboundClient(["http://169.254.169.254"], allow_private=True)

    with pytest.raises(NotAllowed):
        listed.get("http://169.254.169.254/latest/")


def test_the_address_that_was_looked_at_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch, source: Source
) -> None:
    port = source.url.rpartition(":")[2]
    asked = named(monkeypatch, ehr_example="127.0.0.1")
    listed = OutboundClient([f"http://ehr.example:{port}"], allow_private=True)
    place = listed.allowed.destination(f"http://ehr.example:{port}/file")

    assert place.url == f"http://127.0.0.1:{port}/file"
    assert (place.host, place.name) == (f"ehr.example:{port}", "ehr.example")
    assert asked == ["ehr.example"]


def test_a_path_on_the_list_opens_what_is_below_it_and_no_more() -> None:
    listed = AllowList(["https://ehr.example/files/"])

    assert "https://ehr.example/files/a.ndjson" in listed
    assert "HTTPS://EHR.example:443/files/a.ndjson" in listed
    for other in ("/", "/filesystem", "/files/../secret", "/files/%2E%2e/secret", "/FILES/a"):
        assert f"https://ehr.example{other}" not in listed


def test_a_redirect_is_an_answer_and_is_not_followed(source: Source) -> None:
    source.put("/old", lambda asked: say(asked, 302, b"", {"location": f"{source.url}/file"}))

    assert client(source).get(f"{source.url}/old").status == 302
    with pytest.raises(Unreachable, match="302"):
        list(client(source).stream_lines(f"{source.url}/old"))
    assert [path for _, path, _ in source.asked] == ["/old", "/old"]


def test_the_proxies_of_the_environment_are_not_used(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    assert client(source).get(f"{source.url}/file").status == 200


def test_an_answer_over_the_limit_is_cut(source: Source) -> None:
    source.put("/large", b"x" * 1001)

    with pytest.raises(Unreachable, match="1,000 bytes"):
        client(source, largest_bytes=1000).get(f"{source.url}/large")
    assert client(source, largest_bytes=1001).get(f"{source.url}/large").status == 200


def test_a_file_read_line_by_line_may_be_larger_but_not_endless(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = source.put("/lines", b"x" * 99 + b"\n" + b"y" * 99 + b"\n")
    small = client(source, largest_bytes=100)

    assert len(list(small.stream_lines(url))) == 2
    monkeypatch.setattr("fhir_api.outbound.client.LARGEST_FILE", 150)
    with pytest.raises(Unreachable, match="150 bytes"):
        list(small.stream_lines(url))


def gzipped(body: bytes) -> Any:
    return lambda asked: say(asked, 200, body, {"content-encoding": "gzip"})


def test_a_packed_answer_counts_unpacked(source: Source) -> None:
    source.put("/packed", gzipped(gzip.compress(b"x" * 100_000) + gzip.compress(b"y")))

    assert client(source).get(f"{source.url}/packed").body == b"x" * 100_000 + b"y"
    with pytest.raises(Unreachable, match="50,000 bytes"):
        client(source, largest_bytes=50_000).get(f"{source.url}/packed")


def test_a_packed_answer_that_ends_early_is_no_answer(source: Source) -> None:
    source.put("/cut", gzipped(gzip.compress(b"x" * 100_000)[:-20]))
    source.put("/wrong", gzipped(b"no gzip at all"))

    for path in ("/cut", "/wrong"):
        with pytest.raises(Unreachable):
            client(source).get(source.url + path)


def test_a_packing_that_was_not_asked_for_is_refused(source: Source) -> None:
    source.put("/br", lambda asked: say(asked, 200, b"x", {"content-encoding": "gzip, gzip"}))

    with pytest.raises(Unreachable, match="not asked for"):
        client(source).get(f"{source.url}/br")


def test_lines_come_as_they_are_and_one_too_long_alone_is_lost(source: Source) -> None:
    source.put("/lines", b"a\r\nbb\n\n" + b"x" * 200_000 + b"\n" + b"last")

    found = list(client(source).stream_lines(f"{source.url}/lines", longest=1000))

    assert found == [b"a", b"bb", b"", None, b"last"]


def test_a_server_that_is_away_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    away = OutboundClient(["http://127.0.0.1:1"], allow_private=True)

    with pytest.raises(Unreachable):
        away.get("http://127.0.0.1:1/")
    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    with pytest.raises(Unreachable, match="no address"):
        OutboundClient(["https://ehr.example"]).get("https://ehr.example/")


def no_such_name(*_given: Any, **_options: Any) -> Any:
    raise socket.gaierror


def test_a_server_that_says_nothing_is_not_waited_for_forever(source: Source) -> None:
    def silent(asked: BaseHTTPRequestHandler) -> None:
        asked.rfile.read(1)

    source.put("/silent", silent)

    with pytest.raises(Unreachable, match="ReadTimeout"):
        client(source, timeout_s=0.2).get(f"{source.url}/silent")


def test_a_server_that_drips_is_cut(source: Source) -> None:
    def drips(asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(200)
        asked.send_header("content-length", "1000")
        asked.end_headers()
        for _ in range(100):
            asked.wfile.write(b"x")
            time.sleep(0.05)

    source.put("/drips", drips)

    with pytest.raises(Unreachable, match="slowly"):
        client(source, timeout_s=0.2).get(f"{source.url}/drips")


def test_an_address_reaches_no_log(source: Source, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client(source).get(f"{source.url}/file?name=Quillfeather")

    assert "Quillfeather" not in caplog.text
