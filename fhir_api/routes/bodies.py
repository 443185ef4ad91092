"""The body of a request: of a type we read, not too long or too slow, JSON, an object."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any

from anyio import current_time, fail_after
from anyio.to_thread import run_sync
from fastapi import Request
from starlette.requests import ClientDisconnect

from fhir_api.errors import InvalidRequest, TooLarge, WrongContentType
from fhir_api.json_text import USUAL, JsonLimits, parse
from fhir_api.routes.limits import Limits
from fhir_api.routes.transport import SlowUpload
from fhir_api.routes.unpacking import Unpacking

READ = frozenset({"application/fhir+json", "application/json", "application/json+fhir"})
READ_PATCH = READ | {"application/json-patch+json"}
AS_SENT = {"", "identity"}
PACKED = {"gzip", "x-gzip"}
Resource = dict[str, Any]


class Body(bytes):
    """The bytes of a body, and the limits that its JSON is read under."""

    limits: JsonLimits = USUAL


def body_reader(limit: int, types: Collection[str] = READ) -> Callable[[Request], Awaitable[bytes]]:
    """A dependency that reads at most `limit` bytes, fewer where a single resource is sent.

    Raises Unauthorized (401) and WrongContentType (415) before reading, TooLarge (413) as soon as
    the limit is passed, packed or unpacked, SlowUpload (408), and InvalidRequest (400) for what
    cannot be unpacked.
    """

    async def read_body(request: Request) -> bytes:
        await demand_caller(request)
        demand_json(request, types)
        limits: Limits = getattr(request.state, "limits", Limits())
        most = min(limit, limits.resource_bytes) if of_one_type(request) else limit
        if int_or_zero(request.headers.get("content-length")) > most:
            raise TooLarge(most)
        body = Body(await unpacked(request, most, limits))
        body.limits = limits.json
        return body

    return read_body


async def demand_caller(request: Request) -> None:
    """Raise Unauthorized (401) before anything is read of who does not prove who it is."""
    authenticate: Callable[[Request], Any] | None = getattr(request.state, "authenticate", None)
    if authenticate is not None:
        await run_sync(authenticate, request)


def of_one_type(request: Request) -> bool:
    """Whether the path names a type, so that no Bundle of many is sent."""
    return "resource_type" in request.path_params


async def unpacked(request: Request, most: int, limits: Limits) -> bytes:
    """The whole body; raises as soon as there is too much of it."""
    packed = encoding_of(request) in PACKED
    unpacking = Unpacking(most, limits.gzip_ratio) if packed else None
    data = bytearray()
    async for chunk in steady_chunks(request, limits):
        data += unpacking.feed(chunk) if unpacking else chunk
        if len(data) > most:
            raise TooLarge(most)
    if unpacking is not None:
        unpacking.finish()
    return bytes(data)


async def steady_chunks(request: Request, limits: Limits) -> AsyncIterator[bytes]:
    """The pieces of a body as they come; raises SlowUpload when a window brings too little."""
    begun, received, more = current_time(), 0, True
    while more:
        chunk, more = await next_chunk(request, limits)
        yield chunk
        received += len(chunk)
        elapsed = current_time() - begun
        if elapsed >= limits.upload_window_s:
            if more and received < limits.upload_bytes_per_second * elapsed:
                raise SlowUpload(limits.upload_bytes_per_second)
            begun, received = current_time(), 0


async def next_chunk(request: Request, limits: Limits) -> tuple[bytes, bool]:
    """A piece of the body, and whether there is more; raises SlowUpload when none comes."""
    try:
        with fail_after(limits.upload_window_s):
            message = await request.receive()
    except TimeoutError:
        raise SlowUpload(limits.upload_bytes_per_second) from None
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


def demand_json(request: Request, types: Collection[str] = READ) -> None:
    """Refuse what is not FHIR JSON in UTF-8, as it is or packed with gzip."""
    media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    foreign = "charset" in parameters and "utf-8" not in parameters
    unreadable = encoding_of(request) not in AS_SENT | PACKED
    if media_type.strip() not in types or foreign or unreadable:
        raise WrongContentType


def encoding_of(request: Request) -> str:
    """How the body is packed; empty when it is not."""
    return request.headers.get("content-encoding", "").strip().lower()


def int_or_zero(text: str | None) -> int:
    """A header as a number, or 0."""
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0


def parsed_object(data: bytes) -> Resource:
    """The JSON object of a body; raises InvalidJson or InvalidRequest (400)."""
    value = parse(data, data.limits if isinstance(data, Body) else USUAL)
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be one JSON object: a resource or a Bundle.")
    return value
