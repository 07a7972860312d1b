"""wikipedia/other_extractors.py: what other extractors leave is mended, what is whole is left alone, and no input is
slow.
"""

import re
import time

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pace import slowness
from wikipedia import other_extractors

DROP = frozenset(["references", "external links"])


def layout(text, title="Title"):
    return other_extractors.mend(other_extractors.restore_layout(text, title, DROP))


@pytest.mark.parametrize(
    "before, after",
    [
        ("Homeopathy (; also homoeopathy) is a system.", "Homeopathy (also homoeopathy) is a system."),
        ("Alberta () is a province.", "Alberta is a province."),
        ("Anguilla ( ) is an island.", "Anguilla is an island."),
        ("Brunei (, ) is a sultanate.", "Brunei is a sultanate."),
        ("Cologne (, German: Köln) is a city.", "Cologne (German: Köln) is a city."),
        ("the Desert Fox (Wüstenfuchs,  ), was a general", "the Desert Fox (Wüstenfuchs), was a general"),
        ("located about  west of Rome", "located about west of Rome"),
        ("the city , which is old .", "the city, which is old."),
        ("the Masters, , Clio Cup", "the Masters, Clio Cup"),
    ],
)
def test_holes_are_closed(before, after):
    assert other_extractors.mend(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "## History\n\nRome (Italian: Roma) was founded in 753 BC, they say; it fell in 476.\n\n- first\n- second (a, "
        "b)",
        "The words are . . . missing, and so on ... to the end.",
        'Call main() and printf("%d", x) in C.',
        "```\nfor (;;)\n    x  = a , b ;\n```\nand then",
        "where $f( x , y )  = ( ; )$ holds.",
        "    indented  ".rstrip(),
        "Version .5 of the .NET runtime costs $5 or $10.",
        "",
    ],
)
def test_what_is_whole_stays_as_it_is(text):
    assert other_extractors.mend(text) == text


@settings(deadline=None)
@given(st.text(st.sampled_from('ab (),;.:[]"$\n`')))
def test_mending_twice_is_mending_once_in_words(text):
    mended = other_extractors.mend(text)
    assert re.findall("[ab]", mended) == re.findall("[ab]", text)  # nothing but spaces, brackets and commas goes
    assert mended.count("\n") == text.count("\n")


ANDORRA = """Andorra (; ]), also called the Principality of Andorra (Catalan: "Principat d'Andorra"), is a country.
Its capital is Andorra la Vella.
Etymology.
The origin of the word is unknown. Several theories exist.
History.
Early history.
Tradition holds that Charlemagne granted a charter\u00a0to the people. s of 2014[ [update]], it has 85,000 inhabitants.
Its law was based
on old customs.
Twin towns.
Andorra is twinned with:
Geography.
The main valleys are as follows:
Climate.
It is mild. Its rivers include:
The snow stays long. It was measured at by <br>the army. The army left.
External links.
Andorra at the CIA World Factbook
</dl>
References."""


def test_an_article_of_2015_is_laid_out():
    assert (
        layout(ANDORRA)
        == """Andorra, also called the Principality of Andorra (Catalan: "Principat d'Andorra"), is a country.

Its capital is Andorra la Vella.

## Etymology

The origin of the word is unknown. Several theories exist.

## History

## Early history

Tradition holds that Charlemagne granted a charter to the people. As of 2014, it has 85,000 inhabitants.

Its law was based on old customs.

## Twin towns

## Geography

## Climate

It is mild.

The snow stays long. It was measured at by the army. The army left."""
    )


@pytest.mark.parametrize(
    "line, heading",
    [
        ("Early life and education.", True),
        ("1957–59: formation.", True),
        ('Rhythm and regularity ("Takt").', True),
        ("World War II.", True),
        ("This list is not exhaustive.", False),
        ("35,000 (2004) est.", False),
        ("He died in 1950 and was buried there with his wife and his son.", False),
        ("and so on.", False),
        ("And so on...", False),
        ("No full stop", False),
    ],
)
def test_which_lines_are_headings(line, heading):
    text = layout(f"The first paragraph is here.\n{line}\nAnother paragraph stands below it.")
    assert (f"## {line[:-1]}" in text) is heading


def test_a_heading_needs_something_below_it():
    assert layout("A town is a place.\nLegacy.") == "A town is a place.\n\nLegacy."
    assert layout("A town is a place.\nLegacy.\nExternal links.\nHome page") == "A town is a place."


