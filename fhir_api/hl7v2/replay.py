"""Dead letters again: after a table, a policy or a program has been mended.

They go in the order they came. What each says may be older by now than what was applied since;
the rule for late messages sees to that.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from fhir_api.hl7v2.receiver import Receiver


def replay(
    receiver: Receiver, now: datetime, numbers: Collection[int] | None = None
) -> Counter[str]:
    """Try the dead letters that wait once more; how many ended in each outcome.

    Args:
        receiver: With the rules as they are now.
        now: The clock's.
        numbers: Those to try; None for all.
    """
    outcomes: Counter[str] = Counter()
    for letter in receiver.journal.letters():
        if numbers is None or letter.number in numbers:
            outcomes[receiver.receive(receiver.journal.content(letter), now).outcome] += 1
    return outcomes
