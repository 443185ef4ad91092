"""A proxy names its user and its client; nobody else does."""

from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from fhir_api.smart.sign_in import sender_of
from homeward.proxies import BehindProxies

FORWARDED = {"x-forwarded-for": "198.51.100.7", "x-forwarded-proto": "https"}


def seen(sender: str, **headers: str) -> dict[str, Any]:
    """What the application sees of a request."""
    app = FastAPI()

    @app.get("/")
    def told(request: Request) -> dict[str, str]:
        client = request.client.host if request.client else ""
        return {"sender": sender_of(request), "client": client, "scheme": request.url.scheme}

    behind = BehindProxies(app, ["127.0.0.1"])
    with TestClient(behind, client=(sender, 50000)) as asking:
        return dict(asking.get("/", headers=headers).json())


def test_a_proxy_speaks_for_its_client_and_stays_known_as_the_sender() -> None:
    assert seen("127.0.0.1", **FORWARDED) == {
        "sender": "127.0.0.1",
        "client": "198.51.100.7",
        "scheme": "https",
    }


@pytest.mark.parametrize("claimed", ["127.0.0.1", "127.0.0.1, 127.0.0.1"])
def test_a_stranger_cannot_pass_for_the_proxy(claimed: str) -> None:
    told = seen("203.0.113.9", **{"x-forwarded-for": claimed})

    assert (told["sender"], told["client"]) == ("203.0.113.9", "203.0.113.9")
