"""clean.py: what goes, what stays, what is counted; other extractors' text; the same bytes however it is run."""

import hashlib
import json
import os
import signal
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


def test_the_bytes_of_articles_are_those_of_earlier_versions(cleaned):
    """Shards and samples, as they were before clean.py read other text too."""
    whole = hashlib.sha256(json.dumps(digests(cleaned), sort_keys=True).encode()).hexdigest()
    assert whole == "e1e21dae75c6477e088e548628a23dde56ce3f5fd36e94177477fc491adc9c1b"


# other text beside the articles

BYTES = sum(len(a["text"].encode()) for a in KEPT)  # of the articles that stay


def page(k):
    town = PLACES[k % len(PLACES)]
    text = f"Page {k} of the web says that the café of {town} is {k} years old, and that it was built by its people."
    return text + " It opens in the morning."


LIST = "Pages of the web in the order of their names\n\n" + "\n".join(f"- The page number {k}" for k in range(30))
JUNK = {"short": "Buy now", "language": GERMAN, "no_sentence": LIST}


def web(folder, texts, name="web.jsonl"):
    """A source of other text: strings, or rows as they are."""
    rows = [text if isinstance(text, dict) else {"text": text, "url": "u", "id": "x"} for text in texts]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"".join(map(dump_line, rows)))
    return folder / name


def more(*shares):
    """(path, share) ... -> an override"""
    return "data.more=" + json.dumps([{"path": str(path), "share": share} for path, share in shares])


def others(folder, number=0):
    return [
        orjson.loads(line)
        for path in sorted(folder.glob(f"more-{number}-*.jsonl"))
        for line in path.read_bytes().splitlines()
    ]


def reaching(sizes, wanted):
    """How many of the sizes are taken until they are so many bytes together."""
    taken = 0
    while wanted > 0:
        wanted -= sizes[taken]
        taken += 1
    return taken


def test_other_text_passes_the_same_rules_in_shards_of_its_own(source, cleaned, tmp_path, capsys):
    texts = [page(0), JUNK["short"], page(1), JUNK["language"], JUNK["language"], JUNK["no_sentence"], page(2)]
    path, out = web(tmp_path, [*texts, {"title": "Café", "text": page(3), "score": 0.5}]), tmp_path / "filtered"
    manifest = run(source, out, more((path, 0.3)))
    said = capsys.readouterr().out
    assert [(d["id"], d["title"], d["text"]) for d in others(out)] == [
        (-1, "", page(0)),
        (-3, "", page(1)),
        (-7, "", page(2)),
        (-8, "Café", page(3)),
    ]
    assert {d["source"] for d in others(out)} == {str(path)} and set(others(out)[0]) == {
        "id",
        "title",
        "source",
        "text",
    }
    counts = manifest["more"][str(path)]
    assert counts["in"] == 8 and counts["out"] == 4 and counts["repaired"] == 0
    assert {rule: n for rule, n in counts["dropped"].items() if n} == {"short": 1, "language": 2, "no_sentence": 1}
    assert counts["chars_out"] == sum(len(page(k)) for k in range(4)) == counts["bytes_out"] - 4  # é is two bytes
    assert f"kept 4 of 8 documents of {path}, dropped 1 by short, 2 by language, 1 by no_sentence" in said
    assert (
        f"warning: {path}: has 0.0 MB of text that stays, a share of 0.3 beside these articles is about 0.0 MB" in said
    )
    # of the articles nothing changes
    assert manifest["counts"] == json.loads((cleaned / "manifest.json").read_bytes())["counts"]
    own = {name: digest for name, digest in digests(out).items() if "more-" not in name}
    assert own == digests(cleaned)
    for rule, text in JUNK.items():
        samples = [orjson.loads(line) for line in (out / f"samples/more-0-{rule}.jsonl").read_bytes().splitlines()]
        assert {s["text"] for s in samples} == {text} and len(samples) == counts["dropped"][rule]


