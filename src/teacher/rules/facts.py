"""What an article states, as facts: single statements with the questions that they answer.

    page = read_page({"title": "France", "text": "France is a country in Western Europe. Its capital is Paris."}, kinds={})
    facts_of(page)[2].ask[0], facts_of(page)[2].answer   # What is the capital of France? The capital of France is Paris.

Two ways lead from a clause to facts: relations that are known by name (relations.py), and general rules of English
(grammar.py) that turn 'X was built in 1889' into 'When was X built?'. What neither understands gives nothing: no fact is
better than a wrong one.
"""

import re

from teacher.rules.clauses import BROKEN, PRONOUN, VAGUE, clauses, main
from teacher.rules.english import MONTH, STOP_WORDS, THIRD, YEAR, capital, sentences
from teacher.rules.fact import Fact, possessive, stands_alone
from teacher.rules.grammar import general_facts
from teacher.rules.relations import PATTERNS, RELATIONS, Relation, pattern_of
from teacher.rules.subject import KINDS, WIDER, Page, head_noun

# Kinds of which one asks what kind; adjectives that say nothing of it.
SORTED = set(
    "bridge disease element engine fish game gemstone instrument language metal mineral plant rock ship sport star tree vehicle weapon".split()
)
PLAIN = set(
    "common famous good great important key large main major member new old part popular rare single small special strong typical useful very well-known".split()
)
# Where a definition may end.
DEFINED = re.compile(
    r"[;:—]| [–-] |, (?:which|who|whose|where|and (?:is|was|are|were|has|had|it|he|she|they|its|his|her)|but|with|though|although|while|initially|"
    r"originally|formerly|now|currently|as|since|because|so|located|situated)\b| (?:and|but) (?:is|was|are|were|has|had|it|he|she|they)\b| but\b| because\b"
)
MAX_ANSWER_WORDS, MAX_QUESTION_WORDS, MAX_DEFINITION_WORDS = 34, 20, 28


def facts_of(page: Page) -> list[Fact]:
    """The facts of an article in reading order; the first is its definition, if it has a usable one."""
    found, before = definition(page) + life_dates(page), False
    for number, paragraph in enumerate(page.paragraphs):
        before = number == 0
        for sentence in sentences(paragraph):
            parts, before = clauses(sentence, page, before)
            for clause in parts:
                known = related_facts(clause, page, sentence)
                general = general_facts(main(clause), page, sentence)
                if known:  # of the rest only what asks for something else
                    general = [
                        f
                        for f in general
                        if f.relation.startswith(("when ", "number of ")) and not any(k.value in f.value for k in known)
                    ]
                found += known + general
    result = {}
    for fact in found:
        result.setdefault((fact.relation, fact.subject.lower(), fact.value.lower()), fact)
    return [fact for fact in result.values() if fit(fact)]


def fit(fact: Fact) -> bool:
    """The last look: whole sentences of decent length, nothing left open."""
    texts = [fact.answer, *fact.ask, *fact.back, fact.back_answer]
    return (
        len(fact.answer.split()) <= MAX_ANSWER_WORDS
        and len(fact.ask) >= 2
        and bool(fact.value)
        and not any(BROKEN.search(t) or "{" in t for t in texts)
        and all(len(t.split()) <= MAX_QUESTION_WORDS for t in fact.ask)
        and not re.search(r"\b(?:and|or|of|the|a|in|by|to) ?[?.]$", fact.answer)
    )


