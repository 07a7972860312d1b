"""clean.py: what goes, what stays, what is counted; other extractors' text; the same bytes however it is run."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

import clean
import good_articles
from held import Held
from pipeline.config import ROOT, InputError, load_config
from pipeline.files import dump_line, lock
from pipeline.stage_output import StageOutput

PLACES = "Vienna Bratislava Budapest Belgrade Ulm Linz Passau Regensburg Vukovar Ruse Galati Izmail".split()
GERMAN = (
    "Die Donau ist mit einer mittleren Wasserführung von rund 6855 Kubikmetern und einer Länge von 2857 Kilometern der "
    "zweitgrößte und zweitlängste Fluss in Europa. Sie entspringt im Schwarzwald und mündet ins Schwarze Meer."
)


def article(k, text=None, **more):
    river, town = f"River {k}", PLACES[k % len(PLACES)]
    text = (
        text
        if text is not None
        else (
            f"{river} is a river in Europe that is {100 + 7 * k} kilometres long and flows through the old town of "
            f"{town} to the sea.\n\n"
            f"## History\n\nThe first bridge over it was built by the people of {town} in the year {1000 + k}, and it "
            "stands today."
        )
    )
    return {
        "id": 1000 + k,
        "title": river,
        "url": f"https://example.org/{k}",
        "text": text,
        "disambiguation": False,
    } | more


REJECTS = {
    "disambiguation": [
        article(900, disambiguation=True),
        article(901, "Ulm may refer to:\n\n- Ulm, a town on the Danube in Germany, of some age and beauty"),
    ],
    "short": [article(902, "A river."), article(903, "")],
    "language": [article(904, GERMAN)],
    "no_sentence": [
        article(
            905,
            "Rivers of the world in the order of their length\n\n"
            + "\n".join(f"- The river number {k}" for k in range(30)),
        )
    ],
}
KEPT = [article(k) for k in range(300)]
ARTICLES = sorted([*KEPT, *sum(REJECTS.values(), [])], key=lambda a: hashlib.sha256(b"%d" % a["id"]).digest())


def extracted(folder: Path, articles, size=50, backend="native") -> Path:
    """A folder as extract.py leaves it."""
    source = folder.parent / "source"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("dump")
    with StageOutput(folder, "extract", {"backend": backend}, [source]) as out:
        for start in range(0, len(articles), size):
            out.write_shard(
                f"part-{start // size:05}", b"".join(map(dump_line, articles[start : start + size])), {"out": size}
            )
        out.finish()
    return folder


def arguments(source, out, *overrides):
    return [f"data.extracted_dir={source}", f"data.filtered_dir={out}", "data.workers=1", *overrides]


def run(source, out, *overrides):
    clean.main(load_config("configs/base.yaml", arguments(source, out, *overrides)))
    return json.loads((out / "manifest.json").read_bytes())


def read(folder):
    return [
        orjson.loads(line) for path in sorted(folder.glob("part-*.jsonl")) for line in path.read_bytes().splitlines()
    ]


def digests(folder):
    """Every file of the output but what names times and versions."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("manifest.json", ".lock")
    }


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return extracted(tmp_path_factory.mktemp("clean") / "extracted", ARTICLES)


@pytest.fixture(scope="module")
def cleaned(source):
    out = source.parent / "filtered"
    run(source, out)
    return out


def test_our_own_articles_stay_byte_for_byte_and_in_order(source, cleaned):
    kept = {a["id"] for a in KEPT}
    lines = [
        line
        for path in sorted(source.glob("part-*.jsonl"))
        for line in path.read_bytes().splitlines()
        if orjson.loads(line)["id"] in kept
    ]
    assert [line for path in sorted(cleaned.glob("part-*.jsonl")) for line in path.read_bytes().splitlines()] == lines
    assert [p.name for p in sorted(cleaned.glob("part-*"))] == [p.name for p in sorted(source.glob("part-*"))]


def test_every_drop_is_counted_in_articles_and_characters(cleaned):
    counts = json.loads((cleaned / "manifest.json").read_bytes())["counts"]
    assert counts["in"] == len(ARTICLES) and counts["out"] == len(KEPT)
    assert {k: n for k, n in counts["dropped"].items() if n} == {reason: len(some) for reason, some in REJECTS.items()}
    assert counts["dropped_chars"]["language"] == len(GERMAN)
    assert counts["chars_in"] == sum(len(a["text"]) for a in ARTICLES)
    assert counts["chars_in"] == counts["chars_out"] + sum(counts["dropped_chars"].values()) and counts["repaired"] == 0


