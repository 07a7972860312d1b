"""From a sentence of an article to clauses that stand alone, the article's subject marked as §.

A pronoun at the beginning is the subject when the sentence before was about it; a clause that leans on
anything else outside itself is given up.
"""

import re

from teacher.rules.english import DATE, HEDGE, NAME, PARTICIPLE, PAST, STOP_WORDS, THIRD, without_parentheses
from teacher.rules.lexicon import entries, word_set
from teacher.rules.subject import PRONOUNS, ParsedArticle, in_sentence

MEANT = entries("meant_things")  # 'the network' means nothing without the article that it is of
OPENERS = STOP_WORDS | word_set("clause_openers")
# Words that point outside a clause.
VAGUE = re.compile(
    rf"\b({'|'.join(entries('pointing_words'))}"
    rf"|the (?:{'|'.join(MEANT)})(?! of| that| which| where| (?-i:[A-Z])))\b",
    re.IGNORECASE,
)
PRONOUN = re.compile(r"\b(he|she|his|her|hers|their|theirs|its)\b", re.IGNORECASE)
BROKEN = re.compile(r"[(){}\[\]<>|=*_#$\\]|\s[,;]|https?:|\bformula_|&\w+;|§|¤|\.\.|''|–$| -(?: |$|\.)")
# Where the main clause ends.
_SECOND_SUBJECT = "its|his|her|their|it|he|she|they|is|was|are|were|has|had|have|whose"
CUT = re.compile(
    rf" (?:{'|'.join(entries('subordinators'))})\b"
    rf"|, (?:{'|'.join(entries('after_comma'))}) "
    r"|[;:—]| [–-] "
    rf"|,? (?:and|or) (?:also |then |later )?(?:{_SECOND_SUBJECT})\b"
    r"|, (?:and|or) (?:an?|the)\b"
    r"|, \w+(?:ed|ing)\b"
    r"|,? (?:and|but) (?:the|an?) [a-z]+(?: [a-z]+)? (?:is|was|are|were|has|had|[a-z]+ed)\b"
)
FINITE = ("is", "was", "are", "were", "has", "had", "have")


def clauses(sentence: str, article: ParsedArticle, about: bool) -> tuple[list[str], bool]:
    """-> (clauses, whether the sentence is about the article's subject); about: whether the sentence before was."""
    if not sentence.endswith((".", '."', ".”")) or len(sentence) > 500:
        return [], False
    text = re.sub(r"\.(?=[\"”]$)", "", without_parentheses(sentence)).removesuffix(".")
    if BROKEN.search(text) or text.count('"') % 2:
        return [], bool(article.mention.match(text))
    text = reorder(text)
    text = re.sub(r"§, (?=(?:is|was|are|were) )", "§ ", in_sentence(article.subject, text, article.mention))
    pronoun = re.match(
        r"(It|He|She|They|Its|His|Her|Their|The (?:%s))\b(?! (?:that|of)\b)" % (re.escape(article.subject.kind) or "§"),
        text,
    )
    if pronoun:
        if not about or not agrees(pronoun[1], article) or expletive(text):
            return [], False
        owner = pronoun[1] == PRONOUNS[article.subject.pronoun][1]
        text = ("§'s" if owner else "§") + text[pronoun.end() :]
    elif "§" not in text and article.subject.kind:  # 'The Berlin Wall divided the city'
        text = re.sub(rf"\bthe {article.subject.kind}\b(?! (?:of|in|that|which|where)\b| [A-Z])", "§", text)
    found = [piece for clause in split(text, article) for piece in open_up(clause)]
    found = [c if alone(c, article) else main(c) for c in found]
    return [c for c in found if alone(c, article)], text.startswith("§")


def main(clause: str) -> str:
    """The clause up to where a subordinate or a second one begins; '' where it holds only if something else does."""
    if re.search(r"\b(?:if|unless)\b", clause):
        return ""
    if clause.count(",") == 1:
        clause = re.split(r", (?:and|but) ", clause)[0]
    short = CUT.split(clause, maxsplit=1)[0].strip(" ,")
    return (
        re.sub(r"[ ,]+(?:upon|of|in|for|to|from|by|with|on|at|through|after|during|about|into|as|and|or)$", "", short)
        if short != clause
        else short
    )


def reorder(text: str) -> str:
    """The sentence told plainly: no 'also', times at the end, 'It was Newton who found' as 'Newton found'."""
    text = re.sub(r"\b(is|was|are|were|has|had|have|can|could) (?:also|still|now) ", r"\1 ", text)
    text = re.sub(r"\b(was|were|is|are) (?:later|then|subsequently|eventually|finally) ", r"\1 ", text)
    text = re.sub(
        rf"^(?P<when>(?:In|On|Since|From|Until|By|At) (?:the year )?{DATE}(?: (?:to|until) {DATE})?),? (?P<main>.+)$",
        lambda m: f"{m['main']} {m['when'][:1].lower()}{m['when'][1:]}",
        text,
    )
    text = re.sub(r"^Like .+, (?=(?:the )?[\w\- ]+ (?:is|are|was|were|has|have) )", "", text)
    text = text[:1].upper() + text[1:]
    for pattern in (
        rf"It was (?P<who>(?:the )?{NAME}) who (?P<did>.+)",
        rf"The (?:person|man|woman|one) who (?P<did>[^,]+) (?:is|was) (?P<who>{NAME})",
        rf"(?:People|Many people|Most people) remember that (?P<who>{NAME}) (?P<did>.+)",
        rf"In books one reads that (?P<who>{NAME}) (?P<did>.+)",
        rf"(?P<who>{NAME}) (?:is|was|became)(?: (?:well |best )?known| famous)?(?: as)? the (?:person|one|man"
        rf"|woman) who (?P<did>.+)",
    ):
        match = re.fullmatch(pattern, text)
        if match:
            return f"{match['who'][:1].upper()}{match['who'][1:]} {match['did']}"
    return text


