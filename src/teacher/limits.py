"""Questions that must not be answered as they stand: a false premise, a thing that is not, a time to come.

What is false is known to be false: the wrong value is another subject's in a relation that has one value only, the
wrong kind is of a thing whose article has no such word, the deed is one that the article doesn't tell. Wordings:
data/limits.txt.
"""

import itertools
import random
import re
from collections import Counter
from collections.abc import Iterator

from pipeline.draws import hash64, shuffled
from teacher import wordings
from teacher.invented import new_name, thing
from teacher.rules.facts import Fact, a
from teacher.rules.rewording import asked_otherwise
from teacher.rules.teacher import RulesTeacher, to_the_day

# How often each kind is asked, in turns of this many
TURNS = (
    "premise",
    "nonsense",
    "premise",
    "never",
    "nonsense",
    "premise",
    "kind",
    "nonsense",
    "after",
    "nonsense",
    "premise",
    "confirmed",
    "never",
    "unanswerable",
    "confirmed",
)
CLAIMS = 4  # one question of so many says what it takes for granted: 'I read that Lyon is the capital of France.'
ANY_FACT = 3  # one of so many facts that have no section of their own is claimed as well
TWICE = {"travel", "forbid", "begin", "program", "kidnap"}  # 'travelling', though they have two syllables
PLACES = {"country", "city", "state", "island", "town", "continent", "river", "mountain"}
WHEN = {  # what answers 'When did {V} discover {S}?'
    "discovered by": "discovered when",
    "invented by": "invented when",
    "born in": "born when",
    "died in": "died when",
}
LAST_YEAR = 2100


