"""The character set of a message: what MSH-18 names, or UTF-8, which holds ASCII.

HL7 table 0211 (v2.8, 2.14.9.18). UTF-16 and UTF-32 cannot be carried by MLLP, whose frame bytes
would occur inside characters, and are refused; so are the Asian sets that switch by ISO 2022.
"""

from types import MappingProxyType

from fhir_api.hl7v2.wire.refusals import NOT_IN_TABLE, WRONG_TYPE, Place, Rejected

UTF_8 = "UNICODE UTF-8"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
CODECS = MappingProxyType(
    {
        "": "utf-8",
        "ASCII": "ascii",
        UTF_8: "utf-8",
        **{f"8859/{part}": f"iso8859-{part}" for part in range(1, 16) if part != 12},
    }
)
CHARACTER_SET = Place("MSH", 18)
Marks = tuple[bytes, bytes]  # field separator and repetition separator


def decoded(content: bytes, marks: Marks) -> tuple[str, str]:
    """The text of a message and the codec it was in; a byte order mark is dropped.

    Raises:
        Rejected: MSH-18 names a set that is not read here, or the bytes are not of that set.
    """
    codec = codec_of(named_set(content, *marks))
    try:
        return content.removeprefix(BYTE_ORDER_MARK).decode(codec), codec
    except UnicodeDecodeError as error:
        message = f"the bytes are no {codec}; name the character set in MSH-18."
        raise Rejected(WRONG_TYPE, CHARACTER_SET, message) from error


def named_set(content: bytes, field_separator: bytes, repetition: bytes) -> str:
    """The first repetition of MSH-18 as written, found before anything is decoded."""
    header = content.replace(b"\n", b"\r").partition(b"\r")[0]
    fields = header.split(field_separator, 18)
    if len(fields) < CHARACTER_SET.field:
        return ""
    first = fields[CHARACTER_SET.field - 1].partition(repetition)[0]
    return first.decode("ascii", "replace").strip().upper()


def codec_of(name: str) -> str:
    """The codec of a name of table 0211; raises Rejected for one that is not read."""
    codec = CODECS.get(name)
    if codec is None:
        message = "this character set is not read; send ASCII, UNICODE UTF-8 or 8859/1 to 8859/15."
        raise Rejected(NOT_IN_TABLE, CHARACTER_SET, message)
    return codec
