"""How slow the machine is just now: bounds of CPU time are stretched by it, so that they catch what grows without bound
and not a busy or an old machine."""

import re
import time

USUAL = 0.065  # seconds of CPU that the work below took where the bounds were set


def slowness() -> float:
    """-> how many times as long as there; at least 1"""
    words = re.compile(r"\w+")
    began = time.process_time()
    for number in range(400):
        text = f"The {number} rivers of the north, which flow to the sea. " * 40
        assert len("".join(word.upper() for word in words.findall(text))) > 1000
    return max(1.0, (time.process_time() - began) / USUAL)
