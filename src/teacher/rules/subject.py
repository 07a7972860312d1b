"""Who or what an article is about: its name in running text, its kind, its pronoun, and where sentences mention it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from teacher.rules.english import DATE, STOP_WORDS, WORD, capital, one_line, sentences, without_parentheses
from teacher.rules.lexicon import entries, word_pairs, word_set

PERSON_NOUNS = word_set("person_nouns")
NATURAL_KINDS = word_set("natural_kinds")
KINDS = NATURAL_KINDS | word_set("named_kinds")
WIDER = word_pairs("wider_kinds")  # what a kind is a kind of: 'What kind of animal is the lion?'
WORKS = word_set("works")
QUALIFIERS = NATURAL_KINDS | WORKS | word_set("qualifiers")
PRONOUNS = {
    "it": ("It", "Its", "it", "its"),
    "he": ("He", "His", "him", "his"),
    "she": ("She", "Her", "her", "her"),
    "they": ("They", "Their", "them", "their"),
}


@dataclass(frozen=True)
class Subject:
    title: str
    name: str  # as it stands in the middle of a sentence: the Danube, gold, a lion
    kind: str = ""  # what its definition calls it, one noun: country, element, river
    person: bool = False
    pronoun: str = "it"  # it | he | she | they

    @property
    def its(self) -> str:
        return PRONOUNS[self.pronoun][3]

    @property
    def object(self) -> str:
        """it, him, her, them"""
        return PRONOUNS[self.pronoun][2]


@dataclass(frozen=True)
class ParsedArticle:
    """An article as the rules read it."""

    subject: Subject
    paragraphs: list[str]  # prose only, a line each
    be: str  # of the definition: is, was, are, were; "" when the first sentence is none
    definition: str  # what follows it: "a country in Western Europe"
    domain: str  # where the first sentence says that it holds: "in computing"; mostly ""
    mention: re.Pattern  # where a sentence names the subject
    kinds: dict[str, str]  # what other articles are about: {"france": "country"}
    proper: frozenset[str]  # words with a capital in the middle of a sentence
    small: frozenset[str]  # words without one

    def known(self, name: str) -> bool:
        bare = name.lower().removeprefix("the ")
        return bare in self.kinds or "the " + bare in self.kinds

    def kind_of(self, name: str) -> str:
        return kind_of(name, self.kinds)


def kind_of(name: str, kinds: Mapping[str, str]) -> str:
    """What the article of a name is about, "" where no article has it. kinds: {"france": "country"}"""
    name = name.lower()
    return kinds.get(name) or kinds.get(name.removeprefix("the ")) or kinds.get("the " + name) or ""


def paragraphs_of(text: str) -> list[str]:
    """The paragraphs of prose: no headings, no list items."""
    return [one_line(p) for p in text.split("\n") if p.strip() and not p.startswith(("#", "-", "*", "|"))]


def parse_article(article: dict, kinds: dict[str, str]) -> ParsedArticle:
    paragraphs = paragraphs_of(article["text"])
    subject, be, definition, domain = read_subject(article["title"], paragraphs)
    text = " ".join(paragraphs)
    proper = frozenset(re.findall(rf"(?<=[a-z,] ){WORD}", text))
    small = frozenset(re.findall(r"\b[a-z][\w\-]+", text))
    return ParsedArticle(subject, paragraphs, be, definition, domain, mentions(subject), kinds, proper, small)


NOUN_END = re.compile(rf";| (?:{'|'.join(entries('after_noun'))})\b")  # where the noun phrase of a definition ends
# The first sentence of an article: who or what, a form of 'be', what it is.
LEAD = re.compile(
    r"(?P<det>The |A |An )?(?P<np>[^,]{1,80}?)(?:, [^,]+(?:, [^,]+){0,3},)?,? (?P<be>is|was|are|were) "
    r"(?P<rest>(?:(?:either|any|also|usually|originally|currently|now) )?(?:the|an?|one of)\b.+)$"
)
DOMAIN = re.compile(r"In ((?:the )?[A-Z]?[a-z]+(?: and)?(?: [A-Za-z]?[a-z]+){0,3}), (?=[A-Za-z])")


@dataclass(frozen=True)
class Lead:
    """How an article begins, and what is seen of its title there."""

    core: str  # the title without what it has in brackets
    qualifier: str  # what it has there
    lead: str  # the first sentence without brackets and domain
    det: str = ""  # 'The ' of 'The Danube is ...'
    np: str = ""  # whom or what the sentence is about, if that is what the title names
    be: str = ""
    rest: str = ""  # what it says of it
    domain: str = ""  # in computing

    @property
    def exact(self) -> bool:
        """Whether the sentence names it as the title does."""
        return bool(self.np) and re.sub(r" (?:or|and|also) .*", "", self.np).lower() == self.core.lower()


def read_lead(title: str, first: str) -> Lead:
    core = re.sub(r"\s*\([^()]*\)$", "", title)
    qualifier = title[len(core) :].strip(" ()").lower()
    lead = without_parentheses(first).rstrip(".")
    domain = DOMAIN.match(lead)
    if domain:
        lead = capital(lead[domain.end() :])
    match = LEAD.match(lead)
    if not match or not is_about(match["np"], core):
        return Lead(core, qualifier, lead)
    held = f"in {domain[1]}" if domain else ""
    return Lead(core, qualifier, lead, match["det"] or "", match["np"], match["be"], match["rest"], held)


def read_subject(title: str, paragraphs: list[str]) -> tuple[Subject, str, str, str]:
    """-> (subject, the verb of its definition, the definition, its domain); '' where the article begins otherwise"""
    text = " ".join(paragraphs)
    first = sentences(paragraphs[0])[0] if paragraphs else ""
    lead = read_lead(title, first)
    kind = head_noun(lead.rest)
    person = is_person(kind, first, text)
    common = is_common_noun(lead.core, text, kind, person, lead.qualifier)
    name = name_in_text(lead, text, person, common)
    pronoun = "they" if lead.be in ("are", "were") else "it"
    if person:
        she, he = len(re.findall(r"\b(?:She|she|her)\b", text)), len(re.findall(r"\b(?:He|he|his)\b", text))
        pronoun = "she" if she > he else "he"
    return Subject(title, name, kind, person, pronoun), lead.be, lead.rest, lead.domain


def name_in_text(lead: Lead, text: str, person: bool, common: bool) -> str:
    """The title as it stands in the middle of a sentence: the Danube, gold, a lion, the moon Adrastea."""
    core, np, det = lead.core, lead.np, lead.det
    name = core[:1].lower() + core[1:] if common else core
    of_kind = re.match(rf"The ([a-z]+ of {re.escape(core)})\b", lead.lead)
    if of_kind:
        return "the " + of_kind[1]  # the state of Georgia
    if np and core.lower().startswith(np.lower() + " ") and core[len(np) + 1 :].islower():
        name = ("the " if det else "") + np  # English, of the title 'English language'
    elif lead.be in ("are", "were") and not lead.exact and common:
        name = np[:1].lower() + np[1:]  # lions
    elif np and det and not person and lead.exact:
        name = ("the " if det == "The " or not common else det.lower()) + name
    elif not person and not common and takes_the(core, text):
        name = "the " + core  # the Netherlands, whose article may not begin with it
    words = lead.qualifier.split()
    if words and words[-1] in QUALIFIERS and lead.qualifier.isascii() and len(words) < 3:
        name = f"the {lead.qualifier} {re.sub('^(?:the|an?) ', '', name)}"
    return name


def is_about(np: str, core: str) -> bool:
    """Whether the first sentence is about what the title names: 'Andre Kirk Agassi', 'Austin' for Austin, Texas."""
    if len(np.split()) > 8:
        return False
    title = [re.sub(r"(?:es|s)$", "", w) for w in re.findall(r"\w+", core.lower())]
    said = [re.sub(r"(?:es|s)$", "", w) for w in re.findall(r"\w+", np.lower())]
    return bool(title and said) and (
        set(title) <= set(said) | {"the"} or ("of" not in title and title[: len(said)] == said)
    )


def takes_the(core: str, text: str) -> bool:
    """Whether a name mostly has 'the' before it within sentences, and not as part of 'the Brunei dollar'."""
    with_the = re.findall(
        rf"[a-z,] the {re.escape(core)}(?=[.,;]| (?:is|was|are|were|has|had|in|on|and|at|to|from|by|with)\b)", text
    )
    return len(with_the) > len(re.findall(rf"[a-z,] (?<!the ){re.escape(core)}\b(?! [A-Z])", text))


def head_noun(definition: str) -> str:
    """'a small landlocked country in Africa' -> 'country'; 'a species of bird' -> 'bird'; '' when no kind is known"""
    text = re.sub(
        r"^(?:(?:either|any|also|usually|originally|currently|now) )?(?:the|an?|one of the|one of)\s+", "", definition
    )
    while True:
        shorter = re.sub(
            r"^(?:[\w\-]+ ){0,3}?(?:species|type|kind|form|sort|genus|class|breed|member|variety|piece)s? of "
            r"(?:the |an? )?",
            "",
            text,
        )
        if shorter == text:
            break
        text = shorter
    chunk = NOUN_END.split(text)[0]
    last = [
        part.split()[-1].lower() for part in re.split(r",| and ", chunk) if part.split()
    ]  # of each of the nouns joined
    singular = [n for word in last for n in (re.sub(r"ies$", "y", word), word.removesuffix("s"), word)]
    if last and last[0] == "capital":
        return "city"
    return next((n for n in singular if n in PERSON_NOUNS), "") or next(
        (n for n in reversed(singular) if n in KINDS), ""
    )


def is_person(kind: str, lead: str, text: str) -> bool:
    if kind in PERSON_NOUNS and not re.search(r"\b(?:are|were) (?:a|an|the)\b", lead[:120]):
        return True
    dates = re.match(
        rf"[^()]{{3,60}}\((?:[^()]*?;? ?)(?:born {DATE}|{DATE}(?: in [^()–-]*)? ?[–-] ?(?:{DATE}|c\. \d+))", lead
    )
    personal = len(re.findall(r"\b[Hh]e\b|\b[Ss]he\b|\b[Hh]is\b|\b[Hh]er\b", text))
    starts = len(re.findall(r"(?:^|[.!?] )(?:He|She) ", text[:1500]))
    return (
        bool(dates)
        and personal >= 2
        or (not kind and starts >= 2 and bool(re.match(r"[A-Z][\w.'’-]+(?: [A-Z][\w.'’-]+){1,3} (?:is|was) ", lead)))
    )


def is_common_noun(core: str, text: str, kind: str, person: bool, qualifier: str) -> bool:
    """Whether running text writes the title small: gold, lion, water cycle; not France."""
    if (
        person
        or qualifier.split()[-1:]
        and qualifier.split()[-1] in WORKS
        or not core[:1].isupper()
        or (len(core) > 1 and core[1].isupper())
        or re.search(r" [A-Z]", core)
    ):
        return False
    small = len(re.findall(rf"(?<![\w\-]){re.escape(core[:1].lower() + core[1:])}", text))
    large = len(re.findall(rf"(?<=[a-z,] ){re.escape(core)}\b(?! [A-Z])", text))
    if small + large == 0:
        first = core.split()[0].lower()
        return (
            kind in NATURAL_KINDS
            or qualifier in NATURAL_KINDS
            or (" " in core and bool(re.search(rf"\b{re.escape(first)}\b", text)))
        )
    if " " in core:  # Australian rules football
        first = core.split()[0]
        return small > large and len(re.findall(rf"\b{re.escape(first.lower())}\b", text)) >= len(
            re.findall(rf"(?<=[a-z,] ){re.escape(first)}\b", text)
        )
    return small > large


def mentions(subject: Subject) -> re.Pattern:
    """Matches where a sentence names the subject; a common noun with 'the' only so: 'a young lion' is another."""
    core = re.sub(r"\s*\([^()]*\)$", "", subject.title)
    determiner = next((d for d in ("the ", "an ", "a ") if subject.name.startswith(d)), "")
    bare = subject.name[len(determiner) :]
    common = bare.split()[-1][:1].islower()
    if core.lower() not in (bare.lower(), subject.name.lower()) and bare.lower().endswith(core.lower()):
        determiner = "" if common else determiner  # the element mercury: sentences say mercury
    forms = {bare, capital(bare), core, core.split(",")[0]} | ({core[:1].lower() + core[1:]} if common else set())
    parts = core.split()
    if subject.person and len(parts) > 1 and not re.search(r"\d|\b(?:of|the|[IVX]+)\b", core):
        forms.add(parts[-1])
    names = "|".join(re.escape(f) for f in sorted(forms, key=lambda f: (-len(f), f)) if len(f) > 1)
    if subject.person and len(parts) > 1:  # with second names: Andre Kirk Agassi
        names = rf"{re.escape(parts[0])}(?:[ -][A-Z][\w.’'\-]*){{0,4}} {re.escape(parts[-1])}|{names}"
    before = {"": "", "the ": "[Tt]he " if common else "(?:[Tt]he )?"}.get(determiner, "(?:[Aa]n?|[Tt]he) ")
    return re.compile(rf"(?<![\w\-’'])(?P<before>{before})(?:{names})(?![\w\-])(?!['’]s [A-Z])")


def in_sentence(subject: Subject, text: str, mention: re.Pattern) -> str:
    """The text with § where it names the subject: its whole name, not a part of a longer one."""
    proper = not subject.name.split()[-1].islower()
    qualified = re.match(r"the [a-z]+ [A-Z]", subject.name) is not None  # the moon Adrastea

    def mark(match: re.Match) -> str:
        before, after = text[: match.start()].rstrip(), text[match.end() :]
        previous = before.split()[-1] if before.split() else ""
        longer = re.match(r" (?:of the )?[A-ZÀ-Þ]\w", after) and proper
        inside = (
            previous[:1].isupper()
            and previous.lower() not in STOP_WORDS
            and not previous.endswith((",", ".", ";", ":"))
            and not match["before"]
        )
        named_so = qualified and previous.islower() and previous not in STOP_WORDS  # the nymph Adrastea
        return match.group(0) if longer or inside or named_so else "§"

    return mention.sub(mark, text)
