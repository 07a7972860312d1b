"""teacher/limits.py: what is asked depends on the articles and the key, and on nothing of the process."""

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest

from teacher import limits, wordings
from teacher.rules.rewording import asked_otherwise
from teacher.rules.teacher import RulesTeacher

SRC = Path(__file__).resolve().parents[2] / "src"
PROGRAM = """
import itertools
from teacher.limits import Limits
from teacher.rules.rewording import asked_otherwise
from teacher.rules.teacher import RulesTeacher

def person(n, name, job, town):
    text = f"{name} (1900 - 1980) was a {job}. {name} was born in {town} in 1900 and lived in {town} for many years."
    return {"id": n, "title": name, "text": text}

names = ["Ada Brook", "Ben Carver", "Cleo Dunn", "Dora Elm", "Emil Ford", "Fay Grant", "Gus Hale", "Ida Jones"]
articles = [person(n, name, job, town) for n, (name, job, town) in enumerate(zip(
    names, ["painter", "chemist"] * 4, ["Rome", "Oslo", "Bonn", "Lyon"] * 2))]
persona = {"name": "WikiGPT", "made": "m", "language": "English", "limits": "l", "until": "2026"}
limits = Limits(RulesTeacher(articles, 7), articles, persona, 7, "train")
for row in itertools.islice(limits.conversations(), 60):
    print(row["kind"], row["messages"][0]["content"])
"""


