"""The data sets of a run as the Hugging Face hub has them: JSON lines in a folder each, and one card for all."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.config import Config, InputError, resolve
from pipeline.files import read_jsonl, write_bytes, write_jsonl
from pipeline.stage_output import damaged, read_manifest
from scripts.pages.card import Table, markdown_table

NAMES = ("conversations", "preferences", "articles")
SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)  # the hub's size_categories end at these
MOST_KINDS = 25  # lines of a table


class DataSet(NamedTuple):
    name: str  # of NAMES
    folder: Path  # of the stage that made it
    stage: str
    files: dict[str, list[str]]  # split -> names in the folder
    what: str


def data_sets(cfg: Config, names: list[str]) -> list[DataSet]:
    """InputError when one is not made, not whole, or not one of NAMES."""
    sft, pref = resolve(cfg.sft.train_file), resolve(cfg.pref.train_file)
    sft_val, pref_val = Path(cfg.sft.val_file).name, Path(cfg.pref.val_file).name
    known: dict[str, tuple[Path, str, dict[str, list[str]]]] = {
        "conversations": (sft.parent, "gen_sft_data", {"train": [sft.name], "validation": [sft_val]}),
        "preferences": (pref.parent, "gen_pref_data", {"train": [pref.name], "validation": [pref_val]}),
        "articles": (resolve(cfg.data.deduped_dir), "dedup", {"train": []}),
    }
    found = []
    for name in names:
        if name not in known:
            raise InputError(f"--data {name}: is none of {', '.join(NAMES)}")
        folder, stage, files = known[name]
        manifest = read_manifest(folder, stage)
        if wrong := damaged(folder, manifest):
            raise InputError(f"{wrong}; run python src/{stage}.py again: it makes it anew")
        if name == "articles":
            files = {"train": sorted(file for file in manifest["files"] if file.startswith("part-"))}
        found.append(DataSet(name, folder, stage, files, WHAT[name]))
    return found


WHAT = {
    "conversations": "What the chat model is fine-tuned on: `messages` in OpenAI's form, `kind`, `article_id`.",
    "preferences": "What it is told to prefer, in TRL's form: `prompt`, `chosen`, `rejected`; `kind` and `reason` say "
    "where the pair comes from.",
    "articles": "The text that the model is pretrained on: `id`, `title`, `url`, `text` in Markdown without markup of "
    "the wiki, filtered and without near-duplicates.",
}


def is_own(dump: str | list[str]) -> bool:
    """The dump is the repo's mini-wiki, whose articles are not Wikipedia's."""
    return all("miniwiki" in one for one in ([dump] if isinstance(dump, str) else dump))


def dump_names(dump: str | list[str]) -> str:
    return ", ".join(f"`{Path(one).name}`" for one in ([dump] if isinstance(dump, str) else dump))


class Copied(NamedTuple):
    rows: dict[str, int]  # by split
    kinds: Counter[str]  # rows by their `kind`


def write_data(cfg: Config, out: Path, names: list[str], title: str, repository: str | None) -> None:
    """out/<name>/<split>.jsonl (articles: the shards) and out/README.md, the card."""
    sets = [(one, copied(one, out / one.name)) for one in data_sets(cfg, names)]
    write_bytes(out / "README.md", card(cfg, sets, title, repository).encode())


def copied(one: DataSet, folder: Path) -> Copied:
    folder.mkdir(parents=True, exist_ok=True)
    if one.name == "articles":
        for file in one.files["train"]:
            shutil.copyfile(one.folder / file, folder / file)
        return Copied({"train": read_manifest(one.folder, one.stage)["counts"]["out"]}, Counter())
    kinds: Counter[str] = Counter()

    def uniform(files: list[str]) -> Iterator[dict]:
        """A column must have one type: an article's number, or the name of what has none, is text."""
        for file in files:
            for row in read_jsonl(one.folder / file):
                kinds[row.get("kind", "")] += 1
                yield {**row, "article_id": str(row.get("article_id", ""))}

    rows = {split: write_jsonl(folder / f"{split}.jsonl", uniform(files)) for split, files in one.files.items()}
    return Copied(rows, kinds)


# ---- the card


def card(cfg: Config, made: list[tuple[DataSet, Copied]], title: str, repository: str | None) -> str:
    own = is_own(cfg.data.dump)
    sets = [one for one, _ in made]
    total = sum(sum(told.rows.values()) for _, told in made)
    parts = [head(cfg, sets, total, title, own), f"# {title}", about(cfg, own), "## Use", usage(sets, repository)]
    for one, told in made:
        parts += [f"## {one.name.capitalize()}", one.what, *described(one, told)]
    return "\n\n".join([*parts, "## Limits", limits(sets), "## Licence", licence(cfg, own)]) + "\n"


