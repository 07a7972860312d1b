"""General rules of English that turn a clause into questions; the answer is the clause itself.

The French Revolution began in 1789      When did the French Revolution begin?
The headquarters of NATO are in Brussels Where are the headquarters of NATO?
Finland has more than 100,000 lakes      How many lakes does Finland have?
Mount Everest is the highest mountain in the world   What is the highest mountain in the world?
"""

import re

from teacher.rules.clauses import PRONOUN, starts_with_name
from teacher.rules.english import (
    DATE,
    MONTH,
    NAME,
    NUMBER,
    PARTICIPLE,
    PAST,
    PAST_OF_PARTICIPLE,
    STOP_WORDS,
    THIRD,
    VERBS,
    WORD,
    capital,
)
from teacher.rules.fact import Fact, possessive, stands_alone
from teacher.rules.subject import PERSON_NOUNS, Page

WHO = PERSON_NOUNS | set(
    """ambassador baron captain chairman champion chief commander count countess duchess duke father governor headmaster heir husband mayor minister
    mother predecessor principal secretary successor widow wife winner""".split()
)
# Verbs whose place answers 'Where?'.
PLACE_VERBS = set(
    """bear begin build bury celebrate come compose create crown die discover display educate erect fight find form grow hang happen held hold house
    invent launch lie live locate make marry meet occur open paint perform play print produce publish raise rise settle show sit sign situate
    spend stand start store study teach train work""".split()
)  # not write: in Rome, or in Java?
# Verbs whose object answers 'What?' in the present tense.
OBJECT_VERBS = set(
    """absorb attract belong build carry cause come connect consist contain convert cover cross depend eat emit feed follow form give glow grow help
    hunt include kill lay lead link live make mean measure need pollinate prevent produce protect reflect represent resemble separate show store study
    surround symbolise symbolize treat use weigh""".split()
)
# Pairs of participle and preposition (or none) that ask 'What ... ?' well.
WHAT_PAIRS = set(
    """associated with|based on|bordered by|caused by|celebrated on|classified as|composed of|connected to|covered by|covered with|dedicated to|
    derived from|described as|divided into|extracted from|famous for|fed by|filled with|followed by|formed by|formed from|grouped with|home to|known as|known for|
    linked to|made from|made of|made up of|made by|measured in|named after|named for|native to|obtained from|powered by|produced by|produced from|regarded as|
    related to|closely related to|replaced by|rich in|separated by|similar to|spoken in|surrounded by|translated into|used against|used as|used for|used in|
    used to make|written in|written with|found in|carved into|decorated with|eaten with|played with|played by|played on|brewed from|mined in|grown in|
    covered in|ruled by|owned by|blamed for|awarded for|preceded by|succeeded by""".replace("\n", " ").split("|")
)
WHAT_PAIRS = {" ".join(pair.split()) for pair in WHAT_PAIRS}
# What a person may have done so that 'Who did it?' has one answer.
DEEDS = set(
    """abolished built climbed coined commanded compiled composed conquered created defeated described designed developed devised directed discovered
    established explained explored formulated founded identified introduced invented isolated led made liberated mapped measured observed painted patented pioneered placed
    proposed proved published reached recognised ruled sailed sculpted predicted showed solved translated unified united won wrote""".split()
)
CREATION = {
    "discovered": "discoverer",
    "invented": "inventor",
    "written": "author",
    "composed": "composer",
    "painted": "painter",
    "founded": "founder",
    "designed": "designer",
    "directed": "director",
    "established": "founder",
    "built": "builder",
    "developed": "developer",
}
# Passives whose agent is worth asking for.
AGENT_VERBS = set(CREATION) | set(
    """abolished acquired adopted appointed assassinated bought coined commanded conquered constructed created crowned defeated destroyed
    edited formed formulated governed headed illustrated inspired introduced invaded isolated killed launched led liberated murdered occupied opened operated owned
    patented popularized produced proposed published recorded ruled sculpted signed succeeded synthesized translated""".split()
)
# Verbs that need nothing after them: 'When did it begin?'
ALONE = set(
    """abdicate begin close collapse crash debut die disappear disband dissolve emigrate end erupt finish graduate happen marry occur open premiere resign retire
    sink start surrender""".split()
)
BAD_ATTRIBUTES = set(
    """rest majority most part parts remainder bulk side use fact idea case problem question lot kind type sort form result purpose aim
    reason goal need lack presence absence existence study history nature role importance effect effects influence view concept notion theory end beginning number
    amount level degree way ways time point line area list example examples one ones first second third last next people name names term words earliest
    latest early late other main north south east west centre center top bottom middle front back edge course outcome response change changes evidence members
    member story son daughter brother sister child children focus subject topic process ability state status""".split()
)
SUPERLATIVE = r"\bthe (?:\w+ )?(?:(?!west|rest|forest|east|test)\w+est|only|first|most \w+|last|\w+most)\b"
AGENT = rf"(?:§|(?:the |an? )?(?:[A-Z]\w+ )?(?:(?:{'|'.join(sorted(PERSON_NOUNS))}) )?(?:and (?:{'|'.join(sorted(PERSON_NOUNS))}) )?(?:[Tt]he )?{NAME}(?:, {NAME})*(?:,? and {NAME})?(?: brothers)?)"

