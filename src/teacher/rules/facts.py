"""What an article states, as facts: single statements with the questions that they answer.

    article = parse_article({"title": "France", "text": "France is a country. Its capital is Paris."}, kinds={})
    fact = facts_of(article)[1]
    fact.ask[0], fact.answer   # What is the capital of France? The capital of France is Paris.

Two ways lead from a clause to facts: relations that are known by name (relations.py), and general rules of English
(grammar/) that turn 'X was built in 1889' into 'When was X built?'. What neither understands gives nothing: no fact
is better than a wrong one.
"""

import re

from teacher.rules.clauses import BROKEN, PRONOUN, VAGUE, clauses, main
from teacher.rules.english import MONTH, STOP_WORDS, THIRD, YEAR, begins_with_vowel, capital, sentences
from teacher.rules.fact import Fact, possessive, stands_alone
from teacher.rules.grammar import general_facts
from teacher.rules.lexicon import entries, word_set
from teacher.rules.relations import PATTERNS, RELATIONS, Relation, pattern_of
from teacher.rules.subject import KINDS, WIDER, ParsedArticle, head_noun

SORTED = word_set("sorted_kinds")  # kinds of which one asks what kind
PLAIN = word_set("plain_adjectives")  # adjectives that say nothing of it
# Where a definition may end.
DEFINED = re.compile(
    rf"[;:—]| [–-] |, (?:{'|'.join(entries('after_definition'))})\b"
    r"|, and (?:is|was|are|were|has|had|it|he|she|they|its|his|her)\b"
    r"| (?:and|but) (?:is|was|are|were|has|had|it|he|she|they)\b"
    r"| but\b| because\b"
)
MAX_ANSWER_WORDS, MAX_QUESTION_WORDS, MAX_DEFINITION_WORDS = 34, 20, 28


def facts_of(article: ParsedArticle) -> list[Fact]:
    """The facts of an article in reading order; the first is its definition, if it has a usable one."""
    found, before = definition(article) + life_dates(article), False
    for number, paragraph in enumerate(article.paragraphs):
        before = number == 0
        for sentence in sentences(paragraph):
            parts, before = clauses(sentence, article, before)
            for clause in parts:
                known = related_facts(clause, article, sentence)
                general = general_facts(main(clause), article, sentence)
                if known:  # of the rest only what asks for something else
                    general = [
                        f
                        for f in general
                        if f.relation.startswith(("when ", "number of ")) and not any(k.value in f.value for k in known)
                    ]
                found += known + general
    result: dict[tuple[str, str, str], Fact] = {}
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


def definition(article: ParsedArticle) -> list[Fact]:
    """'France is a country in Western Europe': What is France?"""
    rest, name, be = shortened(article), article.subject.name, article.be
    if not rest or not says_what(rest):
        return []
    who = "who" if article.subject.person else "what"
    if article.domain:
        ask = [
            f"{capital(who)} {be} {name} {article.domain}?",
            f"{capital(article.domain)}, {who} {be} {name}?",
            f"Can you tell me {who} {name} {be} {article.domain}?",
        ]
        answer = f"{capital(article.domain)}, {name} {be} {rest}."
    else:
        ask = [
            f"{capital(who)} {be} {name}?",
            f"Can you tell me {who} {name} {be}?",
            f"Do you know {who} {name} {be}?",
            f"Please explain {who} {name} {be}.",
            f"I would like to know {who} {name} {be}.",
            f"What do you know about {name}?" if who == "who" else f"What kind of thing {be} {name}?",
        ]
        answer = f"{capital(name)} {be} {rest}."
    return [Fact("definition", name, rest, answer, tuple(ask), source=rest)]


def shortened(article: ParsedArticle) -> str:
    """What the first sentence says of the subject, up to where its main clause ends."""
    rest = DEFINED.split(article.definition, maxsplit=1)[0].strip(" ,")
    if not re.search(r"\b(?:that|which|who)\b", rest):
        rest = re.split(rf" and (?:it |he |she )?(?=(?:{'|'.join(THIRD)}) )", rest)[0]
    if head_noun(rest) != article.subject.kind:
        rest = article.definition  # the cut came before its noun: 'a sweet, usually brown food'
    if len(rest.split()) > MAX_DEFINITION_WORDS:
        rest = re.split(r", \w+(?:ed|ing)\b", rest)[0]
    while len(rest.split()) > MAX_DEFINITION_WORDS and "," in rest:
        rest = rest.rsplit(",", 1)[0]
    return rest


