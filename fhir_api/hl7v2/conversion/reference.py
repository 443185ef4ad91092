"""The tables of events and codes as `docs/reference/hl7-v2.md` shows them."""

from fhir_api.hl7v2.conversion.vocabulary import Vocabulary


def events_table(vocabulary: Vocabulary) -> str:
    """Trigger events and the status each leaves."""
    rows = [f"| {event} | {status} |" for event, status in sorted(vocabulary.events.items())]
    return "\n".join(["| event | status of the visit |", "|---|---|", *rows])


def codes_table(vocabulary: Vocabulary) -> str:
    """Codes by table; those that become themselves stand alone."""
    head = ["| table | field | FHIR element | codes | any other |", "|---|---|---|---|---|"]
    rows = []
    for name, table in sorted(vocabulary.tables.items()):
        codes = ", ".join(
            given if given == meant else f"{given} → {meant.rpartition('|')[2]}"
            for given, meant in table["codes"].items()
        )
        fallback = str(table.get("fallback", "left out")).rpartition("|")[2]
        cells = (name, table["field"], table["element"], codes, fallback)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(head + rows)
