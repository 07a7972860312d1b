"""wikipedia/languages: the tables of the twenty largest wikis are whole, and a language without one works."""

import pickle

import pytest

from pipeline.config import InputError
from wikipedia import languages
from wikipedia.languages import Language, language

LARGEST = "en de fr es ja ru it zh pt pl uk ar nl sv vi ko fa tr id he".split()


@pytest.mark.parametrize("code", LARGEST)
def test_the_twenty_largest_wikis_have_a_whole_table(code):
    table = language(code)
    assert table.missing() == [] and table.disambiguation_titles and table.disambiguation_first_line
    assert len(set(table.months)) == 12 and table.file_names
    assert code == "en" or (len(table.languages) >= 12 and len(table.templates) >= 2)
    assert len(set(table.stop_words)) == len(table.stop_words) >= 9


@pytest.mark.parametrize(
    "code, day",
    [
        ("de", "7. März 2024"),
        ("es", "7 de marzo de 2024"),
        ("ru", "7 марта 2024 года"),
        ("ja", "2024年3月7日"),
        ("zh", "2024年3月7日"),
        ("ko", "2024년 3월 7일"),
        ("vi", "7 tháng 3 năm 2024"),
        ("he", "7 במרץ 2024"),
        ("tlh", "2024-03-07"),
    ],
)
def test_a_day_is_written_as_the_language_writes_it(code, day):
    assert language(code).date(2024, 3, 7) == day


@pytest.mark.parametrize(
    "code, plain, written",
    [
        ("en", "1234567.5", "1,234,567.5"),
        ("de", "1234567.5", "1.234.567,5"),
        ("fr", "-12345", "-12 345"),
        ("de", "1234", "1234"),
        ("sv", "0.25", "0,25"),
        ("tlh", "1234567.5", "1234567.5"),
    ],
)
def test_numbers_are_grouped_and_pointed_as_the_language_does(code, plain, written):
    assert language(code).number(plain) == written


def test_words_that_yaml_takes_for_truth_values_are_words():
    assert {" se ", " y "} <= set(language("es").stop_words) and " on " in language("en").stop_words
    assert "no" in languages.codes() and language("no").months[4] == "mai"


def test_codes_of_wikis_that_share_a_language():
    assert language("simple").stop_words == language("en").stop_words and language("simple").code == "simple"
    assert language("nb").months == language("no").months


def test_a_language_without_a_table_is_empty_and_says_what_is_off():
    empty = language("tlh")
    assert empty == Language("tlh") and "the rule of stop words" in empty.missing() and len(empty.missing()) == 4
    assert language("../../etc/passwd") == Language("../../etc/passwd")


def test_a_language_travels_to_a_worker():
    assert pickle.loads(pickle.dumps(language("ja"))) == language("ja")


@pytest.mark.parametrize(
    "text, message",
    [("months: [a, b]", "2 months"), ("stopwords: a b", "unknown key 'stopwords'"), ("a: [", "cannot read the table")],
)
def test_a_table_with_a_fault_is_named(tmp_path, text, message):
    path = tmp_path / "xx.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"xx.yaml: .*{message}"):
        languages.read(path, "xx")