def says_what(rest: str) -> bool:
    """Whether what was found says what something is."""
    words = rest.split()
    return (
        2 <= len(words) <= MAX_DEFINITION_WORDS
        and words[-1].lower() not in STOP_WORDS
        and not BROKEN.search(rest)
        and not VAGUE.search(rest)
        and not PRONOUN.search(rest)
        and rest.count('"') % 2 == 0
        and ',"' not in rest
        and words[-1].lower() not in ("first", "largest", "best")
        and not re.fullmatch(r"(?:the|an?) (?:name|term|word)(?: .{0,12})?", rest)
        and ("both " not in rest or " and " in rest)
    )


def life_dates(article: ParsedArticle) -> list[Fact]:
    """Born and died, from the brackets of the first sentence: Albert Einstein (14 March 1879 – 18 April 1955)."""
    if not article.subject.person or not article.paragraphs:
        return []
    lead = sentences(article.paragraphs[0])[0]
    exact = rf"(?:\d{{1,2}} {MONTH} \d{{4}}|{MONTH} \d{{1,2}}, \d{{4}}|\d{{4}})"
    both = re.search(
        rf"\((?:[^()]*?[;,] )?(?:born )?(?P<born>{exact})(?: in [^()–]*?)? ?[–-] ?(?P<died>{exact})(?: in [^()]*)?\)",
        lead,
    )
    born = both or re.search(rf"\((?:[^()]*?[;,] )?born (?P<born>{exact})\)", lead)
    found = []
    for name, value in (("born when", born and born["born"]), ("died when", both and both["died"])):
        if value:
            found += related_fact(
                next(r for r in RELATIONS if r.name == name), article.subject.name, value, article, lead
            )
    return found


# relations known by name


def related_facts(clause: str, article: ParsedArticle, source: str) -> list[Fact]:
    found: dict[str, list[Fact]] = {}
    short = main(clause)
    for relation, literal, template in PATTERNS:
        if relation.name in found or literal not in clause:
            continue
        pattern = pattern_of(relation, template)
        match = pattern.fullmatch(clause) or (pattern.fullmatch(short) if short != clause else None)
        if match:
            made = related_fact(relation, match["S"], match["V"], article, source)
            if made:
                found[relation.name] = made
    return [fact for facts in found.values() for fact in facts]


def related_fact(relation: Relation, name: str, value: str, article: ParsedArticle, source: str) -> list[Fact]:
    """The fact of a known relation, all its wordings filled in; [] when subject or value are none."""
    subject = article.subject
    own = name in ("§", subject.name, re.sub("^(?:the|an?) ", "", subject.name))
    name = subject.name if own else name.replace("§", subject.name)
    name = "t" + name[1:] if name.startswith("The ") else name
    value = tidy(value.replace("§", subject.name), relation)
    kind = subject.kind if own else article.kind_of(name)
    if relation.of_kind and kind not in relation.of_kind.split() and not re.search(r"\b(?:River|Creek|Stream)\b", name):
        return []
    if not (own or stands_alone(name, article)) or not good_value(value, relation, name, article):
        return []
    if relation.name == "kind":
        value = one_of_a_kind(value, source)
        named = re.search(rf"{re.escape(value)}(?:,| that| which)", source) and value.split()[-1] not in KINDS
        if not own or named or not kind_value(value, kind):
            return []
        kind = WIDER.get(kind, kind) if value.split()[-1] == kind else kind
    fill = slots(relation, name, value, kind, article, own, source)

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


def one_of_a_kind(value: str, source: str) -> str:
    """'belongs to the transition metals' -> transition metal"""
    several = value.endswith("s") and not value.endswith("ss") and re.search("belongs? to |among the", source)
    return re.sub(r"(?<=\bgas)es$|(?<=ss)es$|(?<=x)es$|(?<=[sc]h)es$|s$", "", value) if several else value


def slots(
    relation: Relation, name: str, value: str, kind: str, article: ParsedArticle, own: bool, source: str
) -> dict[str, str]:
    """What stands in the slots of a relation's wordings."""
    subject = article.subject
    person = subject.person if own else relation.of_person
    pronoun = subject.pronoun if own else "he" if person else "it"
    plural, past = pronoun == "they", person and not re.search(r"\bis\b", source)
    return {
        "S": name,
        "S's": possessive(name),
        "bare": re.sub(r"^(?:the|an?) ", "", name),
        "V": value,
        "aV": a(value),
        "kind": kind,
        "vkind": article.kind_of(value),
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


def good_value(value: str, relation: Relation, name: str, article: ParsedArticle) -> bool:
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
    return f"{'an' if begins_with_vowel(noun) else 'a'} {noun}"
