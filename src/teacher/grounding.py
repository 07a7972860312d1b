"""Whether the numbers and names of an answer follow from a text: as they stand, in other forms, or by a small sum."""

import re
from functools import cache

from teacher.rules.english import MONTH, PAST, STARTERS, STOP_WORDS, TITLES, names_in, sentences, words
from teacher.rules.lexicon import entries, word_set

UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
UNITS += "seventeen eighteen nineteen".split()
TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10)))
SCALES = {"hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
VALUES = {word: float(value) for value, word in enumerate(UNITS)} | TENS | {"a": 1.0, "an": 1.0, "dozen": 12.0}
PARTS = {"half": 50.0, "third": 33.0, "quarter": 25.0, "fifth": 20.0, "tenth": 10.0}  # percent
ORDINALS = dict(zip("first second third fourth fifth sixth seventh eighth ninth tenth".split(), range(1, 11)))
ORDINALS |= {"eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16}
ORDINALS |= {"seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "twenty-first": 21}
SMALL = 12  # number words up to this are said of what is counted, not of what is told
_WORD = "|".join(sorted([*UNITS, *TENS], key=len, reverse=True))
NUMBER = re.compile(
    r"(?<![\w.])(?P<digits>\d[\d,]*(?:\.\d+)?)"
    rf"|\b(?P<word>an? (?=hundred|thousand|million|billion|trillion)|(?:{_WORD})(?:[- ](?:{_WORD}))?\b)"
    r"|\b(?P<dozen>dozen)\b",
    re.IGNORECASE,
)
SCALE = re.compile(rf"[ -]?(?P<scale>{'|'.join(SCALES)})\b", re.IGNORECASE)
DECADE = re.compile(r"\b(\d{2,3})0['’]?s\b")
CENTURY = re.compile(rf"\b(?:(\d{{1,2}})(?:st|nd|rd|th)|({'|'.join(ORDINALS)}))(?:[- ]century\b)", re.IGNORECASE)
YEAR = re.compile(r"(?<![\d,.])(1\d{3}|20\d{2}|[3-9]\d{2})(?![\d,.]\d|\d)")
OF_TIME = re.compile(
    r"\b(?:years?|old|age|aged|older|younger|later|after|before|between|last|lasted|long|apart|earlier|span)\b", re.I
)
LIST_MARK = re.compile(r"(?:^|\n)\d+[.)] ")
SUFFIX = re.compile(r"(?:[’']s|ings?|edly|ed|ies|es|ians?|ans?|s|e|a|y|n)$")


def numbers(text: str, least_word: int = 0) -> set[float]:
    """The numbers of a text: '2,850' -> 2850, '9.2 million' -> 9200000, 'sixty-four' -> 64. least_word: of words."""
    found: set[float] = set()
    for match in NUMBER.finditer(text):
        value = _value(match)
        scale = SCALE.match(text, match.end())
        if scale:
            value *= SCALES[scale["scale"].lower()]
            after = SCALE.match(text, scale.end())
            value *= SCALES[after["scale"].lower()] if after else 1
        if match["digits"] or value > least_word:
            found.add(round(value, 6))
    return found


def _value(match: re.Match[str]) -> float:
    if match["digits"]:
        return float(match["digits"].replace(",", "").rstrip("."))
    if match["dozen"]:
        return 12.0
    return sum(VALUES[part] for part in re.split(r"[- ]", match["word"].lower().strip()))


def numbers_known(answer: str, known: str, question: str) -> bool:
    """Whether every number of an answer stands in the text known, in some form, or follows from it."""
    answer, said = LIST_MARK.sub("\n", answer), f"{question} {answer}"
    years = {int(y) for y in YEAR.findall(known)}
    answer = DECADE.sub(lambda m: "" if any(y // 10 == int(m[1]) for y in years) else m[0], answer)
    answer = CENTURY.sub(lambda m: "" if _century(m) in {(y - 1) // 100 + 1 for y in years} else m[0], answer)
    allowed = numbers(known) | {float(n) for n, _ in _ordinals(known)}
    allowed |= {PARTS[w] for w in re.findall(r"\w+", known.lower()) if w in PARTS}
    if OF_TIME.search(said):
        spans = {float(abs(a - b)) for a in years for b in years if a != b}
        allowed |= spans | {n - 1 for n in spans}
    told = numbers(answer, SMALL)
    allowed |= _sums(numbers(answer) & allowed)
    return told <= allowed


def _sums(operands: set[float]) -> set[float]:
    """What small numbers that the answer itself names come to: '32 pieces, 16 for each'."""
    small = {n for n in operands if n < 1000 and n == int(n)}
    return {a + b for a in small for b in small} | {abs(a - b) for a in small for b in small}


def _century(match: re.Match[str]) -> int:
    return int(match[1]) if match[1] else ORDINALS[match[2].lower()]


def _ordinals(text: str) -> list[tuple[int, str]]:
    return [(ORDINALS[word], word) for word in re.findall(r"[\w-]+", text.lower()) if word in ORDINALS]


# '302 watchtowers', '9.2 million people'; not years, days and what else is counted up and down
COUNTED = re.compile(
    r"(?<![\w.,$£€-])(?P<number>\d[\d,]*(?:\.\d+)?(?: (?:hundred|thousand|million|billion))?) (?P<noun>[a-z]{4,}s)\b"
)
UNCOUNTED = frozenset(
    "years days months weeks hours minutes seconds times degrees percents centuries decades points".split()
)


def counts_agree(answer: str, known: str) -> bool:
    """Whether a number of things is one that the text has of them: not 155 towers of '155 miles, 302 towers'."""
    told: dict[str, set[str]] = {}
    for match in COUNTED.finditer(known):
        told.setdefault(match["noun"], set()).add(match["number"].replace(",", ""))
    return all(
        match["number"].replace(",", "") in told[match["noun"]]
        for match in COUNTED.finditer(answer)
        if match["noun"] in told and match["noun"] not in UNCOUNTED and match["number"] in known
    )


FULL_DATE = re.compile(rf"\b\d{{1,2}} {MONTH},? \d{{3,4}}\b|\b{MONTH} \d{{1,2}},? \d{{3,4}}\b")


def dates_agree(answer: str, known: str, text: str, question: str) -> bool:
    """Whether a date stands in the text known as it is said, not put together of parts; and whether a sentence of the
    text that has a year shares a word with what is said of that year."""
    if any(date not in known for date in FULL_DATE.findall(answer)):
        return _order_of_date(answer) <= _order_of_date(known)
    told = [(set(YEAR.findall(part)), _telling(part)) for part in sentences(text)]
    for part in (s for line in answer.splitlines() for s in sentences(line)):
        about = _telling(part)
        if len(about) < 2:  # 'In 1874.', an entry of a list
            continue
        about |= _telling(question)
        for year in YEAR.findall(part):
            where = [words_ for years, words_ in told if year in years]
            if where and not any(about & words_ for words_ in where):
                return False
    return True


def _order_of_date(text: str) -> set[frozenset[str]]:
    """Full dates whatever the order of day and month."""
    return {frozenset(re.findall(r"\w+", date)) for date in FULL_DATE.findall(text)}


def _telling(text: str) -> set[str]:
    return {stem(w.lower()) for w in words(text) if w.lower() not in STOP_WORDS and not w[0].isdigit()}


# names


def _families() -> dict[str, int]:
    lines = [line.lower().split() for line in entries("demonyms")]
    return {word: number for number, line in enumerate(lines) for word in line}


FAMILIES = _families()
SUBJECT = re.compile(r"([A-Z]\w+) ([a-z]+)\b")  # at the beginning of an answer
FULL_NAME = re.compile(r"([A-Z][\w’'-]+)(?: [A-Z]\.)* [A-Z][a-z’'-]+\b")  # there too: 'Norbert Lund', 'Most Europeans'
FINITE = frozenset("is was are were has had did does".split())
# What may stand before a name at the beginning of an answer
STARTING = STOP_WORDS | STARTERS | TITLES | word_set("plain_adjectives") | word_set("before_names")
NOT_NAMES = frozenset("both everybody everyone everything nobody nothing people somebody someone something".split())


def names_known(answer: str, known: str) -> bool:
    """Whether every name of an answer stands in the text known in some form: Irishman for Ireland, UK for its words."""
    said = [w.lower() for w in words(known)]
    vocabulary = set(said) | {part for w in said for part in re.findall(r"\w+", w)}
    stems = {stem(w) for w in vocabulary}
    families = {
        FAMILIES[f] for w in vocabulary for f in (w, w.removesuffix("s"), w.removesuffix("'s")) if f in FAMILIES
    }
    initials = _initials(known)
    names = names_in(answer)
    if len(answer.split()) <= 2 and answer[:1].isupper():  # 'Belfast.'
        names = [*names, *words(answer)]
    opening = SUBJECT.match(answer)
    if opening and opening[1].lower() not in NOT_NAMES and (opening[2] in PAST or opening[2] in FINITE):
        names = [*names, opening[1]]  # 'Confucius found it.'
    full = FULL_NAME.match(answer)
    if full and full[1].lower() not in STARTING and not full[1].lower().endswith("ly"):
        names = [*names, full[1]]
    for name in names:
        for word in re.findall(r"\w+", name.lower()):
            if not (
                word in STOP_WORDS
                or word in vocabulary
                or stem(word) in stems
                or {FAMILIES.get(word, -1), FAMILIES.get(word.removesuffix("s"), -1)} & families
                or word in initials
            ):
                return False
    return True


@cache
def stem(word: str) -> str:
    short = SUFFIX.sub("", re.sub("ves$", "f", word))  # wolves, wolf
    return short if len(short) >= 3 else word


def _initials(text: str) -> set[str]:
    """First letters of names of several words: {'uk'} of 'the United Kingdom'; and those of each name alone."""
    found = {w[0].lower() for w in re.findall(r"\b[A-Z]\w+", text)}
    for run in re.findall(r"[A-Z]\w+(?: (?:of |the )*[A-Z]\w+)+", text):
        found.add("".join(w[0] for w in run.split() if w[0].isupper()).lower())
    return found
