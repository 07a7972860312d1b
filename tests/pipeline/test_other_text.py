"""pipeline.other_text: the rows of JSONL and parquet files as documents, and what is wrong with them in one line."""

import json
import os
import sys

import pytest

from pipeline import other_text
from pipeline.config import InputError, Source


def source(path, number=0):
    return other_text.OtherText(number, str(path), 0.5, other_text.files_of(str(path)))


def lines(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_the_rows_of_all_files_in_the_order_of_their_names_have_ids_of_their_own(tmp_path):
    lines(tmp_path / "web/b/part-1.jsonl", {"text": "three", "title": None}, {"text": "", "title": 1984})
    lines(tmp_path / "web/a/part-0.jsonl", {"text": "one", "id": "x"}, {"text": "two", "title": "Two"})
    (tmp_path / "web/a/README.md").write_text("not read")
    found = list(other_text.documents(source(tmp_path / "web", number=2)))
    assert [(d["id"], d["title"], d["text"]) for d in found] == [
        (-2_000_000_000_001, "", "one"),
        (-2_000_000_000_002, "Two", "two"),
        (-2_000_000_000_003, "", "three"),
        (-2_000_000_000_004, "1984", ""),
    ]
    assert {d["source"] for d in found} == {str(tmp_path / "web")}


def test_the_sources_have_the_numbers_of_their_places(tmp_path):
    for name in ("a.jsonl", "b.jsonl"):
        lines(tmp_path / name, {"text": name})
    more = [Source(path=str(tmp_path / "b.jsonl"), share=0.3), Source(path=str(tmp_path / "a.jsonl"), share=0.1)]
    found = other_text.sources(more)
    assert [(one.number, one.share) for one in found] == [(0, 0.3), (1, 0.1)]
    assert [d["id"] for one in found for d in other_text.documents(one)] == [-1, -1_000_000_000_001]


def test_parquet_and_jsonl_give_the_same_documents(tmp_path, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    monkeypatch.setattr(other_text, "ROWS", 2)
    texts, titles = ["one", " ", "three", "four", "five"], [None, "B", None, "", "E"]
    parquet.write_table(
        pyarrow.table({"text": texts, "score": [0.5] * 5, "title": titles}), tmp_path / "x.parquet", row_group_size=3
    )
    lines(tmp_path / "x.jsonl", *({"text": text, "title": title} for text, title in zip(texts, titles)))
    both = [
        [{**d, "source": ""} for d in other_text.documents(source(tmp_path / f"x.{kind}"))]
        for kind in ("parquet", "jsonl")
    ]
    assert both[0] == both[1] and [d["text"] for d in both[0]] == texts


def test_a_source_is_another_one_when_its_content_changes(tmp_path, monkeypatch):
    path = tmp_path / "web/a.jsonl"
    lines(path, {"text": "one"})
    first = other_text.identity(source(tmp_path / "web"))
    os.utime(path, (1, 1))
    assert other_text.identity(source(tmp_path / "web")) == first
    lines(path, {"text": "two"})
    assert other_text.identity(source(tmp_path / "web")) != first
    # of a large one names, sizes and times of change
    monkeypatch.setattr(other_text, "WHOLE_BYTES", 4)
    found = [other_text.identity(source(tmp_path / "web"))]
    for change in (lambda: os.utime(path, (2, 2)), lambda: path.rename(path.with_name("b.jsonl"))):
        change()
        found.append(other_text.identity(source(tmp_path / "web")))
    assert len(set(found)) == 3 and other_text.identity(source(tmp_path / "web")) == found[-1]


def test_what_is_wrong_with_other_text_is_one_line(tmp_path, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    good = '{"text": "Good."}\n'
    (tmp_path / "no-text.jsonl").write_text(good + "\n" + '{"body": "?"}\n')
    (tmp_path / "number.jsonl").write_text('{"text": 5}\n')
    (tmp_path / "broken.jsonl").write_text(good + '{"text": \n')
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    parquet.write_table(pyarrow.table({"content": ["a"], "url": ["b"]}), tmp_path / "columns.parquet")
    parquet.write_table(pyarrow.table({"text": ["a", None]}), tmp_path / "null.parquet")
    for name, words in {
        "no-text.jsonl": "no-text.jsonl:3: has no text; every row needs a column `text`",
        "number.jsonl": "number.jsonl:1: has no text",
        "broken.jsonl": "broken.jsonl:2: not valid JSON",
        "empty": "empty: no .jsonl or .parquet file there",
        "nowhere": "nowhere: no .jsonl or .parquet file there",
        "cut.parquet": "cut.parquet: cannot be read after row 0 .*; fetch it again",
        "columns.parquet": "columns.parquet: has no column `text`, but content, url",
        "null.parquet": "null.parquet:2: has no text",
    }.items():
        with pytest.raises(InputError, match=words) as caught:
            list(other_text.documents(source(tmp_path / name)))
        assert "\n" not in str(caught.value)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match="null.parquet: parquet files need the package: pip install pyarrow"):
        list(other_text.documents(source(tmp_path / "null.parquet")))
