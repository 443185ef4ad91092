"""The `homeward` command: results to standard output, messages to standard error.

Exit codes: 0 done, 1 the work failed, 2 the call or the input was wrong.
"""

import importlib
import logging
import sys
from typing import TYPE_CHECKING

import typer

from homeward.refusals import exit_code_of

if TYPE_CHECKING:
    from types import ModuleType

COMMANDS = (
    "adt",
    "clients",
    "demo",
    "doctor",
    "docs",
    "evaluate",
    "features",
    "ingest",
    "migrate",
    "models",
    "monitor",
    "notes",
    "reindex",
    "score",
    "serve",
    "simulate",
    "subscriptions",
    "train",
)

app = typer.Typer(
    name="homeward",
    help="Open, FHIR-native clinical decision support for 30-day readmission.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def register_commands() -> typer.Typer:
    """The application with every command; each module of `homeward.commands` adds its own."""
    for name in COMMANDS:
        module: ModuleType = importlib.import_module(f"homeward.commands.{name}")
        module.register(app)
    return app


def main() -> None:
    """Run one command; a refusal is one line on standard error and its exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        register_commands()()
    except Exception as error:
        code = exit_code_of(error)
        if code is None:
            raise
        sys.stderr.write(f"homeward: {error}\n")
        raise SystemExit(code) from error