@pytest.mark.parametrize("lot, recased", [(5000, 0), (8 << 20, 1)])
def test_of_each_source_its_share_and_a_quarter_more_is_taken(source, tmp_path, monkeypatch, lot, recased):
    """Of the bytes of all text 0.2 and 0.1, the articles 0.7, told again or not; times 1.25."""
    monkeypatch.setattr(clean, "LOT_BYTES", lot)
    first = [JUNK["short"] if k % 3 == 0 else page(k) for k in range(3000)]
    second = [page(k) + " They have bread." for k in range(3000)]
    shares = (web(tmp_path, first), 0.2), (web(tmp_path, second, "bread.jsonl"), 0.1)
    made = run(source, tmp_path / "filtered", more(*shares), f"data.recased={recased}")["more"]
    for number, (texts, (path, share)) in enumerate(zip((first, second), shares)):
        good = [text for text in texts if text != JUNK["short"]]
        count = reaching([len(text.encode()) for text in good], BYTES * (1 + recased) / 0.7 * share * 1.25)
        assert 50 < count < 1900
        assert [d["text"] for d in others(tmp_path / "filtered", number)] == good[:count]
        read = texts.index(good[count - 1]) + 1
        assert made[str(path)]["in"] == read and made[str(path)]["dropped"]["short"] == read - count
        assert others(tmp_path / "filtered", number)[-1]["id"] == -(number * 10**12 + read)


def test_a_share_that_is_reached_by_the_last_document_of_a_lot_counts_nothing_behind_it(tmp_path, monkeypatch):
    monkeypatch.setattr(clean, "sizes_wanted", lambda more, of_articles: [float(len((page(0) + page(1)).encode()))])
    monkeypatch.setattr(clean, "LOT_BYTES", 10_000)
    path = web(tmp_path, [page(0), page(1), JUNK["short"], page(2)])
    counts = run(extracted(tmp_path / "extracted", KEPT[:5]), tmp_path / "filtered", more((path, 0.5)))["more"][
        str(path)
    ]
    assert (counts["in"], counts["out"]) == (2, 2)


def test_what_is_no_article_is_neither_repaired_nor_called_a_disambiguation_without_a_title(tmp_path):
    """Also where the articles are another extractor's, which are."""
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "part-00.jsonl").write_bytes(dump_line({"id": 12, "title": "Inn", "text": FOREIGN}))
    torn = "The Inn (; ]) is a river in the Alps that is  long and flows through the town of Innsbruck, of some age."
    word = "The word bank may refer to:\n\nA house of money, or the side of a river, as the people of the town say it."
    rows = [torn, word, {"title": "Bank", "text": word}, {"title": "Ulm (disambiguation)", "text": page(4)}]
    run(folder, tmp_path / "filtered", more((web(tmp_path, rows), 0.9)))
    assert [d["text"] for d in others(tmp_path / "filtered")] == [torn, word]
    assert read(tmp_path / "filtered")[0]["text"].startswith("The Inn is a river in the Alps that is long")


def test_the_sources_and_their_shares_are_part_of_what_a_run_is(source, cleaned, tmp_path, capsys):
    out, path = tmp_path / "filtered", web(tmp_path, [page(k) for k in range(20)])

    def made_anew(*overrides):
        run(source, out, *overrides)
        return "up to date" not in capsys.readouterr().out

    assert made_anew(more((path, 0.1))) and not made_anew(more((path, 0.1))) and made_anew(more((path, 0.2)))
    web(tmp_path, [page(k) for k in range(21)])
    assert made_anew(more((path, 0.2))) and not made_anew(more((path, 0.2)))
    assert made_anew(more((path, 0.2)), "data.recased=1")
    assert made_anew() and digests(out) == digests(cleaned), "nothing of it is left"
    assert not made_anew("data.recased=1"), "which only other text depends on"


def test_a_source_that_the_rules_mostly_drop_stops_the_run_and_leaves_the_old_output(source, tmp_path):
    out = tmp_path / "filtered"
    run(source, out)
    before = digests(out) | {"manifest": (out / "manifest.json").read_bytes()}
    texts = [page(k) if k % 10 < 4 else JUNK["short" if k % 10 < 6 else "language"] for k in range(1200)]
    good, bad = web(tmp_path, [page(k) for k in range(10)], "good.jsonl"), web(tmp_path, texts, "bad.jsonl")
    with pytest.raises(InputError) as error:
        run(source, out, more((good, 0.1), (bad, 0.1)))
    message = str(error.value)
    assert message.startswith(f"{bad}: the rules would drop 720 of 1,200 documents, more than clean.max_dropped=0.5: ")
    assert "480 by language (clean.language=en, clean.language_prob=0.5), 240 by short (clean.min_chars=100)" in message
    assert "\n" not in message and digests(out) | {"manifest": (out / "manifest.json").read_bytes()} == before
    run(source, out, more((good, 0.1), (bad, 0.1)), "clean.max_dropped=0.6")
    assert len(others(out, 1)) > 50