THE_OF = rf"[Tt]he (?:(?!of\b|in\b|that\b|who\b|and\b)[\w\-’']+ ){{1,4}}(?:of|in|from|on) (?:the )?(?:[a-z\-]+ )?(?:§|{NAME})"
NP = rf"(?:§(?:['’]s? [a-z][\w\-]*(?: [a-z][\w\-]*)?)?|{THE_OF}|(?:[Tt]he|[Aa]n?) (?:[a-z\-]+ ){{1,2}}{NAME}(?: (?:of|in) (?:§|{NAME}))?|{NAME}(?: (?:in|of|on|from) (?:§|{NAME}))?(?:,? and (?:§|{NAME}))?|[Tt]he {NAME} [a-z]+)"
ADVERB = (
    r"(?P<adv>(?:often |sometimes |usually |mainly |mostly |first |formerly |once |officially |commonly |generally |originally |probably |largely |entirely |"
    r"completely |closely |best |well |especially |traditionally |widely |partly |nearly |almost )*)"
)
WHEN = (
    rf"(?P<when>(?:in|on|since|until|by|around|about) (?:the year |about |around |early |late |the early |the late |the )?{DATE}|from {DATE} (?:to|until) {DATE}|"
    rf"between {DATE} and {DATE})"
)
WHERE = rf"(?P<where>(?:in|at|on|near|between|off|along|beside|around|(?:north|south|east|west)(?:-?(?:east|west))? of) (?:the |ancient |an? )?(?:(?!by|his|her|for|with|as|which|that)[a-z\-]+ (?:of |in )?(?:the )?){{0,4}}?{NAME}(?:(?:,? and|,| in| of| on| near| off) (?:the )?(?:[a-z\-]+ of )?{NAME})*)"
WORLD = r"the (?:world|universe|solar system|Solar System|Sun|Earth)"
BE_CLAUSE = re.compile(rf"(?P<np>{NP}) (?P<be>is|was|are|were) {ADVERB}(?P<rest>.+)")
VERB_CLAUSE = re.compile(rf"(?P<np>{NP}) (?P<verb>[a-z]+) (?P<rest>.+)")
HAS_COUNT = re.compile(
    rf"(?P<np>{NP}) (?P<verb>[a-z]+)(?P<prep> of| for)? (?P<n>{NUMBER}) (?P<noun>(?:[a-z\-]+ )?[a-z\-]+s|people)(?P<rest>(?: (?:in|on|of|around|with|at|from|along)\b.*)?)"
)
ATTRIBUTE = re.compile(
    rf"[Tt]he (?P<attr>(?:[a-z][\w\-]* ){{0,3}}[a-z][\w\-]*) (?P<prep>of|in|for|from) (?P<of>§|{NAME}|{WORLD}|all [a-z]+) (?P<be>is|was|are|were) (?P<value>.+)"
)
ATTRIBUTE_BACK = re.compile(
    rf"(?P<value>§|{NAME}|The [a-z]+(?: [a-z]+)?) (?P<be>is|was) the (?P<attr>(?:[a-z][\w\-]* ){{0,3}}[a-z][\w\-]*) (?P<prep>of|in|from|on) (?P<of>§|{NAME}|{WORLD}|all [a-z]+|land|Earth)(?: by area)?"
)
VERBS_OF, AGENTS = "|".join(CREATION), "|".join(sorted(set(CREATION.values())))
THING = rf"(?P<np>§|(?:[Tt]he |[Aa]n? )?(?:[a-z\-]+ ){{0,3}}{NAME}(?:(?:,)? (?:and|with|of) (?:the |a )?{NAME})?|the [a-z\-]+(?: [a-z\-]+)?|[a-z]{{5,}})"
CREATED = [
    re.compile(p)
    for p in (
        rf"(?P<np>{NP}) (?P<be>was|were|is|are) (?:first |originally )?(?P<verb>{VERBS_OF}) by (?P<who>{AGENT})(?: {WHEN})?",
        rf"(?P<np>{NP}) (?P<be>was|were|is|are) (?:first |originally )?(?P<verb>{VERBS_OF})(?: {WHEN})? by (?P<who>{AGENT})",
        rf"(?P<np>{NP}) (?P<be>was|were|is|are) (?:first |originally )?(?P<verb>{VERBS_OF}) by (?P<who>{AGENT})(?: {WHEN})?,? (?:in|at|of|for|from|with|as) .+",
        rf"(?P<who>{AGENT}) (?:first )?(?P<past>{'|'.join(PAST_OF_PARTICIPLE[v] for v in CREATION)}) {THING}(?: {WHEN})?",
        rf"[Tt]he (?P<agent>{AGENTS}) of (?P<np>§|(?:the )?{NAME}(?: and {NAME})?|the [a-z\-]+(?: [a-z\-]+)?) (?:is|was|are|were) (?P<who>{AGENT})",
        rf"(?P<who>{AGENT}) (?:is|was) the (?P<agent>{AGENTS}) of (?P<np>§|(?:the )?{NAME}(?: and {NAME})?|the [a-z\-]+(?: [a-z\-]+)?)",
        rf"(?P<np>{NP}) (?:is|was) (?P<agent>by|an invention of) (?P<who>{AGENT})(?: from (?P<when>\d{{4}}))?",
        rf"(?P<np>{NP}) was (?:first )?(?P<found>found|seen|sighted) by (?P<who>{AGENT})(?: {WHEN})?",
    )
]
WHEN_TAIL = re.compile(rf"(?P<body>.+?),? {WHEN}(?: (?P<after>(?:in|at|by|near) .+))?")
BY_TAIL = re.compile(rf"(?P<verb>[a-z]+) by (?P<who>{AGENT})(?:,? (?:in|on|at|for|between|from|as|with) .+)?")
PLACE_TAIL = re.compile(rf"(?P<body>(?:[a-z]+ )?(?:[a-z]+ )?){WHERE}")
PAIR_TAIL = re.compile(rf"(?P<pair>{'|'.join(sorted(WHAT_PAIRS, key=lambda pair: (-len(pair), pair)))}) (?P<value>.+)")
WHEN_END = re.compile(rf"(?:(?P<body>.+?),? )?{WHEN}")
WHERE_ALL = re.compile(WHERE)
HEAD = re.compile(NP + r"(?= (?:is|was|are|were|[a-z]+)\b)")
VALUE = re.compile(
    rf"(?:[Tt]he |called |about )?{NAME}|§|[Tt]he [a-z\-]+(?: [a-z\-]+)?|an? (?:[a-z\-]+ )?[a-z\-]+|{NUMBER}(?: [a-z\-]+){{0,2}}|{NAME}(?:, {NAME})*,? and {NAME}|\"[^\"]+\"|the \"[^\"]+\""
)
# A second clause with a subject of its own: '... was held and Chiapas declared ...'.
SECOND = re.compile(
    r"\b(?:is|was|are|were|[a-z]+ed) .* and (?:§|(?:the )?[A-Z][\w\-]*(?: [A-Z][\w\-]*)*) (?:was|were|is|are|had|has|[a-z]+ed)\b"
)
NOT_PLAIN = re.compile(
    r"\b(?:not|never|may|might|could|would|should|more than any|who|whom|according|recently|currently|today|ago|said|says|no longer|been)\b"
)


