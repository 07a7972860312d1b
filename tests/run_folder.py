"""A run's folder with planted numbers, and the pages made of it as a browser would see them."""

import json
from html.parser import HTMLParser

from pipeline.config import load_config
from pipeline.files import dump_line, write_jsonl
from pipeline.stage_output import StageOutput

DEMO = "configs/demo.yaml"
HOSTILE = '<script>alert(1)</script> & "quotes"'


class Page(HTMLParser):
    """What a browser would see; complains of tags that are not closed in order."""

    VOID = {"meta", "line", "rect", "circle", "polyline", "br", "input"}

    def __init__(self, path):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], ""
        self.feed(path.read_text())
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data + " "

    def check_self_contained(self, scripts=0):
        assert not {"link", "img", "iframe", "object"} & set(self.tags) and self.tags.count("script") == scripts
        assert not [a for a in self.attributes if a[0] in ("src", "onload", "onclick", "onerror")]

    def links(self):
        return [value for name, value in self.attributes if name == "href"]


def config(folder, *overrides):
    names = {
        "extracted_dir": "extracted",
        "filtered_dir": "filtered",
        "deduped_dir": "deduped",
        "train_bin": "tokens/train.bin",
        "val_bin": "tokens/val.bin",
        "report": "out/data.html",
    }
    return load_config(
        "configs/demo.yaml",
        [f"data.{k}={folder / v}" for k, v in names.items()]
        + [
            f"tokenizer.path={folder / 'tok/tokenizer.json'}",
            "data.dump=xxwiki-20260101-pages-articles.xml.bz2",
            f"train.checkpoint_dir={folder / 'checkpoints'}",
            *overrides,
        ],
    )


def stage(folder, name, counts, articles, extra=None):
    with StageOutput(folder, name, {}, []) as out:
        out.write_shard("part-00000", b"".join(dump_line(a) for a in articles), counts)
        out.finish(extra)


def planted_run(tmp_path):
    """The folders of five data stages with planted numbers. -> tmp_path"""
    articles = [{"id": i, "title": f"Title {i}", "url": "", "text": "x" * (2**i)} for i in range(3, 9)]
    articles.append({"id": 99, "title": HOSTILE, "url": "", "text": HOSTILE})
    stage(
        tmp_path / "extracted",
        "extract",
        {"in": 1234, "out": 777, "chars": 5000, "dropped": {"redirect": 400, "namespace": 57}},
        articles,
        {"unknown_templates": {HOSTILE: 41, "infobox x": 7}},
    )
    stage(
        tmp_path / "filtered",
        "clean",
        {
            "in": 777,
            "out": 555,
            "chars_in": 5000,
            "chars_out": 4000,
            "dropped": {"too_short": 222, "language": 0},
            "dropped_chars": {"too_short": 1000, "language": 0},
        },
        articles,
    )
    write_jsonl(tmp_path / "filtered/samples/too_short.jsonl", [{"title": HOSTILE, "text": HOSTILE}])
    stage(
        tmp_path / "deduped",
        "dedup",
        {"in": 555, "out": 543, "chars_in": 4000, "chars_out": 3210, "dropped": {"exact": 5, "near": 7}},
        articles,
        {"clusters": 11},
    )
    write_jsonl(
        tmp_path / "deduped/removed.jsonl",
        [{"title": f"Copy {i}", "kept_title": "Twin", "kind": "near", "jaccard": 0.93} for i in range(7)]
        + [{"title": "Same", "kept_title": HOSTILE, "kind": "exact", "jaccard": 1.0}] * 5,
    )
    (tmp_path / "tok").mkdir()
    (tmp_path / "tok/manifest.json").write_text(
        json.dumps(
            {
                "stage": "train_tokenizer",
                "seconds": 60,
                "versions": {},
                "tokenizer": {
                    "vocab_size": 4096,
                    "bytes_per_token": 3.987,
                    "single_byte_share": 0.123,
                    "vocabulary_seen": 0.5,
                    "lengths": [256, 0, 70],
                    "longest_tokens": [" international", "\n\n"],
                    "first_merges": [],
                    "last_merges": ["‹e6 97›"],
                    "examples": [["# ", HOSTILE, "\n", " end"]],
                },
            }
        )
    )
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens/manifest.json").write_text(
        json.dumps(
            {
                "stage": "pack_tokens",
                "seconds": 30,
                "versions": {"numpy": "1"},
                "bytes": 1_293_000,
                "tokens": {
                    "train": {"tokens": 614_400, "bytes_per_token": 4.12},
                    "val": {"tokens": 32_100, "bytes_per_token": 4},
                },
            }
        )
    )
    return tmp_path