def rows(hash_seed: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": str(SRC), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_rows_are_the_same_in_every_process():
    first = rows("1")
    assert len(first) == 60 and sum(row.startswith("limits/never") for row in first) > 5
    assert first == rows("2") == rows("3")


SECTIONS = wordings.load("limits")
RELATIONS = {
    name: lines for name, lines in SECTIONS.items() if "{fact}" in " ".join(lines.get("<", ())) and "@" in lines
}


def test_every_pattern_of_a_relation_names_the_subject_and_what_is_false_of_it():
    assert len(RELATIONS) >= 28
    for name, lines in RELATIONS.items():
        asked = limits.patterns(name)
        assert len(lines[">"]) >= 24 and len(set(asked)) == len(asked), name
        for pattern in asked:
            assert "{S}" in pattern and re.search(r"\{(?:W|aW|W_bare)\}", pattern), (name, pattern)
    for name in ("never", "never_place"):
        for pattern in limits.patterns(name):
            assert "{S}" in pattern and re.search(r"\{(?:do|did|doing)\}", pattern), (name, pattern)


# fmt: off
PAST = {
    "beat": "beat", "become": "became", "break": "broke", "bring": "brought", "build": "built",
    "buy": "bought", "catch": "caught", "choose": "chose", "cut": "cut", "dig": "dug", "drink": "drank",
    "drive": "drove", "eat": "ate", "fall": "fell", "feed": "fed", "fight": "fought", "fly": "flew",
    "forbid": "forbade", "get": "got", "give": "gave", "go": "went", "grow": "grew", "hide": "hid", "hold": "held",
    "keep": "kept", "lead": "led", "lose": "lost", "make": "made", "meet": "met", "pay": "paid", "put": "put",
    "read": "read", "ride": "rode", "run": "ran", "sell": "sold", "send": "sent", "shrink": "shrank", "sing": "sang",
    "sink": "sank", "sleep": "slept", "spend": "spent", "split": "split", "stand": "stood", "steal": "stole",
    "swim": "swam", "take": "took", "teach": "taught", "throw": "threw", "wear": "wore", "win": "won",
    "write": "wrote",
}
# fmt: on


def regular(verb: str) -> set[str]:
    """What a regular past tense may look like: ended, raced, tried, robbed."""
    tried = verb[:-1] + "ied" if verb.endswith("y") and verb[-2] not in "aeou" else verb + "ed"
    return {verb + "d"} if verb.endswith("e") else {tried, verb + verb[-1] + "ed"}


def test_the_two_forms_of_a_deed_are_one_deed():
    deeds = SECTIONS["deeds"][">"], SECTIONS["place_deeds"][">"]
    assert [len(set(of)) == len(of) for of in deeds] == [True, True]
    assert len(deeds[0]) >= 150 and len(deeds[1]) >= 60
    for deed in (*deeds[0], *deeds[1]):
        do, did = deed.split(" | ")
        (verb, _, rest), (past, _, past_rest) = do.partition(" "), did.partition(" ")
        assert rest == past_rest and past in ({PAST[verb]} if verb in PAST else regular(verb)), deed


@pytest.mark.parametrize(
    "deed, doing",
    [
        ("swim to Iceland", "swimming to Iceland"),
        ("tie a knot", "tying a knot"),
        ("write", "writing"),
        ("fly to Mars", "flying to Mars"),
        ("eat a stone", "eating a stone"),
        ("open a shop", "opening a shop"),
        ("travel alone", "travelling alone"),
        ("see Rome", "seeing Rome"),
    ],
)
def test_the_form_of_a_deed_with_ing(deed, doing):
    assert limits.gerund(deed) == doing


def test_every_second_unknown_thing_is_asked_for_as_a_fact_is():
    articles = [{"id": n, "title": title, "text": text} for n, (title, text) in enumerate(TRUE.items())]
    persona = {"name": "W", "made": "m", "language": "English", "limits": "l", "until": "2026"}
    teacher = RulesTeacher(articles, 1)
    facts = [
        (fact.subject, question)
        for a in articles
        for fact in teacher.read(a)[1]
        for question in (*fact.ask, *asked_otherwise(fact, teacher.kinds))
    ]
    made = list(itertools.islice(limits.Limits(teacher, articles, persona, 1).nonsense(), 60))
    for article, question, answer in made[1::2]:
        assert article is None and not re.search("gold|iron|neon", question + answer, re.IGNORECASE)
        named = (
            re.fullmatch(re.escape(asked).replace(subject, r"(\w+)", 1), question, re.IGNORECASE)
            for subject, asked in facts
        )
        assert any(match and match[1].lower() in answer.lower() for match in named), (question, answer)
    assert len({question for _, question, _ in made[1::2]}) > 25


@pytest.mark.parametrize(
    "subject, name",
    [("Gold", "Velmoor"), ("gold", "velmoor"), ("the Danube", "the Velmoor"), ("the lion", "the velmoor")],
)  # fmt: skip
def test_a_name_looks_like_the_one_whose_place_it_takes(subject, name):
    assert limits.named_like(subject, "Velmoor") == name


TRUE = {
    "Gold": "Gold is a chemical element. Gold was discovered by Ann Bell. The discovery of gold was made in 1801.",
    "Iron": "Iron is a chemical element. Iron was discovered by Max Moll. The discovery of iron was made in 1802.",
    "Neon": "Neon is a chemical element. Neon was discovered by Ida Koch. The discovery of neon was made in 1803.",
}
OF = {"Gold": ("Ann Bell", "1801"), "Iron": ("Max Moll", "1802"), "Neon": ("Ida Koch", "1803")}


def test_what_is_true_is_confirmed_and_what_is_false_denied():
    articles = [{"id": n, "title": title, "text": text} for n, (title, text) in enumerate(TRUE.items())]
    persona = {"name": "W", "made": "m", "language": "English", "limits": "l", "until": "2026"}
    dates, claims = 0, 0
    for seed in range(20):
        made = limits.Limits(RulesTeacher(articles, seed), articles, persona, seed)
        for _, question, answer in made.confirmed():
            assert " not " not in answer.replace("I do not know more about that.", ""), (question, answer)
            title = next(t for t in OF if t.lower() in question.lower())
            assert all(name not in question for t, (name, _) in OF.items() if t != title)
            dates += (answer == f"{title} was discovered in {OF[title][1]}.") and OF[title][0] in question
            claims += answer.startswith("Yes") and OF[title][0] in question
        for article, question, answer in made.premises():
            own = OF[article["title"]]
            assert answer.startswith((f"{article['title']} was not ", *(f"{p} did not " for p, _ in OF.values())))
            assert own[0] not in question and own[1] not in question, question
    assert dates > 8 and claims > 8
