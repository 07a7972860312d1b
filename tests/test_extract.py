"""extract.py: planted pages come out as a reader sees them, in order, whatever the workers, the damage and the
kills.
"""

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import extract
from dump_files import FOOT, HEAD, page, write
from held import Held
from pipeline.config import ROOT, InputError, load_config
from pipeline.stage_output import shards

TEXT = (
    "'''{0}''' is a [[city]] about {{{{convert|5|km|mi}}}} west of Rome.<ref>x</ref>\n== History ==\nIt is "
    "{{{{nobody knows|{0}}}}} old.\n[[Kategorie & Co:Cities]]"
)


def wiki(count: int = 90) -> list[str]:
    """Articles with every tenth page something else."""
    pages = []
    for n in range(1, count + 1):
        title = f"City {n}"
        kind = n % 10
        if kind == 1:
            pages.append(page(n, f"#REDIRECT [[City {n + 1}#History]]", title, redirect=f"City {n + 1}"))
        elif kind == 2:
            pages.append(page(n, f"#redirect [[City {n + 1}]]", title))
        elif kind == 3:
            pages.append(page(n, "Talk.", f"Talk:{title}", ns=1))
        elif kind == 4:
            pages.append(page(n, "return {}", title, model="Scribunto"))
        elif kind == 5:
            pages.append(page(n, f"'''{title}''' may refer to:\n* [[Rome]]\n{{{{disambig}}}}", title))
        else:
            pages.append(page(n, TEXT.format(title), title))
    return pages


def config(dump: Path, out: Path, *overrides: str):
    return load_config(
        "configs/demo.yaml",
        [f"data.dump={dump}", f"data.extracted_dir={out}", "data.workers=1", "data.shard_articles=20", *overrides],
    )


def run(dump: Path, out: Path, *overrides: str) -> list[dict]:
    extract.main(config(dump, out, *overrides))
    return [json.loads(line) for shard in shards(out, "extract") for line in shard.read_text().splitlines()]


def manifest(out: Path) -> dict:
    return json.loads((out / "manifest.json").read_text())


def digests(out: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(out.glob("*.jsonl"))}


@pytest.fixture
def dump(tmp_path):
    return write(tmp_path / "testwiki.xml.bz2", wiki(), "multistream")


def test_the_record_of_an_article(dump, tmp_path):
    articles = {a["id"]: a for a in run(dump, tmp_path / "out")}
    assert articles[6] == {
        "id": 6,
        "title": "City 6",
        "url": "https://test.example.org/wiki/City_6",
        "text": "City 6 is a city about 5 kilometres (3.1 mi) west of Rome.\n\n## History\n\nIt is old.",
        "disambiguation": False,
        "description": "",
        "categories": ["Cities"],
        "sections": [{"level": 2, "title": "History", "start": 60}],
        "timestamp": "2026-01-02T03:04:05Z",
    }
    assert articles[5]["disambiguation"] and articles[5]["text"] == "City 5 may refer to:\n\n- Rome"


def test_what_is_left_out_is_counted(dump, tmp_path):
    articles = run(dump, tmp_path / "out")
    assert [a["id"] for a in articles] == [n for n in range(1, 91) if n % 10 not in (1, 2, 3, 4)]
    made = manifest(tmp_path / "out")
    assert made["counts"]["dropped"] == {"redirect": 18, "namespace": 9, "model": 9, "malformed": 0}
    assert made["counts"]["in"] == 90 and made["counts"]["out"] == 54 == 90 - sum(made["counts"]["dropped"].values())
    assert made["counts"]["disambiguations"] == 9 and made["counts"]["chars"] == sum(len(a["text"]) for a in articles)
    assert made["unknown_templates"] == {"nobody knows": 45} and made["damaged"] == [] and made["redirects"] == 18
    redirects = [json.loads(line) for line in (tmp_path / "out/redirects.jsonl").read_text().splitlines()]
    assert redirects[:2] == [
        {"id": 1, "title": "City 1", "target": "City 2", "section": "History"},
        {"id": 2, "title": "City 2", "target": "City 3", "section": ""},
    ]


