"""Whether a text goes in circles: the same words three times on end.

    in_circles("the river the river the river", longest=8)     # True

In time linear in the text: a pattern with a back reference tries every way to cut "Rubik's's's's's", and a model that
goes in circles writes just that.
"""

import re

TIMES = 3
WORD = re.compile(r"\w+")


def in_circles(text: str, longest: int, numbers: bool = True) -> bool:
    """Whether up to `longest` words stand TIMES times on end, whatever their case and what is between them.

    numbers: whether it counts where the repeated words begin with a digit ("1, 1, 1")
    """
    words = WORD.findall(text.lower())
    for period in range(1, longest + 1):
        same = 0  # words in a row that are those of one period before
        for place in range(period, len(words)):
            same = same + 1 if words[place] == words[place - period] else 0
            first = place - TIMES * period + 1
            if same >= (TIMES - 1) * period and (numbers or not words[first][0].isdigit()):
                return True
    return False