def test_some_rejects_are_kept_to_be_read(cleaned):
    for reason, some in REJECTS.items():
        samples = [orjson.loads(line) for line in (cleaned / f"samples/{reason}.jsonl").read_bytes().splitlines()]
        assert sorted(s["id"] for s in samples) == sorted(a["id"] for a in some)
        assert all(s["reason"] == reason for s in samples)


def test_the_choice_of_samples_depends_on_neither_shards_nor_order(tmp_path):
    rejects = [article(k, "Too short.") for k in range(100)]
    chosen = []
    for name, articles, size in ("a", rejects, 7), ("b", rejects[::-1], 40):
        run(extracted(tmp_path / name / "extracted", articles, size), tmp_path / name / "filtered", "clean.samples=5")
        chosen.append(
            [
                orjson.loads(line)["id"]
                for line in (tmp_path / name / "filtered/samples/short.jsonl").read_bytes().splitlines()
            ]
        )
    assert len(chosen[0]) == 5 and chosen[0] == chosen[1] and chosen[0] != sorted(chosen[0])[:5]


@pytest.mark.parametrize("language, stays", [("de", [904]), ("en", [])])
def test_another_language_can_be_kept(tmp_path, language, stays):
    run(extracted(tmp_path / "extracted", [article(904, GERMAN)]), tmp_path / "filtered", f"clean.language={language}")
    assert [a["id"] - 1000 for a in read(tmp_path / "filtered")] == stays


def test_the_whole_text_is_asked_before_an_article_goes_for_its_language(tmp_path):
    names = (
        "Đorđe Petrović Karađorđe, Miloš Obrenović, Mihailo Obrenović, Aleksandar Karađorđević, Petar Karađorđević, "
        "Nikola Pašić. " * 2
    )
    english = article(1, names + " ".join(KEPT[k]["text"] for k in range(5)))
    test = clean.language_test(str(clean.language_model(load_config().clean)), load_config().clean)
    assert not test(names) and test(english["text"])
    run(extracted(tmp_path / "extracted", [english]), tmp_path / "filtered", "clean.max_duplicate_5grams=1")
    assert len(read(tmp_path / "filtered")) == 1


def test_an_unknown_language_is_refused_and_the_rule_can_be_off(source, tmp_path, capsys):
    with pytest.raises(InputError, match="does not know 'haw'.*language_prob=0"):
        run(source, tmp_path / "filtered", "clean.language=haw")
    assert not (tmp_path / "filtered").exists()
    assert (
        run(source, tmp_path / "filtered", "clean.language=haw", "clean.language_prob=0")["counts"]["dropped"][
            "language"
        ]
        == 0
    )
    assert capsys.readouterr().out.count("no stop words known for 'haw'") == 1


def test_a_model_of_the_users_own(source, tmp_path):
    with pytest.raises(InputError, match="language_model.*nothing.bin"):
        run(source, tmp_path / "filtered", f"clean.language_model={tmp_path}/nothing.bin")
    own = tmp_path / "own.ftz"
    own.write_bytes(clean.language_model(load_config().clean).read_bytes())
    assert run(source, tmp_path / "filtered", f"clean.language_model={own}")["inputs"].keys() == {
        "extracted",
        "own.ftz",
    }


def test_run_again_nothing_is_done_and_a_changed_rule_starts_anew(source, tmp_path, capsys):
    first = run(source, tmp_path / "filtered")
    assert run(source, tmp_path / "filtered") == first and "up to date" in capsys.readouterr().out
    changed = run(source, tmp_path / "filtered", "clean.min_chars=5000")
    assert changed["counts"]["out"] == 0 and changed["key"] != first["key"] and read(tmp_path / "filtered") == []


def junk(count):
    """Lists without a sentence, and lines too short to say anything."""
    names = "\n".join(f"- The river number {k} of the land" for k in range(20))
    return [article(5000 + k, "A river." if k % 4 == 0 else f"Rivers {k}\n{names}") for k in range(count)]


