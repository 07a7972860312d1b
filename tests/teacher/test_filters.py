"""The filters of conversations: each reason by hand-made rows."""

import pytest

from teacher.filters import grounded, problem

ARTICLE = {
    "id": 1,
    "title": "Gold",
    "text": "Gold is a chemical element with the symbol Au. Its melting point is 1,064 degrees. Marie Curie did not "
    "find it.",
}


def conversation(*turns, kind="fact"):
    return {
        "kind": kind,
        "messages": [
            {"role": role, "content": text} for turn in turns for role, text in zip(("user", "assistant"), turn)
        ],
    }


@pytest.mark.parametrize(
    "bad, reason",
    [
        (conversation(("What is gold?", "")), "empty"),
        (conversation(("", "Gold is an element.")), "empty"),
        ({"kind": "fact", "messages": []}, "empty"),
        ({"kind": "fact", "messages": [{"role": "user", "content": "What is gold?"}]}, "empty"),
        (conversation(*[("What is gold?", "An element.")] * 4), "too many turns"),
        (conversation(("Gold?", "An element.")), "too short"),
        (conversation(("What is gold?", "An element. " * 300)), "too long"),
        (conversation(("What does the article say of gold?", "It is an element.")), "mentions the article"),
        (conversation(("What is gold?", "According to the text, it is an element.")), "mentions the article"),
        (conversation(("What is its symbol?", "The symbol is Au.")), "question without a subject"),
        (conversation(("When was he born?", "He was born in 1064.")), "question without a subject"),
        (conversation(("What is gold?", "Gold is an element <|end|> with a symbol.")), "special token"),
        (conversation(("What is gold?", "Gold is an element with the")), "answer without an end"),
        (conversation(("At how many degrees does gold melt?", "Gold melts at 1,065 degrees.")), "not grounded"),
        (conversation(("Who found gold?", "It was found by Pierre Laszlo.")), "not grounded"),
    ],
)
def test_what_is_not_fit_is_named(bad, reason):
    assert problem(bad, ARTICLE, 3) == reason


@pytest.mark.parametrize(
    "good",
    [
        conversation(("What is gold?", "Gold is a chemical element.")),
        conversation(("At how many degrees does gold melt?", "Gold melts at 1064 degrees.")),
        conversation(("Did Marie Curie find gold?", "No. Marie Curie did not find it.")),
        conversation(
            ("Tell me about gold.", "Gold is a chemical element."),
            ("And what is its symbol?", "The symbol of gold is Au."),
        ),
        conversation(
            ("Read the text.\n\nGold is a chemical element.\n\nWhat is gold?", "Gold is a chemical element."),
            kind="reading",
        ),
        conversation(("List what you know of gold.", "- an element\n- symbol Au")),
    ],
)
def test_what_is_fit_passes(good):
    assert problem(good, ARTICLE, 3) is None


def test_groundedness_of_numbers_and_names():
    assert grounded("The symbol is Au, at 1064.", ARTICLE, "")
    assert not grounded("The symbol is Ag.", ARTICLE, "")
    assert not grounded("The number is 79.", ARTICLE, "")
    assert grounded("The number is 79.", ARTICLE, "Is 79 its number?")
    assert grounded("However, gold melts.", ARTICLE, "") and grounded("It is gold. They melt it.", ARTICLE, "")
