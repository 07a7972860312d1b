"""teacher/rules/rewording.py: many questions for one fact, each of which asks for its value and for nothing else."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from teacher import wordings
from teacher.rules.rewording import FRAMES, SPECIAL, asked_back, asked_otherwise, ended
from teacher.rules.teacher import RulesTeacher

SRC = Path(__file__).parents[2] / "src"
ARTICLES = {
    "Guernica": "Guernica is a painting. Guernica was painted by Pablo Picasso in 1937.",
    "Pablo Picasso": "Pablo Picasso was a painter from Spain. Pablo Picasso was born in Málaga in 1881.",
    "Peru": "Peru is a country. The capital of Peru is Lima. The highest mountain in Peru is Huascarán.",
    "Io": "Io is a moon. Io orbits Jupiter. Io was discovered in 1610.",
    "Jupiter": "Jupiter is a planet. Jupiter has many moons.",
    "Rhine": "The Rhine is a river in Europe. The Rhine flows into the North Sea.",
    "North Sea": "The North Sea is a sea in Europe.",
    "Louis Braille": "Louis Braille was a teacher from France. Louis Braille invented the writing for the blind.",
}
# Of a fact, by its answer: questions that are among the others, worked out by hand.
WANTED = {
    "Guernica was painted by Pablo Picasso.": (
        "Which artist painted Guernica?",
        "What person painted Guernica?",
        "Guernica was painted by which painter?",
        "The painter of Guernica?",
        "Guernica painter?",
        "Name of the person who painted Guernica.",
    ),
    "The capital of Peru is Lima.": (
        "The capital of Peru?",
        "Peru's capital?",
        "Capital of Peru?",
        "Peru capital?",
        "The capital of Peru is what?",
    ),
    "The highest mountain in Peru is Huascarán.": (
        "The highest mountain in Peru is what?",
        "Highest mountain in Peru?",
    ),
    "Io orbits Jupiter.": ("Io orbits which planet?", "The planet that Io orbits?", "Planet that Io orbits?"),
    "Io was discovered in 1610.": ("Io was discovered in what year?", "The year of the discovery of Io?"),
    "The Rhine flows into the North Sea.": (
        "The Rhine flows into which sea?",
        "The sea into which the Rhine flows?",
        "The sea that the Rhine flows into?",
    ),
    "Louis Braille invented the writing for the blind.": (
        "Which person invented the writing for the blind?",
        "The one who invented the writing for the blind?",
    ),
}


@pytest.fixture(scope="module")
def teacher():
    return RulesTeacher([{"id": title, "title": title, "text": text} for title, text in ARTICLES.items()], seed=1)


@pytest.fixture(scope="module")
def facts(teacher):
    return {f.answer: f for title, text in ARTICLES.items() for f in teacher.read({"title": title, "text": text})[1]}


@pytest.mark.parametrize("answer", WANTED)
def test_a_fact_is_asked_for_in_all_these_ways_too(teacher, facts, answer):
    questions = asked_otherwise(facts[answer], teacher.kinds)
    assert [q for q in WANTED[answer] if q not in questions] == []
    assert len(questions) == len(set(questions)) >= 10


def test_frames_stand_around_clauses_and_around_noun_phrases(teacher, facts):
    questions = asked_otherwise(facts["Guernica was painted by Pablo Picasso."], teacher.kinds)
    assert any(re.fullmatch(r".+ who painted Guernica[.?]", q) for q in questions)
    assert any(re.fullmatch(r".+ the painter of Guernica.*[.?]", q) for q in questions)


def test_the_subject_is_asked_for_given_the_value(teacher, facts):
    questions = asked_back(facts["The capital of Peru is Lima."], teacher.kinds)
    assert "Lima is the capital of which country?" in questions and "Lima is the capital of what country?" in questions
    assert any("the country that Lima is the capital of" in q for q in questions)
    assert not any("Peru" in q for q in questions)


def test_every_question_of_the_mini_wiki_names_its_subject_and_not_its_value(miniwiki):
    """A property over some 6,000 facts that the table above was not written for."""
    truth = json.loads((miniwiki / "miniwiki-truth.json").read_text(encoding="utf-8"))
    articles = [
        {"id": a["id"], "title": a["title"], "text": "\n\n".join(a["sentences"])}
        for a in truth["articles"]
        if a["expect"] == "keep" and a.get("sentences")
    ]
    teacher, asked = RulesTeacher(articles, seed=1), 0
    for fact in (fact for article in articles for fact in teacher.read(article)[1]):
        given = re.sub(r"^(?:the|an?) ", "", fact.subject).lower().removesuffix(".")
        for question in asked_otherwise(fact, teacher.kinds):
            asked += 1
            assert question[0] == question[0].upper() and question[-1] in ".?!", question
            assert "{" not in question and "  " not in question, question
            if not fact.relation.startswith("subject: "):
                assert given in question.lower(), (question, fact)
                told = f" {fact.value} " in f" {question[:-1]} " and " or " not in question  # a solid or a gas
                assert fact.value.lower() in given or not told, (question, fact)
    assert asked > 100_000


def test_the_same_question_is_asked_whenever_it_is_asked_for(teacher, facts):
    fact = facts["Io orbits Jupiter."]
    asked = asked_otherwise(fact, teacher.kinds)
    assert asked == asked_otherwise(fact, dict(teacher.kinds))
    program = f"import sys; sys.path.insert(0, {str(SRC)!r})\n"
    program += "from teacher.rules.rewording import asked_otherwise\nfrom teacher.rules.fact import Fact\n"
    program += f"print(asked_otherwise({fact!r}, {teacher.kinds!r}))"
    for seed in ("1", "2"):  # in which a set of words is in another order
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
        assert done.stdout == f"{asked}\n", done.stderr


@pytest.mark.parametrize(
    "text, mark",
    [
        ("capital of Peru", "?"),
        ("Io orbits which planet", "?"),
        ("please name the capital of Peru", "."),
        ("I forgot who painted Guernica", "."),
        ("about Peru: what is its capital", "?"),
        ("could you tell me who painted Guernica", "?"),
        ("looking for the capital of Peru", "."),
        ("my son asks who painted Guernica.", ""),
    ],
)
def test_a_question_ends_as_one_and_an_order_does_not(text, mark):
    assert ended(text) == text[0].upper() + text[1:] + mark


def test_every_wording_has_the_slot_of_its_section_once_and_stands_there_once():
    sections = wordings.load("questions")
    assert len(sections) >= 40
    for section, lines in sections.items():
        main = SPECIAL.get(section, "V" if section.endswith(" back") else "S")
        slots = {"S", "S's", "bare"} if main == "S" else {main}
        assert len(lines[">"]) == len(set(lines[">"])) >= 20, section
        for line in lines[">"]:
            found = re.findall(r"\{([^}]+)\}", line)
            assert len([slot for slot in found if slot in slots]) == 1, (section, line)
            assert set(found) <= slots | {"kind", "vkind"}, (section, line)
            assert section in FRAMES or "(" not in line, (section, line)