def test_junk_behind_a_good_beginning_stops_the_run_every_time(source, tmp_path, monkeypatch):
    """The trial sees 1,000 bytes; the whole source would be read for nothing."""
    monkeypatch.setattr(clean, "TRIAL_BYTES", 1000)
    monkeypatch.setattr(clean, "LOT_BYTES", 10_000)
    path = web(tmp_path, [*(page(k) for k in range(100)), *[JUNK["short"]] * 50_000])
    for _ in range(2):
        with pytest.raises(InputError, match="web.jsonl: the rules would drop [0-9,]+ of [0-9,]+ documents"):
            run(source, tmp_path / "filtered", more((path, 0.9)))
    assert len(list((tmp_path / "filtered").glob("more-0-*"))) == 2, "10,000 characters of each kind"


def test_a_source_of_which_nothing_stays_is_named(source, tmp_path):
    path = web(tmp_path, [JUNK["short"], JUNK["short"], JUNK["language"]])
    with pytest.raises(InputError, match=r"web.jsonl: none of its 3 documents stays: 2 by short \(.*\), 1 by language"):
        run(source, tmp_path / "filtered", more((path, 0.1)))
    path.write_text("\n\n")
    with pytest.raises(InputError, match="web.jsonl: none of its 0 documents stays; give data.more other text"):
        run(source, tmp_path / "filtered", more((path, 0.1)))


def test_a_row_that_cannot_be_read_stops_only_who_needs_it(source, tmp_path, monkeypatch):
    monkeypatch.setattr(clean, "LOT_BYTES", 3000)
    path = web(tmp_path, [*(page(k) for k in range(150)), {"body": "?"}])
    run(source, tmp_path / "filtered", more((path, 0.1)), "data.workers=3")  # who read some of them ahead
    assert 20 < len(others(tmp_path / "filtered")) < 120
    with pytest.raises(InputError, match="web.jsonl:151: has no text; every row needs a column `text`"):
        run(source, tmp_path / "filtered", more((path, 0.8)))


DRIVER = """
import os, signal, sys
import clean
from pipeline.config import load_config
from pipeline.stage_output import StageOutput

clean.LOT_BYTES, write, last = 3000, StageOutput.write_shard, sys.argv[1]

def write_shard(self, name, *rest):
    write(self, name, *rest)
    if name == last:
        os.kill(os.getpid(), signal.SIGKILL)

StageOutput.write_shard = write_shard
if __name__ == "__main__":
    clean.main(load_config("configs/base.yaml", sys.argv[2:]))
"""


def drive(folder, last, *line):
    (folder / "driver.py").write_text(DRIVER)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, folder / "driver.py", last, *line], env=environment, capture_output=True, timeout=120
    ).returncode


@pytest.fixture(scope="module")
def mixed(source, tmp_path_factory):
    """-> the override of two sources with junk in them, and the output of a run that nothing disturbs"""
    folder = tmp_path_factory.mktemp("mixed")
    texts = [list(JUNK.values())[k % 7] if k % 7 < 3 else page(k) for k in range(700)]
    half = len(texts) // 2
    override = more((web(folder, texts[:half], "a.jsonl"), 0.2), (web(folder, texts[half:], "b.jsonl"), 0.1))
    patched = pytest.MonkeyPatch()
    patched.setattr(clean, "LOT_BYTES", 3000)
    run(source, folder / "filtered", override)
    patched.undo()
    assert len(list((folder / "filtered").glob("more-1-*"))) > 2
    return override, folder / "filtered"


@pytest.mark.parametrize("last", ["part-00006", "more-0-00001", "more-1-00000"])
def test_killed_between_articles_and_other_text_the_bytes_are_the_same(
    source, mixed, tmp_path, monkeypatch, capsys, last
):
    override, whole = mixed
    out = tmp_path / "filtered"
    assert drive(tmp_path, last, *arguments(source, out, override)) == -signal.SIGKILL
    assert not (out / "manifest.json").exists() and (out / f"{last}.jsonl").exists()
    monkeypatch.setattr(clean, "LOT_BYTES", 3000)
    made = run(source, out, override)
    assert "going on after" in capsys.readouterr().out and digests(out) == digests(whole)
    before = json.loads((whole / "manifest.json").read_bytes())
    assert [made[key] for key in ("more", "counts", "key")] == [before[key] for key in ("more", "counts", "key")]


def test_several_workers_make_the_same_bytes_of_other_text(source, mixed, tmp_path):
    override, whole = mixed
    assert drive(tmp_path, "", *arguments(source, tmp_path / "filtered", override, "data.workers=3")) == 0
    assert digests(tmp_path / "filtered") == digests(whole)
