"""Extract plain prose from a Wikipedia dump: data/raw/<dump>.xml.bz2 -> data/extracted/part-*.jsonl, redirects.jsonl

    python src/extract.py
    python src/extract.py --config configs/demo.yaml data.dump=/path/to/simplewiki.xml.bz2 extract.on_error=skip

Reads multistream and single-stream bz2, gz, zst and plain XML, without an index, on every core. An article a line, in
dump order: id, title, url, text (Markdown headings and lists), sections, categories, description, timestamp,
disambiguation.
manifest.json counts what was left out and why, names the templates that have no rendering and every damaged stretch.
"""

import pipeline.ctrl_c  # first, for as long as the others take

import itertools
import logging
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from pipeline.cli import stage_main
from pipeline.config import Config, InputError, resolve
from pipeline.files import atomic_file, dump_line, read_json, write_bytes, write_json
from pipeline.pool import Pool, open_pool
from pipeline.progress import Progress
from pipeline.stage_output import StageOutput, top
from wikipedia import dump as dumps
from wikipedia.languages import SAME, language, sections_to_drop
from wikipedia.markup.fields import redirect_target
from wikipedia.names import LANGUAGES
from wikipedia.templates.base import Context
from wikipedia.transclusion import MAX_PAGES, TemplatePages, page_source, template_name
from wikipedia.variants import DEFAULTS as DEFAULT_VARIANTS
from wikipedia.wikitext import NO_PAGE, Article, Options, to_text

IN_MANIFEST = 200  # unknown templates, malformed pages and articles converted the simple way that are named there


IDS_A_WIKI = 10**12  # between the ids of one wiki and those of the next, where a corpus has several


class Job(NamedTuple):
    """One part of the dump on its way to a worker."""

    name: str
    part: dumps.Part
    dump: int  # which of data.dump's it is of
    site: dumps.Site
    options: Options
    backend: str
    on_error: str
    several: bool  # dumps: an article then says which wiki it is of
    templates: str = ""  # file with the wiki's own templates


class Done(NamedTuple):
    """What a worker made of it."""

    content: bytes  # JSON lines of the articles
    redirects: bytes
    counts: dict
    notes: dict  # unknown templates, damage, malformed pages, articles converted the simple way


def main(cfg: Config) -> None:
    sources, target = [resolve(path) for path in cfg.data.dumps], resolve(cfg.data.extracted_dir)
    found = [whole_dump(source, cfg.extract.on_error) for source in sources]
    if cfg.extract.backend == "wikiextractor":
        wikiextractor()
    settings = {**cfg.extract.model_dump(exclude={"on_error"}), "shard_articles": cfg.data.shard_articles}
    packages = ("wikiextractor",) if cfg.extract.backend == "wikiextractor" else ()
    with StageOutput(target, "extract", settings, sources, packages, cfg.again) as out, open_pool(cfg.data) as pool:
        if out.up_to_date:
            refuse_losses(target, sources[0], cfg.extract.on_error)
            return
        templates = [template_file(cfg, dump, out, pool) if cfg.extract.expand else "" for dump in found]
        waiting: dict[str, Job] = {}
        with Progress("extract", sum(dump.size for dump in found) / 1e6, "MB") as bar:
            for name, done in zip_names(
                waiting, pool.map(extract_part, jobs(cfg, found, out, waiting, bar, templates))
            ):
                write_bytes(out.progress / "redirects" / name, done.redirects)
                write_json(out.progress / "notes" / name, done.notes)
                out.write_shard(name, done.content, done.counts)
                job = waiting.pop(name)
                bar.add((job.part.end - job.part.start) / 1e6 if found[job.dump].kind != "stream" else 0)
        manifest = finish(out, found)
    report(manifest, target)


def whole_dump(source: Path, on_error: str) -> dumps.Dump:
    dump = dumps.open_dump(source)
    if dump.problem and on_error == "fail":
        raise InputError(
            f"{source}: {dump.problem}; fetch it again (scripts/download_dump.sh goes on where it stopped), "
            "or take what is there: extract.on_error=skip"
        )
    return dump


