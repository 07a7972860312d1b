"""wikipedia/variants.py after the rules of MediaWiki's LanguageConverter."""

import time

import pytest

from pace import slowness
from wikipedia import variants
from wikipedia.wikitext import Options, to_text


@pytest.mark.parametrize(
    "text, hans, hant",
    [
        ("-{zh-hans:计算机;zh-hant:電腦}-", "计算机", "電腦"),
        ("-{zh-hans:计算机; zh-hant:電腦;}-室", "计算机室", "電腦室"),
        ("-{zh-cn:软件; zh-tw:軟體; zh-hk:軟件}-", "软件", "軟體"),
        ("-{zh-tw:軟體; zh-hk:軟件}-", "軟體", "軟體"),  # none of its own: the first
        ("-{博客}-", "博客", "博客"),
        ("-{A|zh-cn:互联网;zh-tw:網際網路}-", "互联网", "網際網路"),
        ("-{H|zh-cn:互联网;zh-tw:網際網路}-", "", ""),
        ("-{T|zh-cn:互联网;zh-tw:網際網路}-", "", ""),
        ("-{R|zh-cn:a}-", "zh-cn:a", "zh-cn:a"),
        ("-{|原文}-", "原文", "原文"),
        ("-{zh-hans;zh-cn|简体}-", "简体", ""),
        ("-{zh-hans:a&nbsp;b;zh-hant:c}-", "a&nbsp;b", "c"),
        ("-{zh-hans:[[A|甲]];zh-hant:[[B|乙]]}-", "[[A|甲]]", "[[B|乙]]"),
        ("-{zh-hans:外-{zh-hans:内;zh-hant:內}-;zh-hant:外}-", "外内", "外"),
        ("-{-{x}-}-", "x", "x"),
        ("a -{ b", "a -{ b", "a -{ b"),
        ("-{{convert|1|km}}-", "-{{convert|1|km}}-", "-{{convert|1|km}}-"),
    ],
)
def test_what_a_reader_of_each_script_sees(text, hans, hant):
    assert (variants.choose(text, "zh-hans"), variants.choose(text, "zh-hant")) == (hans, hant)


def test_serbian_has_two_scripts():
    assert variants.choose("-{sr-ec:Београд; sr-el:Beograd}-", "sr-el") == "Beograd"


def test_only_a_wiki_that_has_variants_resolves_them():
    text = "石桥镇有-{zh-hans:计算机;zh-hant:電腦}-博物馆。"
    assert to_text(text, Options(language="zh", variant="zh-hant")).text == "石桥镇有電腦博物馆。"
    assert to_text("x -{zh:y}- z", Options()).text == "x -{zh:y}- z"


@pytest.mark.parametrize("piece", ["-{", "}-", "-{a:", "-{a|", "-{zh-hans:x;"])
def test_hostile_marks_take_no_time(piece):
    start = time.process_time()
    variants.choose(piece * 20_000, "zh-hans")
    variants.choose(piece * 20_000 + "}-", "zh-hans")
    assert time.process_time() - start < 2 * slowness()