def general_facts(clause: str, page: Page, source: str) -> list[Fact]:
    match = HEAD.match(clause)
    if (
        not match
        or not starts_with_name(clause)
        or NOT_PLAIN.search(clause)
        or clause.count(",") > 6
        or len(clause.split()) < 3
        or SECOND.search(clause)
        or ("both " in clause) != bool(re.search(r"both .* and ", clause))
    ):
        return []
    for rule in (creation_facts, attribute_facts, count_facts, be_facts, verb_facts):
        facts = rule(clause, page, source)
        if facts:
            return facts
    return []


# --- asking ---


def turned(
    wh: str,
    relation: str,
    value: str,
    np: str,
    parts: tuple[str, str, str, str],
    clause: str,
    page: Page,
    own: bool,
    source: str,
) -> Fact:
    """A question by inversion. parts: auxiliary, verb after the subject when asked, the verb as stated, the rest.

    ("did", "begin", "began", "") When did X begin? ... when X began; ("was", "", "was", "built") When was X built? ... when X was built.
    """
    auxiliary, asked, stated, body = parts
    body, base = (f" {body}" if body else ""), f" {asked}" if asked else ""
    it = page.subject.pronoun
    direct, indirect = f"{wh} {auxiliary} {np}{base}{body}", f"{wh} {np} {stated}{body}"
    ask = [
        f"{capital(direct)}?",
        f"Can you tell me {indirect}?",
        f"Do you know {indirect}?",
        f"Tell me {indirect}.",
        f"I would like to know {indirect}.",
    ]
    if wh == "when" and re.search(r"\d{3,4}", value) and not re.search(rf"{MONTH}|BC|from|between", value):
        ask += [f"In which year {direct[5:]}?", f"In what year {direct[5:]}?"]
    plural = {"does": "do"}.get(auxiliary, auxiliary) if it == "they" else auxiliary
    follow = (f"{capital(wh)} {plural} {it}{base}{body}?", f"And {wh} {plural} {it}{base}{body}?") if own else ()
    return Fact(relation, np, value, statement(clause, page), tuple(ask), follow, source=source)