def template_file(cfg: Config, dump: dumps.Dump, out: StageOutput, pool: Pool) -> str:
    """The wiki's own templates, collected in one pass over the dump; kept beside it, for the next run too."""
    stat = Path(dump.path).stat()
    of = [stat.st_size, stat.st_mtime_ns]
    path = Path(f"{dump.path}.templates.json")
    if not os.access(path.parent, os.W_OK):
        path = out.progress / path.name
    if path.exists() and read_json(path).get("of") == of:
        return str(path)
    began, size, left_out = time.monotonic(), 0, 0
    sources: dict[str, str] = {}
    parts, site = dumps.parts(dump, cfg.data.shard_articles, cfg.extract.on_error == "fail"), dumps.site(dump)
    for found, long in pool.map(templates_of_part, ((part, site, cfg.extract.on_error) for part in parts)):
        left_out += long
        for name, source in found.items():
            size += len(source)
            if size <= MAX_PAGES:
                sources[name] = source
            else:
                left_out += 1
    write_json(path, {"of": of, "pages": sources})
    seconds = time.monotonic() - began
    print(f"extract: {len(sources):,} templates of the wiki in {seconds:.0f} s, {left_out:,} too long -> {path}")
    return str(path)


def templates_of_part(job: tuple[dumps.Part, dumps.Site, str]) -> tuple[dict[str, str], int]:
    """-> the sources of the templates among a part's pages, and how many are too long"""
    part, site, on_error = job
    found: dict[str, str] = {}
    long = 0
    for xml in dumps.pages(part, on_error == "fail")[0]:
        if b"<ns>" in xml and b"<ns>10</ns>" not in xml:
            continue
        try:
            page = dumps.parse(xml)
        except dumps.MalformedPage:
            continue  # is counted when the articles are extracted
        if page.namespace is None and dumps.namespace_of(page.title, site) != 10:
            continue
        source = page_source(page.text)
        if source is None:
            long += 1
        else:
            found[template_name(page.title)] = source
    return found, long


@cache
def template_pages(path: str) -> TemplatePages:
    """Read once in each worker"""
    return TemplatePages(read_json(Path(path))["pages"])


def jobs(
    cfg: Config, found: list[dumps.Dump], out: StageOutput, waiting: dict[str, Job], bar: Progress, templates: list[str]
) -> Iterator[Job]:
    """The parts that are still to do, of one dump after another; the reader of a single stream moves the bar itself."""
    numbers = itertools.count()
    for which, dump in enumerate(found):
        site = dumps.site(dump)
        options = conversion_options(cfg, site)
        say_what_is_off(options.language)
        read = 0
        for part in dumps.parts(dump, cfg.data.shard_articles, cfg.extract.on_error == "fail"):
            name = f"part-{next(numbers):05}"
            if dump.kind == "stream":
                bar.add((part.end - read) / 1e6)
                read = part.end
            if name in out.done:
                if dump.kind != "stream":
                    bar.add((part.end - part.start) / 1e6)
                continue
            how, several = (cfg.extract.backend, cfg.extract.on_error), len(found) > 1
            job = Job(name, part, which, site, options, *how, several, templates[which])
            waiting[name] = job._replace(part=part._replace(xml=b""))
            yield job


def zip_names(waiting: dict[str, Job], results: Iterator[Done]) -> Iterator[tuple[str, Done]]:
    """Results come in the order in which their jobs were drawn."""
    for done in results:
        yield next(iter(waiting)), done


def conversion_options(cfg: Config, site: dumps.Site) -> Options:
    local, code = site.namespaces, wiki_language(site)
    table, variant = language(code), cfg.extract.variant
    return Options(
        drop_sections=sections_to_drop(cfg.extract.drop_sections, code),
        templates=tuple(sorted(cfg.extract.templates.items())),
        file_names=names(local.get(6), "File", "Image", *table.file_names),
        category_names=names(local.get(14), "Category", *table.category_names),
        media_names=names(local.get(-2), "Media"),
        joining_words=frozenset(word.strip() for word in table.stop_words) if table.code != "en" else frozenset(),
        tables=cfg.extract.tables == "text",
        language=code,
        variant=DEFAULT_VARIANTS.get(code, "") if variant == "auto" else variant,
        seconds=cfg.extract.article_seconds,
    )


def wiki_language(site: dumps.Site) -> str:
    """The code of a wiki's language by its name (dewiki), else its address; English where neither says one."""
    by_name = re.match(r"([a-z_]+?)(?=wik)", site.name)
    codes = [by_name[1].replace("_", "-") if by_name else "", site.base.partition("//")[2].partition(".")[0]]
    return next((code for code in codes if code in LANGUAGES or code in SAME), "en")


def say_what_is_off(code: str) -> None:
    if off := language(code).missing():
        print(
            f"extract: wikipedia/languages has no table for '{code}'; in its place English or nothing: {', '.join(off)}"
        )


def names(*some: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in some if name))


