"""wikipedia/dump.py: the same pages from every layout of a dump, damage named by its bytes, nothing lost without a
word.
"""

import bz2
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dump_files import FOOT, HEAD, page, write
from pipeline.config import InputError
from wikipedia import dump as dumps


def many_pages(count: int = 60) -> list[str]:
    chance = random.Random(1)
    return [
        page(
            10 + n,
            " ".join(
                chance.choice(["Rome", "<page>", "</page>", "é漢🙂", "&amp;", "is", "old", "\n\n"])
                for _ in range(chance.randint(1, 400))
            ),
        )
        for n in range(count)
    ]


def read(path: Path, pages: int, stops: bool = True) -> tuple[list[dumps.Page], list[dumps.Damage]]:
    found, damage = [], []
    for part in dumps.parts(dumps.open_dump(path), pages, stops):
        some, lost = dumps.pages(part, stops)
        found += [dumps.parse(xml) for xml in some]
        damage += lost
    return found, damage


@pytest.mark.parametrize("pages", [1, 5, 13, 1000])
@pytest.mark.parametrize("layout", ["xml", "single", "multistream", "blocks", "tags"])
def test_every_layout_gives_the_same_pages_in_order(tmp_path, monkeypatch, layout, pages):
    monkeypatch.setattr(dumps, "READ", 5000)
    monkeypatch.setattr(dumps, "PART_BYTES", 4000)
    written = many_pages()
    path = write(tmp_path / "testwiki.xml.bz2", written, layout)
    assert dumps.open_dump(path).problem == ""
    found, damage = read(path, pages)
    assert damage == []
    assert [p.id for p in found] == list(range(10, 70))
    assert "".join(page(p.id, p.text) for p in found) == "".join(written)


@pytest.mark.parametrize(
    "layout, kind", [("xml", "xml"), ("single", "stream"), ("multistream", "streams"), ("blocks", "streams")]
)
def test_parts_are_bounded_and_always_the_same(tmp_path, layout, kind):
    path = write(tmp_path / "d.xml.bz2", many_pages(), layout)
    dump = dumps.open_dump(path)
    assert dump.kind == kind
    parts = list(dumps.parts(dump, 14, True))
    assert parts == list(dumps.parts(dump, 14, True))
    assert 4 <= len(parts) <= 30
    assert all(len(dumps.pages(part, True)[0]) <= 40 for part in parts)


def test_streams_are_those_of_the_index(corpus):
    for name in (
        "enwiki-merged-multistream",
        "ltgwiki-2017-full-multistream",
        "ukwiki-20230501-first100klines-repaired-multistream",
    ):
        dump = dumps.open_dump(corpus / f"dumps/{name}.xml.bz2")
        index = bz2.decompress((corpus / f"dumps/{name}-index.txt.bz2").read_bytes()).decode()
        offsets = {int(line.partition(":")[0]) for line in index.splitlines()}
        assert dump.problem == "" and offsets < {start for start, _ in dump.streams}


def test_wikimedias_own_file_equals_its_single_stream_twin(corpus):
    """A genuine multistream file, whose last stream is empty."""
    stem = "dumps/elwikivoyage-genuine-pages-articles-p2566p2583"
    many, one = read(corpus / f"{stem}.multistream.xml.bz2", 3), read(corpus / f"{stem}.xml.bz2", 3)
    assert many == one and len(many[0]) == 17


def test_page_fields():
    text = "&lt;b&gt; a &amp;lt; b &amp;amp; &quot;c&quot; &#233;&#x41; &amp;#65;"
    xml = (
        page(5, "x", title="A & B", redirect='C "d"')
        .replace(">x</text>", f">{text}</text>")
        .replace('C "d"', "C &quot;d&quot;")
        .encode()
    )
    assert dumps.parse(xml) == dumps.Page(
        5, 0, "A & B", 'C "d"', "2026-01-02T03:04:05Z", "wikitext", '<b> a &lt; b &amp; "c" éA &#65;'
    )


