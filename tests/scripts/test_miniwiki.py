"""scripts/miniwiki/build.py: the dump is a real one, the truth beside it is true, and what is planted is really there.

The wikitext is read here by a small cleaner of this file's own, not by the builder's code nor by src/extract.py.
"""

import bz2
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "scripts/miniwiki/build.py"
DUMP = "miniwiki-20260101-pages-articles-multistream.xml.bz2"
INDEX = "miniwiki-20260101-pages-articles-multistream-index.txt.bz2"
TRUTH = "miniwiki-truth.json"
NS = "{http://www.mediawiki.org/xml/export-0.11/}"


def build(out: Path, script: Path = BUILD, **environment) -> str:
    done = subprocess.run(
        [sys.executable, script, "--out", out],
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
        env=os.environ | environment,
    )
    return done.stdout


@pytest.fixture(scope="module")
def truth(miniwiki) -> dict:
    return json.loads((miniwiki / TRUTH).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pages(miniwiki) -> dict[int, dict]:
    """Every page of the dump by its id, as an XML parser reads it."""
    root = ET.fromstring(bz2.decompress((miniwiki / DUMP).read_bytes()))
    found = {}
    for page in root.findall(f"{NS}page"):
        revision = page.find(f"{NS}revision")
        redirect, text = page.find(f"{NS}redirect"), revision.find(f"{NS}text")
        found[int(page.findtext(f"{NS}id"))] = {
            "title": page.findtext(f"{NS}title"),
            "ns": int(page.findtext(f"{NS}ns")),
            "text": text.text or "",
            "redirect": None if redirect is None else redirect.get("title"),
            "sha1": text.get("sha1"),
            "bytes": int(text.get("bytes")),
            "model": revision.findtext(f"{NS}model"),
            "revision": int(revision.findtext(f"{NS}id")),
        }
    assert len(found) == len(root.findall(f"{NS}page"))
    return found


@pytest.fixture(scope="module")
def prose(pages, truth) -> dict[int, str]:
    """The plain text of the articles, overviews and duplicates."""
    kinds = ("article", "overview", "exact_duplicate", "near_duplicate")
    return {a["id"]: plain(pages[a["id"]]["text"]) for a in truth["articles"] if a["kind"] in kinds}


def plain(wikitext: str) -> str:
    """Well-formed wikitext of the mini-wiki as plain text: slow and simple, on purpose."""
    text = re.sub(r"<!--.*?-->", "", wikitext, flags=re.S)
    text = re.sub(r"<ref[^>]*/>|<ref[^>]*>.*?</ref>|<gallery.*?</gallery>", "", text, flags=re.S)
    text = re.sub(r"\{\|.*?\n\|\}", "", text, flags=re.S)
    while True:
        inner = re.sub(r"\{\{([^{}]*)\}\}", lambda m: template(m[1]), text)
        if inner == text:
            break
        text = inner
    text = re.split(r"\n==\s*(?:References|See also|External links)\s*==", text)[0]
    while True:
        inner = re.sub(r"\[\[([^\[\]]*)\]\]", lambda m: link(m[1]), text)
        if inner == text:
            break
        text = inner
    text = re.sub(r"^:''.*''$", "", text, flags=re.M).replace("'''", "").replace("''", "")
    text = html.unescape(text).replace("\u00a0", " ")
    text = re.sub(r"^==+\s*(.*?)\s*==+$", r"## \1", text, flags=re.M)
    text = re.sub(r"^\* ", "- ", text, flags=re.M)
    return re.sub(r"\n{2,}", "\n\n", text).strip()


def template(inside: str) -> str:
    name, *values = inside.split("|")
    if name in ("nowrap", "small"):
        return values[0]
    if name == "lang":
        return values[1]
    if name == "ndash":
        return "–"
    if name == "convert":
        unit = {"m": "metres", "km": "kilometres"}[values[1]]
        return f"{int(values[0]):,} {unit} (converted)"
    return ""


def link(inside: str) -> str:
    if re.match(r"(?:File|Category|[a-z]{2}):", inside):
        return ""
    return inside.rpartition("|")[2]


def masked(sentence: str) -> str:
    return re.sub(r"\([\d,]+ (?:mi|ft)\)", "(converted)", sentence)


def shingles(text: str) -> set[str]:
    words = text.lower().split()
    return {" ".join(words[i : i + 5]) for i in range(len(words) - 4)}


def jaccard(one: str, other: str) -> float:
    left, right = shingles(one), shingles(other)
    return len(left & right) / len(left | right)


# The files


def test_the_same_bytes_from_any_folder_with_any_hash_seed(miniwiki, tmp_path):
    build(tmp_path / "again", PYTHONHASHSEED="12345", LC_ALL="C", PYTHONUTF8="0")
    for name in (DUMP, INDEX, TRUTH):
        assert (tmp_path / "again" / name).read_bytes() == (miniwiki / name).read_bytes(), name


def test_it_does_nothing_when_up_to_date_and_mends_what_is_missing_or_damaged(miniwiki, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(miniwiki, out)
    for name in (DUMP, INDEX, TRUTH):
        os.utime(out / name, (1_000_000_000, 1_000_000_000))
    assert "up to date" in build(out)
    assert all((out / name).stat().st_mtime == 1_000_000_000 for name in (DUMP, INDEX, TRUTH))
    for name, damage in ((INDEX, b""), (TRUTH, b"{")):
        (out / name).write_bytes(damage)
        assert "up to date" not in build(out)
        assert all((out / name).read_bytes() == (miniwiki / name).read_bytes() for name in (DUMP, INDEX, TRUTH))
    assert sorted(p.name for p in out.iterdir()) == sorted([DUMP, INDEX, TRUTH])


def test_a_changed_fact_is_a_new_dump(miniwiki, tmp_path):
    scripts = tmp_path / "scripts" / "miniwiki"
    (tmp_path / "src").symlink_to(ROOT / "src")
    shutil.copytree(BUILD.parent, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    facts = scripts / "facts" / "countries.txt"
    facts.write_text(
        facts.read_text(encoding="utf-8").replace("Mont Blanc, the highest", "Mont Blanc, a very high"),
        encoding="utf-8",
    )
    out = tmp_path / "out"
    shutil.copytree(miniwiki, out, ignore=shutil.ignore_patterns(DUMP))
    assert "up to date" not in build(out, scripts / "build.py") and (out / DUMP).is_file()
    assert "Mont Blanc, a very high mountain of the Alps, stands on the border of France and Italy." in (
        out / TRUTH
    ).read_text(encoding="utf-8")


def test_the_streams_are_those_of_a_multistream_dump(miniwiki, truth):
    data, streams = (miniwiki / DUMP).read_bytes(), []
    while data:
        reader = bz2.BZ2Decompressor()
        streams.append(reader.decompress(data))
        assert reader.eof
        data = reader.unused_data
    assert len(streams) == truth["dump"]["streams"]
    assert (
        streams[0].startswith(b"<mediawiki ") and streams[0].endswith(b"</siteinfo>\n") and b"<page>" not in streams[0]
    )
    assert streams[-2] == b"</mediawiki>\n" and streams[-1] == b""
    assert (miniwiki / DUMP).read_bytes()[-14:] == bz2.compress(b"")
    counts = [stream.count(b"<page>") for stream in streams[1:-2]]
    assert counts[:-1] == [100] * (len(counts) - 1) and 0 < counts[-1] <= 100
    assert sum(counts) == truth["dump"]["pages"] and len(counts) == truth["dump"]["page_streams"]
    assert truth["dump"]["bytes"] == (miniwiki / DUMP).stat().st_size
    assert truth["dump"]["sha256"] == hashlib.sha256((miniwiki / DUMP).read_bytes()).hexdigest()


def test_the_index_leads_to_every_page(miniwiki, pages):
    raw = (miniwiki / DUMP).read_bytes()
    entries = [line.split(":", 2) for line in bz2.decompress((miniwiki / INDEX).read_bytes()).decode().splitlines()]
    assert [int(number) for _, number, _ in entries] == list(pages)
    streams = {
        offset: bz2.BZ2Decompressor().decompress(raw[int(offset) :]).decode() for offset in {o for o, _, _ in entries}
    }
    for offset, number, title in entries:
        assert f"<title>{title}</title>" in streams[offset] and f"<id>{number}</id>" in streams[offset]
        assert html.unescape(title) == pages[int(number)]["title"]
    assert any("&amp;" in title for _, _, title in entries)


def test_every_page_has_its_size_and_hash(pages):
    for page in pages.values():
        raw = page["text"].encode()
        number, digits = int.from_bytes(hashlib.sha1(raw).digest(), "big"), ""
        for _ in range(31):
            number, rest = divmod(number, 36)
            digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
        assert (page["bytes"], page["sha1"]) == (len(raw), digits), page["title"]


def test_ids_rise_and_titles_are_unique(pages, truth):
    assert list(pages) == sorted(pages) and len({p["revision"] for p in pages.values()}) == len(pages)
    assert max(Counter(p["title"] for p in pages.values()).values()) == 1
    assert [(a["id"], a["title"], a["ns"]) for a in truth["articles"]] == [
        (i, p["title"], p["ns"]) for i, p in pages.items()
    ]


# The counts


def test_the_counts_of_kinds_are_what_the_dump_holds(pages, truth):
    kinds = truth["counts"]["kinds"]
    assert kinds == dict(Counter(a["kind"] for a in truth["articles"]))
    spaces = Counter(p["ns"] for p in pages.values())
    assert kinds["talk"] == spaces[1] and kinds["user"] == spaces[2] and kinds["template"] == spaces[10]
    assert kinds["category"] == spaces[14] and kinds["module"] == spaces[828] + spaces[829]
    assert {p["model"] for p in pages.values()} == {"wikitext", "Scribunto", "css", "javascript", "json"}
    redirects = [p for p in pages.values() if re.match(r"#redirect", p["text"], re.I)]
    assert kinds["redirect"] == len(redirects)
    assert 5 <= sum(p["redirect"] is None for p in redirects) < len(redirects) - 5
    titles = {p["title"] for p in pages.values()}
    assert all(re.search(r"\[\[([^\]|#]*)", p["text"])[1] in titles for p in redirects)
    assert all(p["redirect"] in (None, re.search(r"\[\[([^\]|#]*)", p["text"])[1]) for p in redirects)
    assert kinds["article"] >= 650


def test_the_counts_of_troubles_are_what_the_dump_holds(pages, truth):
    patterns = {
        "templates": r"\{\{",
        "convert": r"\{\{convert\|",
        "lang": r"\{\{lang\|",
        "nowrap": r"\{\{nowrap\|",
        "infobox": r"\{\{Infobox",
        "navbox": r"\{\{Navbox",
        "sfn": r"\{\{sfn\|",
        "efn": r"\{\{efn\|",
        "citation_needed": r"\{\{citation needed",
        "circa": r"\{\{circa\|",
        "hlist": r"\{\{hlist\|",
        "langx": r"\{\{langx\|",
        "start_date": r"\{\{start date\|",
        "ipac_en": r"\{\{IPAc-en\|",
        "plainlist": r"\{\{plainlist\|",
        "ref_open": r"<ref",
        "ref_close": r"</ref>",
        "table": r"\{\|",
        "file": r"\[\[File:",
        "gallery": r"<gallery",
        "math": r"<math",
        "comment": r"<!--",
        "nowiki": r"<nowiki>",
        "category": r"\[\[Category:",
        "nbsp": r"&nbsp;",
        "ndash": r"&ndash;",
        "end_token": r"<\|end\|>",
        "user_token": r"<\|user\|>",
        "disambig": r"\{\{disambig",
        "hndis": r"\{\{hndis",
    }
    everything = "\x00".join(p["text"] for p in pages.values())
    found = {name: len(re.findall(pattern, everything)) for name, pattern in patterns.items()}
    assert found == truth["counts"]["troubles"]
    assert all(found.values())
    assert found["ref_open"] > 1000 and found["infobox"] > 500 and found["table"] > 100


# The truth


def test_every_sentence_of_the_truth_is_in_its_article(prose, truth):
    for article in truth["articles"]:
        if article["kind"] in ("article", "overview"):
            text = prose[article["id"]].replace("\n- ", "\n")
            for sentence in article["sentences"]:
                assert masked(sentence) in text, (article["title"], sentence)


def test_the_prose_is_nothing_but_the_sentences_of_the_truth(prose, truth):
    """Nothing that the builder adds to a page is visible to a reader: no caption, note or list of links is prose."""
    for article in truth["articles"]:
        if article["kind"] in ("article", "overview"):
            rest = re.sub(r"^## .*$|^- ", "", prose[article["id"]], flags=re.M)
            assert "".join(rest.split()) == "".join("".join(map(masked, article["sentences"])).split()), article[
                "title"
            ]
            assert not any(mark in prose[article["id"]] for mark in article["absent"])


def test_conversions_are_those_of_the_real_template(truth):
    said = "\n".join(s for a in truth["articles"] for s in a["sentences"])
    for literal in (
        "5,895 metres (19,341 ft)",
        "8,849 metres (29,032 ft)",
        "3,776 metres (12,388 ft)",
        "6,650 kilometres (4,130 mi)",
        "2,850 kilometres (1,770 mi)",
        "346 kilometres (215 mi)",
        "777 kilometres (483 mi)",
        "1,230 kilometres (760 mi)",
        "1,047 kilometres (651 mi)",
    ):
        assert literal in said, literal


def test_every_fact_is_said_in_its_article(pages, truth):
    kinds = {a["id"]: a["kind"] for a in truth["articles"]}
    for fact in truth["facts"]:
        assert kinds[fact["article_id"]] in ("article", "overview")
        text = (
            html.unescape(re.sub(r"\{\{lang\|\w+\|(.*?)\}\}", r"\1", pages[fact["article_id"]]["text"]))
            .replace("'''", "")
            .replace("''", "")
        )
        text = re.sub(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]", r"\1", text)
        assert fact["object"].removeprefix("the ").lower() in text.lower(), fact


def test_no_other_article_says_two_things_about_one_question(truth):
    answers: dict = {}
    for fact in truth["facts"]:
        answers.setdefault((fact["relation"], fact["subject"]), set()).add(fact["object"])
    assert [key for key, objects in answers.items() if len(objects) > 1] == []


LITERAL = [
    ("capital", "France", "Paris"),
    ("capital", "Australia", "Canberra"),
    ("capital", "Kazakhstan", "Astana"),
    ("capital", "the Netherlands", "Amsterdam"),
    ("capital", "Burundi", "Gitega"),
    ("capital", "Brazil", "Brasília"),
    ("currency", "Japan", "yen"),
    ("currency", "Croatia", "euro"),
    ("currency", "Poland", "zloty"),
    ("continent", "Kenya", "Africa"),
    ("continent", "Cuba", "North America"),
    ("official_language", "Brazil", "Portuguese"),
    ("official_language", "Egypt", "Arabic"),
    ("capital_of", "Tokyo", "Japan"),
    ("city_country", "Sydney", "Australia"),
    ("state_capital", "California", "Sacramento"),
    ("state_capital", "the state of New York", "Albany"),
    ("state_nickname", "Texas", "Lone Star State"),
    ("state_year", "Hawaii", "1959"),
    ("river_mouth", "the Danube", "the Black Sea"),
    ("river_mouth", "the Volga", "the Caspian Sea"),
    ("mountain_height", "Mount Kilimanjaro", "5,895"),
    ("mountain_range", "Mount Everest", "the Himalayas"),
    ("symbol", "gold", "Au"),
    ("symbol", "tungsten", "W"),
    ("atomic_number", "oxygen", "8"),
    ("atomic_number", "uranium", "92"),
    ("atomic_number", "oganesson", "118"),
    ("element_of_symbol", "Fe", "iron"),
    ("element_group", "neon", "noble gas"),
    ("state_of_matter", "bromine", "liquid"),
    ("discovered_by", "chlorine", "Carl Wilhelm Scheele"),
    ("discovered_in", "phosphorus", "1669"),
    ("moon_of", "Titan", "Saturn"),
    ("birthplace", "Marie Curie", "Warsaw"),
    ("birth_year", "Charles Darwin", "1809"),
    ("deed", "discovered penicillin", "Alexander Fleming"),
    ("inventor", "the telephone", "Alexander Graham Bell"),
    ("invention_year", "the telephone", "1876"),
    ("author", "Hamlet", "William Shakespeare"),
    ("author", "Don Quixote", "Miguel de Cervantes"),
    ("composer", "Swan Lake", "Pyotr Ilyich Tchaikovsky"),
    ("painter", "The Starry Night", "Vincent van Gogh"),
    ("animal_young", "red kangaroo", "joey"),
    ("animal_class", "common frog", "amphibian"),
    ("language_family", "Finnish", "Uralic"),
    ("instrument_family", "the tuba", "brass"),
    ("gem_colour", "the ruby", "red"),
    ("sport_players", "cricket", "eleven"),
    ("record", "the largest ocean in the world", "Pacific Ocean"),
    ("record", "the fastest animal on land", "cheetah"),
    ("island_country", "Greenland", "Denmark"),
    ("planet_order", "Mars", "fourth"),
]


def test_facts_that_everybody_can_check(truth):
    known = {(f["relation"], f["subject"]): f["object"] for f in truth["facts"]}
    assert [(r, s, known.get((r, s))) for r, s, o in LITERAL if known.get((r, s)) != o] == []


def test_key_facts_are_said_more_than_once(prose, truth):
    """France's capital stands in the article of France twice, in that of Paris, and in an overview."""
    kept = {a["id"]: a for a in truth["articles"] if a["expect"] == "keep" and a["id"] in prose}
    sentences = [s for a in kept.values() for s in a["sentences"]]
    for relation, least in (
        ("capital", 3),
        ("symbol", 3),
        ("state_capital", 3),
        ("river_mouth", 3),
        ("inventor", 3),
        ("author", 2),
        ("currency", 2),
        ("deed", 2),
    ):
        facts = [f for f in truth["facts"] if f["relation"] == relation]
        said = Counter()
        for f in facts:
            subject = f["subject"].removeprefix("the ").removeprefix("state of ").lower()
            said[f["subject"]] = sum(
                subject in s.lower() and f["object"].removeprefix("the ").lower() in s.lower() for s in sentences
            )
            said[f["subject"]] += sum(
                f"Its {word} is {f['object']}." in kept[f["article_id"]]["sentences"]
                for word in ("capital", "currency")
            )
        low = [subject for subject, times in said.items() if times < least]
        assert not low, (relation, low)


# The size


def test_the_articles_have_a_good_length(prose, truth):
    words = {a["title"]: len(prose[a["id"]].split()) for a in truth["articles"] if a["kind"] == "article"}
    assert (
        70_000
        <= sum(len(prose[a["id"]].split()) for a in truth["articles"] if a["kind"] in ("article", "overview"))
        <= 110_000
    )
    assert {title: n for title, n in words.items() if not 60 <= n <= 175} == {}
    # Lists of the same shape would be near duplicates of each other, or worth little to a model.
    kept = [
        (a["title"], shingles(" ".join(a["sentences"])))
        for a in truth["articles"]
        if a["kind"] in ("article", "overview", "hostile")
    ]
    owners: dict[str, list[int]] = {}
    for i, (_, grams) in enumerate(kept):
        for gram in grams:
            owners.setdefault(gram, []).append(i)
    shared = Counter()
    for those in owners.values():
        shared.update((i, j) for k, i in enumerate(those) for j in those[k + 1 :])
    worst = max((n / (len(kept[i][1]) + len(kept[j][1]) - n), kept[i][0], kept[j][0]) for (i, j), n in shared.items())
    assert worst[0] < 0.4, worst


def test_no_article_repeats_itself(prose, truth):
    """Cleaning drops what has more than 15 % of its word 5-grams twice."""
    for a in truth["articles"]:
        if a["kind"] in ("article", "overview"):
            words = re.sub(r"[^\w\s]", " ", prose[a["id"]].lower()).split()
            grams = [tuple(words[i : i + 5]) for i in range(len(words) - 4)]
            assert 1 - len(set(grams)) / len(grams) < 0.14, a["title"]


# What is planted


def test_duplicates_are_what_they_are_said_to_be(pages, prose, truth):
    by_id = {a["id"]: a for a in truth["articles"]}
    exact = [a for a in truth["articles"] if a["kind"] == "exact_duplicate"]
    near = [a for a in truth["articles"] if a["kind"] == "near_duplicate"]
    assert len(exact) >= 10 and len(near) >= 10
    for copy in exact:
        assert pages[copy["id"]]["text"] == pages[copy["of"]]["text"] and copy["expect"] == "dedup:exact"
    for copy in near:
        one, other = prose[copy["of"]], prose[copy["id"]]
        assert 0.85 <= jaccard(one, other) < 1 and jaccard(one, other) == pytest.approx(copy["jaccard"], abs=0.01)
        assert len(other) < len(one) and copy["expect"] == "dedup:near"  # the original is the longest and stays
    for copy in exact + near:
        assert by_id[copy["of"]]["expect"] == "keep" and copy["of"] < copy["id"]
    assert len({copy["of"] for copy in exact + near}) == len(exact + near)


def test_stubs_are_short_lists_have_no_sentence_and_foreign_pages_are_long_enough(pages, truth):
    for a in truth["articles"]:
        text = (
            plain(re.sub(r"\{\{(?:stub|dynamic list|reflist)\}\}", "", pages[a["id"]]["text"]))
            if a["kind"] in ("stub", "list_only", "foreign")
            else ""
        )
        if a["kind"] == "stub":
            assert 20 < len(text) < 100 and a["expect"] == "clean:short", a["title"]
        elif a["kind"] == "foreign":
            assert len(text) >= 100 and a["expect"] == "clean:language", a["title"]
        elif a["kind"] == "list_only":
            assert len(text) >= 200 and all(line.startswith("- ") for line in text.splitlines())
            assert not any(len(line.split()) >= 10 and re.search(r"[.!?](\s|$)", line) for line in text.splitlines())


def test_hostile_pages_are_hostile_and_say_what_must_survive(pages, truth):
    hostile = [a for a in truth["articles"] if a["kind"] == "hostile"]
    text = {a["title"]: pages[a["id"]]["text"] for a in hostile}
    assert len(hostile) >= 12 and all(a["sentences"] and a["expect"] == "keep" for a in hostile)
    assert max(t.count("{") - t.count("}") for t in text.values()) >= 2000
    assert any(t.count("[[") - t.count("]]") >= 500 for t in text.values())
    assert any(t.count("{|") > t.count("|}") for t in text.values()) and any(
        t.count("<ref") > t.count("</ref>") for t in text.values()
    )
    assert any("<|end|>" in t and "<|user|>" in t for t in text.values())
    assert any(p["text"] == "" and p["bytes"] == 0 for p in pages.values())


def test_what_is_expected_of_a_page_follows_from_its_kind(truth):
    expect: dict = {}
    for a in truth["articles"]:
        expect.setdefault(a["kind"], set()).add(a["expect"])
    assert expect == {
        **{kind: {"keep"} for kind in ("article", "overview", "templates", "hostile")},
        "redirect": {"extract:redirect"},
        "disambiguation": {"clean:disambiguation"},
        **{
            kind: {"extract:namespace"}
            for kind in ("talk", "user", "user_talk", "template", "category", "module", "file", "project", "mediawiki")
        },
        "stub": {"clean:short"},
        "empty": {"clean:short"},
        "foreign": {"clean:language"},
        "list_only": {"clean:no_sentence"},
        "exact_duplicate": {"dedup:exact"},
        "near_duplicate": {"dedup:near"},
    }