@pytest.mark.parametrize("packing", ["gz", "zst", "pages", "members"])
def test_other_packings(tmp_path, packing):
    """.xml.gz, .xml.zst, several gz members, <page > with a space and a comment behind the end"""
    plain = write(tmp_path / "plain.xml", wiki(), "xml")
    xml, path = plain.read_bytes(), tmp_path / f"testwiki.xml.{packing}"
    if packing == "zst":
        path.write_bytes(pytest.importorskip("zstandard").compress(xml))
    elif packing == "gz":
        path.write_bytes(gzip.compress(xml))
    elif packing == "members":
        path.write_bytes(b"".join(gzip.compress(xml[i : i + 5000]) for i in range(0, len(xml), 5000)))
    else:
        path.write_bytes(xml.replace(b"<page>", b"<page >") + b"<!-- made by\n a tool -->\n")
    assert run(path, tmp_path / "out") == run(plain, tmp_path / "plain")
    assert manifest(tmp_path / "out")["damaged"] == []


def test_a_cut_gz_is_named(tmp_path):
    path = tmp_path / "testwiki.xml.gz"
    path.write_bytes(gzip.compress(write(tmp_path / "plain.xml", wiki(), "xml").read_bytes())[:-100])
    with pytest.raises(InputError, match="ends inside a gz stream"):
        run(path, tmp_path / "out")
    assert run(path, tmp_path / "out", "extract.on_error=skip")


def test_a_dump_without_namespaces(tmp_path):
    """Before 2012 a page's kind was told by its title alone."""
    titles = [
        "Rome",
        "Talk:Rome",
        "User:Rome",
        "Template:Rome",
        "Datei:Rome",
        "User talk:Rome",
        "2001: A Space Odyssey",
    ]
    pages = [re.sub("    <ns>0</ns>\n", "", page(n, "Text.", title)) for n, title in enumerate(titles, start=1)]
    articles = run(write(tmp_path / "testwiki.xml", pages, "xml"), tmp_path / "out")
    assert [a["title"] for a in articles] == ["Rome", "2001: A Space Odyssey"]
    assert manifest(tmp_path / "out")["counts"]["dropped"]["namespace"] == 5


def test_cdata(tmp_path):
    xml = page(1, "x").replace(">x</text>", "><![CDATA[A <b>bold</b> &amp; text</text> ]]></text>")
    xml = xml.replace("<title>Page 1</title>", "<title><![CDATA[A & B]]></title>")
    articles = run(write(tmp_path / "testwiki.xml", [xml, page(2, "y")], "xml"), tmp_path / "out")
    assert [(a["title"], a["text"]) for a in articles] == [("A & B", "A bold & text</text>"), ("Page 2", "y")]


def test_templates_are_expanded_from_the_dump(tmp_path):
    pages = [
        page(1, "Der Berg ist {{Höhe|1234}} hoch. {{Kasten}}", "Berg"),
        page(2, "{{{1}}} m<noinclude>Doku</noinclude>", "Vorlage:Höhe", ns=10),
        page(3, "{| class=infobox\n| x\n|}", "Vorlage:Kasten", ns=10),
        page(4, "Er ist {{Hoehe|5}} hoch.", "Hügel"),
        page(5, "#WEITERLEITUNG [[Vorlage:Höhe]]", "Vorlage:Hoehe", ns=10),
    ]
    dump = write(tmp_path / "testwiki.xml.bz2", pages, "multistream", 2)
    assert [a["text"] for a in run(dump, tmp_path / "plain")] == ["Der Berg ist hoch.", "Er ist hoch."]
    for workers in (1, 2):
        articles = run(dump, tmp_path / f"{workers}", "extract.expand=true", f"data.workers={workers}")
        assert [a["text"] for a in articles] == ["Der Berg ist 1234 m hoch.", "Er ist 5 m hoch."]
    assert manifest(tmp_path / "2")["unknown_templates"] == {"kasten": 1}
    cache = dump.with_name(dump.name + ".templates.json")
    made = cache.stat().st_mtime_ns
    run(dump, tmp_path / "again", "extract.expand=true")
    assert cache.stat().st_mtime_ns == made


def test_holes_are_listed_with_an_example(tmp_path):
    pages = [page(n, "It lies at {{nobody knows}}, in the sea.", f"Isle {n}") for n in (1, 2)]
    run(write(tmp_path / "testwiki.xml", pages, "xml"), tmp_path / "out")
    assert manifest(tmp_path / "out")["holes"] == {
        "nobody knows": {"count": 2, "example": "It lies at {{nobody knows}}, in the sea.", "title": "Isle 1"}
    }


