"""One question put in many ways: a fact is asked for as people like, not only as the rule that found it would ask.

    asked_otherwise(fact, kinds)    # ['Io orbits which planet?', 'I forgot the planet that Io orbits.', ...]

Three sources. Wordings that belong to one relation stand in data/questions.txt. The fact's own questions give clauses
('who painted Guernica') and noun phrases ('the year in which Guernica was painted'), and frames are put around these.
And its answer, an assertion, becomes a question where an interrogative takes the value's place.
"""

import re
from collections.abc import Iterable, Mapping

from teacher import wordings
from teacher.rules.english import MONTH, PARTICIPLE, PAST, PAST_OF_PARTICIPLE, capital
from teacher.rules.fact import Fact, possessive
from teacher.rules.grammar.creation import MAKERS
from teacher.rules.grammar.phrases import SUPERLATIVE
from teacher.rules.lexicon import entries, word_pairs
from teacher.rules.subject import WIDER, kind_of

FRAME = re.compile(
    r"(?:Can you tell me|Could you tell me|Do you know|I would like to know|I want to know|Tell me|Please tell me) "
    r"(?P<rest>(?:who|what|when|where|why|how|which|in which|in what|the)\b.+)[.?]"
)
NAMED = re.compile(r"(?:Name|What (?:is|are|was|were)|Who (?:is|was|were)) (?P<noun>the .+?)[.?]")
SUBJECT_ASKED = re.compile(r"(?:Who|What|Which [a-z]+) (?P<verb>[a-z]+) .+\?")
SLOT = re.compile(r"\{([^}]+)\}")
WORDS = r"[a-z][a-z\-]*(?: (?!of |in |who |that |which )[a-z][a-z\-]*){0,2}"
OWNED = re.compile(rf"the (?P<what>{WORDS}) (?P<prep>of|in) (?P<of>(?!which)(?!.*(?: who |['’]s? ))[^,]+)")
OPEN = re.compile(r" (?:by|in|on|of|for|from|to|into|with|as|at|after|called|known)$")
PREPOSITION = re.compile(r"(?P<verb>.*?) ?\b(?P<prep>in|into|on|to|through|after|from|with|around|for|at)")
ROLES = word_pairs("roles")  # {"painted": "artist"}
# What was done, as a noun: the discovery of radium.
EVENTS = {"discovered": "discovery", "invented": "invention", "born": "birth", "founded": "foundation"}
EVENTS |= {"opened": "opening", "published": "publication", "completed": "completion", "built": "construction"}
PLACES = ("in", "on", "at", "near")
FRAMES = ("around a clause", "around a noun")  # sections of questions.txt
# The slot of a section; in others S, in those that ask back V.
SPECIAL = {"superlative": "N", "deed": "D"} | dict.fromkeys(FRAMES, "Q")
MAX_WORDS = 24  # of a question
# An order, or something that one says of oneself; whatever else has no mark asks.
ORDER = re.compile(
    rf"(?:(?:please|kindly|just|quickly|hey|and|now|ok|so),? )*(?:{'|'.join(map(re.escape, entries('orders')))})\b",
    re.I,
)


def asked_otherwise(fact: Fact, kinds: Mapping[str, str]) -> list[str]:
    """All other questions for a fact's value. kinds: what the articles are about, {"france": "country"}."""
    kind = kind_of(fact.value, kinds)
    clauses = clauses_of(fact)
    nouns = nouns_of(fact, clauses)
    if told := statement_of(fact.answer, fact.subject, fact.value):
        clauses += relative_questions(*told, kind)
        nouns += relative_nouns(*told, kind)
    own = kind_of(fact.subject, kinds)
    own = WIDER.get(own, "") if fact.relation == "kind" and fact.value.endswith(own) else own  # 'what kind of animal'
    slots = {"S": fact.subject, "V": fact.value, "kind": own, "vkind": kind}
    found = known_wordings(section_of(fact), slots | extra_slots(fact))
    found += [ended(f"{who} {clause[4:]}") for clause in clauses if clause[:4] == "who " for who in doers(clause[4:])]
    found += [framed("around a clause", clause, fact.subject) for clause in clauses]
    found += [framed("around a noun", noun, fact.subject) for noun in nouns]
    found += [ended(short) for noun in nouns for short in (noun, *telegraphic(noun))]
    return distinct(found + in_place(fact.answer, fact.subject, fact.value, kind), fact.value, fact.subject)


def asked_back(fact: Fact, kinds: Mapping[str, str]) -> list[str]:
    """All other questions for a fact's subject, given its value."""
    kind = kind_of(fact.subject, kinds)
    slots = {"S": fact.value, "V": fact.value, "kind": kind, "vkind": kind_of(fact.value, kinds)}
    clauses: list[str] = []
    nouns: list[str] = []
    if told := statement_of(fact.back_answer, fact.value, fact.subject):
        clauses, nouns = relative_questions(*told, kind), relative_nouns(*told, kind)
    found = known_wordings(f"{fact.relation} back", slots)
    found += [framed("around a clause", clause, fact.value) for clause in clauses]
    found += [framed("around a noun", noun, fact.value) for noun in nouns]
    return distinct(found + in_place(fact.back_answer, fact.value, fact.subject, kind), fact.subject, fact.value)


