"""What is sent to Postgres past SQLAlchemy: statements that `fhir_api.store.asking` carries out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that the driver is given while the block runs."""
    sent: list[str] = []
    execute = psycopg.Connection.execute

    def noting(self: Any, statement: Any, *given: Any, **named: Any) -> Any:
        sent.append(statement)
        return execute(self, statement, *given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Connection, "execute", noting)
        yield sent
