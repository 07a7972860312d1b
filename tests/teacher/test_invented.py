"""teacher/invented.py: texts about nothing that exists, whose questions they answer, in plain English."""

import itertools
import random
import re

import pytest

from teacher import invented, wordings
from teacher.passages import holds

DOMAINS = wordings.load("invented")
FACTS = [(name, line.split(" | ")) for name, domain in DOMAINS.items() for line in domain["+"]]


def slots(template: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", template)) - {"it"}


def test_every_question_asks_for_something_that_its_sentence_tells():
    assert len(DOMAINS) >= 40 and all(len(domain["+"]) >= 7 for domain in DOMAINS.values())
    for name, (sentence, *questions) in FACTS:
        assert len(questions) >= 3 and len(set(questions)) == len(questions), (name, sentence)
        for question in questions:
            assert slots(question) <= slots(sentence), (name, question)
            assert slots(sentence) - slots(question), (name, question)  # what is asked for
            assert question.endswith(("?", ".")), (name, question)


def test_every_slot_can_be_drawn():
    for name, (sentence, *_) in FACTS:
        for slot in slots(sentence) - {"S"}:
            assert invented.draw(f"{{{slot}}}", random.Random(1), 1800)[slot], (name, slot)


def test_a_text_holds_what_is_said_of_it_and_nothing_is_left_unfilled():
    for made in itertools.islice(invented.texts("a test"), 400):
        assert 2 <= len(made.said) <= 5 and made.unsaid
        for questions, answer in made.said:
            assert holds(made.passage, answer), (made.passage, answer)
            for text in (*questions, answer, made.passage):
                assert not re.search(r"[{}]|\b[Aa] [aeiou]|\b(?:he|she|it) (?:he|she|it)\b", text), text


def test_sentences_are_joined_and_stand_with_pronouns():
    made = list(itertools.islice(invented.texts("another"), 400))
    joined = sum(", and it " in t.passage or ", and its " in t.passage for t in made)
    assert joined > 20 and not any(re.search(r", and its? .*, and its? ", s) for t in made for s in t.sentences)
    assert sum(s.startswith("Its ") for t in made for s in t.sentences) > 20
    assert sum(s.startswith("It ") for t in made for s in t.sentences) > 50


@pytest.mark.parametrize(
    "template, sentence, short",
    [
        ("{S} has {few} rooms.", "Bel Castle has 3 rooms.", "it has 3 rooms."),
        ("The roof of {S} is {colour}.", "The roof of Bel Castle is red.", "its roof is red."),
        ("The {noun} of {S} is {colour}.", "The old oak of Bel Castle is red.", "its old oak is red."),
        ("In {year} {S} burned.", "In 1800 Bel Castle burned.", "In 1800 Bel Castle burned."),
    ],
)
def test_a_sentence_with_a_pronoun(template, sentence, short):
    assert invented.with_pronoun(template, sentence, "Bel Castle", "it") == short


def test_articles_and_plurals():
    def said(template, **slots):
        return invented.filled(template, slots)

    assert said("a {animal} saw two {animal}s", animal="owl") == "An owl saw two owls"
    assert said("{animal}s, {b}s", animal="mouse", b="fox") == "Mice, foxes"
    assert said("{a}s and {b}s", a="ferry", b="monkey") == "Ferries and monkeys"
    assert said("The {a}'s hat", a="cook") == "The cook's hat"


def test_the_second_colour_is_another_one():
    rng = random.Random(5)
    for _ in range(300):
        drawn = invented.draw("{colour} and {colour2}", rng, 1800)
        assert drawn["colour"] != drawn["colour2"]


def test_names_begin_in_many_ways():
    rng = random.Random(2)
    names = [invented.new_name(rng) for _ in range(1000)]
    assert len({name[:3] for name in names}) > 200 and len(set(names)) > 980


def test_an_stands_where_a_vowel_is_heard():
    assert invented.with_an("A owl and a union met a European, a Ostrom lamp, a 8 and a cat.") == (
        "An owl and a union met a European, an Ostrom lamp, a 8 and a cat."
    )
