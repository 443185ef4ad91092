"""The web application: FHIR and CDS Hooks over the parts of one house.

No rule of medicine, privacy or statistics lives here.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from anyio import to_thread
from fastapi import FastAPI

from homeward.champion import ChampionCache
from homeward.house import House

if TYPE_CHECKING:
    from cds_hooks.service import CdsService
    from fhir_api.routes.parts import FhirApi
    from homeward.fhir import FhirHouse
    from monitoring.metrics import Metrics

MEGABYTE = 1_000_000
THREADS = 4
HEALTH = "/health"
READ_HEADERS = (
    "accept", "authorization", "content-type", "if-match", "if-modified-since", "if-none-exist",
    "if-none-match", "prefer", "x-request-id",
)  # fmt: skip
TOLD_HEADERS = (
    "content-location", "etag", "last-modified", "location", "retry-after", "x-progress",
    "x-request-id",
)  # fmt: skip
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(house: House) -> "tuple[FastAPI, Metrics]":
    """The application over a house, and the metrics it counts into."""
    from cds_hooks.routes import build_router as cds_router
    from fhir_api.routes.beyond import answer_beyond_routes
    from fhir_api.routes.router import build_router as fhir_router
    from fhir_api.routes.smart_router import build_auth_router
    from fhir_api.smart.cors import RegisteredCors, RegisteredOrigins
    from homeward.fhir import FhirHouse
    from monitoring.metrics import Metrics

    metrics = Metrics()
    fhir = FhirHouse(house)
    app = FastAPI(
        title="Homeward", docs_url=None, redoc_url=None, openapi_url=None, lifespan=at_work(fhir)
    )
    app.include_router(build_auth_router(fhir.smart, fhir.authenticator))
    app.include_router(fhir_router(fhir.api), prefix="/fhir")
    answer_beyond_routes(app)
    cds = cds_parts(house, fhir.api, metrics)
    cds.warm()  # the first call would otherwise wait for schemas and the model
    app.include_router(cds_router(cds))
    app.add_api_route(HEALTH, lambda: health(house), methods=["GET"])
    app.add_middleware(
        RegisteredCors,
        registered=RegisteredOrigins(fhir.smart),
        allow_origins=list(house.settings.cors_origins),
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=list(READ_HEADERS),
        expose_headers=list(TOLD_HEADERS),
    )
    return app, metrics


def at_work(fhir: "FhirHouse") -> Lifespan:
    """What begins with the server and ends with it.

    Few requests are worked on at once: more threads than cores only wait for the interpreter.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        with fhir.at_work():
            yield

    return lifespan


def cds_parts(house: House, fhir: "FhirApi", metrics: "Metrics") -> "CdsService":
    """What the hook routes are given."""
    from cds_hooks.note_reader import NoteReader
    from cds_hooks.service import CdsService, Options, Thresholds

    settings = house.settings
    return CdsService(
        site=settings.site,
        engine=house.engine,
        store=house.store,
        keys=house.keys,
        deidentifier=house.deidentifier,
        champion=ChampionCache(house),
        rules=house.rules,
        now=house.now,
        validator=fhir.validator,
        metrics=metrics,
        options=Options(
            source_url=f"{house.public_url}/fhir/metadata",
            maximum_body_bytes=settings.maximum_body_mb * MEGABYTE,
        ),
        thresholds=Thresholds(moderate=settings.medium_risk, high=settings.high_risk),
        notes=NoteReader(deadline_s=settings.note_deadline_ms / 1000),
        trail=fhir.trail,
    )


def health(house: House) -> dict[str, str]:
    """Answers when the database does; whoever asks learns nothing else."""
    from sqlalchemy import text

    with house.engine.connect() as connection:
        connection.execute(text("select 1"))
    return {"status": "ok"}