def extract_part(job: Job) -> Done:
    """Every article of a part as text. -> its lines, the redirects, the counts"""
    found, damage = dumps.pages(job.part, job.on_error == "fail")
    convert = convert_natively if job.backend == "native" else convert_with_wikiextractor()
    pages = template_pages(job.templates) if job.templates else None
    dropped = {"redirect": 0, "namespace": 0, "model": 0, "malformed": 0}
    lines: list[bytes] = []
    redirects: list[bytes] = []
    unknown: Counter = Counter()
    holes: dict[str, list] = {}
    malformed: list[dict] = []
    simple: list[dict] = []
    chars = disambiguations = 0
    for xml in found:
        try:
            page = dumps.parse(xml)
        except dumps.MalformedPage as error:
            dropped["malformed"] += 1
            malformed.append({"why": str(error), "xml": xml[:200].decode("utf-8", "replace")})
            continue
        if page.namespace is None:
            page = page._replace(namespace=dumps.namespace_of(page.title, job.site))
        reason = why_not(page)
        if reason == "redirect":
            redirects.append(dump_line(redirect(page)))
        if reason:
            dropped[reason] += 1
            continue
        article = convert(page, job.options, pages)
        unknown.update(article.unknown)
        add_holes(holes, {name: [*hole, page.title] for name, hole in article.holes.items()})
        chars += len(article.text)
        disambiguations += article.disambiguation
        if article.trouble:
            simple.append({"id": page.id, "title": page.title, "why": article.trouble})
        about = record(page, article, job.site)
        if job.several:
            about |= {"id": page.id + job.dump * IDS_A_WIKI, "wiki": job.site.name}
        lines.append(dump_line(about))
    counts = {
        "in": len(found),
        "out": len(lines),
        "chars": chars,
        "disambiguations": disambiguations,
        "simple": len(simple),
        "damaged": len(damage),
        "dropped": dropped,
        **({"wikis": {job.site.name: len(lines)}} if job.several else {}),
    }
    notes = {
        "dump": job.dump,
        "unknown": dict(unknown),
        "holes": holes,
        "damage": [d._asdict() for d in damage],
        "malformed": malformed[:IN_MANIFEST],
        "simple": simple[:IN_MANIFEST],
        "ends": [dumps.page_id(found[:1]), dumps.page_id(found[-1:])],
    }
    return Done(b"".join(lines), b"".join(redirects), counts, notes)


def add_holes(holes: dict[str, list], more: dict[str, list]) -> None:
    """name -> [how often, an example, its article]; the first example stays"""
    for name, (count, example, title) in more.items():
        known = holes.setdefault(name, [0, example, title])
        known[0] += count


def why_not(page: dumps.Page) -> str:
    """The reason why a page is no article, or \"\"."""
    if page.namespace != 0:
        return "namespace"
    if page.redirect is not None or redirect_target(page.text):
        return "redirect"
    return "" if page.model == "wikitext" else "model"


def redirect(page: dumps.Page) -> dict:
    title, _, section = (redirect_target(page.text) or page.redirect or "").partition("#")
    return {"id": page.id, "title": page.title, "target": page.redirect or title.strip(), "section": section.strip()}


def record(page: dumps.Page, article: Article, site: dumps.Site) -> dict:
    return {
        "id": page.id,
        "title": page.title,
        "url": site.base + quote(page.title.replace(" ", "_"), safe="/:@!$*(),;'~-._"),
        "text": article.text,
        "disambiguation": article.disambiguation,
        "description": article.description,
        "categories": article.categories,
        "sections": article.sections,
        "timestamp": page.timestamp,
    }


Convert = Callable[[dumps.Page, Options, TemplatePages | None], Article]


def convert_natively(page: dumps.Page, options: Options, pages: TemplatePages | None) -> Article:
    return to_text(page.text, options, Context(page.title, day(page.timestamp)), pages)


def day(timestamp: str) -> tuple[int, int, int]:
    """'2026-01-02T03:04:05Z' -> (2026, 1, 2); Wikipedia's first day when it is no date"""
    try:
        found = date.fromisoformat(timestamp[:10])
    except ValueError:
        return NO_PAGE.day
    return found.year, found.month, found.day


def wikiextractor():
    """The class that the other backend needs; its package is under the AGPL and not among those we install."""
    try:
        from wikiextractor.extract import Extractor
    except ImportError:
        raise InputError("extract.backend wikiextractor needs the package: pip install wikiextractor==3.1.0") from None
    return Extractor