@pytest.mark.parametrize(
    "text, expected",
    [
        # a formula was lost: the sentences on both sides say nothing any more
        ("A wave moves on. Its speed is formula_1 in air. It slows down.", "A wave moves on. It slows down."),
        (
            "It is a sum. We obtain:\nformula_2\nwhere formula_3 is small. This was shown by Gauss.",
            "It is a sum.\n\nThis was shown by Gauss.",
        ),
        ("It is a law. The sum is\nwhere n is a number. It holds.", "It is a law.\n\nIt holds."),
        # a link was lost after a word that needs one
        ("A city is old. It was built by . It has a wall.", "A city is old. It has a wall."),
        ('A film is long. It won the prize for "" in 1990. It was loved.', "A film is long. It was loved."),
        # but what the article is about stays
        (
            'Alpha (pronounced , "") is the speed of formula_1 in air. It is high.',
            "Alpha is the speed of formula_1 in air. It is high.",
        ),
    ],
)
def test_sentences_that_lost_their_point_go(text, expected):
    assert layout(text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("A [[link|shown]] and [[other]] stay.", "A shown and other stay."),
        ("He wrote [sic] and [...] there.", "He wrote [sic] and [...] there."),
        ("Audi AG (]) is a maker.", "Audi AG is a maker."),
        ("Köln (German: Köln ], Kölsch: Kölle ]) is a city.", "Köln (German: Köln, Kölsch: Kölle) is a city."),
        (
            'Real prose is here.\n{{refn|x}}\n | kurtosis = 3\nstyle="a"\nMore of it.',
            "Real prose is here.\n\nMore of it.",
        ),
        ("The ratio a<b and c>d stays.", "The ratio a<b and c>d stays."),
        ('A word <span id="x">inside</span> a <i>tag</i>.', "A word inside a tag."),
        ('He said ""Semantics" is essential" there.', 'He said "Semantics" is essential" there.'),
        ("Persian جلال\u200cالدین\u200e is a name.", "Persian جلال\u200cالدین is a name."),
        (
            "A poem:\n<poem>First line.\nSecond line.</poem>\nIt ends here.",
            "A poem:\n\nFirst line.\nSecond line.\n\nIt ends here.",
        ),
        ("Code is short:\n x = 1\n y = 2\nIt runs.", "Code is short:\n\nx = 1\ny = 2\n\nIt runs."),
    ],
)
def test_leftovers_of_markup(text, expected):
    assert layout(text) == expected


def test_the_title_as_first_paragraph_goes():
    assert (
        layout("Heckler &amp; Koch\n\nHeckler & Koch (]) is a maker.\nHistory.\nIt began in 1949.", "Heckler & Koch")
        == "Heckler & Koch is a maker.\n\n## History\n\nIt began in 1949."
    )


def test_text_with_a_layout_of_its_own_keeps_it():
    text = "First paragraph.\n\nHistory.\n\nSecond paragraph."
    assert layout(text) == text


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*"aB .,:;()[]\"<>|'\n{}", "formula_1", "where ", "History.\n", "<poem>", "</poem>"])).map(
        "".join
    )
)
def test_any_text_can_be_laid_out(text):
    laid_out = layout(text)
    if "\n\n" not in text:
        assert not re.search(r"\n{3}|^\s|\s$", laid_out)


@pytest.mark.parametrize(
    "piece",
    [
        "(",
        "( ",
        "( ;",
        "[",
        "]",
        "[[",
        "<",
        "<b ",
        '""',
        '"',
        " ,",
        ",",
        ", ,",
        "$",
        "```\n",
        ". ",
        "a. A",
        "<poem>",
        "(;\n",
        ":\n",
        "formula_1 ",
        "where\n",
        "  ",
        "[ [update]]",
        "s of ",
        "(or",
        "{{",
        "\n",
        "x\n",
        "History.\n",
        "A" * 50,
    ],
)
def test_hostile_text_takes_no_longer_than_it_is(piece):
    text = piece * 20_000
    start = time.process_time()
    layout(text)
    assert time.process_time() - start < 2 * slowness()


def test_real_articles_of_2015(corpus):
    """On 150 articles: what the mending is for is gone, and with it at most 4 % of the words."""
    import lzma

    with lzma.open(corpus / "text/enwiki2015-part-01.jsonl.xz") as f:
        records = [orjson.loads(next(f)) for _ in range(150)]
    before, after = [r["text"] for r in records], [layout(r["text"], r["title"]) for r in records]
    signs = [
        r"\( ?[;,)]",
        r"\[update\]",
        r"\bformula_\d",
        r"<[a-z/]{1,9}>",
        r"(?<=\w)  (?=\w)",
        r" ,(?= )",
        "\xa0",
        r":\n\n## ",
        r"\( ?\]\)",
    ]
    for sign in signs:
        found, left = (sum(len(re.findall(sign, text)) for text in texts) for texts in (before, after))
        assert left <= 0.05 * found + 8, (sign, found, left)
    assert sum(len(re.findall(r"^## \S", text, re.M)) for text in after) > 700
    assert sum(len(text.split()) for text in after) > 0.96 * sum(len(text.split()) for text in before)
