"""From a sentence of an article to clauses that stand alone, the article's subject marked as §.

A pronoun at the beginning is the subject when the sentence before was about it; a clause that leans on
anything else outside itself is given up.
"""

import re

from teacher.rules.english import DATE, HEDGE, NAME, PARTICIPLE, PAST, STOP_WORDS, THIRD, without_parentheses
from teacher.rules.subject import PRONOUNS, Page, in_sentence

# Things of which an article has one in mind: 'the network' means nothing without it.
MEANT = """album animal area article attack author award band battle board book building camp castle church city club colony committee company competition conference conventions couple
    council country court crew duo emperor event family film firm game group hospital idea incident island job king lake language latter league magazine mountain museum
    network newspaper novel office organisation organization paper party plan plant play position post president prize program programme project region result
    river role school series ship show site song state station team theory title tournament town trio university village war""".split()
# Words that point outside a clause.
VAGUE = re.compile(
    r"\b(this|these|those|they|them|him|it|itself|himself|herself|themselves|such|former|latter|here|there|others?|another|following|above|aforementioned|too|instead|therefore|thus|"
    r"hence|however|formula|respectively|otherwise|nevertheless|meanwhile|moreover|furthermore|consequently|likewise|similarly|we|us|our|my|you|your|"
    r"one another|each other|that's|the same|the (?:first|second) (?:one|of)|that (?:year|time|day|period|date|[a-z]+['’]s)|"
    rf"the (?:{'|'.join(MEANT)})(?! of| that| which| where| (?-i:[A-Z])))\b",
    re.IGNORECASE,
)
PRONOUN = re.compile(r"\b(he|she|his|her|hers|their|theirs|its)\b", re.IGNORECASE)
BROKEN = re.compile(r"[(){}\[\]<>|=*_#$\\]|\s[,;]|https?:|\bformula_|&\w+;|§|¤|\.\.|''|–$| -(?: |$|\.)")
# Where the main clause ends.
CUT = re.compile(
    r" (?:while|whereas|although|though|but|because|so that|when|including|such as|causing|resulting|due to|thanks to)\b"
    r"|, (?:which|where|like|since|before|after|until|as|so|hence|making|leading|with|who|whose|despite|especially|usually|often|even|rather|then|in order|"
    r"due|thereby|thus|along|following|resulting|becoming|being|having) "
    r"|[;:—]| [–-] |,? (?:and|or) (?:also |then |later )?(?:its|his|her|their|it|he|she|they|is|was|are|were|has|had|have|whose)\b"
    r"|, (?:and|or) (?:an?|the)\b|, \w+(?:ed|ing)\b|,? (?:and|but) (?:the|an?) [a-z]+(?: [a-z]+)? (?:is|was|are|were|has|had|[a-z]+ed)\b"
)
FINITE = ("is", "was", "are", "were", "has", "had", "have")


def clauses(sentence: str, page: Page, about: bool) -> tuple[list[str], bool]:
    """-> (clauses, whether the sentence is about the article's subject); about: whether the sentence before was."""
    if not sentence.endswith((".", '."', ".”")) or len(sentence) > 500:
        return [], False
    text = re.sub(r"\.(?=[\"”]$)", "", without_parentheses(sentence)).removesuffix(".")
    if BROKEN.search(text) or text.count('"') % 2:
        return [], bool(page.mention.match(text))
    text = reorder(text)
    text = re.sub(r"§, (?=(?:is|was|are|were) )", "§ ", in_sentence(page.subject, text, page.mention))
    pronoun = re.match(
        r"(It|He|She|They|Its|His|Her|Their|The (?:%s))\b(?! (?:that|of)\b)" % (re.escape(page.subject.kind) or "§"),
        text,
    )
    if pronoun:
        if not about or not agrees(pronoun[1], page) or expletive(text):
            return [], False
        owner = pronoun[1] == PRONOUNS[page.subject.pronoun][1]
        text = ("§'s" if owner else "§") + text[pronoun.end() :]
    elif "§" not in text and page.subject.kind:  # 'The Berlin Wall divided the city'
        text = re.sub(rf"\bthe {page.subject.kind}\b(?! (?:of|in|that|which|where)\b| [A-Z])", "§", text)
    found = [piece for clause in split(text, page) for piece in open_up(clause)]
    found = [c if alone(c, page) else main(c) for c in found]
    return [c for c in found if alone(c, page)], text.startswith("§")


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
        rf"(?P<who>{NAME}) (?:is|was|became)(?: (?:well |best )?known| famous)?(?: as)? the (?:person|one|man|woman) who (?P<did>.+)",
    ):
        match = re.fullmatch(pattern, text)
        if match:
            return f"{match['who'][:1].upper()}{match['who'][1:]} {match['did']}"
    return text