def statement(clause: str, page: Page) -> str:
    """The clause as an answer."""
    return capital(clause.replace("§", page.subject.name)).rstrip(" .,") + "."


def inside(np: str, page: Page) -> str:
    """A noun phrase as it stands within a sentence."""
    first = re.match(r"[\w\-]+", np)
    lower = first and (
        first[0] in ("The", "A", "An")
        or (
            first[0].lower() in page.small
            and first[0] not in page.proper
            and not page.known(np)
            and not re.match(r"[\w\-]+ [A-Z]", np)
        )
    )
    np = np.replace("§", page.subject.name)
    return np[:1].lower() + np[1:] if lower else np


# --- the rules ---


def creation_facts(clause: str, page: Page, source: str) -> list[Fact]:
    """'§ was discovered by Marie Curie in 1898', 'Marie Curie discovered § in 1898', 'The inventor of § is ...': by whom, and when."""
    match = next((m for m in (p.fullmatch(clause) for p in CREATED) if m), None)
    if not match:
        return []
    got = match.groupdict()
    np, who = got["np"].replace("§", page.subject.name), inside(got["who"], page)
    if clause.startswith(got["np"]):
        np = inside(got["np"], page)
    verb = creation_verb(got, who, page)
    raw = got["np"]
    # Within a sentence a capital makes a name; at its beginning a word that is never small (Hamlet), or two with a singular verb.
    work = (
        not clause.startswith(raw)
        or (raw.split()[0].lower() not in page.small and " " not in raw)
        or (" and " in raw and got.get("be") in ("is", "was"))
    )
    thing_ok = (
        usable(raw, page)
        or re.match(r"the [a-z]", raw)
        or (re.match(r"[A-Z]", raw) and work)
        or (raw.islower() and verb in ("discovered", "invented") and not raw.endswith("s"))
    )
    who_ok = who.endswith((" brothers", " sisters")) or stands_alone(re.sub(r"^the ", "", who).split(" and ")[0], page)
    if not verb or re.match(MONTH, who) or not thing_ok or not who_ok:
        return []
    past, agent, base = PAST_OF_PARTICIPLE[verb], CREATION[verb], PARTICIPLE[verb]
    own, it = got["np"] == "§", page.subject.pronoun
    be = got.get("be") if got.get("be") in ("was", "were") else "were" if own and it == "they" else "was"
    ask = (
        f"Who {past} {np}?",
        f"Can you tell me who {past} {np}?",
        f"Do you know who {past} {np}?",
        f"By whom {be} {np} {verb}?",
        f"Who {be} the {agent} of {np}?",
        f"Tell me who {past} {np}.",
        f"Who {be} {np} {verb} by?",
    )
    them = page.subject.object
    facts = [
        Fact(
            f"{verb} by",
            np,
            who,
            capital(f"{np} {be} {verb} by {who}."),
            ask,
            (f"Who {past} {them}?", f"And who {past} {them}?") if own and not page.subject.person else (),
            f"{capital(be)} {np} {verb} by {{V}}?",
            (f"What did {who} {base}?",),
            capital(f"{who} {past} {np}."),
            source,
        )
    ]
    when = got.get("when")
    if when:
        when = when if " " in when else f"in {when}"
        facts.append(
            turned(
                "when",
                f"{verb} when",
                when.removeprefix("in ").removeprefix("on "),
                np,
                (be, "", be, verb),
                f"{np} {be} {verb} {when}",
                page,
                own,
                source,
            )
        )
    return facts