def definition(page: Page) -> list[Fact]:
    """'France is a country in Western Europe': What is France?"""
    subject, be = page.subject, page.be
    rest = DEFINED.split(page.definition, maxsplit=1)[0].strip(" ,")
    if not re.search(r"\b(?:that|which|who)\b", rest):
        rest = re.split(r" and (?:it |he |she )?(?=(?:%s) )" % "|".join(THIRD), rest)[0]
    if head_noun(rest) != subject.kind:
        rest = page.definition  # the cut came before its noun: 'a sweet, usually brown food'
    if len(rest.split()) > MAX_DEFINITION_WORDS:
        rest = re.split(r", \w+(?:ed|ing)\b", rest)[0]
    while len(rest.split()) > MAX_DEFINITION_WORDS and "," in rest:
        rest = rest.rsplit(",", 1)[0]
    last = rest.split()[-1].lower() if rest else ""
    if (
        not 2 <= len(rest.split()) <= MAX_DEFINITION_WORDS
        or BROKEN.search(rest)
        or VAGUE.search(rest)
        or PRONOUN.search(rest)
        or last in STOP_WORDS
        or rest.count('"') % 2
        or ',"' in rest
        or last in ("first", "largest", "best")
        or re.fullmatch(r"(?:the|an?) (?:name|term|word)(?: .{0,12})?", rest)
        or ("both " in rest and " and " not in rest)
    ):
        return []
    name, who = subject.name, "who" if subject.person else "what"
    if page.domain:
        ask = [
            f"{capital(who)} {be} {name} {page.domain}?",
            f"{capital(page.domain)}, {who} {be} {name}?",
            f"Can you tell me {who} {name} {be} {page.domain}?",
        ]
        return [Fact("definition", name, rest, f"{capital(page.domain)}, {name} {be} {rest}.", tuple(ask), source=rest)]
    ask = [
        f"{capital(who)} {be} {name}?",
        f"Can you tell me {who} {name} {be}?",
        f"Do you know {who} {name} {be}?",
        f"Please explain {who} {name} {be}.",
        f"I would like to know {who} {name} {be}.",
        f"What do you know about {name}?" if subject.person else f"What kind of thing {be} {name}?",
    ]
    return [Fact("definition", name, rest, f"{capital(name)} {be} {rest}.", tuple(ask), source=rest)]


def life_dates(page: Page) -> list[Fact]:
    """Born and died, from the brackets of the first sentence: Albert Einstein (14 March 1879 – 18 April 1955)."""
    if not page.subject.person or not page.paragraphs:
        return []
    lead = sentences(page.paragraphs[0])[0]
    exact = rf"(?:\d{{1,2}} {MONTH} \d{{4}}|{MONTH} \d{{1,2}}, \d{{4}}|\d{{4}})"
    both = re.search(
        rf"\((?:[^()]*?[;,] )?(?:born )?(?P<born>{exact})(?: in [^()–]*?)? ?[–-] ?(?P<died>{exact})(?: in [^()]*)?\)",
        lead,
    )
    born = both or re.search(rf"\((?:[^()]*?[;,] )?born (?P<born>{exact})\)", lead)
    found = []
    for name, value in (("born when", born and born["born"]), ("died when", both and both["died"])):
        if value:
            found += related_fact(next(r for r in RELATIONS if r.name == name), page.subject.name, value, page, lead)
    return found


# --- relations known by name ---


def related_facts(clause: str, page: Page, source: str) -> list[Fact]:
    found: dict[str, list[Fact]] = {}
    short = main(clause)
    for relation, literal, template in PATTERNS:
        if relation.name in found or literal not in clause:
            continue
        pattern = pattern_of(relation, template)
        match = pattern.fullmatch(clause) or (pattern.fullmatch(short) if short != clause else None)
        if match:
            made = related_fact(relation, match["S"], match["V"], page, source)
            if made:
                found[relation.name] = made
    return [fact for facts in found.values() for fact in facts]