def convert_with_wikiextractor() -> Convert:
    extractor = wikiextractor()
    logging.getLogger("wikiextractor.extract").setLevel(logging.CRITICAL)

    def convert(page: dumps.Page, options: Options, pages: TemplatePages | None) -> Article:
        ours = to_text(page.text, options)  # for the fields that it does not know
        trouble = ""
        try:
            paragraphs = extractor(page.id, 0, "", page.title, [page.text]).clean_text(
                page.text, mark_headers=True, expand_templates=False, html_safe=False
            )
        except Exception as error:  # it fails on whole articles now and then
            paragraphs, trouble = [], f"{type(error).__name__}: {error}"
        return ours._replace(
            text="\n\n".join(p.strip() for p in paragraphs if p.strip()),
            sections=[],
            unknown=Counter(),
            holes={},
            trouble=trouble,
        )

    return convert


def finish(out: StageOutput, found: list[dumps.Dump]) -> dict:
    """What the parts left beside their shards becomes redirects.jsonl and the manifest."""
    unknown: Counter = Counter()
    damage: list[dict] = []
    holes: dict[str, list] = {}
    malformed: list[dict] = []
    simple: list[dict] = []
    redirects, last = 0, [0] * len(found)
    with atomic_file(out.folder / "redirects.jsonl") as f:
        for name in sorted(out.done):
            notes, lines = read_json(out.progress / "notes" / name), (out.progress / "redirects" / name).read_bytes()
            unknown.update(notes["unknown"])
            which = notes["dump"]
            for some in damage:  # ids beside a loss at the edge of a part stand in the next one
                if some["dump"] == which:
                    some["before"] = some["before"] or notes["ends"][0]
            damage += [{**some, "after": some["after"] or last[which], "dump": which} for some in notes["damage"]]
            last[which] = notes["ends"][1] or last[which]
            malformed += notes["malformed"]
            add_holes(holes, notes["holes"])
            simple += notes["simple"]
            redirects += lines.count(b"\n")
            f.write(lines)
    for some in damage:
        index = dumps.index_of(Path(found[some.pop("dump")].path))
        some["titles"] = dumps.titles_at(index, some["start"]) if index else []
    return out.finish(
        {
            "redirects": redirects,
            "unknown_templates": top(unknown, IN_MANIFEST),
            "holes": {
                name: {"count": count, "example": example, "title": title}
                for name, (count, example, title) in sorted(holes.items(), key=lambda item: (-item[1][0], item[0]))[
                    :IN_MANIFEST
                ]
            },
            "damaged": damage,
            "malformed": malformed[:IN_MANIFEST],
            "cleaned_simply": simple[:IN_MANIFEST],
        }
    )


def refuse_losses(target: Path, source: Path, on_error: str) -> None:
    """Finished, but by a run that was allowed to skip damage."""
    damage = read_json(target / "manifest.json").get("damaged", [])
    if damage and on_error == "fail":
        raise InputError(
            f"{target}: was made with extract.on_error=skip and lacks {len(damage)} damaged stretches of {source}; "
            "fetch the dump again, or keep it: extract.on_error=skip"
        )


def report(manifest: dict, target: Path) -> None:
    counts = manifest["counts"]
    size = f"{counts['out']:,} articles, {counts['chars'] / 1e6:,.1f}M characters of {counts['in']:,} pages"
    print(f"extract: {size} -> {target}")
    for name, number in counts.get("wikis", {}).items():
        print(f"  from {name}: {number:,} articles ({number / max(1, counts['out']):.0%})")
    for reason, number in counts["dropped"].items():
        if number:
            print(f"  left out: {reason:12} {number:>12,}")
    for some in manifest["damaged"]:
        lost = (
            f", with {len(some['titles'])} pages: {', '.join(some['titles'][:3])} ..."
            if some["titles"]
            else f", between page ids {some['after'] or '?'} and {some['before'] or '?'}"
            if some["after"] or some["before"]
            else ""
        )
        print(f"  lost: bytes {some['start']:,} to {some['end']:,}: {some['reason']}{lost}")
    if manifest["holes"]:
        name, hole = next(iter(manifest["holes"].items()))
        total = sum(some["count"] for some in manifest["holes"].values())
        print(f"  sentences with a hole: {total:,}, most by {name} ({hole['count']:,}): {hole['example']!r}")
    if manifest["unknown_templates"]:
        shown = ", ".join(f"{name} ({number:,})" for name, number in list(manifest["unknown_templates"].items())[:8])
        print(f"  templates dropped because we have no rendering for them, see extract.templates: {shown}")


if __name__ == "__main__":
    stage_main(main, __doc__, ("data", "extract"))