def test_page_oddities():
    plain = page(5, "x")
    empty = re.sub(r"<text.*</text>", '<text bytes="0" />', plain).encode()
    assert dumps.parse(empty).text == "" and dumps.parse(empty.replace(b' bytes="0" ', b"")).text == ""
    assert dumps.parse(plain.replace("    <ns>0</ns>\n", "").encode()).namespace is None
    assert dumps.parse(page(9, "x", ns=828, model="Scribunto").encode())[:3] == (9, 828, "Page 9")
    older = plain[plain.index("    <revision>") : plain.index("  </page>")].replace(">x<", ">old<")
    assert dumps.parse(plain.replace("    <revision>", older + "    <revision>", 1).encode()).text == "x"
    assert dumps.parse(plain.encode().replace(b">x<", b">\xff<")).text == "\ufffd"


@pytest.mark.parametrize(
    "part, instead, why",
    [
        (r"<title>.*</title>", "", "no <title>"),
        (r"<title>.*</title>", "<title> </title>", "no <title>"),
        (r"<title>.*</title>", "<title />", "no <title>"),
        (r"<id>5</id>", "", "<id> is ''"),
        (r"<id>5</id>", "<id>five</id>", "<id> is 'five'"),
        (r"<id>5</id>", f"<id>{'9' * 5000}</id>", "<id> is '999"),
        (r"<id>5</id>", "<id>٥</id>", "<id> is '٥'"),
        (r"<ns>0</ns>", "<ns>x</ns>", "<ns> is 'x'"),
        (r"<ns>0</ns>", "<ns></ns>", ""),  # as in dumps that have none: an article
        (r"<ns>0</ns>", "<ns>0.5</ns>", "<ns> is '0.5'"),
        (r"</text>", "", "<text> is not closed"),
        (r"<text.*</text>", "", "no <text>"),
        (r"(?s)<revision>.*</revision>", "", "no <revision>"),
        (r"(?s)<title>.*", "", "no <revision>"),
    ],
)
def test_malformed_pages(part, instead, why):
    xml = re.sub(part, instead, page(5, "x"), count=1).encode()
    if not why:
        assert dumps.parse(xml).namespace == 0
        return
    with pytest.raises(dumps.MalformedPage, match=re.escape(why)):
        dumps.parse(xml)
    assert dumps.page_id([xml]) == 0


def test_site(tmp_path):
    for layout in ("xml", "single", "multistream"):
        site = dumps.site(dumps.open_dump(write(tmp_path / "x.bz2", many_pages(9), layout)))
        assert site == dumps.Site("https://test.example.org/wiki/", "testwiki", {6: "Datei", 14: "Kategorie & Co"})
    bare = tmp_path / "frwiki-20260101-pages-articles.xml"
    bare.write_text("<mediawiki>\n" + page(1, "a") + FOOT)
    assert dumps.site(dumps.open_dump(bare))[:2] == ("https://fr.wikipedia.org/wiki/", "frwiki")
    bare.rename(tmp_path / "dump.xml")
    assert dumps.site(dumps.open_dump(tmp_path / "dump.xml")) == dumps.Site("", "", {})


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "No such file"),
        (b"PK\x03\x04 a zip", "not a MediaWiki dump"),
        (b"", "not a MediaWiki dump"),
        (b"BZh9", "cut off"),
    ],
)
def test_what_is_no_dump(tmp_path, content, words):
    path = tmp_path / "d.xml.bz2"
    if content is not None:
        path.write_bytes(content)
    if content == b"BZh9":
        assert words in dumps.open_dump(path).problem
        return
    with pytest.raises(InputError, match=words) as error:
        dumps.open_dump(path)
    assert str(path) in str(error.value)


# Damage


def test_a_flipped_bit_costs_the_pages_of_its_stream_and_is_named(tmp_path):
    written = many_pages(35)
    path = write(tmp_path / "d.xml.bz2", written, "multistream")
    content, streams = path.read_bytes(), dumps.open_dump(path).streams
    start, end = streams[3]  # head, then 7 pages a stream: pages 24 to 30
    chance = random.Random(2)
    for place in [start + 2, start + 5, *(chance.randrange(start + 10, end - 1) for _ in range(25))]:
        broken = bytearray(content)
        broken[place] ^= 1 << chance.randrange(8)
        path.write_bytes(broken)
        with pytest.raises(InputError, match=r"bytes [\d,]+ to [\d,]+: .*extract.on_error=skip"):
            read(path, 14)
        found, damage = read(path, 14, stops=False)
        assert [p.id for p in found] == [*range(10, 24), *range(31, 45)]
        assert len(damage) == 1
        lost = damage[0]
        assert (
            lost.start <= place < lost.end
        ) or place < start + 10  # a broken magic: it reads as a tail of the stream before
        assert lost.end <= end and lost.start >= streams[2][0]