def creation_verb(got: dict, who: str, page: Page) -> str:
    """The participle: written out, or of what 'the author of' and 'is by' mean."""
    if got.get("verb"):
        return got["verb"]
    if got.get("past"):
        return next(v for v in CREATION if PAST_OF_PARTICIPLE[v] == got["past"])
    if got.get("found"):
        return "discovered"
    if got["agent"] == "by":
        return {
            "writer": "written",
            "novelist": "written",
            "poet": "written",
            "playwright": "written",
            "composer": "composed",
            "painter": "painted",
        }.get(page.kind_of(who), "")
    return (
        "invented"
        if got["agent"] == "an invention of"
        else next(v for v, agent in CREATION.items() if agent == got["agent"])
    )


def attribute_facts(clause: str, page: Page, source: str) -> list[Fact]:
    """'The highest mountain in Japan is Mount Fuji', 'The Rhine is the longest river in Germany'."""
    match = ATTRIBUTE.fullmatch(clause) or ATTRIBUTE_BACK.fullmatch(clause)
    if not match:
        return []
    attr, of, be, prep = match["attr"], match["of"].replace("§", page.subject.name), match["be"], match["prep"]
    value = re.sub(
        rf"^(?P<v>(?:the )?{NAME}) (?:in|at|on|near|with) .+", r"\g<v>", match["value"].replace("§", page.subject.name)
    ).removeprefix("called ")
    value = "t" + value[1:] if value.startswith("The ") else value
    words = attr.split()
    plural = words[-1].endswith("s") and not words[-1].endswith(("ss", "us", "is"))
    if (
        words[-1] in BAD_ATTRIBUTES
        or words[0] in BAD_ATTRIBUTES - {"first", "second", "third", "last"}
        or not VALUE.fullmatch(value)
        or set(words) & (STOP_WORDS - {"most"})
        or len(value.split()) > 8
        or (be in ("are", "were") and not plural)
        or value.startswith("the most ")
        or words[-1] in PARTICIPLE
        or value.lower() == of.lower()
        or (plural and be in ("is", "was"))
        or (of[0].isupper() and not stands_alone(of, page))
        or (re.match(r"an? ", value) and prep != "of")
    ):
        return []
    if re.search(
        r"(?:son|daughter|brother|sister|cousin|nephew|niece|uncle|aunt|child|in-law|friend|pupil|student|ally|enemy|member)s?$",
        words[-1],
    ):
        return []
    who = "who" if {words[-1], words[-1].removesuffix("s")} & WHO else "what"
    what = f"the {attr} {prep} {of}"
    ask = [
        f"{capital(who)} {be} {what}?",
        f"Can you tell me {who} {what} {be}?",
        f"Do you know {who} {what} {be}?",
        f"Name {what}.",
    ]
    if re.search(SUPERLATIVE, f"the {attr}") and len(words) > 1:
        ask.append(f"Which {words[-1]} {be} the {' '.join(words[:-1])} {prep} {of}?")
    if prep == "of" and of[0].isupper():
        ask.append(f"{capital(who)} {be} {possessive(of)} {attr}?")
    own = match["of"] == "§" and prep == "of"
    its = f"{page.subject.its} {attr}"
    follow = (f"{capital(who)} {be} {its}?", f"And {who} {be} {its}?") if own else ()
    return [
        Fact(
            f"{attr} {prep}",
            of,
            value,
            statement(clause, page),
            tuple(ask),
            follow,
            f"{capital(be)} {{V}} {what}?",
            source=source,
        )
    ]


