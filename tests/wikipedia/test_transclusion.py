"""wikipedia/transclusion.py: an invented wiki's templates, each call against what MediaWiki would show."""

import random
import time

import pytest

from pace import slowness
from wikipedia.markup.expansion import OverBudget
from wikipedia.markup.marks import ALL
from wikipedia.templates.base import Context
from wikipedia.transclusion import TemplatePages, page_source, template_name
from wikipedia.wikitext import Options, to_text_or_raise

PAGES = {
    "Vorlage:Pegel": "{{{1}}} m{{#if:{{{ref|}}}|&nbsp;({{{ref}}})}}<noinclude>Doku {{x}}</noinclude>",
    "Vorlage:Fluss": "<!-- c -->der <includeonly>{{Kursiv|{{{name|{{{1|?}}}}}}}}</includeonly>",
    "Vorlage:Kursiv": "''{{{1}}}''",
    "Vorlage:K": "#WEITERLEITUNG [[Vorlage:Kursiv]]",
    "Vorlage:Nur": "doc <onlyinclude>eins {{{2|zwei}}}</onlyinclude> doc",
    "Vorlage:Art": "{{#switch:{{lc:{{{1|}}}}}|a|b=früh|c=spät|#default=nie}}{{#ifeq:{{{2|}}}|x| ja| nein}}",
    "Vorlage:Link": "[[Datei:A.png|10px]] [[{{{1}}}|{{{2|{{{1}}}}}}]] [http://a.org {{{1}}}][[Kategorie:X]]",
    "Vorlage:Kasten": "{| class=infobox\n| {{{1}}}\n|}",
    "Vorlage:Rahmen": '<div style="float:right">{{{1}}}</div>',
    "Vorlage:Modul": "{{#invoke:Zahl|main|{{{1}}}}}",
    "Vorlage:Halb": "{{{1}}}{{#invoke:Farbe|main}} km",
    "Vorlage:Kreis": "a {{Kreis}}",
    "Vorlage:Selbst": "{{#if:{{{1|}}}|{{{1}}} {{Selbst|x}}|}}",
    "Vorlage:Bombe": "{{Bombe2}}{{Bombe2}}{{Bombe2}}{{Bombe2}}{{Bombe2}}",
    "Vorlage:Bombe2": "{{Kursiv|1}}" * 500,
    "Vorlage:Ruf": "{{ {{{1}}} |drei}}",
    "Vorlage:Merke": "x<ref>weg</ref><nowiki>''</nowiki>{{#tag:ref|weg}}",
    "Vorlage:Wert": "{{{a=b}}} {{{1|{{{2|}}}}}}",
}


@pytest.fixture(scope="module")
def pages() -> TemplatePages:
    return TemplatePages({template_name(title): page_source(text) for title, text in PAGES.items()})


@pytest.mark.parametrize(
    "wikitext, expected",
    [
        ("Er ist {{Pegel|1234}} hoch.", "Er ist 1234 m hoch."),
        ("Er ist {{Pegel|1234|ref=alt}} hoch.", "Er ist 1234 m (alt) hoch."),
        ("Es ist {{Fluss|Rhein}} und {{fluss|name=Main}}.", "Es ist der Rhein und der Main."),
        ("{{K|eins}} {{Nur|x}} {{Nur|x|drei}}", "eins eins zwei eins drei"),
        ("{{Art|B|x}} {{Art|C}} {{Art}}", "frühja spätnein nienein"),
        ("Siehe {{Link|Rom|die Stadt}}.", "Siehe die Stadt Rom."),
        ("{{Pegel|{{Kursiv|5}}}} und {{Ruf|Kursiv}}", "5 m und drei"),
        ("a {{Halb|5}} b", "a 5 km b"),
        ("{{Selbst|}}{{Selbst}}x.", "x."),
        ("{{Merke}} b", "x'' b"),
        # what stays away
        ("a {{Kasten|x}} b", "a b"),
        ("a {{Rahmen|x}} b", "a b"),
        ("a {{Modul|5}} b", "a b"),
        ("a {{Kreis}} b", "a b"),
        ("a {{Bombe}} b", "a b"),
        ("a {{Unbekannt|5}} b", "a b"),
    ],
)
def test_calls(pages, wikitext, expected):
    options = Options(file_names=("Datei", "File"), category_names=("Kategorie",), language="de")
    assert to_text_or_raise(wikitext, options, Context("Rom", (2026, 1, 15)), pages).text == expected


def test_what_stays_away_is_counted(pages):
    wikitext = "{{Kasten|x}} {{Modul|5}} {{Modul|6}} {{Kreis}} {{Unbekannt}} {{Pegel|5}} bis {{Modul|7}}."
    article = to_text_or_raise(wikitext, Options(language="de"), Context("Rom", (2026, 1, 15)), pages)
    assert dict(article.unknown) == {"kasten": 1, "modul": 3, "kreis": 1, "unbekannt": 1}


def test_ours_stay_first(pages):
    own = TemplatePages({**pages.sources, "nowrap": "theirs {{{1}}}"})
    assert to_text_or_raise("{{nowrap|x}}", Options(language="de"), Context("Rom", (2026, 1, 15)), own).text == "x"


