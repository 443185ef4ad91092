"""`homeward docs`: write the generated pages of docs/reference anew."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from homeward.settings import Settings

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

SETTINGS_HEAD = """# Settings

Written by `make docs` from `homeward/settings.py`. A setting is a variable of the environment, or a
line of `homeward.toml` in the working directory under its name in lower case without prefix; the
variable wins.
"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(hidden=True)(docs)


def docs(
    out: Annotated[Path, typer.Option(help="Folder of the reference pages.")] = Path(
        "docs/reference"
    ),
) -> None:
    """Write the pages that are made from the code; tests compare them with it.

    Example: homeward docs
    """
    out.mkdir(parents=True, exist_ok=True)
    from etl.features.catalogue import as_markdown

    (out / "settings.md").write_text(settings_page())
    (out / "features.md").write_text(as_markdown())


def settings_page() -> str:
    """One heading for each setting: its default and what it decides."""
    sections = [_section(name, field) for name, field in Settings.model_fields.items()]
    return SETTINGS_HEAD + "".join(sections)


def _section(name: str, field: "FieldInfo") -> str:
    default = _plain(field.default)
    return f"\n## HOMEWARD_{name.upper()}\n\n{field.description}\n\nDefault: {default}\n"


def _plain(default: Any) -> str:
    if default is None or default == ():
        return "none"
    if isinstance(default, frozenset):
        return "`" + str(sorted(default)).replace("'", '"') + "`"
    return f"`{default}`"
