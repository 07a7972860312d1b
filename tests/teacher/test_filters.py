"""The filters of conversations: each reason by hand-made rows."""

import filter_rows
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
        (conversation(("What is gold?", "Great question! Gold is a chemical element.")), "preamble"),
        (conversation(("What is gold?", "Sure, here is what I know of it: a chemical element.")), "preamble"),
        (conversation(("When does gold melt?", "Gold is a chemical element.")), "beside the question"),
        (conversation(("How many symbols has gold?", "Gold is a chemical element.")), "beside the question"),
        (conversation(("What is gold?", "I'm afraid I can't find that.")), "no answer"),
        (conversation(("Is gold an element?", "That is unclear.")), "no answer"),
        (conversation(("When did construction begin?", "It began at 1,064 degrees.")), "question without a subject"),
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
        conversation(("What does this text say that gold is?", "Gold is a chemical element."), kind="passage/answer")
        | {"texts": ["Gold is a chemical element."]},
        conversation(("List what you know of gold.", "- an element\n- symbol Au")),
        conversation(("Is gold an element?", "Certainly, gold is a chemical element.")),
        conversation(("How much after its melting does gold cost?", "Gold costs no more.")),
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


# measured on rows labelled by hand


@pytest.mark.parametrize("name", ["first", "after", "last", "fresh", "newest"])
def test_the_labelled_rows_are_told_apart(name):
    """first.txt: what the filters were made on. The others: written later; their first measures are in RESULTS.md."""
    found = filter_rows.measure(name)
    assert found["precision"] >= 0.95 and found["recall"] >= 0.9, found


def test_there_are_enough_labelled_rows():
    labelled = [row for name in ("first", "after", "last", "fresh", "newest") for row in filter_rows.rows(name)]
    assert sum(not row.bad for row in labelled) >= 200 and sum(bool(row.bad) for row in labelled) >= 200
    said = [tuple(m["content"] for m in row.conversation["messages"]) for row in labelled]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize(
    "answer, known",
    [
        ("It has 64 squares.", "sixty-four squares"),
        ("Sixty-four of them.", "64 squares"),
        ("About 9.2 million.", "9,200,000 people"),
        ("In the 1930s.", "in 1932"),
        ("In the 19th century.", "in 1848"),
        ("It lasted 30 years.", "from 1618 to 1648"),
        ("He died at the age of 66.", "7 November 1867 - 4 July 1934"),
        ("An Irishman wrote it; it is by James Joyce the Irishman.", "James Joyce of Ireland"),
        ("It joined with the UK.", "the United Kingdom"),
        ("25 percent of them.", "a quarter of them"),
        ("1. The red\n2. The blue", "red and blue"),
        ("Young Norbert Lund built it in 1874.", "In 1874 Norbert Lund built it"),
        ("It began on September 5, 1977.", "It began on 5 September 1977"),
        ("He died in 1642.", "He (1564–1642) died"),
    ],
)
def test_other_forms_of_what_is_known_are_known(answer, known):
    assert grounded(answer, {"title": "", "text": known}, "")


@pytest.mark.parametrize(
    "answer, known",
    [
        ("It has 46 squares.", "sixty-four squares"),
        ("About 2.9 million.", "9.2 million people"),
        ("In the 1940s.", "in 1932"),
        ("In the 18th century.", "in 1848"),
        ("It lasted 40 years.", "from 1618 to 1648"),
        ("It costs 30 pounds.", "from 1618 to 1648"),
        ("James Joyce was a Frenchman.", "James Joyce of Ireland"),
        ("Belfast.", "Dublin"),
        ("Norbert Lund built it.", "Karl Lund built a bridge"),
        ("It had 155 towers.", "155 kilometres and 302 towers"),
        ("He was born on 13 August 1820.", "12 May 1820 – 13 August 1910"),
        ("Anna was their guide in 1912.", "Anna was a guide. Its ice has shrunk since 1912."),
    ],
)
def test_what_does_not_follow_is_not(answer, known):
    assert not grounded(answer, {"title": "", "text": known}, "")