def test_hostile_templates_cost_a_bounded_time():
    deep = TemplatePages({f"t{i}": f"{{{{t{i + 1}}}}}{{{{t{i + 1}}}}}" for i in range(50)})
    braces = TemplatePages({"b": "{{{" * 5000 + "}}" * 5000, "c": "{{" * 9000, "d": "[[{{{a|" * 2000})
    start = time.process_time()
    for name, pages in (("t0", deep), ("b", braces), ("c", braces), ("d", braces)):
        pages.expand(name, ["x"], Context())
        to_text_or_raise(f"{{{{{name}|x}}}} " * 50, Options(language="de"), Context(), pages)
    assert time.process_time() - start < 5 * slowness()


def test_a_switch_of_thousands_of_cases_is_read_to_the_one_that_fits():
    cases = "|".join(f"k{i}=v{i}" for i in range(1800))
    pages = TemplatePages({"s": f"{{{{#switch:{{{{{{1}}}}}}|{cases}|none}}}}"})
    shown = [pages.expand("s", [key], Context()) for key in ("k0", "k1799", "x")]
    assert shown == ["v0", "v1799", "none"]
    pages.expand("s", ["k0"], Context())
    assert pages.steps < 20


def test_the_work_of_templates_counts_for_the_article():
    """Ten thousand calls of a switch with 1,800 cases would take half a minute."""
    cases = "|".join(f"k{i}=v{i}" for i in range(1800))
    pages = TemplatePages({"art": f"{{{{#switch:{{{{{{1}}}}}}|{cases}}}}}"})
    start = time.process_time()
    with pytest.raises(OverBudget):
        to_text_or_raise("{{art|k1799}} " * 10_000, Options(language="de"), Context(), pages)
    assert time.process_time() - start < 10 * slowness()


MEGABYTE = "y" * 1_000_000


@pytest.mark.parametrize(
    "wikitext",
    [
        "{{twice|" * 20 + "abc" + "}}" * 20,
        "{{echo|" * 3000 + "}}" * 3000,
        f"{{{{echo|{MEGABYTE}}}}}",
        f"{{{{twice|{MEGABYTE}}}}}",
        "{{recursive}}{{unclosed}} end",
        "{{tag|q}} end <i>x",
        "{{own switch|1}} " * 50,
        "{{#switch:k|" + "|".join(f"a{i}=b" for i in range(50_000)) + "}}",
    ],
)
def test_hostile_calls_end_soon_and_small(wikitext):
    sources = {
        "echo": "{{{1}}}",
        "twice": "{{{1}}}{{{1}}}",
        "recursive": "<includeonly>{{recursive}}</includeonly>",
        "unclosed": "a<includeonly>b",
        "tag": "<div><b>{{{1}}}<ref>",
        "own switch": "{{#switch:{{{1}}}|" + "|".join(f"{{{{own switch|{i}}}}}=1" for i in range(200)) + "}}",
    }
    pages = TemplatePages({name: page_source(text) for name, text in sources.items()})
    start = time.process_time()
    text = to_text_or_raise(wikitext, Options(language="de"), Context(), pages).text
    assert time.process_time() - start < 5 * slowness() and len(text) <= 2 * len(wikitext)


def test_mutated_templates_and_calls_raise_nothing():
    """150 random faults in the invented wiki's templates and in the articles that call them."""
    pieces = (
        "{{ }} {{{ }}} | = [[ ]] <includeonly> <noinclude> </onlyinclude> {{#switch: {{#if: {{#expr: <!-- --> {| |}"
    )
    chance, names = random.Random(5), sorted(PAGES)
    article = " ".join(f"Er ist {{{{{title.partition(':')[2]}|a|{{{{Pegel|5}}}}|ref=x}}}} hoch." for title in names)
    start = time.process_time()
    for _ in range(150):
        changed = dict(PAGES)
        for title in chance.sample(names, 4):
            changed[title] = mutated(changed[title], pieces.split(), chance)
        sources = {template_name(title): page_source(text) for title, text in changed.items()}
        pages = TemplatePages({name: source for name, source in sources.items() if source is not None})
        called = mutated(article, pieces.split(), chance)
        text = to_text_or_raise(called, Options(language="de"), Context("Rom", (2026, 1, 15)), pages).text
        assert not any(mark in text for mark in ALL) and len(text) < 100_000
    assert time.process_time() - start < 60 * slowness()


def mutated(text: str, pieces: list[str], chance: random.Random) -> str:
    for _ in range(chance.randint(1, 5)):
        i = chance.randrange(len(text) + 1)
        j = min(len(text), i + chance.randrange(20))
        faults = [text[:i] + chance.choice(pieces) + text[i:], text[:i] + text[j:], text[:j] + text[i:j] * 3 + text[j:]]
        text = chance.choice(faults)
    return text


def test_pages_that_are_too_long_or_hold_our_marks_are_left_out():
    assert page_source("x" * 30_000) is None and page_source("a\x05b") is None
    assert page_source("#REDIRECT [[Template:A b]]") == "REDIRECT a b"