def distinct(questions: Iterable[str], wanted: str, given: str) -> list[str]:
    """Each once, without those that are too long or hold the answer, unless it is one of several to choose from."""

    def tells(question: str) -> bool:
        held = f" {wanted.lower()} " in f" {question[:-1].lower()} "
        return held and " or " not in question and wanted.lower() not in given.lower()

    return [q for q in dict.fromkeys(questions) if len(q.split()) <= MAX_WORDS and not tells(q)]


# wordings that are known by the name of the relation


def section_of(fact: Fact) -> str:
    """The section of questions.txt that asks for this fact's value; it may have none."""
    if fact.relation.startswith("subject: is the "):
        return "superlative"
    if fact.relation.startswith("subject: "):
        return "deed" if fact.ask[0].startswith("Who ") else ""
    if fact.relation == "definition":
        person, living = fact.ask[0].startswith("Who "), fact.ask[0].startswith("Who is ")
        return "" if living else "definition person" if person else "definition thing"  # many say 'was'
    if re.search(SUPERLATIVE, f"the {fact.relation}") and re.search(r" (?:of|in|on|from)$", fact.relation):
        return "superlative"
    return fact.relation


def extra_slots(fact: Fact) -> dict[str, str]:
    """The slots of deeds and superlatives, which have no subject."""
    deed = fact.relation.removeprefix("subject: ")
    return {"D": deed, "N": deed.removeprefix("is ") if deed != fact.relation else f"the {deed} {fact.subject}"}


def known_wordings(section: str, slots: dict[str, str]) -> list[str]:
    """The wordings of a section of questions.txt whose slots are all known."""
    slots = slots | {"S's": possessive(slots["S"]), "bare": re.sub(r"^(?:the|an?) ", "", slots["S"])}
    found = []
    for template in wordings.load("questions").get(section, {}).get(">", ()):
        irregular = "{kind}s" in template and slots["kind"].endswith(("s", "x", "h", "y", "f"))
        if all(map(slots.get, SLOT.findall(template))) and not irregular:
            found.append(ended(SLOT.sub(lambda match: slots[match[1]], template)))
    return found


# clauses and noun phrases of a fact's own questions, and of its answer


def clauses_of(fact: Fact) -> list[str]:
    """'who painted Guernica', 'which artist painted Guernica', 'in which year Guernica was painted'."""
    found = []
    for question in fact.ask:
        if match := FRAME.fullmatch(question):
            found.append(match["rest"])
        elif (match := SUBJECT_ASKED.fullmatch(question)) and (match["verb"] in PAST or match["verb"] in ("is", "was")):
            found.append(question[0].lower() + question[1:-1])
    found = [clause for clause in dict.fromkeys(found) if not clause.startswith("the ") and not OPEN.search(clause)]
    for clause in list(found):
        word, _, rest = clause.partition(" ")
        if word == "who":
            found += [f"{who} {rest}" for who in doers(rest)]
        elif word == "when" and to_the_year(fact.answer):
            found += [f"{when} {rest}" for when in ("in what year", "in which year", "which year")]
        elif word == "where":
            found += [f"{where} {rest}" for where in ("in which place", "in what place")]
    return found


def doers(rest: str) -> list[str]:
    """Who does what 'painted Guernica' says: which person, which artist."""
    verb = rest.split()[0]
    if verb not in PAST:
        return []
    roles = [ROLES[made] for made in ROLES if PAST_OF_PARTICIPLE.get(made, made) == verb]
    return [f"{word} {role}" for role in ("person", *roles) for word in ("which", "what")]


def nouns_of(fact: Fact, clauses: list[str]) -> list[str]:
    """'the capital of Peru', 'the painter of Guernica', 'the year in which Guernica was painted'.

    clauses: those of the fact
    """
    found = []
    for question in fact.ask:
        match = NAMED.fullmatch(question) or FRAME.fullmatch(question)
        noun = match and match.groupdict().get("noun", match.groupdict().get("rest"))
        if noun and noun.startswith("the ") and not OPEN.search(noun) and noun.split()[-1] not in PARTICIPLE:
            found.append(noun)
    owned = [match for noun in found if (match := OWNED.fullmatch(noun)) and match["prep"] == "of"]
    found += [f"{possessive(match['of'])} {match['what']}" for match in owned if match["of"][0].isupper()]
    for clause in clauses:
        found += as_noun_phrases(clause, fact.answer)
    if fact.relation.removesuffix(" by") in MAKERS:
        found.append(f"the {MAKERS[fact.relation.removesuffix(' by')]} of {fact.subject}")
    return found