def agrees(word: str, page: Page) -> bool:
    return word in PRONOUNS[page.subject.pronoun] or word.startswith("The ")


def expletive(text: str) -> bool:
    """'It is known that ...', 'It was not until ...': an It that means nothing."""
    return bool(
        re.match(
            r"It (?:is|was|has been|had been|may|can|could|seems|appears|took|takes|would|will)\b(?: \S+){0,4}? (?:that|to|until|who|whether|how|for)\b",
            text,
        )
        or re.match(
            r"It (?:is|was) (?:in|on|at|during|not|only|here|there|because|said|thought|believed|possible|likely|raining)\b",
            text,
        )
    )


def split(text: str, page: Page) -> list[str]:
    """'§ was born in Ulm and died in Princeton' -> two clauses; so are those joined by 'and its' and ';'."""
    head = re.match(rf"§|(?:The )?{NAME}", text)
    if not head or (head.group(0) != "§" and not page.known(head.group(0)) and " " not in head.group(0)):
        return re.split(r"; ", text)
    name, pieces = head.group(0), [""]
    for part in re.split(r"((?:;|,? and|, but|,) (?:also |then |later |soon )?(?=[a-z]+ ))", text):
        first = part.split(" ")[0]
        joint = bool(re.match(r"(?:;|,? and|, but|,) ", part))
        if joint:
            glue = part
            continue
        if pieces[-1] == "":
            pieces[-1] = part
        elif (
            name == "§"
            and first in ("its", "his", "her", "their")
            and re.match(r"\w+ [\w\- ]+? (?:is|was|are|were)\b", part)
        ):
            pieces.append("§'s" + part[len(first) :])
        elif (
            name == "§" and first in ("it", "he", "she") and not glue.startswith(", ") and first == page.subject.pronoun
        ):
            pieces.append("§" + part[len(first) :])
        elif (
            not glue.startswith(", ")
            and first in PARTICIPLE
            and (be := re.match(r" (is|was|are|were) ", pieces[-1][len(name) :]))
        ):
            pieces.append(f"{name} {be[1]} {part}")  # 'was isolated in ... and described in ...'
        elif not glue.startswith(", ") and (
            first in FINITE or ((first in THIRD or first in PAST) and same_tense(pieces[-1], first, name))
        ):
            pieces.append(f"{name} {part}")
        elif glue.startswith("; "):
            pieces.append(part)
        else:  # the glue joins nouns
            pieces[-1] += glue + part
    return [p.strip(" ,") for p in pieces]


def same_tense(clause: str, verb: str, name: str) -> bool:
    """Two predicates of one tense: 'rises in ... and flows into', not 'the towns named and places'."""
    match = re.match(r" (?:(?:first|later|then|soon|also|often|usually) )?([a-z]+)", clause[len(name) :])
    return bool(match) and (match[1] in FINITE or (match[1] in THIRD) == (verb in THIRD))


def open_up(clause: str) -> list[str]:
    """'§, a city on the Seine, is ...' and 'Paris, which lies on the Seine, is ...' say two things each."""
    match = re.fullmatch(
        rf"(?P<np>§|{NAME}), (?P<mid>which [^,]+|an? [^,]+|the [^,]+), (?P<rest>(?:is|was|are|were|has|had|[a-z]+s|[a-z]+ed) .+)",
        clause,
    )
    if match:
        mid = match["mid"].removeprefix("which ") if match["mid"].startswith("which ") else f"is {match['mid']}"
        return [f"{match['np']} {match['rest']}", f"{match['np']} {mid}"]
    match = re.fullmatch(
        rf"(?P<main>.+ (?P<np>{NAME})), which (?P<tail>(?:lies|stands|flows|is located) [^,]+)", clause
    )
    return [match["main"], f"{match['np']} {match['tail']}"] if match else [clause]


def alone(clause: str, page: Page) -> bool:
    """Whether a clause makes sense by itself."""
    if not 3 <= len(clause.split()) <= 45 or VAGUE.search(re.sub(r"\bmore (?:\w+ )?than any other\b", "", clause)):
        return False
    pronouns = {p.lower() for p in PRONOUN.findall(clause)}
    own = (
        {page.subject.its}
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
        or (
            first[:1].isupper()
            and first.lower()
            not in STOP_WORDS
            | {
                "once",
                "despite",
                "like",
                "unlike",
                "although",
                "following",
                "several",
                "together",
                "among",
                "according",
                "similar",
                "due",
                "today",
                "until",
                "upon",
                "within",
                "without",
                "throughout",
                "only",
                "both",
                "either",
                "neither",
                "people",
            }
        )
        or bool(re.match(rf"{HEDGE}?\d", clause))
    )