def count_facts(clause: str, page: Page, source: str) -> list[Fact]:
    """'Finland has more than 100,000 lakes' -> How many lakes does Finland have?"""
    match = HAS_COUNT.fullmatch(clause)
    if not match or not usable(match["np"], page):
        return []
    verb, prep, np, noun = match["verb"], match["prep"] or "", inside(match["np"], page), match["noun"]
    if noun.split()[-1] in STOP_WORDS:
        return []
    kind_of = re.match(r" of [a-z]+(?: [a-z]+)?$", match["rest"])
    noun += kind_of[0] if kind_of else ""
    base = (
        "have"
        if verb in ("has", "have", "had")
        else THIRD.get(verb) or PAST.get(verb) or (verb if verb in VERBS else "")
    )
    if (
        not base
        or noun.split()[0] in ("million", "billion", "hundred", "thousand", "percent", "per")
        or noun.split()[-1]
        in (
            "times",
            "years",
            "days",
            "months",
            "weeks",
            "hours",
            "ways",
            "ones",
            "kilometres",
            "metres",
            "miles",
            "feet",
            "others",
            "is",
        )
    ):
        return []
    do = "did" if verb in PAST or verb == "had" else "do" if verb in VERBS or verb == "have" else "does"
    return [
        turned(
            f"how many {noun}",
            f"number of {noun}",
            match["n"],
            np,
            (do, base, verb, prep.strip()),
            clause,
            page,
            match["np"] == "§",
            source,
        )
    ]


