"""The words by which texts are found, in several scripts."""

import pytest

from wikipedia.terms import terms_of


@pytest.mark.parametrize(
    "code, text, words",
    [
        ("en", "The U.S. paid $7,200,000 to Zoë's", ["the", "us", "paid", "7200000", "to", "zoe"]),
        ("en", "Ærøskøbing, 3.5 km; snake_case", ["aeroskobing", "3", "5", "km", "snake", "case"]),
        ("de", "Straße nach MÜNCHEN", ["strasse", "nach", "munchen"]),
        ("ru", "Ёлка и Й", ["елка", "и", "и"]),
        ("ja", "東京都はTokyoです", ["東京", "京都", "都は", "tokyo", "です"]),
        ("zh", "水", ["水"]),
        ("hi", "हिन्दी भाषा", ["हिन्दी", "भाषा"]),  # vowel signs are no accents
        ("ko", "한국의 수도", ["한국의", "수도"]),
        ("en", 'NEAR("a" OR b*) ^-:', ["near", "a", "or", "b"]),
        ("en", "", []),
    ],
)
def test_words(code, text, words):
    assert terms_of(code).words(text) == words


def test_forms_of_a_word_have_one_stem_where_the_language_is_known():
    stem = terms_of("en").stem
    assert stem("discovered") == stem("discovers") == stem("discovering") and stem("capital") == stem("capitals")
    assert terms_of("de").stem("hauser") == "haus"
    assert terms_of("th").stem("words") == "words"


def test_words_that_ask_say_nothing():
    terms = terms_of("en")
    assert terms.content(terms.words("Hi! Could you please tell me what the capital of Japan is?")) == [
        terms.stem("capital"),
        "japan",
    ]
    chinese = terms_of("zh")
    assert chinese.content(chinese.words("日本的首都")) == ["日本", "首都"]


def test_a_very_long_word_is_cut():
    assert terms_of("en").words("a" * 1000) == ["a" * 40]