def test_malformed_pages_are_counted_and_sampled(tmp_path):
    pages = wiki(20)
    pages[5] = pages[5].replace("<ns>0</ns>", "<ns>x</ns>")
    pages[6] = pages[6].replace("<title>City 7</title>", "<title></title>")
    pages[7] = pages[7].replace("2026-01-02T03:04:05Z", "2026-13-99")  # no date, but a page all the same
    articles = run(write(tmp_path / "testwiki.xml.bz2", pages, "multistream"), tmp_path / "out")
    assert [a["id"] for a in articles] == [5, 8, 9, 10, 15, 16, 17, 18, 19, 20]
    made = manifest(tmp_path / "out")
    assert made["counts"]["dropped"]["malformed"] == 2 and made["counts"]["simple"] == 0
    assert [m["why"] for m in made["malformed"]] == ["<ns> is 'x', not a number", "no <title>"]
    assert "<title>City 6</title>" in made["malformed"][0]["xml"]


@pytest.mark.parametrize("layout", ["multistream", "single", "xml", "blocks"])
def test_the_same_articles_from_every_layout(tmp_path, layout):
    path = write(tmp_path / "testwiki.xml.bz2", wiki(), layout)
    articles = run(path, tmp_path / "out")
    assert len(articles) == 54 and articles == run(write(tmp_path / "plain.xml", wiki(), "xml"), tmp_path / "plain")
    assert len(shards(tmp_path / "out", "extract")) > 1
    assert all(len(shard.read_text().splitlines()) <= 40 for shard in shards(tmp_path / "out", "extract"))


@pytest.mark.parametrize("layout", ["multistream", "single"])
def test_the_same_bytes_for_any_number_of_workers(tmp_path, layout):
    path = write(tmp_path / "testwiki.xml.bz2", wiki(), layout)
    run(path, tmp_path / "one")
    run(path, tmp_path / "three", "data.workers=3")
    assert digests(tmp_path / "one") == digests(tmp_path / "three")
    assert manifest(tmp_path / "one")["output_sha256"] == manifest(tmp_path / "three")["output_sha256"]


def test_a_second_run_has_nothing_to_do_and_a_change_starts_anew(dump, tmp_path, capsys):
    out = tmp_path / "out"
    run(dump, out)
    before = {p: p.stat().st_mtime_ns for p in out.glob("*.jsonl")}
    run(dump, out)
    assert "up to date" in capsys.readouterr().out
    assert before == {p: p.stat().st_mtime_ns for p in out.glob("*.jsonl")}
    articles = run(dump, out, 'extract.templates={nobody knows: "{1}, yes,"}')
    assert articles[2]["text"].endswith("It is City 7, yes, old.")
    assert manifest(out)["unknown_templates"] == {}
    assert "History" not in run(dump, out, "extract.drop_sections=[history]")[2]["text"]


def test_an_article_over_its_budget_is_named(tmp_path):
    path = write(tmp_path / "d.xml", [page(1, "'''Rome''' is old. " * 20_000, "Rome"), page(2, "Short.", "B")], "xml")
    articles = run(path, tmp_path / "out", "extract.article_seconds=0.1")
    assert articles[0]["text"].startswith("Rome is old. Rome is old.") and articles[1]["text"] == "Short."
    made = manifest(tmp_path / "out")
    assert made["counts"]["simple"] == 1 and made["cleaned_simply"] == [
        {"id": 1, "title": "Rome", "why": "380,000 characters"}
    ]


def test_a_namespace_of_another_language_and_odd_titles(tmp_path):
    pages = [page(1, "A[[Datei:x.jpg|thumb|[[b]]]] c.", "Zürich / 50% & more?"), page(2, "B.", "AC/DC")]
    first, second = run(write(tmp_path / "d.xml", pages, "xml"), tmp_path / "out")
    assert first["text"] == "A c." and first["url"] == "https://test.example.org/wiki/Z%C3%BCrich_/_50%25_%26_more%3F"
    assert second["url"].endswith("/AC/DC")


# Damage