def agrees(word: str, article: ParsedArticle) -> bool:
    return word in PRONOUNS[article.subject.pronoun] or word.startswith("The ")


def expletive(text: str) -> bool:
    """'It is known that ...', 'It was not until ...': an It that means nothing."""
    return bool(
        re.match(
            r"It (?:is|was|has been|had been|may|can|could|seems|appears|took|takes|would"
            r"|will)\b(?: \S+){0,4}? (?:that|to|until|who|whether|how|for)\b",
            text,
        )
        or re.match(
            r"It (?:is|was) (?:in|on|at|during|not|only|here|there|because|said|thought|believed|possible|likely"
            r"|raining)\b",
            text,
        )
    )


def split(text: str, article: ParsedArticle) -> list[str]:
    """'§ was born in Ulm and died in Princeton' -> two clauses; so are those joined by 'and its' and ';'."""
    head = re.match(rf"§|(?:The )?{NAME}", text)
    if not head or (head[0] != "§" and not article.known(head[0]) and " " not in head[0]):
        return re.split(r"; ", text)
    begin, *rest = re.split(r"((?:;|,? and|, but|,) (?:also |then |later |soon )?(?=[a-z]+ ))", text)
    pieces = [begin]
    for glue, part in zip(rest[::2], rest[1::2]):
        clause = joined(head[0], pieces[-1], glue, part, article) if pieces[-1] else part
        if clause:
            pieces.append(clause)
        else:  # the glue joins nouns
            pieces[-1] += glue + part
    return [p.strip(" ,") for p in pieces]


def joined(name: str, before: str, glue: str, part: str, article: ParsedArticle) -> str:
    """What follows a conjunction as a clause of its own; '' if it is none. name: the subject of the clause before."""
    first, comma = part.split(" ")[0], glue.startswith(", ")
    own = name == "§"
    be = re.match(r" (is|was|are|were) ", before[len(name) :])
    if own and first in ("its", "his", "her", "their") and re.match(r"\w+ [\w\- ]+? (?:is|was|are|were)\b", part):
        return "§'s" + part[len(first) :]
    if own and not comma and first in ("it", "he", "she") and first == article.subject.pronoun:
        return "§" + part[len(first) :]
    if not comma and first in PARTICIPLE and be:
        return f"{name} {be[1]} {part}"  # 'was isolated in ... and described in ...'
    if not comma and (first in FINITE or ((first in THIRD or first in PAST) and same_tense(before, first, name))):
        return f"{name} {part}"
    return part if glue.startswith("; ") else ""


def same_tense(clause: str, verb: str, name: str) -> bool:
    """Two predicates of one tense: 'rises in ... and flows into', not 'the towns named and places'."""
    match = re.match(r" (?:(?:first|later|then|soon|also|often|usually) )?([a-z]+)", clause[len(name) :])
    return match is not None and (match[1] in FINITE or (match[1] in THIRD) == (verb in THIRD))


def open_up(clause: str) -> list[str]:
    """'§, a city on the Seine, is ...' and 'Paris, which lies on the Seine, is ...' say two things each."""
    match = re.fullmatch(
        rf"(?P<np>§|{NAME}), (?P<mid>which [^,]+|an? [^,]+|the [^,]+), (?P<rest>(?:is|was|are|were|has|had|[a-z]+s"
        rf"|[a-z]+ed) .+)",
        clause,
    )
    if match:
        mid = match["mid"].removeprefix("which ") if match["mid"].startswith("which ") else f"is {match['mid']}"
        return [f"{match['np']} {match['rest']}", f"{match['np']} {mid}"]
    match = re.fullmatch(
        rf"(?P<main>.+ (?P<np>{NAME})), which (?P<tail>(?:lies|stands|flows|is located) [^,]+)", clause
    )
    return [match["main"], f"{match['np']} {match['tail']}"] if match else [clause]


def alone(clause: str, article: ParsedArticle) -> bool:
    """Whether a clause makes sense by itself."""
    if not 3 <= len(clause.split()) <= 45 or VAGUE.search(re.sub(r"\bmore (?:\w+ )?than any other\b", "", clause)):
        return False
    pronouns = {p.lower() for p in PRONOUN.findall(clause)}
    own = (
        {article.subject.its}
        if clause.startswith("§")
        else {"its"}
        if re.match(rf"(?:The )?{NAME} has its capital", clause)
        else set()
    )
    return pronouns <= own


def starts_with_name(clause: str) -> bool:
    """Whether the first words are a noun phrase and not 'In', 'When', 'Once the Treaty'."""
    first = clause.split()[0]
    if first.endswith("ly") and re.match(r"\w+ (?:§|[A-Z])", clause):
        return False
    return (
        first.startswith(("§", "The", "A", "An"))
        and first in ("§", "§'s", "§’s", "The", "A", "An")
        or (first[:1].isupper() and first.lower() not in OPENERS)
        or bool(re.match(rf"{HEDGE}?\d", clause))
    )
