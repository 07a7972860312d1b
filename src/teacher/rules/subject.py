"""Who or what an article is about: its name in running text, its kind, its pronoun, and where sentences mention it."""

import re
from dataclasses import dataclass

from teacher.rules.english import DATE, STOP_WORDS, WORD, capital, one_line, sentences, without_parentheses

PERSON_NOUNS = set(
    """academic activist actor actress admiral anthropologist archbishop architect aristocrat artist astronaut astronomer athlete
    attorney author aviator bacteriologist bandleader baronet bassist biologist bishop botanist boxer broadcaster businessman businesswoman
    candidate chancellor chemist coach comedian composer conductor conqueror cosmonaut cricketer criminal critic cyclist dancer designer diplomat director
    dramatist drummer economist editor educator emperor empress engineer entrepreneur essayist evangelist explorer feminist filmmaker footballer
    general geneticist geographer geologist golfer guitarist gymnast historian humanist humorist illustrator inventor jockey journalist judge
    jurist king knight lawyer leader lexicographer linguist lyricist mathematician merchant missionary monarch monk musician mystic naturalist
    navigator nobleman noblewoman novelist nun nurse officer painter pharaoh philanthropist philologist philosopher photographer physician
    physicist physiologist pianist pilot pioneer player playwright poet politician polymath pope president presenter priest priestess prince princess
    printmaker producer professor programmer prophet psychiatrist psychoanalyst psychologist publisher queen rapper reformer revolutionary
    ruler runner sailor saint satirist scholar scientist screenwriter sculptor seafarer senator singer singer-songwriter skater skier sociologist
    soldier songwriter sprinter statesman stateswoman statistician sultan surgeon swimmer teacher theologian theorist translator traveller tsar
    violinist virologist warrior wrestler writer zoologist""".split()
)
NATURAL_KINDS = set(
    """acid alloy amphibian animal ape art bean bear beetle berry beverage bird bone bread breed bug butterfly cat cattle cereal cheese
    colour compound craft crop dance device disease dish dog drink drug element fabric fish flower food force frog fruit fungus game gas gemstone
    grain grass herb insect instrument kingfisher liquid lizard machine mammal material metal mineral mollusc monkey mushroom nut organ
    particle plant process reptile rock rodent shark shellfish snake solid spice spider sport stone substance toad tool tree turtle
    vegetable vehicle weapon whale""".split()
)
KINDS = NATURAL_KINDS | set(
    """aircraft airline airplane airport album algorithm alphabet archipelago army asteroid award ballet band bank bank-note battle
    bay book bridge building campaign canal car castle cathedral cave cell championship church cinema city club college comet
    company competition computer console constellation constitution continent country county court crater crustacean cuisine currency custom dam desert
    dinosaur disorder district dynasty dye election empire engine enzyme equation fair family festival fibre film format fortress
    foundation galaxy garment gene glacier god goddess government group gulf gun hat helicopter hero holiday hormone hospital infection
    institution invention island isotope journal kingdom lake language law league library locomotive magazine medicine missile monster
    monument moon mosque mountain movement movie muscle museum nation nerve newspaper novel nucleus ocean opera orchestra organisation
    organization painting palace parliament park party peninsula philosophy pigment planet play poem polymer port prize protein
    protocol province railway rebellion reef region religion republic revolution rifle river road rocket ruler satellite school script sculpture sea
    series shell ship shoe show siege software song soup spacecraft stadium standard star state station story strait submarine syndrome symphony
    system tank team technique telescope temple territory textile theatre theorem theory tissue tower town toy tradition train treaty tribe tunnel
    union university vaccine valley village virus vitamin volcano war waterfall website wine""".split()
)
# What a kind is a kind of: 'What kind of animal is the lion?'
WIDER = {
    kind: wide
    for wide, kinds in {
        "animal": "mammal bird reptile fish amphibian insect mollusc spider crustacean rodent",
        "food": "fruit vegetable grain spice drink nut berry dish cheese bread",
    }.items()
    for kind in kinds.split()
}
WORKS = set(
    """album band book comics company film framework game journal language library magazine manga newspaper novel opera organization play poem program protocol
    series server show software song system tool website""".split()
)
QUALIFIERS = NATURAL_KINDS | WORKS | set("city country island moon mountain planet river".split())
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
class Page:
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
        name = name.lower()
        return self.kinds.get(name) or self.kinds.get(name.removeprefix("the ")) or self.kinds.get("the " + name) or ""


def paragraphs_of(text: str) -> list[str]:
    """The paragraphs of prose: no headings, no list items."""
    return [one_line(p) for p in text.split("\n") if p.strip() and not p.startswith(("#", "-", "*", "|"))]


def read_page(article: dict, kinds: dict[str, str]) -> Page:
    paragraphs = paragraphs_of(article["text"])
    subject, be, definition, domain = read_subject(article["title"], paragraphs)
    text = " ".join(paragraphs)
    proper = frozenset(re.findall(rf"(?<=[a-z,] ){WORD}", text))
    small = frozenset(re.findall(r"\b[a-z][\w\-]+", text))
    return Page(subject, paragraphs, be, definition, domain, mentions(subject), kinds, proper, small)


