"""teacher/disguise.py: with other names and numbers an article says the same of other things, in text and answers."""

import random
import re

import pytest

from teacher.disguise import disguised
from teacher.invented import Text

PARIS = Text(
    "Paris",
    [
        "Paris is the capital of France.",
        "On 14 July 1789 an Austrian saw Paris.",
        "Paris, France's pride, has 2,102,650 people.",
    ],
    [
        (("What is the capital of France?", "Name France's capital."), "Paris is the capital of France."),
        (("How many people has Paris?",), "Paris, France's pride, has 2,102,650 people."),
    ],
    [("Who is the mayor of Paris?",)],
)  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_every_name_is_another_one_and_the_same_everywhere(seed):
    other = disguised(PARIS, random.Random(seed))
    told = " ".join(
        [*other.sentences, *(t for asked, answer in other.said for t in (*asked, answer)), *other.unsaid[0]]
    )
    assert not re.search("Paris|France|Austrian|1789|2,102,650", told)
    town, land = re.fullmatch(r"(\w+) is the capital of (\w+)\.", other.sentences[0]).groups()
    assert other.subject == town != land
    assert other.said[0] == ((f"What is the capital of {land}?", f"Name {land}'s capital."), other.sentences[0])
    assert other.unsaid == [(f"Who is the mayor of {town}?",)] and other.said[1][0] == (f"How many people has {town}?",)
    people = re.fullmatch(rf"{town}, {land}'s pride, has (\d,\d\d\d,\d\d\d) people\.", other.sentences[2])
    assert people and other.said[1][1] == other.sentences[2]
    day, year, who = re.fullmatch(rf"On (\d+) July (\d+) (an? \w+) saw {town}\.", other.sentences[1]).groups()
    assert 10 <= int(day) <= 28 and 1699 <= int(year) <= 1786
    assert (who[:3] == "an ") == (
        who.split()[1][0] in "AEIOU" and not who.split()[1].startswith(("Eu", "Uni", "One", "Use"))
    )


def test_years_keep_their_distance_small_numbers_and_times_of_the_year_stay():
    text = Text(
        "Ada Holm", ["Ada Holm (1815–1852) had 3 cats.", "She rested on Sundays in the 1840s, from 1841 to May 1849."]
    )
    other = disguised(text, random.Random(4))
    born, died, since, until = (int(y) for y in re.findall(r"\b1\d{3}\b", other.passage))
    assert died - born == 37 and until - since == 8 and 1815 - born == 1841 - since > 0
    assert "had 3 cats" in other.passage and "Sundays" in other.passage and "May " in other.passage


def test_a_thing_without_capitals_gets_a_name_without_and_its_symbol_two_letters():
    text = Text(
        "gold", ["Gold is a metal.", "The symbol of gold is Au.", "Seas and the Black Sea hold gold, a golden one."]
    )
    other = disguised(text, random.Random(2))
    name = other.subject
    assert name.islower() and name != "gold"
    assert other.sentences[0] == f"{name.capitalize()} is a metal."
    assert re.fullmatch(rf"The symbol of {name} is [A-Z][a-z]\.", other.sentences[1]) and "Au" not in other.sentences[1]
    assert re.fullmatch(rf"Seas and the \w+ \w+ hold {name}, a golden one\.", other.sentences[2])


def test_a_word_of_a_name_is_left_alone_where_it_is_no_name():
    text = Text("the Black Sea", ["The Black Sea is a sea.", "Into the Black Sea a black river flows."])
    other = disguised(text, random.Random(1))
    first, second = re.fullmatch(r"The (\w+) (\w+) is a sea\.", other.sentences[0]).groups()
    assert other.sentences[1] == f"Into the {first} {second} a black river flows."
    assert other.subject == f"the {first} {second}"