def head(cfg: Config, sets: list[DataSet], total: int, title: str, own: bool) -> str:
    """What the hub reads: which files are which split, licence, language, how many rows."""
    above = next((size for size in SIZES if total < size), None)
    below = max((size for size in SIZES if total >= size), default=None)
    size = f"n<{short(above)}" if above == SIZES[0] else f"n>{short(SIZES[-1])}" if above is None else ""
    configs = [
        {
            "config_name": one.name,
            "data_files": [
                {"split": split, "path": f"{one.name}/{'part-*' if one.name == 'articles' else split}.jsonl"}
                for split in one.files
            ],
        }
        for one in sets
    ]
    fields: dict[str, Any] = {
        "license": "mit" if own else "cc-by-sa-4.0",
        "language": [cfg.clean.language],
        "pretty_name": title,
        "task_categories": ["text-generation", "question-answering"],
        "size_categories": [size or f"{short(below or 0)}<n<{short(above or 0)}"],
        "tags": ["wikillm", "synthetic"] if any(one.name != "articles" for one in sets) else ["wikillm"],
        "configs": configs,
    }
    return "---\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in fields.items()) + "---"


def short(n: int) -> str:
    return f"{n // 1_000_000}M" if n >= 1_000_000 else f"{n // 1_000}K"


def about(cfg: Config, own: bool) -> str:
    return (
        f"Made from {'the mini-wiki of wikillm' if own else 'Wikipedia'} ({dump_names(cfg.data.dump)}) by wikillm, "
        "which trains a chat model from a dump of Wikipedia alone. The tables below are counted in the files and their "
        "manifests."
    )


def usage(sets: list[DataSet], repository: str | None) -> str:
    where = repository or "path/to/this/folder"
    lines = [f'{one.name} = load_dataset("{where}", "{one.name}")' for one in sets]
    return "```python\nfrom datasets import load_dataset\n" + "\n".join(lines) + "\n```"


def described(one: DataSet, told: Copied) -> list[str]:
    """Rows, how it was made, its kinds, what was dropped, a row."""
    manifest = read_manifest(one.folder, one.stage)
    rows = [[split, f"{n:,}"] for split, n in told.rows.items()]
    parts = [table(["split", "rows"], rows), f"Made by `python src/{one.stage}.py`; {teacher(manifest['settings'])}"]
    if told.kinds:
        named = [[f"`{kind}`", f"{n:,}"] for kind, n in told.kinds.most_common(MOST_KINDS)]
        more = len(told.kinds) - MOST_KINDS
        parts.append(table(["kind", "rows"], named) + (f"\n\nand {more} kinds more" if more > 0 else ""))
    if dropped := manifest["counts"].get("dropped"):
        parts.append(f"Left out: {', '.join(f'{reason} {n:,}' for reason, n in dropped.items())}.")
    if kept_out := [name for name in manifest["inputs"] if name.endswith((".txt", "gallery.jsonl"))]:
        names = ", ".join(f"`{name}`" for name in kept_out)
        parts.append(f"No row shares 13 words in a row, or a whole question, with the examinations {names}.")
    first = next(read_jsonl(one.folder / one.files["train"][0]), {})
    return [*parts, "```json\n" + shown(first) + "\n```"]


def teacher(settings: dict) -> str:
    if "model" in settings:
        return (
            f"the texts were written by the model `{settings['model']}`, whose own licence may bind what is made of it."
        )
    if settings.get("backend") == "rules":
        return "no model wrote them: questions and answers are made of the articles' sentences by rules."
    return "near-duplicates were found by MinHash and compared exactly."


def shown(row: dict) -> str:
    text = json.dumps(row, ensure_ascii=False)
    return text if len(text) <= 600 else text[:600] + " ..."


def table(columns: list[str], rows: list[list[str]]) -> str:
    return markdown_table(Table("", "", "", columns, rows))


def limits(sets: list[DataSet]) -> str:
    made = " Conversations and preferences were made automatically; some are wrong, and nobody has read all of them."
    return (
        "The text has the gaps, the slant and the errors of its source at the date of the dump, and names living "
        "people where the source does." + (made if any(one.name != "articles" for one in sets) else "")
    )


def licence(cfg: Config, own: bool) -> str:
    if own:
        return "The articles were written for wikillm and are under its licence, MIT."
    return (
        "Text of Wikipedia is under [CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/), by the "
        f"contributors whom each article's history names: `https://{cfg.clean.language}.wikipedia.org/?curid=` and the "
        "`article_id` (or `id`) of a row is its article. This data set is shared under the same licence."
    )


def publish_data(cfg: Config, args, name: str, hub: Callable) -> None:
    """publish.py --data"""
    names = args.data.split(",")
    data_sets(cfg, names)  # what cannot work is said before anything is written
    upload = hub(args.push, "dataset") if args.push else None
    out = Path(args.out)
    write_data(cfg, out, names, name, args.push)
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        print(f"{path}  {path.stat().st_size:,} bytes")
    if upload:
        print(upload(out, args.private))
