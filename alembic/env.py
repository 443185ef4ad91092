"""Where Alembic meets the tables of every floor.

The connection comes from the caller (`fhir_api.store.migrate`), or from the command line:
`python -m alembic -x url=postgresql+psycopg://… upgrade head`.
"""

import importlib
from importlib.util import find_spec

from alembic import context
from sqlalchemy import Connection, create_engine

from fhir_api.store.base import Base

TABLES = (
    "fhir_api.store.tables",
    "fhir_api.search.index.tables",
    "fhir_api.smart.tables",
    "fhir_api.bulk.tables",
    "fhir_api.subscriptions.tables",
    "fhir_api.hl7v2.tables",
    "fhir_api.audit.tables",
    "etl.tables",
    "model.tables",
    "monitoring.tables",
)

for module in TABLES:
    if find_spec(module) is not None:
        importlib.import_module(module)


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


def given_url() -> str:
    url = context.get_x_argument(as_dictionary=True).get("url")
    if not url:
        raise SystemExit("Say which database: python -m alembic -x url=postgresql+psycopg://…")
    return url


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with create_engine(given_url()).connect() as opened:
        run(opened)
        opened.commit()