class Limits:
    """teacher: knows the values of all articles; articles: those to ask about."""

    def __init__(self, teacher: RulesTeacher, articles: list[dict], persona: dict[str, str], *key):
        self.teacher, self.persona, self.key = teacher, persona, key
        self.texts = wordings.load("limits")
        self.pages = [(article, teacher.read(article)[0]) for article in articles]
        self.facts = [(article, fact) for article in articles for fact in teacher.read(article)[1]]
        common = Counter(page.subject.kind for _, page in self.pages if page.subject.kind)
        self.kinds = sorted(kind for kind, count in common.items() if count >= 3)

    def conversations(self) -> Iterator[dict]:
        """Without end, as long as there is anything to ask about; the kinds in the order of TURNS."""
        sources = {
            "premise": self.premises(),
            "confirmed": self.confirmed(),
            "kind": self.wrong_kinds(),
            "never": self.never(),
            "nonsense": self.nonsense(),
            "after": self.after(),
            "unanswerable": self.unanswerable(),
        }
        while sources:
            for name in TURNS:
                made = next(sources[name], None) if name in sources else None
                if made is None:
                    sources.pop(name, None)
                    continue
                article, question, answer = made
                yield {
                    "kind": f"limits/{name}",
                    "article_id": article["id"] if article else f"limits/{name}/{hash64(question)}",
                    "messages": [
                        {"role": "user", "content": wordings.punctuated(question)},
                        {"role": "assistant", "content": answer},
                    ],
                }

    def premises(self, rounds: int = 3) -> Iterator[tuple]:
        """'Why is Lyon the capital of France?': every fact that has a section, with another wrong value each time."""
        able = [(article, fact) for article, fact in self.facts if fact.relation in self.texts and fact.check]
        for round_ in range(rounds):
            for article, fact in self.in_turn(able, "premise", round_):
                key = (*self.key, fact.answer, round_)
                wrong = self.teacher.wrong_value(fact, key)
                if wrong:
                    yield article, *self.say(fact.relation, key, **slots(fact, wrong))

    def confirmed(self) -> Iterator[tuple]:
        """The same with a true premise, so that 'not' is no reflex: 'When did Alexander Fleming find penicillin?'"""
        by_subject = {(fact.relation, fact.subject): fact for _, fact in self.facts}
        for article, fact in self.in_turn(self.facts, "confirmed"):
            key = (*self.key, "confirmed", fact.answer)
            if fact.check and fact.relation in self.texts:
                date = by_subject.get((WHEN.get(fact.relation, ""), fact.subject))
                yield article, *self.confirm(fact, date, key)
            elif fact.answer.lower().startswith(fact.subject.lower()) and hash64(*key, "any") % ANY_FACT == 0:
                claim = fact.subject + fact.answer[len(fact.subject) :].rstrip(".")
                yield article, *self.say("claim", key, claim=claim, fact=fact.answer)

    def confirm(self, fact: Fact, date: Fact | None, key: tuple) -> tuple[str, str]:
        """A question that takes a fact for granted, and what answers it: its date, yes, or that no more is known."""
        lines, filled = self.texts[fact.relation], slots(fact, fact.value)
        ways = ["claim", "granted"] + ["date", "date"] * (date is not None and "+" in lines)
        way = wordings.pick(ways, *key, "way")
        if way == "claim":
            pattern = framed(wordings.pick(lines["@"], *key), *key)
        else:
            pattern = wordings.pick(lines["+" if way == "date" else ">"], *key)
        question = self.filled(wordings.expand(pattern, *key), filled)
        if date and way == "date":
            return question, date.answer
        return question, self.filled(wordings.pick(self.texts[way]["<"], *key), filled)

    def wrong_kinds(self) -> Iterator[tuple]:
        """'Why is gold a fruit?'"""
        for article, fact in self.in_turn(self.facts, "kind"):
            if fact.relation != "definition":
                continue
            text = f"{article['title']} {article['text']}".lower()
            others = [kind for kind in self.kinds if kind not in text]
            if others:
                key = (*self.key, "kind", fact.answer)
                wrong = wordings.pick(others, *key)
                yield article, *self.say("kind", key, S=fact.subject, W=a(wrong), W_bare=wrong, fact=fact.answer)

    def never(self) -> Iterator[tuple]:
        """'When did Isaac Newton fly to Mars?': of people and places whose articles have no word of the deed."""
        for round_ in range(6):
            for article, page in self.in_turn(self.pages, "never", round_):
                section = "deeds" if page.subject.person else "place_deeds" if page.subject.kind in PLACES else None
                key = (*self.key, "never", round_, page.subject.name)
                deeds = [d.split(" | ") for d in self.texts[section][">"]] if section else []
                able = [deed for deed in deeds if not told(deed[1], article)]
                if able:
                    do, did = wordings.pick(able, *key)
                    name = "never" if page.subject.person else "never_place"
                    yield article, *self.say(name, key, S=page.subject.name, do=do, did=did, doing=gerund(do))

    def nonsense(self) -> Iterator[tuple]:
        """What does not exist; every second time in the words in which a fact is asked for, so that nothing but the
        name tells what was read and what was not."""
        able = [fact for _, fact in self.facts if any(named_in(fact, question) for question in fact.ask)]
        for place in itertools.count():
            key = (*self.key, "nonsense", place)
            if place % 2 and able:
                fact = wordings.pick(able, *key, "fact")
                asked = [*fact.ask, *asked_otherwise(fact, self.teacher.kinds)]
                question = wordings.pick([q for q in asked if named_in(fact, q)], *key, "question")
                name = named_like(fact.subject, new_name(random.Random("|".join(map(str, key)))))
                answer = wordings.pick(self.texts["nonsense"]["<"], *key, "answer")
                yield None, named_in(fact, question, name), self.filled(answer, {"N": name})
            else:
                yield None, *self.say("nonsense", key, N=thing(*key))

    def after(self) -> Iterator[tuple]:
        """Years after the last one that the persona has read of; where that isn't known, from 2050 on."""
        read = re.search(r"\d{4}", self.persona["until"])
        first, place = int(read[0]) + 1 if read else 2050, 0
        while True:
            key = (*self.key, "after", place)
            year = first + hash64(*key, "year") % (LAST_YEAR - first)
            subject = wordings.pick(self.pages, *key)[1].subject.name
            yield None, *self.say("after", key, Y=str(year), S=subject)
            place += 1

    def unanswerable(self) -> Iterator[tuple]:
        people = [page.subject.name for _, page in self.pages if page.subject.person] or ["Adam"]
        place = 0
        while True:
            key = (*self.key, "unanswerable", place)
            yield None, *self.say("unanswerable", key, S=wordings.pick(people, *key))
            place += 1

    def in_turn(self, items: list, *key) -> list:
        """Shuffled by their places: a parsed page as text has sets in it, which every process writes differently."""
        return [items[place] for place in shuffled(range(len(items)), *self.key, *key)]

    def say(self, section: str, key: tuple, **slots: str) -> tuple[str, str]:
        """A wording of the section and its answer, filled; by the key."""
        lines = self.texts[section]
        if "@" in lines and hash64(*key, "claim") % CLAIMS == 0:
            pattern = framed(wordings.pick(lines["@"], *key, "claim"), *key)
        else:
            pattern = wordings.pick(lines[">"] + lines.get("+", ()), *key, "question")
        answer = wordings.pick(lines["<"], *key, "answer")
        return self.filled(wordings.expand(pattern, *key), slots), self.filled(answer, slots)

    def filled(self, template: str, slots: dict[str, str]) -> str:
        return re.sub(r"s's\b", "s'", wordings.fill(template, self.persona | slots))


