"""Characters that no dump can hold: what one step of the conversion tells a later one."""

OPEN, CLOSE = "\x02", "\x03"  # a protected piece: OPEN number CLOSE
NEWLINE = "\x04"  # a line break that the source asks for
DROP = "\x05"  # something was dropped here
EQUALS, PIPE = "\x06", "\x07"  # literal = and | made by {{=}} and {{!}}
CITED = "\x0e"  # around a cited work: shown where it is an item of a list
NAMED = "\x0f"  # before a DROP: NAMED number NAMED, which template it was
NUMBER = "\x10"  # at the beginning of a list item: NUMBER 5 NUMBER, the number it has
TABLE = "\x11"  # a table was dropped here
INDENT = "\x12"  # two spaces that stay
AMOUNT = "\x13"  # a sum of money that only exchange rates or price indexes tell
ALL = OPEN + CLOSE + NEWLINE + DROP + EQUALS + PIPE + CITED + NAMED + NUMBER + TABLE + INDENT + AMOUNT
