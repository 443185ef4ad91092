"""`homeward subscriptions`: what subscribers did not receive, and sending it again."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from homeward.errors import WrongCall
from homeward.house import open_house

group = typer.Typer(help="Notifications that were not received.", no_args_is_help=True)
KEPT_DAYS = 30


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(group, name="subscriptions")


@group.command()
def dead(as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """Subscriptions in error, with the events that were given up.

    Example: homeward subscriptions dead
    """
    from fhir_api.subscriptions.upkeep import dead_letters

    with open_house() as house:
        found = dead_letters(house.engine, house.settings.site)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], default=str, indent=2))
        return
    for each in found:
        typer.echo("  ".join(str(value) for value in asdict(each).values()))


@group.command()
def replay(subscription: Annotated[str, typer.Argument(help="Id, as `dead` lists it.")]) -> None:
    """Deliver again what a subscription in error did not receive, now that its endpoint is well.

    Example: homeward subscriptions replay 0b8f1c52-5a55-4c1e-9b1b-0f6f7f9a3f43
    """
    from fhir_api.subscriptions import upkeep

    with open_house() as house:
        done = upkeep.replay(house.engine, house.settings.site, subscription, house.now())
    if not done:
        raise WrongCall("No subscription in error has this id; `homeward subscriptions dead`.")
    typer.echo("The server delivers them from now on.", err=True)


@group.command()
def forget(
    days: Annotated[int, typer.Option(min=0, help="Keep events of so many days.")] = KEPT_DAYS,
) -> None:
    """Delete events that were received and are older; `$events` gives them no longer.

    Example: homeward subscriptions forget --days 30
    """
    from fhir_api.subscriptions.upkeep import forget_events

    with open_house() as house:
        before = house.now() - timedelta(days=days)
        count = forget_events(house.engine, house.settings.site, before)
    typer.echo(f"{count:,} events were deleted.", err=True)