def test_a_flipped_bit_in_a_file_of_one_stream_keeps_what_was_read_before(tmp_path, monkeypatch):
    monkeypatch.setattr(dumps, "READ", 4096)
    chance = random.Random(3)
    pages = [page(n, "".join(chance.choice("abcdefgh \n") for _ in range(20_000))) for n in range(60)]
    path = tmp_path / "d.xml.bz2"
    path.write_bytes(bz2.compress((HEAD + "".join(pages) + FOOT).encode(), 1))  # blocks of 100 kB
    content = bytearray(path.read_bytes())
    content[len(content) * 2 // 3] ^= 16
    path.write_bytes(content)
    with pytest.raises(InputError, match="bytes [\\d,]+ to [\\d,]+"):
        read(path, 10)
    found, damage = read(path, 10, stops=False)
    assert 30 <= len(found) <= 40 and [p.id for p in found] == list(range(len(found)))
    assert "".join(page(p.id, p.text) for p in found) == "".join(pages[: len(found)])
    assert len(damage) == 1 and damage[0].end == len(content) and damage[0].start <= len(content) * 2 // 3


@pytest.mark.parametrize("layout", ["xml", "single", "multistream", "blocks"])
def test_a_file_that_is_cut_off_is_told_before_the_work(tmp_path, layout):
    path = write(tmp_path / "d.xml.bz2", many_pages(40), layout)
    content = path.read_bytes()
    ends = [start for start, _ in dumps.open_dump(path).streams][1:-2] if layout in ("multistream", "blocks") else []
    for size in [*range(len(content) // 3, len(content) - 80, len(content) // 17), len(content) - 60, *ends]:
        path.write_bytes(content[:size])
        dump = dumps.open_dump(path)
        assert "cut off" in dump.problem and f"{size:,}" in dump.problem
        found, damage = read(path, 10, stops=False)
        assert [p.id for p in found] == list(range(10, 10 + len(found)))
        assert damage or not size or size in ends or layout == "xml"


def test_the_real_truncated_dump(corpus):
    path = corpus / "dumps/enwiki-2025-truncated.xml"
    assert "cut off" in dumps.open_dump(path).problem
    found, damage = read(path, 10, stops=False)
    whole = path.read_bytes().count(b"</page>")
    assert len(found) == whole > 0
    assert (
        len(damage) == 1 and damage[0].end == path.stat().st_size and damage[0].reason == "the dump ends inside a page"
    )


def test_garbage_between_streams_is_not_passed_over(tmp_path):
    path = write(tmp_path / "d.xml.bz2", many_pages(21), "multistream")
    content, streams = path.read_bytes(), dumps.open_dump(path).streams
    cut = streams[2][1]
    path.write_bytes(content[:cut] + b"no bz2 at all" + content[cut:])
    found, damage = read(path, 7, stops=False)
    assert len(damage) == 1 and damage[0].end >= cut
    assert [p.id for p in found] == [*range(10, 17), *range(24, 31)] or len(found) == 21
    path.write_bytes(content[:cut] + b"\0\0\0" + content[cut:])  # padding does no harm
    assert [p.id for p in read(path, 7)[0]] == list(range(10, 31))


def test_the_index_names_the_pages_that_were_lost(tmp_path, corpus):
    dump = corpus / "dumps/enwiki-merged-multistream.xml.bz2"
    index = dumps.index_of(dump)
    assert index.name == "enwiki-merged-multistream-index.txt.bz2"
    titles = dumps.titles_at(index, dumps.open_dump(dump).streams[1][0])
    assert len(titles) == 100 and titles[1] == "Anarchism"
    assert dumps.titles_at(index, 1) == [] and dumps.index_of(tmp_path / "d.xml.bz2") is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300), min_size=1, max_size=20),
    st.integers(50, 2000),
    st.integers(1, 9),
)
def test_any_text_comes_through_any_cut(tmp_path_factory, texts, cut, pages):
    xml = (HEAD + "".join(page(n, text) for n, text in enumerate(texts)) + FOOT).encode()
    path = tmp_path_factory.mktemp("cut") / "d.xml.bz2"
    path.write_bytes(b"".join(bz2.compress(xml[i : i + cut]) for i in range(0, len(xml), cut)))
    assert [p.text for p in read(path, pages)[0]] == texts
