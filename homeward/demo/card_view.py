"""A card as a person sees it: on the terminal and on the page."""

import html
import re
from collections.abc import Mapping
from typing import Any

INDICATOR_COLOURS = {"info": "#0b5cad", "warning": "#b36b00", "critical": "#a4262c"}
TERMINAL_COLOURS = {"info": "blue", "warning": "yellow", "critical": "red"}
WIDTH = 88


def print_card(card: Mapping[str, Any]) -> None:
    """Draw the card on the terminal in a frame of its indicator's colour."""
    from rich.console import Console, Group
    from rich.markdown import Markdown
    from rich.panel import Panel
    from rich.text import Text

    suggestions = [Text(f"[ {each['label']} ]") for each in card.get("suggestions", [])]
    source = Text(f"Source: {card['source']['label']}", style="dim")
    body = Group(Markdown(card.get("detail", "")), Text(), *suggestions, Text(), source)
    colour = TERMINAL_COLOURS[card["indicator"]]
    panel = Panel(body, title=f"[bold]{card['summary']}[/bold]", border_style=colour, width=WIDTH)
    Console().print(panel)


def card_html(card: Mapping[str, Any]) -> str:
    """The card as HTML; every text of it is escaped."""
    buttons = "".join(
        f"<button type='button' disabled>{html.escape(each['label'])}</button>"
        for each in card.get("suggestions", [])
    )
    return (
        f"<div class='card' style='border-left-color:{INDICATOR_COLOURS[card['indicator']]}'>"
        f"<h3>{html.escape(card['summary'])}</h3>{_markdown(card.get('detail', ''))}"
        f"<p>{buttons}</p>"
        f"<p class='source'>Source: {html.escape(card['source']['label'])}</p></div>"
    )


def _markdown(text: str) -> str:
    """Paragraphs, bullets and bold: all the markdown our own cards use."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.splitlines()
        if all(line.lstrip().startswith(("- ", "* ")) for line in lines):
            items = "".join(f"<li>{_inline(line.lstrip()[2:])}</li>" for line in lines)
            blocks.append(f"<ul>{items}</ul>")
        else:
            blocks.append(f"<p>{_inline(' '.join(lines))}</p>")
    return "".join(blocks)


def _inline(text: str) -> str:
    unescaped = re.sub(r"\\([\\`*_{}\[\]()#+\-.!|<>~])", r"\1", text)
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html.escape(unescaped))
