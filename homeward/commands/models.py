"""`homeward models`: which versions there are, and which one answers."""

import getpass
import json
from typing import Annotated, Any

import typer

from homeward.house import House, open_house

group = typer.Typer(help="The model registry.", no_args_is_help=True)

NEWEST = "newest"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(group, name="models")


@group.command("list")
def list_versions(
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Every version of the site, newest first, with its AUROC and its aliases.

    Example: homeward models list
    """
    with open_house() as house:
        rows = listed(house)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        aliases = ", ".join(row["aliases"]) or "-"
        typer.echo(f"{row['version']}  {row['registered_at']}  AUROC {row['auroc']}  {aliases}")


@group.command()
def promote(
    version: Annotated[str, typer.Argument(help="A version, or newest.")],
    alias: Annotated[str, typer.Option(help="champion, challenger or shadow.")] = "champion",
    reason: Annotated[str, typer.Option(help="Why; kept in the audit.")] = "not given",
) -> None:
    """Let a version answer; a roll-back is the promotion of an earlier one.

    Example: homeward models promote newest --reason "better calibrated"
    """
    with open_house() as house:
        promoted = move(house, version, alias, reason)
    typer.echo(f"{promoted} is {alias}.")


def move(house: House, version: str, alias: str = "champion", reason: str = "not given") -> str:
    """Move an alias; the version that now bears it."""
    from model import registry
    from model.errors import UnknownModel

    site = house.settings.site
    if version == NEWEST:
        known = registry.versions(house.engine, site)
        if not known:
            raise UnknownModel("version", version, site)
        version = known[0].version
    decision = registry.Decision(by=getpass.getuser(), reason=reason, at=house.now())
    registry.promote(house.engine, site, version, decision, alias)  # type: ignore[arg-type]  # checked there
    return version


def listed(house: House) -> list[dict[str, Any]]:
    """Versions with their AUROC and aliases, newest first."""
    from model import registry

    site = house.settings.site
    aliases = registry.aliases(house.engine, site)
    return [
        {
            "version": each.version,
            "registered_at": each.registered_at.isoformat(timespec="seconds"),
            "auroc": each.metrics["models"]["network"]["auroc"]["value"],
            "aliases": sorted(name for name, version in aliases.items() if version == each.version),
        }
        for each in registry.versions(house.engine, site)
    ]
