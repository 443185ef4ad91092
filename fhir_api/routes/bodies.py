"""The body of a request: of a type we read, not too long, JSON, an object."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request

from fhir_api.errors import InvalidRequest, TooLarge, WrongContentType
from fhir_api.json_text import parse

READ = {"application/fhir+json", "application/json", "application/json+fhir"}
Resource = dict[str, Any]


def body_reader(limit: int) -> Callable[[Request], Awaitable[bytes]]:
    """A dependency that reads at most `limit` bytes.

    Raises WrongContentType (415) before reading, TooLarge (413) as soon as the limit is passed.
    """

    async def read_body(request: Request) -> bytes:
        demand_json(request)
        if int_or_zero(request.headers.get("content-length")) > limit:
            raise TooLarge(limit)
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > limit:
                raise TooLarge(limit)
        return bytes(data)

    return read_body


def demand_json(request: Request) -> None:
    """Refuse what is not FHIR JSON in UTF-8, or is compressed."""
    media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    foreign = "charset" in parameters and "utf-8" not in parameters
    if media_type.strip() not in READ or foreign or "content-encoding" in request.headers:
        raise WrongContentType


def int_or_zero(text: str | None) -> int:
    """A header as a number, or 0."""
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0


def parsed_object(data: bytes) -> Resource:
    """The JSON object of a body; raises InvalidJson or InvalidRequest (400)."""
    value = parse(data)
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be one JSON object: a resource or a Bundle.")
    return value