def damaged(tmp_path) -> tuple[Path, tuple[int, int]]:
    from wikipedia.dump import open_dump

    path = write(tmp_path / "testwiki.xml.bz2", wiki(), "multistream")
    start, end = open_dump(path).streams[4]  # pages 22 to 28
    content = bytearray(path.read_bytes())
    content[(start + end) // 2] ^= 4
    path.write_bytes(content)
    return path, (start, end)


def test_damage_stops_the_run_or_is_skipped_and_named(tmp_path, capsys):
    path, (start, end) = damaged(tmp_path)
    out = tmp_path / "out"
    with pytest.raises(InputError, match=f"bytes {start:,} to {end:,}"):
        run(path, out)
    assert not (out / "manifest.json").exists()
    whole = len(list(out.glob("part-*.jsonl")))
    assert whole >= 1  # what came before it is kept
    articles = run(path, out, "extract.on_error=skip")
    assert "going on after" in capsys.readouterr().out
    assert {a["id"] for a in articles} == {n for n in range(1, 91) if n % 10 not in (1, 2, 3, 4)} - set(range(22, 29))
    made = manifest(out)
    assert made["damaged"] == [
        {"start": start, "end": end, "reason": "not valid bz2: a bit is wrong", "after": 21, "before": 29, "titles": []}
    ]
    assert made["counts"]["damaged"] == 1 and made["counts"]["in"] == 83
    with pytest.raises(InputError, match="made with extract.on_error=skip"):
        run(path, out)
    run(path, out, "extract.on_error=skip")


def test_the_index_beside_the_dump_names_the_lost_pages(tmp_path):
    import bz2

    path, (start, _) = damaged(tmp_path)
    path = path.rename(tmp_path / "testwiki-multistream.xml.bz2")
    index = "".join(f"{start if 22 <= n <= 28 else 1}:{n}:City {n}: x\n" for n in range(1, 91))
    (tmp_path / "testwiki-multistream-index.txt.bz2").write_bytes(bz2.compress(index.encode()))
    run(path, tmp_path / "out", "extract.on_error=skip")
    assert manifest(tmp_path / "out")["damaged"][0]["titles"] == [f"City {n}: x" for n in range(22, 29)]


@pytest.mark.parametrize("layout", ["multistream", "single", "xml"])
def test_a_truncated_dump(tmp_path, layout):
    path = write(tmp_path / "testwiki.xml.bz2", wiki(), layout)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    out = tmp_path / "out"
    with pytest.raises(InputError, match="cut off"):
        run(path, out)
    assert not out.exists()  # told before anything is written
    articles = run(path, out, "extract.on_error=skip")
    assert [a["id"] for a in articles] == [n for n in range(1, 91) if n % 10 not in (1, 2, 3, 4)][: len(articles)]
    assert manifest(out)["damaged"] and manifest(out)["damaged"][-1]["end"] == path.stat().st_size


def test_an_empty_stream_in_the_middle_is_nothing(tmp_path):
    import bz2

    pages = wiki(20)
    path = tmp_path / "d.xml.bz2"
    path.write_bytes(
        b"".join(bz2.compress(x.encode()) for x in (HEAD, "".join(pages[:10]), "", "".join(pages[10:]), "", FOOT, ""))
    )
    assert len(run(path, tmp_path / "out")) == 12


# Processes


def command(*overrides: str) -> list[str]:
    return [sys.executable, str(ROOT / "src/extract.py"), "--config", "configs/demo.yaml", *overrides]


@pytest.mark.slow
@pytest.mark.parametrize("layout, workers", [("multistream", 2), ("single", 1)])
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(tmp_path, layout, workers):
    pages = [page(n, (TEXT.format(f"City {n}") + "\n") * 60, f"City {n}") for n in range(1, 401)]
    path = write(tmp_path / "testwiki.xml.bz2", pages, layout, a_stream=20)
    arguments = [f"data.dump={path}", "data.shard_articles=20", f"data.workers={workers}"]
    run(path, tmp_path / "whole")
    out = tmp_path / "out"
    for last in (1, 8) if workers > 1 else (4,):
        held = Held(tmp_path / f"held-{last}", f".progress/part-{last:05}.json")
        process = subprocess.Popen(
            command(*arguments, f"data.extracted_dir={out}"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=os.environ | held.env,
        )
        held.kill(process)
        assert len(list((out / ".progress").glob("part-*.json"))) == last + 1
    assert not (out / "manifest.json").exists()
    done = subprocess.run(command(*arguments, f"data.extracted_dir={out}"), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "going on after" in done.stdout
    assert digests(out) == digests(tmp_path / "whole")
    assert {k: v for k, v in manifest(out).items() if k != "seconds"} == {
        k: v for k, v in manifest(tmp_path / "whole").items() if k != "seconds"
    }
    assert not list(out.glob(".*tmp*")) and not (out / ".progress").exists()


def test_two_runs_at_once(dump, tmp_path):
    from pipeline.files import lock

    with lock(tmp_path / "out"):
        done = subprocess.run(
            command(f"data.dump={dump}", f"data.extracted_dir={tmp_path / 'out'}"),
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 2 and "another run is writing here" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "overrides, words",
    [
        (["data.dump=/nowhere/x.xml.bz2"], "/nowhere/x.xml.bz2: cannot read the dump"),
        (["extract.bakend=native"], "unknown key 'extract.bakend'; did you mean 'extract.backend'?"),
        (["extract.on_error=maybe"], "extract.on_error"),
    ],
)
def test_one_clear_line_and_status_2(overrides, words, tmp_path):
    done = subprocess.run(
        command(f"data.extracted_dir={tmp_path / 'out'}", *overrides), capture_output=True, text=True, timeout=300
    )
    assert (
        done.returncode == 2
        and words in done.stderr
        and len(done.stderr.splitlines()) == 1
        and "Traceback" not in done.stderr
    )
    assert not (tmp_path / "out").exists()


# The other backend


def test_wikiextractor_behind_the_same_output(dump, tmp_path):
    pytest.importorskip("wikiextractor")
    articles = run(dump, tmp_path / "out", "extract.backend=wikiextractor")
    assert [a["id"] for a in articles] == [n for n in range(1, 91) if n % 10 not in (1, 2, 3, 4)]
    assert "City 6 is a city about" in articles[1]["text"] and "History" in articles[1]["text"]
    assert articles[1]["categories"] == ["Cities"] and articles[0]["disambiguation"]
    assert "wikiextractor" in manifest(tmp_path / "out")["versions"]


def test_an_absent_wikiextractor_is_told(dump, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wikiextractor.extract", None)
    with pytest.raises(InputError, match="pip install wikiextractor"):
        run(dump, tmp_path / "out", "extract.backend=wikiextractor")
    assert not (tmp_path / "out").exists()


# The built-in mini-wiki, whose builder wrote down what must be there and what must not


def test_the_planted_truth_of_the_mini_wiki(miniwiki, tmp_path):
    truth = json.loads((miniwiki / "miniwiki-truth.json").read_text(encoding="utf-8"))
    articles = {a["id"]: a for a in run(miniwiki / truth["dump"]["file"], tmp_path / "out", "data.shard_articles=200")}
    left_out = {a["id"] for a in truth["articles"] if a["expect"].startswith("extract:")}
    assert left_out and not left_out & articles.keys()
    assert {a["id"] for a in truth["articles"]} - left_out == articles.keys()
    missing, present = [], []
    for wanted in truth["articles"]:
        if article := articles.get(wanted["id"]):
            flat = " ".join(article["text"].split())
            missing += [(wanted["title"], s) for s in wanted["sentences"] if " ".join(s.split()) not in flat]
            present += [(wanted["title"], s) for s in wanted["absent"] if s in article["text"]]
    assert not missing and not present
    assert {a["id"] for a in truth["articles"] if a["kind"] == "disambiguation"} == {
        i for i, a in articles.items() if a["disambiguation"]
    }
    assert manifest(tmp_path / "out")["redirects"] == truth["counts"]["kinds"]["redirect"]


# Real dumps


@pytest.mark.parametrize(
    "name, count",
    [
        ("enwiki-merged-multistream", 338),
        ("enwiki-20160501-excerpt-singlestream", 106),
        ("ltgwiki-2017-full-multistream", 903),
        ("enwiki-table-markup", 5),
        ("elwikivoyage-genuine-pages-articles-p2566p2583.multistream", 16),
    ],
)
def test_real_dumps(corpus, tmp_path, name, count):
    articles = run(corpus / f"dumps/{name}.xml.bz2", tmp_path / "out", "data.shard_articles=300")
    assert len(articles) == count == len({a["id"] for a in articles})
    made = manifest(tmp_path / "out")
    assert made["counts"]["simple"] == 0 and made["counts"]["dropped"]["malformed"] == 0
    assert all(re.match(r"https?://[^/]+/", a["url"]) for a in articles)


def test_quality_on_real_articles(corpus, tmp_path):
    """The targets that were set for prose, lists, headings and template values, by the measure that stands beside the
    corpus.
    """
    tool = corpus.parent / "tools/extract_quality.py"
    if not tool.exists():
        pytest.skip("the measure is not beside the corpus")
    dump = corpus / "dumps/enwiki-20160501-excerpt-singlestream.xml.bz2"
    articles = run(dump, tmp_path / "out")
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(a) + "\n" for a in articles))
    subprocess.run(
        [sys.executable, tool, dump, tmp_path / "all.jsonl", "--json", tmp_path / "report.json"],
        check=True,
        capture_output=True,
        timeout=300,
    )
    figures = next(iter(json.loads((tmp_path / "report.json").read_text()).values()))
    assert (
        figures["prose recall strict %"] >= 99.8
        and figures["list-item recall %"] >= 99.5
        and figures["headings marked %"] >= 99.5
    )
    assert (
        figures["template-value recall %"] >= 97
        and figures["leftover markup /10k"] <= 0.05
        and figures["articles with leftovers %"] <= 1.5
    )


def small_dump(folder, name, pages):
    """A plain XML dump of (id, title, text)."""
    xml = "".join(
        f"<page><title>{title}</title><ns>0</ns><id>{number}</id><revision><id>1</id>"
        f"<timestamp>2026-01-02T03:04:05Z</timestamp><text>{text}</text></revision></page>"
        for number, title, text in pages
    )
    path = folder / f"{name}-20260101-pages-articles.xml"
    path.write_text(
        f"<mediawiki><siteinfo><dbname>{name}</dbname><base>https://{name[:2]}.wikipedia.org/wiki/X</base></siteinfo>"
        f"{xml}</mediawiki>",
        encoding="utf-8",
    )
    return path


def test_several_wikis_make_one_corpus(tmp_path, capsys):
    """Shards of one after those of another, ids that do not clash, each wiki read in its own language."""
    german = [(7, "Ulm", "'''Ulm''' ({{lang-la|Ulma}}) ist eine Stadt.\n== Weblinks ==\nx"), (9, "Inn", "Ein Fluss.")]
    english = [(7, "Ulm", "'''Ulm''' ({{lang-la|Ulma}}) is a town.\n== Weblinks ==\nIt has a minster.")]
    both = [small_dump(tmp_path, "dewiki", german), small_dump(tmp_path, "enwiki", english)]
    out = tmp_path / "out"
    arguments = [f"data.extracted_dir={out}", "data.workers=1", "data.shard_articles=1"]
    extract.main(load_config("configs/base.yaml", [f"data.dump=[{both[0]}, {both[1]}]", *arguments]))
    records = [json.loads(line) for path in sorted(out.glob("part-*")) for line in path.read_text().splitlines()]
    assert [(r["wiki"], r["id"] % 10**12, r["title"]) for r in records] == [
        ("dewiki", 7, "Ulm"),
        ("dewiki", 9, "Inn"),
        ("enwiki", 7, "Ulm"),
    ]
    assert len({r["id"] for r in records}) == 3 and records[0]["id"] == 7
    assert records[0]["text"] == "Ulm (lateinisch Ulma) ist eine Stadt."
    assert records[2]["text"] == "Ulm (Latin: Ulma) is a town.\n\n## Weblinks\n\nIt has a minster."
    assert json.loads((out / "manifest.json").read_bytes())["counts"]["wikis"] == {"dewiki": 2, "enwiki": 1}
    assert "from dewiki: 2 articles (67%)" in capsys.readouterr().out
    single = tmp_path / "single"
    arguments[0] = f"data.extracted_dir={single}"
    extract.main(load_config("configs/base.yaml", [f"data.dump={both[1]}", *arguments]))
    (line,) = [json.loads(line) for path in single.glob("part-*") for line in path.read_text().splitlines()]
    assert line["id"] == 7 and "wiki" not in line
    with pytest.raises(InputError, match="nothing.xml: cannot read the dump"):
        extract.main(load_config("configs/base.yaml", [f"data.dump=[{both[0]}, {tmp_path}/nothing.xml]", *arguments]))