def be_facts(clause: str, page: Page, source: str) -> list[Fact]:
    """Clauses with a form of 'be': turned round for when, where, by whom and what; or asked for their subject."""
    match = BE_CLAUSE.fullmatch(clause)
    if not match or not usable(match["np"], page):
        return []
    np, be, adverb, own = inside(match["np"], page), match["be"], match["adv"], match["np"] == "§"
    rest = match["rest"].replace("§", page.subject.name)
    first = rest.split()[0]
    if own and page.subject.pronoun != "they" and be in ("are", "were") and not np.endswith("s"):
        return []
    passive = (
        first in PARTICIPLE
        or (first.endswith("ed") and first.isalpha())
        or first in ("famous", "home", "similar", "native", "rich", "visible")
    )
    facts = []

    def ask(wh: str, body: str, relation: str, value: str) -> Fact:
        return turned(wh, relation, value, np, (be, "", be, f"{adverb}{body}".strip()), clause, page, own, source)

    when = WHEN_TAIL.fullmatch(rest)
    by = BY_TAIL.fullmatch(rest)
    if (
        by
        and stands_alone(by["who"].removeprefix("the "), page)
        and by["verb"] in AGENT_VERBS
        and by["verb"] in PAST_OF_PARTICIPLE
    ):
        verb, past, who = by["verb"], PAST_OF_PARTICIPLE[by["verb"]], by["who"]
        questions = (
            f"Who {past} {np}?",
            f"Can you tell me who {past} {np}?",
            f"Do you know who {past} {np}?",
            f"By whom {be} {np} {verb}?",
            f"Who {be} {np} {verb} by?",
        )
        them = page.subject.object
        facts.append(
            Fact(
                f"{verb} by",
                np,
                who,
                statement(clause, page),
                questions,
                (f"Who {past} {them}?", f"And who {past} {them}?") if own and not page.subject.person else (),
                f"{capital(be)} {np} {verb} by {{V}}?",
                source=source,
            )
        )
    if (
        when
        and dated(when["when"], be in ("is", "are"))
        and len(when["body"].split()) <= 9
        and not re.search(r" (?:and|or|than|of)$|, and |\d{3,4}|, \w+(?:ed|ing)$", when["body"])
        and not (own and first == "born")
    ):
        span = re.match(r"from|until|between|since", when["when"])
        last = when["body"].split()[-1]
        doing = " " in when["body"] and (
            last in PARTICIPLE or last.endswith("ed")
        )  # '... a computer produced', '... photographs taken'
        if (
            (passive and not doing and (by or " by " not in when["body"]))
            or (first in ("a", "an", "the") and span and not doing)
            or (first in ("independent", "part", "president", "king", "queen", "mayor", "emperor") and when)
        ):
            body = when["body"].split(" by ")[0]
            wh = (
                "until when"
                if when["when"].startswith("until")
                else "since when"
                if when["when"].startswith("since")
                else "when"
            )
            facts.append(ask(wh, body, f"when {first}", when["when"]))
    place = PLACE_TAIL.fullmatch(rest)
    if not facts and place and not re.search(r"\d", place["where"]):
        verb = PARTICIPLE.get(first)
        body = place["body"].strip()
        if not body or (passive and verb in PLACE_VERBS and len(body.split()) == 1):
            facts.append(ask("where", body, "where " + (first if body else "be"), place["where"]))
    if not facts and passive:
        what = PAIR_TAIL.fullmatch(rest)
        if (
            what
            and not re.match(rf"{DATE}|{NUMBER}", what["value"])
            and len(what["value"].split()) <= 14
            and not re.match("to |that ", what["value"])
            and not PRONOUN.search(what["value"])
            and not (what["pair"].endswith(" in") and re.match(rf"{NAME}$", what["value"]))
        ):
            facts.append(ask("what", what["pair"], what["pair"], what["value"]))
        called = re.fullmatch(
            r"(?P<verb>called|nicknamed|named|renamed) (?P<value>(?:the )?(?:\"[^\"]+\"|“[^”]+”|[A-Z][\w\- ]*))", rest
        )
        if called:
            facts.append(ask("what", called["verb"], called["verb"], called["value"]))
    if (
        not facts
        and re.match(r"(?:the|an?) ", rest)
        and (
            re.search(SUPERLATIVE, rest)
            and not re.search(r"\bone of\b", rest)
            or (own and page.subject.person and rest.startswith("the ") and re.search(rf" {WORD}", rest))
        )
    ):
        facts += subject_question(clause, np, f"{be} {adverb}{rest}", own, page, source)
    return facts


