"""Files of wordings: what a pattern expands to, and that every file is whole."""

import itertools
import re

import pytest

from teacher import wordings


def test_a_pattern_has_every_combination_of_its_choices():
    assert wordings.expansions("(hi|hello) (there|)") == ["hi there", "hi", "hello there", "hello"]
    assert wordings.expansions("plain") == ["plain"]


def test_expand_gives_one_of_them_by_the_key_alone():
    pattern = "(hi|hello|hey) (there|you|), (how are you|what is up)"
    drawn = {wordings.expand(pattern, 7, i) for i in range(200)}
    assert drawn == set(wordings.expansions(pattern))
    assert wordings.expand(pattern, 7, 3) == wordings.expand(pattern, 7, 3)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("who are you", "Who are you?"),
        ("tell me a joke", "Tell me a joke."),
        ("If I have two apples, how many are left", "If I have two apples, how many are left?"),
        ("?!", "?!"),
        ("Hello!", "Hello!"),
        ("was ist das", "Was ist das?"),
    ],
)
def test_a_wording_becomes_a_sentence(text, sentence):
    assert wordings.punctuated(text) == sentence


def test_slots_are_filled_and_the_sentence_begins_with_a_capital():
    assert wordings.fill("{S} is not {W}.", {"S": "the orca", "W": "a poet"}) == "The orca is not a poet."
    assert wordings.fill("{S} has pages.", {"S": '"the fox"'}) == '"The fox" has pages.'


def test_every_line_of_every_file_belongs_to_a_section_and_has_closed_choices():
    for path in sorted(wordings.FOLDER.glob("*.txt")):
        sections = wordings.load(path.stem)
        assert sections, path
        for section, lines in sections.items():
            assert lines, (path.name, section)
            for text in (text for of in lines.values() for text in of):
                assert text.count("(") == text.count(")") and "((" not in text, (path.name, text)
                assert text.count("{") == text.count("}"), (path.name, text)


def test_what_is_spoken_is_whole_sentences_of_all_files_without_slots():
    said = list(itertools.islice(wordings.spoken(1), 3000))
    assert said == list(itertools.islice(wordings.spoken(1), 3000)) != list(itertools.islice(wordings.spoken(2), 3000))
    assert not [text for text in said if "{" in text or "}" in text or "(a|" in text]
    words = {word.lower() for text in said for word in re.findall("[A-Za-z]+", text)}
    assert {"hello", "thanks", "you", "please", "which", "summarise", "never", "discover"} <= words


def test_company_has_hundreds_of_wordings_and_twenty_intents():
    company = wordings.load("company")
    assert len(company) >= 20
    assert all(lines[">"] and lines["<"] for lines in company.values())
    assert sum(len(wordings.expansions(p)) for lines in company.values() for p in lines[">"]) > 2000
