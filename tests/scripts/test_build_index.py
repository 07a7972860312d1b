"""scripts/build_index.py as a stage: whole or not there, up to date, killed and gone on with, wrong input."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from conftest import ROOT
from deduped_folder import articles, countries, deduped
from pipeline.config import load_config
from pipeline.files import write_jsonl
from pipeline.stage_output import input_hash
from scripts import build_index
from scripts.bench.many_articles import many
from wikipedia import index
from wikipedia.search import Search


@pytest.fixture()
def cfg(tmp_path):
    def config(*overrides):
        return load_config("configs/demo.yaml", [f"out={tmp_path}", "data.workers=1", *overrides])

    deduped(tmp_path / "data/clean/deduped", [*countries(10), *articles(50)], per_shard=20)
    return config


def run(tmp_path, *overrides: str, **more) -> subprocess.CompletedProcess:
    line = [sys.executable, ROOT / "scripts/build_index.py", "--config", "configs/demo.yaml", f"out={tmp_path}"]
    return subprocess.run([*line, "data.workers=1", *overrides], capture_output=True, text=True, timeout=600, **more)


def test_an_index_with_its_manifest_and_a_second_run_that_does_nothing(cfg, tmp_path, capsys):
    build_index.main(cfg())
    path = tmp_path / "data/lookup/index.sqlite"
    manifest = json.loads((tmp_path / "data/lookup/index.json").read_text())
    assert manifest["stage"] == "build_index" and manifest["counts"]["articles"] == 60
    assert manifest["inputs"]["deduped"] == input_hash(tmp_path / "data/clean/deduped")
    assert "wikipedia/passages.py" in manifest["code"] and "scripts/build_index.py" in manifest["code"]
    assert Search(path, manifest["inputs"]["deduped"])("What is the capital of Peru?")[0]["title"] == "Peru"
    assert sorted(p.name for p in path.parent.iterdir()) == [".index.lock", "index.json", "index.sqlite"]
    before = path.stat().st_mtime_ns
    build_index.main(cfg())
    assert "up to date" in capsys.readouterr().out and path.stat().st_mtime_ns == before


def test_other_text_beside_the_articles_is_not_in_it(cfg, tmp_path):
    build_index.main(cfg())
    about = tmp_path / "data/lookup/index.json"
    alone = json.loads(about.read_text())["counts"]
    folder = tmp_path / "data/clean/deduped"
    deduped(folder, [*countries(10), *articles(50)], more={"web": ["Utopia is a country. Its capital is Peru."] * 9})
    build_index.main(cfg())
    manifest = json.loads(about.read_text())
    assert (
        manifest["counts"] == alone and alone["articles"] == 60 and manifest["inputs"]["deduped"] == input_hash(folder)
    )
    assert not [one for one in many(folder, 1000) if "Utopia" in one["text"]]


def test_killed_between_two_shards_it_goes_on_and_ends_with_the_same_bytes(cfg, tmp_path, monkeypatch, capsys):
    build_index.main(cfg())
    path = tmp_path / "data/lookup/index.sqlite"
    whole = path.read_bytes()
    real = index.Writer.add

    def dying(self, name, shard, terms):
        if name == "part-00001":
            raise MemoryError("the host is gone")
        real(self, name, shard, terms)

    monkeypatch.setattr(index.Writer, "add", dying)
    with pytest.raises(MemoryError):
        build_index.main(cfg("again=true"))
    monkeypatch.setattr(index.Writer, "add", real)
    build_index.main(cfg())
    assert "going on after 1 finished shards" in capsys.readouterr().out
    assert path.read_bytes() == whole


def test_killed_in_the_midst_of_a_shard_nothing_of_it_stays(cfg, tmp_path, monkeypatch):
    build_index.main(cfg())
    path = tmp_path / "data/lookup/index.sqlite"
    whole = path.read_bytes()
    real, count = index.Writer._add_article, iter(range(1000))

    def dying(self, row, terms):
        if next(count) == 30:
            raise KeyboardInterrupt
        real(self, row, terms)

    monkeypatch.setattr(index.Writer, "_add_article", dying)
    with pytest.raises(KeyboardInterrupt):
        build_index.main(cfg("again=true"))
    monkeypatch.setattr(index.Writer, "_add_article", real)
    build_index.main(cfg())
    assert path.read_bytes() == whole


def test_killed_by_the_system_it_ends_with_the_same_bytes(tmp_path):
    deduped(tmp_path / "data/clean/deduped", articles(2000), per_shard=50)
    assert run(tmp_path).returncode == 0
    path = tmp_path / "data/lookup/index.sqlite"
    whole = path.read_bytes()
    line = [sys.executable, ROOT / "scripts/build_index.py", "--config", "configs/demo.yaml", f"out={tmp_path}"]
    process = subprocess.Popen(
        [*line, "data.workers=1", "again=true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    part, end = path.with_name(".index.sqlite.part"), time.monotonic() + 300
    while not (part.exists() and part.with_name(part.name + "-wal").exists()) and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert run(tmp_path).returncode == 0 and path.read_bytes() == whole


def test_other_articles_or_other_settings_are_another_index(cfg, tmp_path, capsys):
    build_index.main(cfg())
    path = tmp_path / "data/lookup/index.sqlite"
    first = path.read_bytes()
    build_index.main(cfg("clean.language=de"))
    assert path.read_bytes() != first
    path.write_bytes(first[:-100])  # damaged: the next run makes it anew
    build_index.main(cfg("clean.language=de"))
    assert Search(path)("Peru")


def test_names_that_redirect_to_an_article_find_it(cfg, tmp_path):
    write_jsonl(
        tmp_path / "data/extracted/redirects.jsonl",
        [
            {"id": 1, "title": "Nippon", "target": "Japan", "section": ""},
            {"id": 2, "title": "Edo", "target": "Japan", "section": "History"},  # a part of it is another thing
        ],
    )
    build_index.main(cfg())
    search = Search(tmp_path / "data/lookup/index.sqlite")
    assert search("What is the capital of Nippon?")[0]["title"] == "Japan"
    assert all(p["score"] < search.good for p in search("Edo"))


def test_no_articles_and_no_folder_are_one_line_each(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 2 and done.stderr.startswith("error: ") and "run python src/dedup.py" in done.stderr
    assert done.stderr.count("\n") == 1
    deduped(tmp_path / "data/clean/deduped", articles(3), per_shard=3)
    (tmp_path / "data/clean/deduped/part-00000.jsonl").write_bytes(b"")
    done = run(tmp_path)
    assert done.returncode == 2 and "run python src/dedup.py again" in done.stderr and done.stderr.count("\n") == 1


def test_another_stages_folder_is_left_alone(cfg, tmp_path):
    (tmp_path / "index.json").write_text('{"stage": "extract"}')
    done = run(tmp_path, f"lookup.index={tmp_path}/index.sqlite")
    assert done.returncode == 2 and "holds what extract made" in done.stderr