def verb_facts(clause: str, page: Page, source: str) -> list[Fact]:
    """Clauses with a full verb: When did X V? Where does X V? What does X V? Who V?"""
    match = VERB_CLAUSE.fullmatch(clause)
    if not match or not usable(match["np"], page):
        return []
    np, verb, own = inside(match["np"], page), match["verb"], match["np"] == "§"
    rest = match["rest"].replace("§", page.subject.name)
    if verb in THIRD:
        base, do = THIRD[verb], "does"
    elif verb in PAST and verb not in VERBS:
        base, do = PAST[verb], "did"
    elif verb in VERBS and (own and page.subject.pronoun == "they" or " and " in match["np"]):
        base, do = verb, "do"
    else:
        return []
    if rest.split()[0] in ("is", "was", "are", "were", "by") or rest.split()[0] in PARTICIPLE:
        return []
    facts = []

    def ask(wh: str, body: str, relation: str, value: str) -> Fact:
        return turned(wh, relation, value, np, (do, base, verb, body.strip()), clause, page, own, source)

    when = WHEN_END.fullmatch(rest)
    body = when["body"] or "" if when else ""
    if (
        when
        and dated(when["when"], do != "did")
        and (body or base in ALONE)
        and len(body.split()) <= 10
        and not re.search(
            r"\b(?:and|or|of|than|about|from|to|between|until|since)$|, and |\d{3,4}|, \w+(?:ed|ing)$", body
        )
    ):
        wh = (
            "until when"
            if when["when"].startswith("until")
            else "since when"
            if when["when"].startswith("since")
            else "when"
        )
        facts.append(ask(wh, body, f"when {base}", when["when"]))
    place = WHERE_ALL.fullmatch(rest)
    if not facts and place and base in PLACE_VERBS and not re.search(r"\d", rest):
        facts.append(ask("where", "", f"where {base}", rest))
    if not facts and base == "come" and re.match(rf"from (?:the )?(?:[a-z]+ (?:of |in ))?(?:the )?{NAME}$", rest):
        facts.append(ask("where", "from", "where come from", rest.removeprefix("from ")))
    if not facts and (base in OBJECT_VERBS and do != "did" or base in ("mean", "consist")):
        what = re.fullmatch(
            r"(?P<prep>(?:of|on|from|to|into|for|through|up|mostly of|mainly of|mostly on|mainly on) )?(?P<value>(?:the |an? |many |several |two |three )?[\w\-’\"].*)",
            rest,
        )
        if (
            what
            and len(what["value"].split()) <= 12
            and not re.search(r" (?:that|who|to) |^(?:use|up|way|sure|place) ", what["value"])
            and not re.match(rf"{NUMBER}|(?:in|at|as|by|with|near) ", what["value"])
        ):
            facts.append(
                ask("what", (what["prep"] or "").strip(), f"what {base} {what['prep'] or ''}".strip(), what["value"])
            )
    if not facts and len(match["rest"].split()) >= 2 and not re.search(r", \w+(?:ed|s)\b", match["rest"]):
        facts += subject_facts(clause, np, match["np"], verb, match["rest"], page, source)
    return facts


def subject_facts(clause: str, np: str, raw: str, verb: str, rest: str, page: Page, source: str) -> list[Fact]:
    """Who did it? Only where what was done has one doer."""
    own, predicate = raw == "§", f"{verb} {rest}".replace("§", page.subject.name)
    person = page.subject.person if own else page.kind_of(np) in PERSON_NOUNS
    unique = re.search(SUPERLATIVE, predicate) and "one of" not in predicate
    deed = (
        person
        and verb in DEEDS
        and not re.match(
            r"(?:an?|many|several|some|about|most|her|his|their|for|in|at|on|to|with|from|into|by|under|against|over|as) |\d",
            rest,
        )
        and len(rest.split()) >= 2
    )
    if "§" in rest and own or not (deed or (unique and verb in ("has", "have", "had", "became", "won"))):
        return []
    return subject_question(clause, np, predicate, own, page, source)


def subject_question(clause: str, np: str, predicate: str, own: bool, page: Page, source: str) -> list[Fact]:
    """'§ is the only mammal that can fly' -> Which animal is the only mammal ...? 'Who led the Salt March?'"""
    if len(predicate.split()) > 15 or re.search(r"\b(?:and|or|which)$", predicate) or PRONOUN.search(predicate):
        return []
    kind = page.subject.kind if own else page.kind_of(np)
    if "," in predicate or (not own and not re.search(rf"{WORD}|{WORLD}", predicate)):
        return []
    if (own and page.subject.person) or kind in PERSON_NOUNS:
        who = "who"
    elif kind:
        who = f"which {kind}"
    elif re.match(r"(?:the|an?) ", np):
        who = "what"
    else:
        return []
    if predicate.startswith(("are ", "were ")) and who != "who":
        return []
    ask = (
        f"{capital(who)} {predicate}?",
        f"Can you tell me {who} {predicate}?",
        f"Do you know {who} {predicate}?",
        f"Tell me {who} {predicate}.",
    )
    return [Fact("subject: " + predicate, np, np, statement(clause, page), ask, source=source)]


def dated(when: str, always: bool) -> bool:
    """Whether a time says the year, or is a day of every year."""
    return always or bool(re.search(r"\d{3}|century|BC|AD", when))


def usable(np: str, page: Page) -> bool:
    """Whether a noun phrase can be asked about without the article."""
    if "§" in np:
        return True
    names = re.findall(NAME, re.sub(r"^(?:The|An?) ", "", np))
    return bool(names) and all(stands_alone(n.removeprefix("the "), page) or i for i, n in enumerate(names))