def as_noun_phrases(clause: str, answer: str) -> list[str]:
    """'when gold was found' -> ['the year in which gold was found', ...]; the same for who and where."""
    word, _, rest = clause.partition(" ")
    event = re.fullmatch(rf"(.+) was (?:first )?({'|'.join(EVENTS)})", rest)
    if word == "when" and to_the_year(answer):
        named = [f"the year of the {EVENTS[event[2]]} of {event[1]}"] if event else []
        return [f"the year in which {rest}", f"the year when {rest}", f"the year that {rest}", *named]
    if word == "who" and rest.split()[0] in PAST:
        return [f"the name of the person who {rest}", f"the one who {rest}", f"the man or woman who {rest}"]
    if word == "where":
        place = f"the birthplace of {event[1]}" if event and event[2] == "born" else f"the place in which {rest}"
        return [f"the place where {rest}", place]
    return []


def to_the_year(answer: str) -> bool:
    """Whether an answer ends with a year and says no day."""
    return bool(re.search(r" in \d{3,4}\.$", answer)) and not re.search(rf"{MONTH} \d|\d {MONTH}", answer)


def statement_of(answer: str, subject: str, value: str) -> tuple[str, str] | None:
    """'Io orbits Jupiter.' -> ('Io', 'orbits'): subject and verb phrase of an answer that ends with its value."""
    answer = answer[:-1]
    if not answer.lower().startswith(f"{subject.lower()} ") or not answer.endswith(f" {value}"):
        return None
    said = answer[len(subject) : -len(value)].strip()
    return (subject, said) if said and len(said.split()) <= 4 and not re.search(r"\b(?:an?|the|by)$", said) else None


def relative_questions(subject: str, said: str, kind: str) -> list[str]:
    """'which planet Io orbits', 'in which country Paris lies'."""
    if not kind:
        return []
    match = PREPOSITION.fullmatch(said)
    turned = [f"{match['prep']} {word} {kind} {subject} {match['verb']}" for word in ("which", "what") if match]
    return [f"which {kind} {subject} {said}", f"what {kind} {subject} {said}", *turned]


def relative_nouns(subject: str, said: str, kind: str) -> list[str]:
    """'the planet that Io orbits', 'the country in which Paris lies'."""
    if not kind:
        return []
    match = PREPOSITION.fullmatch(said)
    turned = [f"the {kind} {match['prep']} which {subject} {match['verb']}"] if match else []
    return [f"the {kind} that {subject} {said}", *turned]


# frames, fragments, and the interrogative in the value's place


def framed(section: str, asked: str, *key) -> str:
    """In one of the frames for it, chosen by the key."""
    frame = wordings.pick(wordings.load("questions")[section][">"], section, asked, *key)
    return ended(wordings.expand(frame, asked, *key).replace("{Q}", asked))


def telegraphic(noun: str) -> list[str]:
    """'the capital of Peru' -> ['capital of Peru', 'Peru capital'], as people type into a search box."""
    match = OWNED.fullmatch(noun)
    if not match:
        return [noun.removeprefix("the ")]
    return [noun.removeprefix("the "), f"{match['of'].removeprefix('the ')} {match['what']}"]


def in_place(answer: str, subject: str, value: str, kind: str) -> list[str]:
    """'Io orbits Jupiter.' -> ['Io orbits which planet?', 'Io orbits what planet?']"""
    head = answer[: -len(value) - 1].rstrip()
    if not answer.endswith(f" {value}.") or subject.lower() not in head.lower() or re.search(r"\bthe$", head):
        return []
    return [f"{head} {asked}?" for asked in interrogatives(head, value, kind)]


def interrogatives(head: str, value: str, kind: str) -> tuple[str, ...]:
    """What may be asked in the place of a value."""
    last = head.split()[-1]
    count = re.fullmatch(r"(?:about )?[\d,.]+(?: (?:hundred|thousand|million|billion))? (?P<unit>[a-z ]+)", value)
    if kind:
        return f"which {kind}", f"what {kind}"
    if re.fullmatch(r"\d{4}", value) and last in ("in", "about"):
        return "what year", "which year"
    if re.match(r"in \d{4}$", value):
        return "in what year", "in which year", "when"
    if last == "by":
        return "whom", "which person", "what person"
    if count:
        return (f"how many {count['unit']}",)
    if value.split()[0] in PLACES:
        return ("where",)
    if last in PLACES and value[0].isupper():
        return "which place", "what place"
    return ("what",)


def ended(text: str) -> str:
    """With a capital letter and a mark at its end."""
    text = capital(text)
    if text[-1] in ".?!":
        return text
    last = re.split(r"[,;:] ", text)[-1]  # About gold: what is ...
    asks = wordings.QUESTION.match(text) or wordings.QUESTION.match(last) or not ORDER.match(text)
    return text + ("?" if asks else ".")