def patterns(section: str) -> list[str]:
    """All patterns of questions that a section gives, its claims in every frame."""
    texts = wordings.load("limits")
    lines = texts[section]
    claims = [frame.replace("{claim}", claim) for claim in lines.get("@", ()) for frame in texts["claim"][">"]]
    return [*lines.get(">", ()), *lines.get("+", ()), *claims]


def framed(claim: str, *key) -> str:
    return wordings.pick(wordings.load("limits")["claim"][">"], *key, "frame").replace("{claim}", claim)


def slots(fact: Fact, value: str) -> dict[str, str]:
    """What fills a pattern of the fact's relation when it has this value, true or false."""
    bare = value.removeprefix("the ") if fact.relation == "currency" else value
    on = "on" if to_the_day(value) else "in"
    return {"S": fact.subject, "W": bare, "aW": a(bare), "in": on, "fact": fact.answer}


def named_in(fact: Fact, question: str, name: str = "") -> str:
    """The question with another name for the fact's subject; "" where it does not have it."""
    if fact.subject not in question:  # saves most of the patterns
        return ""
    told, count = re.subn(rf"(?<!\w){re.escape(fact.subject)}(?!\w)", lambda _: name or fact.subject, question)
    return told if count else ""


def named_like(subject: str, name: str) -> str:
    """'the Danube', 'Velmoor' -> 'the Velmoor'; 'gold', 'Velmoor' -> 'velmoor'"""
    article, bare = re.fullmatch(r"(the |The )?(.*)", subject, re.DOTALL).groups()  # type: ignore[union-attr]
    return (article or "") + (name.lower() if bare.islower() else name)


def gerund(deed: str) -> str:
    """'swim to Iceland' -> 'swimming to Iceland'"""
    verb, _, rest = deed.partition(" ")
    if verb in TWICE or re.fullmatch("[^aeiou]*[aeiou][bdgmnprt]", verb):
        verb += verb[-1]
    elif verb.endswith("ie"):
        verb = verb[:-2] + "y"
    elif re.search("[^aeioy]e$", verb):
        verb = verb[:-1]
    return f"{verb}ing {rest}".rstrip()


def told(did: str, article: dict) -> bool:
    """Whether the article has a telling word of the deed, so that it might have been done."""
    text = article["text"].lower()
    telling = [word for word in re.findall(r"\w+", did.lower()) if len(word) > 3]
    return any(re.search(rf"\b{re.escape(word[:5])}", text) for word in telling)
