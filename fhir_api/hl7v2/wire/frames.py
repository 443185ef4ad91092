"""MLLP: one message between VT and FS CR (HL7 Minimal Lower Layer Protocol, Release 1).

Read from an asyncio stream with limits of our own. The `hl7` library has an MLLP reader too; it
has no time limit and, past its size limit, goes on reading in the middle of the frame, so the
tests use it as the other side and we do not.
"""

import asyncio
from dataclasses import dataclass

from fhir_api.hl7v2.wire.refusals import SEQUENCE, TOO_LONG, Place, Rejected

START, END = b"\x0b", b"\x1c\r"
BETWEEN_FRAMES = b"\r\n \t"
FRAME = Place("MSH")
MOST_BETWEEN = 1024


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """How long and how slow a frame may be.

    Attributes:
        bytes: Of one message.
        idle_s: Between two messages of a connection, seconds.
        frame_s: From the first byte of a message to its last, seconds.
    """

    bytes: int = 1_000_000
    idle_s: float = 600.0
    frame_s: float = 30.0


async def read_frame(reader: asyncio.StreamReader, limits: FrameLimits) -> bytes | None:
    """The next message, or None when the sender has closed the connection between two.

    The reader's own limit must be `limits.bytes`.

    Raises:
        Rejected: The bytes are no frame, or the frame is too long; the connection is of no more
            use, for nobody knows where the next message begins.
        TimeoutError: The sender is silent or too slow.
        asyncio.IncompleteReadError: The sender left in the middle of a message.
    """
    try:
        async with asyncio.timeout(limits.idle_s):
            if not await found_start(reader):
                return None
        async with asyncio.timeout(limits.frame_s):
            frame = await reader.readuntil(END)
    except asyncio.LimitOverrunError as error:
        message = f"the message is over {limits.bytes:,} bytes."
        raise Rejected(TOO_LONG, FRAME, message) from error
    if START in frame:
        raise Rejected(SEQUENCE, FRAME, "a frame begins inside another; FS CR is missing.")
    return frame.removesuffix(END)


async def found_start(reader: asyncio.StreamReader) -> bool:
    """Read up to the VT; False at the end of the stream. Some senders put CR LF between frames."""
    for _ in range(MOST_BETWEEN):
        byte = await reader.read(1)
        if byte == START:
            return True
        if not byte:
            return False
        if byte not in BETWEEN_FRAMES:
            break
    raise Rejected(SEQUENCE, FRAME, "bytes came that are in no MLLP frame; begin with VT.")


def framed(message: bytes) -> bytes:
    """A message as it is sent."""
    return START + message + END