def test_rules_that_take_most_articles_stop_the_run_and_leave_the_old_output(tmp_path):
    """700 of 1,200: 175 too short, 525 without a sentence."""
    good = [article(k) for k in range(500)]
    mixed = sorted([*good, *junk(700)], key=lambda a: hashlib.sha256(b"%d" % a["id"]).digest())
    out = tmp_path / "filtered"
    run(extracted(tmp_path / "good/extracted", [*good, *junk(400)], size=400), out)
    before = digests(out) | {"manifest": (out / "manifest.json").read_bytes()}
    source = extracted(tmp_path / "mixed/extracted", mixed, size=400)
    with pytest.raises(InputError) as error:
        run(source, out)
    message = str(error.value)
    assert "would drop 700 of 1,200 articles, more than clean.max_dropped=0.5" in message and "\n" not in message
    assert "525 by no_sentence (clean.min_sentence_words=10), 175 by short (clean.min_chars=100)" in message
    assert digests(out) | {"manifest": (out / "manifest.json").read_bytes()} == before
    assert run(source, out, "clean.max_dropped=0.6")["counts"]["out"] == 500


def test_a_wrong_language_stops_the_run_with_status_2(tmp_path):
    source = extracted(tmp_path / "extracted", [article(k) for k in range(1000)], size=400)
    process = start(source, tmp_path / "filtered", "clean.language=fr")
    output = process.communicate(timeout=600)[0]
    assert process.returncode == 2 and output.count("error:") == 1 and "Traceback" not in output
    assert "1,000 by language (clean.language=fr, clean.language_prob=0.5)" in output
    assert not (tmp_path / "filtered/manifest.json").exists()


def test_few_articles_say_nothing_about_a_rule(tmp_path):
    run(extracted(tmp_path / "extracted", junk(999), size=400), tmp_path / "filtered")
    assert read(tmp_path / "filtered") == []


def test_what_the_trial_misses_is_met_at_the_end(tmp_path, monkeypatch):
    """Of a long text only stretches are tried; the whole is judged before the manifest is written."""
    monkeypatch.setattr(clean, "TRIAL_BYTES", 1000)
    source = extracted(tmp_path / "extracted", [article(0), *junk(1200)], size=2000)
    with pytest.raises(InputError, match="would drop 1,200 of 1,201 articles"):
        run(source, tmp_path / "filtered")
    assert not (tmp_path / "filtered/manifest.json").exists()


def test_every_language_stays_when_its_probability_is_0(tmp_path, capsys):
    texts = [articles[0] for code in good_articles.LANGUAGES for articles in [good_articles.good_articles(code, 1)]]
    articles = [one | {"id": k} for k, one in enumerate(texts)]
    run(extracted(tmp_path / "extracted", articles), tmp_path / "filtered", "clean.language_prob=0")
    assert len(read(tmp_path / "filtered")) == len(articles)
    assert "every language stays: the rule of stop words is off" in capsys.readouterr().out


def test_two_languages_can_be_kept(tmp_path):
    source = extracted(tmp_path / "extracted", [article(1), article(904, GERMAN)])
    run(source, tmp_path / "filtered", "clean.language=[en, de]")
    assert [a["id"] - 1000 for a in read(tmp_path / "filtered")] == [1, 904]
    with pytest.raises(InputError, match="clean.language"):
        run(source, tmp_path / "filtered", "clean.language=[]")


FOREIGN = (
    "The Inn (; ]) is a river in the Alps that is  long and flows through Innsbruck.\nHistory.\nThe first bridge over "
    "it was built by the people of Innsbruck in the year 1180, and it stands today.\nReferences.\n</dl>\n"
    "External links."
)


def test_another_extractors_files_are_repaired(tmp_path, capsys):
    folder = tmp_path / "other"
    folder.mkdir()
    lines = [
        {"id": "12", "title": "Inn", "url": "u", "text": FOREIGN},
        {"id": 13, "title": "Iller", "text": "Iller may refer to:"},
    ]
    (folder / "part-00.jsonl").write_text("\n".join(map(json.dumps, lines)))
    counts = run(folder, tmp_path / "filtered")["counts"]
    assert "another extractor's" in capsys.readouterr().out
    assert read(tmp_path / "filtered") == [
        {
            "id": 12,
            "title": "Inn",
            "url": "u",
            "text": "The Inn is a river in the Alps that is long and flows through Innsbruck.\n\n## History\n\n"
            "The first bridge over it was built by the people of Innsbruck in the year 1180, and it stands today.",
        }
    ]
    assert counts["repaired"] == 1 and counts["dropped"]["disambiguation"] == 1
    assert counts["chars_in"] == len(FOREIGN) + len("Iller may refer to:")
    assert counts["chars_in"] == counts["chars_out"] + counts["chars_repaired_away"] + sum(
        counts["dropped_chars"].values()
    )
    (folder / "part-00.jsonl").write_text(json.dumps(lines[1]) + "\n")  # another content is another input
    assert run(folder, tmp_path / "filtered")["counts"]["in"] == 1


