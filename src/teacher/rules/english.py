"""Just enough English for the rules teacher: sentences, verb forms, names, numbers, dates.

Plain patterns, no model. What they do not understand they do not match, so that a sentence is passed over
rather than turned into a bad question.
"""

import re

from teacher.rules.lexicon import entries, word_set

MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
YEAR = r"(?:(?:about |around |c\. )?\d{3,4}(?:s\b)?(?: BCE?| CE| AD)?|\d{1,3} (?:BCE?|AD))"
DATE = rf"(?:\d{{1,2}} {MONTH}(?:,? \d{{3,4}})?|{MONTH} \d{{1,2}}(?:,? \d{{3,4}})?|{MONTH},? \d{{4}}|{YEAR})"
WORD = r"[A-ZÀ-ÖØ-ÞĀ-Ž][\w’'\-]*(?:\.(?=[A-Z ][\w]))?"
# A proper name: capitalised words, joined by a few small ones. "and" and "in" would join two names into one.
_LINK = "(?:of|the|de|da|del|di|la|le|von|van|der|du|des|al|bin|ibn|d'|upon)"
NAME = rf"(?:(?:[Tt]he )?{WORD}(?: (?:{_LINK} )*(?:{WORD}|\d{{1,4}}\b|[IVX]+\b))*)"
# A quantity: 2,850 kilometres; about 8.8 million people; more than 17,000 islands.
HEDGE = (
    r"(?:(?:about|around|approximately|roughly|nearly|almost|over|more than|less than|fewer than|at least|up to|some|"
    r"only|just) )"
)
FIGURE = r"[-−]?\d[\d,]*(?:\.\d+)?(?: (?:hundred|thousand|million|billion|trillion))?(?: and a half)?"
SMALL = (
    r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    r"eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|a hundred|a thousand|a dozen)"
    r"(?:-(?:one|two|three|four|five|six|seven|eight|nine))?(?: (?:hundred|thousand|million|billion))?"
)
NUMBER = rf"(?:{HEDGE}?(?:{FIGURE}|{SMALL}|several hundred|several thousand|hundreds of|thousands of|millions of))"

TITLES = word_set("titles")
ABBREVIATIONS = word_set("abbreviations")
STARTERS = word_set("sentence_starters")
STOP_WORDS = word_set("stop_words")


def regular_forms(base: str) -> tuple[str, str, str]:
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ies", base[:-1] + "ied", base[:-1] + "ied"
    third = base + ("es" if re.search(r"(s|x|z|ch|sh)$", base) else "s")
    past = base + ("d" if base.endswith("e") else "ed")
    return third, past, past


def verb_forms() -> dict[str, tuple[str, str, str]]:
    """{base: (third person, past, participle)}"""
    regular = {base: regular_forms(base) for base in entries("regular_verbs")}
    rows = [line.split() for line in entries("irregular_verbs")]
    return regular | {base: (third, past, participle) for base, third, past, participle in rows}


VERBS = verb_forms()
THIRD = {third: base for base, (third, _, _) in VERBS.items()}
PAST = {past: base for base, (_, past, _) in VERBS.items()}
PARTICIPLE = {participle: base for base, (_, _, participle) in VERBS.items()}
PAST_OF_PARTICIPLE = {participle: past for _, past, participle in VERBS.values()}

BOUNDARY = re.compile(r"(?<=[.!?])[\"”’']?\s+(?=[\"“‘'(]?[A-ZÀ-ÖØ-ÞĀ-Ž0-9])")


def sentences(paragraph: str) -> list[str]:
    """Split at . ! ? before a capital or a digit, not after abbreviations and initials."""
    result, start = [], 0
    for match in BOUNDARY.finditer(paragraph):
        before = paragraph[start : match.start()]
        last, previous = (["", ""] + before.split())[:-3:-1]
        following = paragraph[match.end() :].split(" ", 1)[0]
        short = last.rstrip(".").lower().lstrip('("“')
        # 'The symbol of carbon is C.' ends a sentence, 'its author is J. R. R. Tolkien' does not.
        initial = re.fullmatch(r"\(?[A-Z]\.", last) and (
            previous not in ("is", "as") or re.fullmatch(r"[A-Z]\.", following)
        )
        if before.endswith(".") and (
            short in TITLES
            and not (len(short) == 1 and last[0].isupper())
            or initial
            or (short in ABBREVIATIONS and following not in STARTERS)
        ):
            continue
        if before.count("(") > before.count(")"):
            continue
        result.append(paragraph[start : match.end()].strip())
        start = match.end()
    rest = paragraph[start:].strip()
    return result + [rest] if rest else result


PRONUNCIATION = re.compile(r"(?<!\S)/(?=[^/\n]*[ˈˌəɪʊɛæɑɒɔʌɜːɡθðŋʃʒ])[^/\n]{2,60}/")


def without_parentheses(text: str) -> str:
    """Text without (...) and [...], nested ones too, without pronunciations /ˈlʌndən/ and the holes that they leave.

    Brackets inside a word stay: Fe(OH).
    """
    text = PRONUNCIATION.sub("", text)
    kept, depth = [], 0
    for i, character in enumerate(text):
        if depth or (character in "([" and (i == 0 or text[i - 1] in ' "“')):
            depth += (character in "([") - (character in ")]")
        else:
            kept.append(character)
    return re.sub(r"\s+([,.;])", r"\1", re.sub(r"\s{2,}", " ", "".join(kept))).replace(",,", ",").strip()


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def begins_with_vowel(word: str) -> bool:
    """Whether 'an' stands before it: by its sound, as an owl, a European."""
    low = word.lower()
    return low.startswith(tuple("aeiou")) and not low.startswith(("eu", "uni", "one", "use"))


def one_line(text: str) -> str:
    return " ".join(text.split())


def words(text: str) -> list[str]:
    return re.findall(r"\w[\w’'\-.]*\w|\w", text)


def names_in(text: str) -> list[str]:
    """Capitalised words that are names for sure: not the first of a sentence, not a month or a weekday."""
    return [
        m.group(0).removesuffix("'s").removesuffix("’s")
        for m in re.finditer(r"(?<![.!?:\"“] )(?<!^)(?<![\w’'\-])[A-ZÀ-ÖØ-ÞĀ-Ž][\w’'\-]*", text)
        if m.group(0) != "I"
    ]


def numbers_in(text: str) -> list[str]:
    """Numbers without their thousands separators: '2,850' -> '2850'."""
    return [n.replace(",", "").rstrip(".") for n in re.findall(r"\d[\d,]*(?:\.\d+)?", text)]
