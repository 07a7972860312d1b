"""The rules judge on cases labelled by hand: what must be good enough to be chosen, and what never may be."""

import pytest

from gen_pref_data import GOOD
from teacher.rules import judge

CAPITAL = ("What is the capital of Illinois?", "The capital of Illinois is Springfield.")
AUTHOR = ("Who wrote Hamlet?", "Hamlet was written by William Shakespeare.")
OPENED = ("When was the Eiffel Tower opened?", "The Eiffel Tower was opened in 1889.")
WHEN = ("When did the museum in Oslo open?", "The museum in Oslo opened in 1889.")
KIND = ("What is a lion?", "A lion is a large cat that lives in Africa.")
CUB = ("What is a young lion called?", "A young lion is called a cub.")
CHECK = ("Is Lima the capital of Peru?", "Yes. The capital of Peru is Lima.")
DENIED = ("Is Rome the capital of Peru?", "No. The capital of Peru is Lima.")
WON = ("Who defeated Napoleon at Waterloo?", "Wellington defeated Napoleon at Waterloo.")
COUNT = ("How many people live in Peru?", "The population of Peru is 33,000,000.")
BORDERS = ("Which countries border France?", "France borders Spain, Italy and Germany.")
CANNOT = ("Can penguins fly?", "No. Penguins cannot fly.")


@pytest.mark.parametrize(
    "case, answer",
    [
        (CAPITAL, "The capital of Illinois is Springfield."),
        (CAPITAL, "Springfield."),
        (CAPITAL, "It is Springfield."),
        (CAPITAL, "Springfield is the capital of Illinois."),
        (AUTHOR, "William Shakespeare wrote Hamlet."),
        (AUTHOR, "William Shakespeare."),
        (AUTHOR, "It was written by William Shakespeare."),
        (OPENED, "In 1889."),
        (OPENED, "It was opened in 1889."),
        (WHEN, "In 1889."),
        (WHEN, "The museum was opened in 1889."),
        (KIND, "A lion is a large cat that lives in Africa."),
        (CUB, "A cub."),
        (CUB, "A young lion is called a cub."),
        (CHECK, "Yes. The capital of Peru is Lima."),
        (CHECK, "Yes."),
        (CHECK, "Yes, Lima is the capital of Peru."),
        (DENIED, "No. The capital of Peru is Lima."),
        (WON, "Wellington defeated Napoleon at Waterloo."),
        (WON, "Wellington."),
        (COUNT, "33,000,000 people live in Peru."),
        (COUNT, "33000000."),
        (BORDERS, "Spain, Italy and Germany."),
        (BORDERS, "France borders Germany, Italy and Spain."),
        (CANNOT, "No, penguins cannot fly."),
    ],
)
def test_a_right_answer_is_good(case, answer):
    assert judge.score(*case, answer) >= GOOD


@pytest.mark.parametrize(
    "case, answer",
    [
        # negations
        (AUTHOR, "Hamlet was not written by William Shakespeare."),
        (CAPITAL, "Springfield isn't the capital of Illinois."),
        (OPENED, "It was never opened in 1889."),
        (CUB, "A young lion is not called a cub."),
        (CANNOT, "No. Penguins fly."),
        # invented and misspelt words
        (CAPITAL, "The capital of Illinois is Hpringfield."),
        (CAPITAL, "Hpringfield Springfield."),
        (CAPITAL, "The capital of Illinios is Springfield."),
        (AUTHOR, "Hamlet was written by William Shakespearean."),
        (KIND, "A lion is a large cat that lives in Afrinca."),
        # a right answer with a wrong addition
        (CAPITAL, "The capital of Illinois is Springfield, a city in Texas."),
        (CAPITAL, "Springfield is the capital of Illinois and Chicago."),
        (AUTHOR, "William Shakespeare wrote Hamlet with Marlowe."),
        (OPENED, "It was opened in 1889 by the king."),
        (OPENED, "It was opened in 1889 and 1901."),
        (CHECK, "Yes. The capital of Peru is Lima in Chile."),
        # wrong values
        (CAPITAL, "The capital of Illinois is Chicago."),
        (CAPITAL, "Chicago."),
        (AUTHOR, "William wrote Hamlet."),
        (OPENED, "In 1898."),
        (CUB, "A calf."),
        (COUNT, "3,000,000 people live in Peru."),
        (BORDERS, "Spain."),
        # yes for no, parts changed over
        (CHECK, "No. The capital of Peru is Lima."),
        (CHECK, "Lima."),
        (DENIED, "Yes. The capital of Peru is Lima."),
        (WON, "Napoleon defeated Wellington at Waterloo."),
        # form
        (CAPITAL, ""),
        (CAPITAL, "Springfield. Springfield. Springfield. Springfield."),
        (AUTHOR, "Hamlet was written by William Shakespeare. Hamlet was written by William Shakespeare."),
        (CAPITAL, "I do not know."),
        (KIND, "A lion is a lion."),
    ],
)
def test_a_wrong_answer_is_never_good_enough_to_be_chosen(case, answer):
    assert judge.score(*case, answer) < GOOD


def test_better_answers_score_higher():
    ladder = [
        "The capital of Illinois is Springfield.",
        "The capital of Illinois is Springfield",
        "The capital of Illinois is Springfield, a city in Texas.",
        "The capital of Illinois is Chicago.",
    ]
    scores = [judge.score(*CAPITAL, answer) for answer in ladder]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == 4 and scores[0] == 1.0


PASSAGE = "Vera Plunor was born in 1751.\n\nVera Plunor died in 1783.\n\nIn what year did Vera Plunor die?"


@pytest.mark.parametrize(
    "question, reference, answer",
    [
        (PASSAGE, "Vera Plunor died in 1783.", "Vera Plunor died in 1751."),  # a number of the passage is no right one
        (
            "In which state is Indianapolis the largest city?",
            "Indianapolis is the largest city in Indiana.",
            "Indiana is the largest city in Indiana.",
        ),
        ("Who painted The Kiss?", "The Kiss was painted by Klimt.", "The painter Klimt was painted by Klimt."),
        ("Why is Lima in Cuba?", "Lima is not in Cuba.", "So is not in Cuba."),
        ("Who walked on the Moon with Doyle?", "Doyle never walked on the Moon.", "Doyle never the Moon."),
        ("What borders Mali?", "Mali borders Guinea, Senegal and Niger.", "Mali borders Niger, Guinea and Guinea."),
        ("What is its symbol?", "The symbol of fluorine is F.", "The symbol of fluorine is F. One."),
    ],
)  # fmt: skip
def test_what_the_demo_chose_wrongly_is_not_good(question, reference, answer):
    """gen_pref_data.py chooses own answers from GOOD on."""
    assert judge.score(question, reference, answer) < GOOD <= judge.score(question, reference, reference)