def test_wikiextractor_through_extract_py_is_repaired_but_keeps_its_layout(tmp_path):
    text = (
        "Gold (; Au) is a metal , and it is one of the oldest that people have dug.\n\nShort.\n\n"
        "It does not rust in air and water."
    )
    run(extracted(tmp_path / "extracted", [article(1, text)], backend="wikiextractor"), tmp_path / "filtered")
    assert read(tmp_path / "filtered")[0]["text"] == text.replace("(; Au) is a metal ,", "(Au) is a metal,")


def test_a_large_file_is_taken_in_stretches(tmp_path, monkeypatch):
    folder = tmp_path / "other"
    folder.mkdir()
    for k in range(2):
        (folder / f"part-{k}.jsonl").write_bytes(b"".join(map(dump_line, KEPT[100 * k : 100 * k + 100])))
    run(folder, tmp_path / "whole")
    for size in (3000, 20_000):
        monkeypatch.setattr(clean, "JOB_BYTES", size)
        run(folder, tmp_path / f"stretches-{size}")
        assert read(tmp_path / f"stretches-{size}") == read(tmp_path / "whole")
    assert len(list((tmp_path / "stretches-20000").glob("part-*"))) == 4


@pytest.mark.parametrize(
    "line, named",
    [
        (b'{"id": 1, "text": "a"', "JSON"),
        (b'{"id": 1}', "text"),
        (b'{"id": "x", "text": "a"}', "id"),
        (b'{"id": "99999999999999999999", "text": "a"}', "64 bits"),
        (b'{"id": 1, "text": null}', "text"),
        (b"[1]", "article"),
        (b'"text"', "article"),
        (b'{"id": 1, "text": "a", "title": 3}', None),
    ],
)
def test_a_line_that_is_no_article_is_named(tmp_path, line, named):
    folder = tmp_path / "other"
    folder.mkdir()
    first = dump_line(KEPT[0])
    (folder / "part-0.jsonl").write_bytes(first + b"\n" + line + b"\n")
    if named:
        with pytest.raises(InputError, match=rf"part-0.jsonl, byte {len(first) + 1}: not an article"):
            run(folder, tmp_path / "filtered")
        assert not (tmp_path / "filtered/manifest.json").exists()
    else:
        run(folder, tmp_path / "filtered")


@pytest.mark.parametrize(
    "prepare, message",
    [
        (lambda folder: None, "is not there; run python src/extract.py"),
        (lambda folder: folder.mkdir(), "is not finished; run python src/extract.py"),
        (
            lambda folder: ((folder / ".progress").mkdir(parents=True), (folder / "part-00000.jsonl").write_text("")),
            "is not finished",
        ),
    ],
)
def test_input_that_is_not_ready_is_named(tmp_path, prepare, message):
    prepare(tmp_path / "extracted")
    with pytest.raises(InputError, match=message):
        run(tmp_path / "extracted", tmp_path / "filtered")
    assert not (tmp_path / "filtered").exists()


def test_two_runs_at_once(source, tmp_path):
    with lock(tmp_path / "filtered"), pytest.raises(InputError, match="another run is writing here"):
        run(source, tmp_path / "filtered")


def test_no_articles_at_all(tmp_path):
    with pytest.raises(InputError, match="extracted: there are no articles in it"):
        run(extracted(tmp_path / "extracted", []), tmp_path / "filtered")


def start(source, out, *overrides, env=None):
    return subprocess.Popen(
        [sys.executable, ROOT / "src/clean.py", *arguments(source, out, *overrides)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | (env or {}),
    )


def test_several_workers_make_the_same_bytes(source, cleaned, tmp_path):
    process = start(source, tmp_path / "filtered", "data.workers=3")
    output = process.communicate(timeout=600)[0]
    assert process.returncode == 0, output
    assert digests(tmp_path / "filtered") == digests(cleaned)


def test_killed_and_run_again_the_bytes_are_the_same(source, cleaned, tmp_path):
    out = tmp_path / "filtered"
    held = Held(tmp_path / "held", ".progress/part-00001.json")
    held.kill(start(source, out, env=held.env))
    assert not (out / "manifest.json").exists()
    process = start(source, out)
    output = process.communicate(timeout=600)[0]
    assert process.returncode == 0 and "going on after" in output, output
    assert digests(out) == digests(cleaned)
