"""Write the built-in mini-wiki: a MediaWiki dump of true facts with a real dump's troubles, and the truth about it.

facts/*.txt -> <out>/miniwiki-20260101-pages-articles-multistream.xml.bz2, its -index.txt.bz2, miniwiki-truth.json

    python scripts/miniwiki/build.py
    python scripts/miniwiki/build.py --out /tmp/wiki
"""

import hashlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

import life
import overviews
import people
import places
import science
from dump import PAGES_PER_STREAM, Page, multistream, write_whole
from pipeline.ending import Parser, script_main
from prose import Article, number_of
from troubles import Planted, planted
from wikitext import MARKUP, Linker, page_text

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DUMP = "miniwiki-20260101-pages-articles-multistream.xml.bz2"
INDEX = "miniwiki-20260101-pages-articles-multistream-index.txt.bz2"
TRUTH = "miniwiki-truth.json"


def sources_hash() -> str:
    """The hash of all that decides the output, so that a second run can tell that nothing changed."""
    digest = hashlib.sha256()
    for path in sorted([*HERE.glob("*.py"), *HERE.rglob("*.txt")]):
        digest.update(path.relative_to(HERE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def up_to_date(out: Path, sources: str) -> bool:
    """All three files are there, made by these sources, and the dump is the one that the truth describes."""
    if not all((out / name).is_file() for name in (DUMP, INDEX, TRUTH)):
        return False
    try:
        truth = json.loads((out / TRUTH).read_text(encoding="utf-8"))
        return truth["sources"] == sources and all(
            hashlib.sha256((out / name).read_bytes()).hexdigest() == truth["dump"][key]
            for name, key in ((DUMP, "sha256"), (INDEX, "index_sha256"))
        )
    except (ValueError, KeyError, TypeError):
        return False


def real_articles() -> list[Article]:
    articles = [
        *places.countries(),
        *places.cities(),
        *places.states(),
        *places.rivers(),
        *places.mountains(),
        *places.waters(),
        *places.islands(),
        *science.elements(),
        *science.space(),
        *people.scientists(),
        *people.inventions(),
        *people.artists(),
        *life.animals(),
        *life.foods(),
        *life.gems(),
        *life.languages(),
        *life.instruments(),
        *life.sports(),
        *overviews.overviews(),
    ]
    for article in articles:
        # A name that ends in a full stop, such as "Washington, D.C.", ends the sentence with it.
        article.sections = [
            (heading, [[s.replace("D.C..", "D.C.") for s in p] for p in paragraphs])
            for heading, paragraphs in article.sections
        ]
    return articles


def keep(article: Article, linker: Linker, titles: list[str]) -> Planted:
    near = sorted(titles, key=lambda t: number_of(article.title, t))
    others = [t for t in near[:14] if t != article.title]
    return Planted(
        Page(article.title, page_text(article, linker, others)),
        article.kind,
        "keep",
        sentences=article.sentences(),
        absent=MARKUP,
        article=article,
    )


def in_dump_order(pages: list[Planted]) -> list[Planted]:
    """Shuffled by title, as ids say little about topics; a duplicate comes after the page that it copies."""

    def place(planted: Planted) -> tuple:
        own = number_of(planted.page.title, planted.page.ns, "place")
        return (max(own, number_of(planted.twin, 0, "place") + 1), 1) if planted.twin else (own, 0)

    ordered = sorted(pages, key=place)
    number = 10
    for one in ordered:
        one.page.id = number
        number += 1 + number_of(one.page.title, "gap") % 9
    return ordered


def truth_of(ordered: list[Planted], dump: bytes, index: bytes, sources: str) -> dict:
    by_title = {p.page.title: p for p in ordered if p.page.ns == 0}
    articles: list[dict] = []
    facts: list[dict] = []
    kinds: dict[str, int] = {}
    for p in ordered:
        kinds[p.kind] = kinds.get(p.kind, 0) + 1
        entry = {"id": p.page.id, "title": p.page.title, "ns": p.page.ns, "kind": p.kind, "expect": p.expect}
        if p.twin:
            entry["of"] = by_title[p.twin].page.id
        if p.jaccard is not None:
            entry["jaccard"] = p.jaccard
        articles.append(entry | {"sentences": p.sentences, "absent": p.absent})
        if p.article:
            facts += [{"article_id": p.page.id, **fact} for fact in p.article.facts]
    streams = -(-len(ordered) // PAGES_PER_STREAM)
    texts = [p.page.text for p in ordered]
    return {
        "sources": sources,
        "dump": {
            "file": DUMP,
            "index": INDEX,
            "pages": len(ordered),
            "streams": streams + 3,
            "page_streams": streams,
            "bytes": len(dump),
            "sha256": hashlib.sha256(dump).hexdigest(),
            "index_sha256": hashlib.sha256(index).hexdigest(),
        },
        "counts": {"kinds": dict(sorted(kinds.items())), "troubles": count_troubles(texts)},
        "articles": articles,
        "facts": facts,
    }


def count_troubles(texts: list[str]) -> dict[str, int]:
    """How often each trouble stands in the wikitext of all pages."""
    marks = {
        "templates": "{{",
        "convert": "{{convert|",
        "lang": "{{lang|",
        "langx": "{{langx|",
        "nowrap": "{{nowrap|",
        "ipac_en": "{{IPAc-en|",
        "start_date": "{{start date|",
        "circa": "{{circa|",
        "hlist": "{{hlist|",
        "plainlist": "{{plainlist|",
        "infobox": "{{Infobox",
        "navbox": "{{Navbox",
        "sfn": "{{sfn|",
        "efn": "{{efn|",
        "citation_needed": "{{citation needed",
        "disambig": "{{disambig",
        "hndis": "{{hndis",
        "ref_open": "<ref",
        "ref_close": "</ref>",
        "table": "{|",
        "file": "[[File:",
        "gallery": "<gallery",
        "math": "<math",
        "comment": "<!--",
        "nowiki": "<nowiki>",
        "category": "[[Category:",
        "nbsp": "&nbsp;",
        "ndash": "&ndash;",
        "end_token": "<|end|>",
        "user_token": "<|user|>",
    }
    return {name: sum(text.count(mark) for text in texts) for name, mark in marks.items()}


def build(out: Path) -> str:
    sources = sources_hash()
    if up_to_date(out, sources):
        return f"up to date: {out / DUMP}"
    articles = real_articles()
    linker = Linker(articles)
    titles: dict[str, list[str]] = {}
    for article in articles:
        titles.setdefault(article.topic, []).append(article.title)
    pages = [keep(article, linker, titles[article.topic]) for article in articles]
    ordered = in_dump_order(pages + planted(pages))
    dump, index = multistream([p.page for p in ordered])
    truth = truth_of(ordered, dump, index, sources)
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / DUMP, dump)
    write_whole(out / INDEX, index)
    # The truth comes last: it is what says that the other two are whole.
    write_whole(out / TRUTH, json.dumps(truth, ensure_ascii=False, indent=1).encode())
    words = sum(len(article.text().split()) for article in articles)
    return (
        f"{out / DUMP}: {len(ordered)} pages, {len(articles)} articles, {words:,} words, "
        f"{len(truth['facts']):,} facts, {len(dump):,} bytes"
    )


def main() -> int:
    parser = Parser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "data" / "raw", help="folder of the three files")
    try:
        print(build(parser.parse_args().out))
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"the mini-wiki cannot be written: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    script_main(main)
