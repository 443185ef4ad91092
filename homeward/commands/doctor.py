"""`homeward doctor`: checks the installation and says what to mend."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from homeward.house import House, open_house

FREE_GB = 2.0
OLDEST, NEWEST = (3, 11), (3, 13)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: What was looked at.
        good: Whether it will do.
        says: What was found and, where it will not do, how to mend it.
    """

    check: str
    good: bool
    says: str


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print findings as JSON.")] = False,
) -> None:
    """Check Python, disk, keys, database, Java and the model in service; 1 when one is bad.

    Example: homeward doctor --json
    """
    with open_house() as house:
        findings = examine(house)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for each in findings:
            typer.echo(f"{'good' if each.good else 'BAD '}  {each.check:10} {each.says}")
    raise typer.Exit(0 if all(finding.good for finding in findings) else 1)


def examine(house: House) -> list[Finding]:
    """Every check in order; one that breaks is a finding and stops no other."""
    checks: tuple[tuple[str, Callable[[House], Finding]], ...] = (
        ("python", _python),
        ("disk", _disk),
        ("key", _key),
        ("database", _database),
        ("java", _java),
        ("model", _model),
    )
    return [_asked(name, check, house) for name, check in checks]


def _asked(name: str, check: Callable[[House], Finding], house: House) -> Finding:
    try:
        return check(house)
    except Exception as error:
        return Finding(name, good=False, says=f"{type(error).__name__}: {error}")


def _python(_house: House) -> Finding:
    version = sys.version_info[:2]
    good = OLDEST <= version <= NEWEST
    return Finding("python", good, f"{version[0]}.{version[1]}; 3.11 to 3.13 will do")


def _disk(house: House) -> Finding:
    home = house.settings.home
    place = next(path for path in (home, *home.resolve().parents, Path("/")) if path.exists())
    free = shutil.disk_usage(place).free / 1e9
    return Finding("disk", free > FREE_GB, f"{free:.0f} GB free at {place}; {FREE_GB:.0f} needed")


def _key(house: House) -> Finding:
    return Finding("key", good=bool(house.keys), says=f"there, for site {house.settings.site}")


def _database(house: House) -> Finding:
    from sqlalchemy import text

    with house.engine.connect() as connection:
        version = connection.execute(text("show server_version")).scalar_one()
    kind = "embedded" if house.settings.database_url is None else "your own"
    return Finding("database", good=True, says=f"Postgres {version}, {kind}, newest schema")


def _java(house: House) -> Finding:
    import os

    from homeward.embedded.java import prepare_java

    prepare_java(house.settings.home)
    java = Path(os.environ["JAVA_HOME"]) / "bin" / "java"
    done = subprocess.run([str(java), "-version"], capture_output=True, text=True, check=True)
    return Finding("java", good=True, says=done.stderr.splitlines()[0])


def _model(house: House) -> Finding:
    from homeward.champion import champion_version

    version = champion_version(house)
    if version is None:
        says = "none in service; run homeward train, then homeward models promote"
        return Finding("model", good=True, says=says)
    return Finding("model", good=True, says=f"{version} in service")