def related_fact(relation: Relation, name: str, value: str, page: Page, source: str) -> list[Fact]:
    """The fact of a known relation, all its wordings filled in; [] when subject or value are none."""
    subject = page.subject
    own = name in ("§", subject.name, re.sub("^(?:the|an?) ", "", subject.name))
    name = subject.name if own else name.replace("§", subject.name)
    name = "t" + name[1:] if name.startswith("The ") else name
    value = tidy(value.replace("§", subject.name), relation)
    kind = subject.kind if own else page.kind_of(name)
    if relation.of_kind and kind not in relation.of_kind.split() and not re.search(r"\b(?:River|Creek|Stream)\b", name):
        return []
    if not (own or stands_alone(name, page)) or not good_value(value, relation, name, page):
        return []
    if relation.name == "kind":
        value = (
            value[:-1]
            if re.search("belongs? to |among the", source) and value.endswith("s") and not value.endswith("ss")
            else value
        )
        if (
            not own
            or not kind_value(value, kind)
            or (re.search(rf"{re.escape(value)}(?:,| that| which)", source) and value.split()[-1] not in KINDS)
        ):
            return []
        kind = WIDER.get(kind, kind) if value.split()[-1] == kind else kind
    person = subject.person if own else relation.of_person
    pronoun = subject.pronoun if own else "he" if person else "it"
    plural, past = pronoun == "they", person and not re.search(r"\bis\b", source)
    fill = {
        "S": name,
        "S's": possessive(name),
        "bare": re.sub(r"^(?:the|an?) ", "", name),
        "V": value,
        "aV": a(value),
        "kind": kind,
        "vkind": page.kind_of(value),
        "it": pronoun,
        "its": subject.its if own else {"it": "its", "he": "his"}[pronoun],
        "them": subject.object if own else {"it": "it", "he": "him"}[pronoun],
        "is": ("were" if past else "are") if plural else "was" if past else "is",
        "was": "were" if plural else "was",
        "does": "do" if plural else "does",
        "has": "have" if plural else "has",
        "s": "" if plural else "s",
        "in": "in" if re.fullmatch(rf"(?:{MONTH} )?{YEAR}", value) else "on",
    }
    if not (own and plural):
        fill |= {"is": "was" if past else "is"}

    def say(templates: tuple[str, ...]) -> tuple[str, ...]:
        usable = [t for t in templates if not any(f"{{{slot}}}" in t and not fill[slot] for slot in ("kind", "vkind"))]
        return tuple(dict.fromkeys(render(t, fill) for t in usable))

    back = say(relation.back)
    return [
        Fact(
            relation.name,
            name,
            value,
            render(relation.answer, fill),
            say(relation.ask),
            say(relation.follow) if own else (),
            render(relation.check, fill | {"V": "{V}"}) if relation.check else "",
            back,
            render(relation.back_answer, fill) if back else "",
            source,
        )
    ]


def render(template: str, fill: dict[str, str]) -> str:
    return capital(re.sub(r"\{([\w']+)\}", lambda m: fill[m[1]], template)).replace("..", ".")


def tidy(value: str, relation: Relation) -> str:
    """The value as it stands in an answer: 'the euro', 'about 57 million', 'Rome'."""
    value = re.sub(r"^The (?=\S)", "the ", value.strip(" ,"))
    if relation.value == "number":
        return value[:1].lower() + value[1:]
    if relation.name == "currency":
        return "the " + value.removeprefix("the ")
    return value.removeprefix("the ") if relation.value == "noun" else value


def good_value(value: str, relation: Relation, name: str, page: Page) -> bool:
    words = value.split()
    if (
        not words
        or len(words) > (14 if relation.value in ("phrase", "list") else 9)
        or words[-1] in STOP_WORDS
        or name.lower() == value.lower()
    ):
        return False
    if VAGUE.search(value) or BROKEN.search(value) or (PRONOUN.search(value) and relation.value != "phrase"):
        return False
    if relation.value in ("place", "name") and re.match(
        rf"{MONTH}\b|(?:the )?(?:North|South|East|West)(?:east|west)?ern$", value
    ):  # cut off: 'the Southern'
        return False
    return not re.match(rf"(?:{MONTH}\b|\d)", name) and not (
        relation.value == "noun" and (len(words) > 5 or set(words[1:]) & STOP_WORDS)
    )


def kind_value(value: str, kind: str) -> bool:
    """'transition metal' says what kind of element something is; 'element' does not."""
    words = value.split()
    if (
        kind not in SORTED
        and kind not in WIDER
        or set(words) & STOP_WORDS
        or words[0] in PLAIN
        or words[-1].endswith(("ed", "ly", "ous", "ive"))
    ):
        return False
    return words[-1] != kind or len(words) > 1 or kind in WIDER


def a(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' and not noun.lower().startswith(('eu', 'uni', 'one', 'use')) else 'a'} {noun}"
