"""Who makes a request, and what they may do with each type of resource.

A caller holds grants (one for each SMART scope, or one for everything where the server stands open
on its own machine). Each interaction asks `limits` first: it raises Forbidden, or says to which
resources the interaction is limited.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

from dataclasses import dataclass
from typing import Literal

from fhir_api.errors import Forbidden

Interaction = Literal["create", "read", "update", "delete", "search"]
Parameters = tuple[tuple[str, str], ...]
ANY = "*"
EVERYTHING: frozenset[Interaction] = frozenset({"create", "read", "update", "delete", "search"})


@dataclass(frozen=True, slots=True)
class Limit:
    """Resources that one grant opens.

    Attributes:
        patient: Real id of the patient whose compartment it is; None for no such limit.
        query: Search parameters that a resource must match, such as `category=laboratory`.
    """

    patient: str | None = None
    query: Parameters = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """What one scope allows.

    Attributes:
        resource_type: R4 type name, or `*`.
        interactions: Allowed with it.
        limit: The resources it opens.
    """

    resource_type: str
    interactions: frozenset[Interaction]
    limit: Limit = Limit()

    def opens(self, interaction: Interaction, resource_type: str) -> bool:
        """Whether the interaction with the type is among what is allowed."""
        return interaction in self.interactions and self.resource_type in {ANY, resource_type}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request.

    Attributes:
        client: Id of the client, `anonymous` where no one is asked.
        grants: What is allowed; nothing when empty.
        user: The `fhirUser` on whose behalf, such as `Practitioner/7`, or None.
        patient: Real id of the patient in context, or None.
        identified: Whether real ids and true dates are put back for this caller; others see
            pseudonyms and shifted dates.
        scopes: The scope string as granted, for the audit trail; holds nothing of a patient.
    """

    client: str
    grants: tuple[Grant, ...]
    user: str | None = None
    patient: str | None = None
    identified: bool = True
    scopes: str = ""

    def limits(self, interaction: Interaction, resource_type: str) -> tuple[Limit, ...]:
        """Resources of the type open to the interaction: those inside any one of the limits.

        Empty means all. Raises Forbidden (403) when no grant opens the interaction.
        """
        opened = [each.limit for each in self.grants if each.opens(interaction, resource_type)]
        if not opened:
            raise Forbidden(interaction, resource_type)
        return () if Limit() in opened else tuple(dict.fromkeys(opened))


def anyone() -> Caller:
    """Whoever reaches a server that asks nobody: everything is allowed."""
    return Caller("anonymous", (Grant(ANY, EVERYTHING),))
