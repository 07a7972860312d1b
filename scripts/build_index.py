"""Build the search index that serve.py and sample.py look things up in: data.deduped_dir -> lookup.index

    python scripts/build_index.py
    python scripts/build_index.py --config configs/demo.yaml

The articles are cut into passages of 60 to 200 words under their headings, and an SQLite file with a full-text table
(FTS5, in Python's own library) says which words stand in which: wikipedia/index.py has the tables, wikipedia/search.py
asks them. Names that redirect to an article (data.extracted_dir/redirects.jsonl, where it is) find it too. A run that
was killed goes on after the last whole shard; the index takes the place of an older one when it is whole.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

from pipeline.cli import stage_main
from pipeline.config import Config, InputError, resolve
from pipeline.files import read_jsonl
from pipeline.pool import open_pool
from pipeline.progress import Progress
from pipeline.stage_output import SingleFiles, shards
from wikipedia import index
from wikipedia.terms import terms_of


def main(cfg: Config) -> None:
    index.usable_sqlite()
    deduped, target = resolve(cfg.data.deduped_dir), resolve(cfg.lookup.index)
    redirects = resolve(cfg.data.extracted_dir) / "redirects.jsonl"
    paths = [path for path in shards(deduped, "dedup") if path.stat().st_size]
    if not paths:
        raise InputError(f"{deduped}: there are no articles in it")
    inputs = {"deduped": deduped} | ({"redirects": redirects} if redirects.exists() else {})
    language = cfg.clean.languages[0]
    settings = {"language": language, "format": index.FORMAT}
    manifest = target.with_suffix(".json")
    with SingleFiles(manifest, "build_index", settings, inputs, ("pystemmer",), cfg.again) as out:
        if out.up_to_date:
            return
        out.begin()
        unfinished = target.with_name(f".{target.name}.part")
        if cfg.again:
            unfinished.unlink(missing_ok=True)
        with index.Writer(unfinished, out.key) as writer:
            if "redirects" in inputs:
                writer.add_redirects(read_jsonl(redirects))
            fill(writer, paths, language, cfg)
            print("build_index: putting it in order", flush=True)
            whole = target.with_name(f".{target.name}.whole")
            counts = writer.finish(whole, {"language": language, "deduped": out.inputs["deduped"]})
        os.replace(whole, target)
        writer.remove()
        out.finish([target], counts)
    print(
        f"build_index: {counts['passages']:,} passages of {counts['articles']:,} articles -> {target}, "
        f"{target.stat().st_size / 1e6:,.1f} MB for {counts['text_bytes'] / 1e6:,.1f} MB of text"
    )


def fill(writer: index.Writer, paths: list[Path], language: str, cfg: Config) -> None:
    """Every shard that is not in it yet: prepared by the pool's workers, written here."""
    terms, total = terms_of(language), sum(path.stat().st_size for path in paths) / 1e6
    left = [path for path in paths if path.stem not in writer.done]
    begun = total - sum(path.stat().st_size for path in left) / 1e6
    if len(left) < len(paths):
        print(f"build_index: going on after {len(paths) - len(left)} finished shards", flush=True)
    with open_pool(cfg.data) as pool, Progress("build_index", total, "MB", start=begun) as bar:
        for path, shard in zip(left, pool.map(prepare, ((path, language) for path in left))):
            writer.add(path.stem, shard, terms)
            bar.add(path.stat().st_size / 1e6)


def prepare(job: tuple[Path, str]) -> index.Shard:
    path, language = job
    return index.prepare(read_jsonl(path), terms_of(language))


if __name__ == "__main__":
    stage_main(main, __doc__, ("lookup", "data"))