def read_subject(title: str, paragraphs: list[str]) -> tuple[Subject, str, str, str]:
    """-> (the subject, the verb of its definition, the definition, its domain); '' for the last three when the article begins otherwise"""
    core = re.sub(r"\s*\([^()]*\)$", "", title)
    qualifier = title[len(core) :].strip(" ()").lower()
    text = " ".join(paragraphs)
    first = sentences(paragraphs[0])[0] if paragraphs else ""
    lead = without_parentheses(first).rstrip(".")
    domain = re.match(r"In ((?:the )?[A-Z]?[a-z]+(?: and)?(?: [A-Za-z]?[a-z]+){0,3}), (?=[A-Za-z])", lead)
    if domain:
        lead = capital(lead[domain.end() :])
    match = re.match(
        r"(?P<det>The |A |An )?(?P<np>[^,]{1,80}?)(?:, [^,]+(?:, [^,]+){0,3},)?,? (?P<be>is|was|are|were) "
        r"(?P<rest>(?:(?:either|any|also|usually|originally|currently|now) )?(?:the|an?|one of)\b.+)$",
        lead,
    )
    about = bool(match) and is_about(match["np"], core)
    be, rest = (match["be"], match["rest"]) if about else ("", "")
    kind, person = head_noun(rest), False
    person = is_person(kind, first, text)
    common = is_common_noun(core, text, kind, person, qualifier)
    name = core[:1].lower() + core[1:] if common else core
    exact = about and re.sub(r" (?:or|and|also) .*", "", match["np"]).lower() == core.lower()
    of_kind = re.match(rf"The ([a-z]+ of {re.escape(core)})\b", lead)
    if of_kind:
        name = "the " + of_kind[1]  # the state of Georgia
    elif about and core.lower().startswith(match["np"].lower() + " ") and core[len(match["np"]) + 1 :].islower():
        name = ("the " if match["det"] else "") + match["np"]  # English, of the title 'English language'
    elif about and be in ("are", "were") and not exact and common:
        name = match["np"][:1].lower() + match["np"][1:]  # lions
    elif about and match["det"] and not person and exact:
        name = ("the " if match["det"] == "The " or not common else match["det"].lower()) + name
    elif not person and not common and takes_the(core, text):
        name = "the " + core  # the Netherlands, whose article may not begin with it
    if (
        qualifier.split()[-1:]
        and qualifier.split()[-1] in QUALIFIERS
        and qualifier.isascii()
        and len(qualifier.split()) < 3
        and not of_kind
    ):
        name = f"the {qualifier} {re.sub('^(?:the|an?) ', '', name)}"
    pronoun = "it"
    if person:
        pronoun = (
            "she"
            if len(re.findall(r"\b(?:She|she|her)\b", text)) > len(re.findall(r"\b(?:He|he|his)\b", text))
            else "he"
        )
    elif be in ("are", "were"):
        pronoun = "they"
    return Subject(title, name, kind, person, pronoun), be, rest, f"in {domain[1]}" if domain and about else ""


def is_about(np: str, core: str) -> bool:
    """Whether the subject of the first sentence is what the title names: 'Andre Kirk Agassi' for Andre Agassi, 'Austin' for Austin, Texas."""
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
    """'a small landlocked country in Africa' -> 'country'; 'a species of bird' -> 'bird'; '' when it is none of the known kinds"""
    text = re.sub(
        r"^(?:(?:either|any|also|usually|originally|currently|now) )?(?:the|an?|one of the|one of)\s+", "", definition
    )
    while True:
        shorter = re.sub(
            r"^(?:[\w\-]+ ){0,3}?(?:species|type|kind|form|sort|genus|class|breed|member|variety|piece)s? of (?:the |an? )?",
            "",
            text,
        )
        if shorter == text:
            break
        text = shorter
    chunk = re.split(
        r";| (?:in|of|on|that|which|who|whose|with|from|for|by|to|at|or|near|between|as|used|known|located|situated|found|born|based|"
        r"about|than|where|when|consisting|belonging|is|was|are|were|under|during|it|made|played|spoken|called|written|produced|featuring|"
        r"directed|best|most)\b",
        text,
    )[0]
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
    """Matches where a sentence names the subject; of a common noun with 'the' only so: in 'a young lion' it is a word like others."""
    core = re.sub(r"\s*\([^()]*\)$", "", subject.title)
    article, bare = re.match(r"((?:the|an?) )?(.+)", subject.name).groups()
    common = bare.split()[-1][:1].islower()
    if core.lower() not in (bare.lower(), subject.name.lower()) and bare.lower().endswith(core.lower()):
        article = "" if common else article  # the element mercury: sentences say mercury
    forms = {bare, capital(bare), core, core.split(",")[0]} | ({core[:1].lower() + core[1:]} if common else set())
    parts = core.split()
    if subject.person and len(parts) > 1 and not re.search(r"\d|\b(?:of|the|[IVX]+)\b", core):
        forms.add(parts[-1])
    names = "|".join(re.escape(f) for f in sorted(forms, key=lambda f: (-len(f), f)) if len(f) > 1)
    if subject.person and len(parts) > 1:  # with second names: Andre Kirk Agassi
        names = rf"{re.escape(parts[0])}(?:[ -][A-Z][\w.’'\-]*){{0,4}} {re.escape(parts[-1])}|{names}"
    before = {"": "", "the ": "[Tt]he " if common else "(?:[Tt]he )?"}.get(article or "", "(?:[Aa]n?|[Tt]he) ")
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
