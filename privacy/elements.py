"""The elements of FHIR R4: what a policy has to decide.

Read from `r4_elements.txt` beside this file, which was made from the HL7 StructureDefinitions and
explains its own notation at its top.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

R4_ELEMENTS = Path(__file__).with_name("r4_elements.txt")
OBJECT = ">"
ANYTHING = "any"
OPEN_TYPES = (
    *("base64Binary", "boolean", "canonical", "code", "date", "dateTime", "decimal", "id"),
    *("instant", "integer", "markdown", "oid", "positiveInt", "string", "time", "unsignedInt"),
    *("uri", "url", "uuid", "Address", "Age", "Annotation", "Attachment", "CodeableConcept"),
    *("Coding", "ContactPoint", "Count", "Distance", "Duration", "HumanName", "Identifier"),
    *("Money", "Period", "Quantity", "Range", "Ratio", "Reference", "SampledData", "Signature"),
    *("Timing", "ContactDetail", "Contributor", "DataRequirement", "Expression"),
    *("ParameterDefinition", "RelatedArtifact", "TriggerDefinition", "UsageContext", "Dosage"),
    "Meta",
)  # https://hl7.org/fhir/R4/datatypes.html#open
EVERY_RESOURCE = "every-resource"
OF_EVERY_RESOURCE = (
    "id! pseudonym; meta Meta; implicitRules uri; language code; text Narrative; "
    "contained* Resource; extension* Extension; modifierExtension* Extension"
)


@dataclass(frozen=True, slots=True)
class Element:
    """One property as it stands in JSON; a choice such as `value[x]` is several of them.

    Attributes:
        name: JSON name, such as `valueString`.
        choice: Name in R4, such as `value[x]`; the same as `name` for the rest.
        data_type: R4 type, `>` for an object with a line of its own, `#path` for one elsewhere.
        required: R4 demands it.
        repeats: It is an array.
    """

    name: str
    choice: str
    data_type: str
    required: bool
    repeats: bool

    @property
    def is_primitive(self) -> bool:
        """True for what JSON writes as one value, with its extensions in a `_name` beside it."""
        return self.data_type[0].islower()


@dataclass(frozen=True, slots=True)
class R4:
    """All objects by path, and all resource type names, covered or not."""

    objects: Mapping[str, tuple[Element, ...]]
    resource_types: frozenset[str]


def read_elements(text: str) -> R4:
    r"""The elements in the notation of `r4_elements.txt`.

    >>> r4 = read_elements("Age: value[x]! decimal|string\n*: Patient")
    >>> [element.name for element in r4.objects["Age"]], r4.resource_types
    (['valueDecimal', 'valueString'], frozenset({'Patient'}))
    """
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    parts = {parent: rest.strip() for parent, _, rest in (line.partition(":") for line in lines)}
    names = frozenset(parts.pop("*").split("; "))
    parts[EVERY_RESOURCE] = OF_EVERY_RESOURCE
    objects = {parent: tuple(_elements(rest)) for parent, rest in parts.items()}
    return R4(objects=objects, resource_types=names)


def _elements(line: str) -> Iterator[Element]:
    for entry in filter(None, line.split("; ")):
        marked, _, types = entry.partition(" ")
        choice = marked.rstrip("!*")
        required, repeats = "!" in marked, "*" in marked
        for data_type in OPEN_TYPES if types == ANYTHING else types.split("|"):
            yield Element(_json_name(choice, data_type), choice, data_type, required, repeats)


def _json_name(choice: str, data_type: str) -> str:
    if not choice.endswith("[x]"):
        return choice
    return choice.removesuffix("[x]") + data_type[0].upper() + data_type[1:]
