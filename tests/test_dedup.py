"""dedup.py against a slow and obvious deduplication, and against pairs whose similarity is known by construction."""

import hashlib
import json
import os
import random
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import orjson
import pytest

import clean
import dedup
import extract
import good_articles
from held import Held
from pace import slowness
from pipeline.config import ROOT, InputError, load_config
from pipeline.files import dump_line, lock
from pipeline.stage_output import StageOutput
from wikipedia import similar

VOCABULARY = [
    f"{a}{b}{c}"
    for a in ("ka", "lo", "mi", "ne", "su")
    for b in ("ta", "ro", "vi", "de")
    for c in ("n", "s", "la", "mo", "r", "x")
]


def article(number, text, title=None):
    return {"id": number, "title": title or f"Article {number}", "url": "", "text": text}


def filtered(folder: Path, articles, size=40, more=None) -> Path:
    """A folder as clean.py leaves it. more: {path of a source of other text: its texts}"""
    folder.parent.mkdir(parents=True, exist_ok=True)
    source, more = folder.parent / "source", more or {}
    source.write_text("extracted")
    with StageOutput(folder, "clean", {}, [source]) as out:
        kinds = {"part-": articles} | {f"more-{n}-": other(n, *one) for n, one in enumerate(more.items())}
        for beginning, records in kinds.items():
            for start in range(0, len(records), size):
                content = b"".join(map(dump_line, records[start : start + size]))
                out.write_shard(f"{beginning}{start // size:05}", content, {"out": size})
        out.finish(more=more)
    return folder


def other(number, path, texts):
    return [
        {"id": -number * 10**12 - row, "title": "", "source": path, "text": text} for row, text in enumerate(texts, 1)
    ]


def arguments(source, out, *overrides):
    return [f"data.filtered_dir={source}", f"data.deduped_dir={out}", "data.workers=1", *overrides]


def run(source, out, *overrides):
    dedup.main(load_config("configs/base.yaml", arguments(source, out, *overrides)))
    return json.loads((out / "manifest.json").read_bytes())


def deduped(tmp_path, articles, *overrides, size=40):
    """-> (ids that stay, in order; {id that went: line of removed.jsonl})"""
    out = tmp_path / "deduped"
    run(filtered(tmp_path / "filtered", articles, size), out, *overrides)
    kept = [
        orjson.loads(line)["id"] for path in sorted(out.glob("part-*.jsonl")) for line in path.read_bytes().splitlines()
    ]
    removed = [orjson.loads(line) for line in (out / "removed.jsonl").read_bytes().splitlines()]
    return kept, {line["id"]: line for line in removed}


def shingles(text, n=5):
    words = re.findall("[0-9a-z\x80-\U0010ffff]+", text.lower())
    return {tuple(words[i : i + n]) for i in range(max(1, len(words) - n + 1))}


def jaccard(one, other):
    one, other = shingles(one), shingles(other)
    return len(one & other) / len(one | other)


def slow_dedup(articles, threshold):
    """Longest first, ties to the lowest id; an article goes when one that stays is its duplicate. All pairs."""
    sets, kept = {a["id"]: shingles(a["text"]) for a in articles}, []
    for a in sorted(articles, key=lambda a: (-len(a["text"]), a["id"])):
        mine = sets[a["id"]]
        if not any(len(mine & sets[b]) >= threshold * len(mine | sets[b]) for b in kept):
            kept.append(a["id"])
    return set(kept)


def random_text(draw, words):
    return " ".join(draw.choices(VOCABULARY, k=words))


def edited(draw, text, share):
    """A copy with one stretch of words replaced."""
    words = text.split()
    count = int(len(words) * share)
    start = draw.randrange(len(words) - count + 1)
    return " ".join(words[:start] + draw.choices(VOCABULARY, k=count) + words[start + count :])


def collection(seed=0):
    """120 texts, copies of some of them at all similarities, in random order."""
    draw = random.Random(seed)
    texts = [random_text(draw, draw.randrange(60, 300)) for _ in range(120)]
    for text in texts[:80]:
        texts.append(edited(draw, text, draw.choice([0.0, 0.02, 0.04, 0.3, 0.5])))
    texts += [text.upper().replace(" ", ", ") + "." for text in texts[100:110]]
    draw.shuffle(texts)
    return [article(5000 - 3 * k, text) for k, text in enumerate(texts)]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return filtered(tmp_path_factory.mktemp("dedup") / "filtered", collection())


@pytest.fixture(scope="module")
def result(source):
    out = source.parent / "deduped"
    run(source, out)
    return out


def read(folder):
    return [
        orjson.loads(line) for path in sorted(folder.glob("part-*.jsonl")) for line in path.read_bytes().splitlines()
    ]


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("manifest.json", ".lock")
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_it_keeps_what_a_slow_comparison_of_all_pairs_keeps(tmp_path, seed):
    articles = collection(seed)
    kept, removed = deduped(tmp_path, articles)
    assert set(kept) == slow_dedup(articles, 0.8) and len(removed) > 40
    assert kept == [a["id"] for a in articles if a["id"] in set(kept)]  # in the order of the input


def test_every_removal_names_a_kept_twin_and_its_true_similarity(source, result):
    texts = {a["id"]: a["text"] for a in read(source)}
    kept = {a["id"] for a in read(result)}
    removed = [orjson.loads(line) for line in (result / "removed.jsonl").read_bytes().splitlines()]
    assert len(removed) == len(texts) - len(kept)
    for line in removed:
        assert line["id"] not in kept and line["kept_id"] in kept and line["kept_title"] == f"Article {line['kept_id']}"
        true = jaccard(texts[line["id"]], texts[line["kept_id"]])
        assert (
            true >= 0.8 and line["jaccard"] == pytest.approx(true, abs=1e-4) and line["chars"] == len(texts[line["id"]])
        )
        same = re.findall("[a-z]+", texts[line["id"]].lower()) == re.findall("[a-z]+", texts[line["kept_id"]].lower())
        assert line["kind"] == ("exact" if same else "near")


def test_counts_add_up(source, result):
    manifest = json.loads((result / "manifest.json").read_bytes())
    counts, articles = manifest["counts"], read(source)
    removed = [orjson.loads(line) for line in (result / "removed.jsonl").read_bytes().splitlines()]
    assert (
        counts["in"] == len(articles)
        and counts["out"] == len(read(result))
        and counts["in"] == counts["out"] + sum(counts["dropped"].values())
    )
    assert (
        counts["chars_in"]
        == sum(len(a["text"]) for a in articles)
        == counts["chars_out"] + sum(counts["dropped_chars"].values())
    )
    assert counts["dropped"] == {kind: sum(line["kind"] == kind for line in removed) for kind in ("exact", "near")}
    assert manifest["clusters"] == len({line["kept_id"] for line in removed})


def test_the_longest_stays_and_of_equals_the_lowest_id(tmp_path):
    text = random_text(random.Random(3), 200)
    kept, removed = deduped(
        tmp_path, [article(9, text), article(7, text + "  !"), article(8, text), article(3, "other " + text[::-1])]
    )
    assert kept == [7, 3] and {k: line["kept_id"] for k, line in removed.items()} == {9: 7, 8: 7}
    kept, _ = deduped(tmp_path / "equal", [article(9, text), article(8, text.upper()), article(12, text)])
    assert kept == [8]


def test_look_alikes_in_a_chain_do_not_fall_together(tmp_path):
    """Each text is 0.9 like the next, 0.8 like the one after it and less like the others: no cluster."""
    words = random_text(random.Random(4), 1100).split()
    articles = [article(k + 1, " ".join(words[k * 50 : k * 50 + 900])) for k in range(5)]
    similar = [jaccard(articles[0]["text"], other["text"]) for other in articles]
    assert similar[1] > 0.88 and similar[2] == pytest.approx(0.8, abs=0.01) and similar[3] < 0.75
    kept, removed = deduped(tmp_path, articles, "dedup.threshold=0.85")
    assert set(kept) == slow_dedup(articles, 0.85) and len(kept) >= 2
    assert all(line["jaccard"] >= 0.85 and line["kept_id"] in kept for line in removed.values())


def test_an_exact_copy_of_a_near_duplicate_is_counted_with_the_article_that_stays(tmp_path):
    draw = random.Random(5)
    text = random_text(draw, 300)
    near = " ".join(text.split()[:-8])
    kept, removed = deduped(tmp_path, [article(1, near), article(2, near.upper()), article(3, text)])
    assert kept == [3] and {line["kept_id"] for line in removed.values()} == {3}
    assert [line["jaccard"] for line in removed.values()] == [pytest.approx(jaccard(near, text), abs=1e-4)] * 2


@pytest.mark.parametrize(
    "texts, stay",
    [
        (["", "", "...", "  "], 1),
        (["one two", "One, two!", "two one"], 2),
        (["a b c d e", "a b c d e f"], 2),
        (["über Ärzte", "ÜBER ärzte"], 1),
        (["中文 维基 百科", "中文 维基 百科", "日本 語"], 2),
        (["a " * 500, "a " * 600], 1),
    ],
)
def test_short_and_odd_texts(tmp_path, texts, stay):
    kept, _ = deduped(tmp_path, [article(k, text) for k, text in enumerate(texts)])
    assert len(kept) == stay


def test_planted_pairs_are_found(tmp_path):
    """Recall from J = 0.85 up, and no pair below the threshold taken: 300 pairs at known similarities."""
    draw, articles, truth = random.Random(6), [], {}
    for k in range(300):
        text = random_text(draw, draw.randrange(150, 400))
        copy = edited(draw, text, draw.uniform(0.0, 0.16))
        articles += [article(2 * k, text), article(2 * k + 1, copy)]
        truth[k] = jaccard(text, copy)
    kept, removed = deduped(tmp_path, articles, size=100)
    found = {k: not {2 * k, 2 * k + 1} <= set(kept) for k in truth}
    alike = [k for k, similarity in truth.items() if similarity >= 0.85]
    assert len(alike) > 80 and sum(found[k] for k in alike) >= 0.99 * len(alike)
    assert not any(found[k] for k, similarity in truth.items() if similarity < 0.8)


def test_thousands_of_look_alikes_are_not_one_cluster(tmp_path):
    """Village stubs that share most of their words, J about 0.6: only true copies go, and it does not take for ever."""
    draw = random.Random(7)
    frame = random_text(draw, 60)
    articles = [article(k, f"{frame} {random_text(draw, 16)}") for k in range(1500)]
    articles += [article(10_000 + k, articles[k]["text"] + " end") for k in range(50)]
    start = time.process_time()
    kept, removed = deduped(tmp_path, articles, size=1000)
    assert set(removed) == set(range(50)) and all(
        line["kept_id"] == number + 10_000 for number, line in removed.items()
    )
    assert time.process_time() - start < 60 * slowness()


def separated(seed):
    """Articles whose pairs are either below J = 0.65 or above 0.88: an estimate from 128 permutations (its standard
    deviation is 0.035 at 0.8) must decide as the exact similarity does."""
    draw, articles = random.Random(seed), []
    for k in range(60):
        text = random_text(draw, draw.randrange(150, 400))
        share = draw.choice([0.0, 0.02, 0.3, 0.5])
        articles += [article(2 * k, text), article(2 * k + 1, edited(draw, text, share))]
        similarity = jaccard(text, articles[-1]["text"])
        assert similarity < 0.65 or similarity > 0.88
    draw.shuffle(articles)
    return articles


def test_the_native_way_removes_what_datasketchs_does(tmp_path):
    articles = [*separated(8), article(900, "one two three"), article(901, "Über Ärzte"), article(902, "")]
    ours = deduped(tmp_path / "ours", articles)
    theirs = deduped(tmp_path / "theirs", articles, "dedup.backend=datasketch", "data.workers=2")
    assert ours[0] == theirs[0] and 20 < len(ours[1]) < 40
    for number, line in theirs[1].items():
        exact = ours[1][number]
        assert line | {"jaccard": 0} == exact | {"jaccard": 0}  # the same twin, kind, title and length
        assert line["jaccard"] == pytest.approx(exact["jaccard"], abs=0.07)


def test_datasketchs_way_settles_chains_as_the_native_way_does(tmp_path):
    """The longest stays, and nothing goes because of an article that went itself. Neighbours are 0.80 alike, others
    0.64 and less."""
    words = random_text(random.Random(4), 1400).split()
    articles = [article(k + 1, " ".join(words[k * 100 : k * 100 + 900])) for k in range(5)]
    kept, removed = deduped(tmp_path, articles, "dedup.threshold=0.72", "dedup.backend=datasketch")
    assert set(kept) == slow_dedup(articles, 0.72) and 2 <= len(kept) <= 3
    assert all(line["kept_id"] in kept for line in removed.values())


def test_the_backend_is_part_of_what_a_run_is(source, tmp_path, capsys):
    first = run(source, tmp_path / "deduped")
    second = run(source, tmp_path / "deduped", "dedup.backend=datasketch")
    assert "up to date" not in capsys.readouterr().out and first["key"] != second["key"]
    assert "datasketch" in second["versions"] and "datasketch" not in first["versions"]


def crowd(seed, count=250, frame=60):
    """Stubs of one template at all similarities from 0.5 to 1: buckets are crowded, and many pairs are near 0.8."""
    draw = random.Random(seed)
    template, articles = random_text(draw, frame), []
    for k in range(count):
        text = f"{template} {random_text(draw, draw.randrange(1, 24))}"
        articles.append(article(k, edited(draw, text, 0.03) if k % 3 == 0 else text))
    return articles


@pytest.mark.parametrize("seed", [11, 12])
def test_in_a_crowd_of_look_alikes_every_pair_is_still_found(tmp_path, seed):
    """Through their rarest shingles, which lose no pair: exactly what a comparison of all pairs removes."""
    articles = crowd(seed)
    kept, removed = deduped(tmp_path, articles, size=1000)
    assert set(kept) == slow_dedup(articles, 0.8) and 30 < len(removed) < 220
    texts = {a["id"]: a["text"] for a in articles}
    assert all(jaccard(texts[k], texts[line["kept_id"]]) >= 0.8 for k, line in removed.items())


def test_crowds_are_compared_in_lots_that_do_not_depend_on_one_another(tmp_path, monkeypatch):
    articles = [a | {"id": a["id"] + 1000 * n} for n in range(3) for a in crowd(20 + n, 150)]
    whole = deduped(tmp_path / "whole", articles)
    monkeypatch.setattr(dedup, "COMPARED_LOT", 10)
    monkeypatch.setattr(dedup, "CROWD_LOT", 33)
    assert deduped(tmp_path / "lots", articles, "dedup.seed=1") == whole


def test_look_alikes_take_time_in_proportion_to_their_number(tmp_path):
    """Comparisons, not seconds: how many pairs of 500 and of 4,000 stubs at J about 0.65 come to be looked at."""
    looked = []

    def counting(k, others, *rest):
        looked[-1] += len(others)
        return find_twin(k, others, *rest)

    find_twin = similar.find_twin
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similar, "find_twin", counting)
        for count in (500, 4000):
            looked.append(0)
            draw = random.Random(7)
            frame = random_text(draw, 60)
            words = [f"{word}{k}" for word in VOCABULARY for k in range(20)]
            articles = [article(k, f"{frame} {' '.join(draw.choices(words, k=16))}") for k in range(count)]
            kept, _ = deduped(tmp_path / str(count), articles, size=4000)
            assert len(kept) == count
    assert looked[1] < 8 * max(looked[0], 1000) and looked[1] < 4000 * 4


@pytest.mark.parametrize(
    "texts, titles, stay",
    [
        (["It is a village in the north of Nepal."] * 3, ["Kumana", "Barha", "Kumana"], 2),
        (["It is a village in the north of Nepal, on a river."] * 2, ["Kumana", "kumana"], 1),
        (["It is a village in the north of Nepal"] * 2, ["Kumana", "Barha"], 1),  # no sentence
        (["It is a village in Nepal.\n\nIt lies on a river."] * 2, ["Kumana", "Barha"], 1),  # more than one line
        (["It is a village in the north of the land of Nepal. " * 5] * 2, ["Kumana", "Barha"], 1),  # 55 words
        (["{} is a language for the writing of programs that are fast."] * 3, ["C", "C++", "C#"], 3),
        (["尼泊尔北部的一个村庄。"] * 2, ["库马纳", "巴尔哈"], 2),
    ],
)
@pytest.mark.parametrize("backend", ["native", "datasketch"])
def test_the_title_of_a_stub_of_one_sentence_counts(tmp_path, texts, titles, stay, backend):
    articles = [article(k, text.format(title), title) for k, (text, title) in enumerate(zip(texts, titles))]
    assert len(deduped(tmp_path, articles, f"dedup.backend={backend}")[0]) == stay


@pytest.mark.parametrize("code", ["zh", "ja", "th", "my", "km", "lo", "ko", "hi"])
@pytest.mark.parametrize("backend", ["native", "datasketch"])
def test_near_copies_are_found_in_every_script(tmp_path, code, backend):
    """20 long articles, each with a copy in which one sentence of many was left out; different ones stay apart."""
    draw = random.Random(code)
    table = good_articles.LANGUAGES[code]
    articles = []
    for k in range(20):
        sentences = [one["text"].split("\n")[0] for one in good_articles.good_articles(code, 12 + k)]
        sentences = [f"{s}{draw.choice(table['names'])}{draw.randrange(10**6)}" for s in sentences for _ in range(2)]
        draw.shuffle(sentences)
        articles.append(article(k, f"{table['names'][k % 6]} {10**9 + k}\n" + "\n".join(sentences)))
        articles.append(article(100 + k, "\n".join(sentences[:-1])))
    kept, removed = deduped(tmp_path, articles, f"dedup.backend={backend}", "dedup.threshold=0.85")
    assert {k for k in removed if k >= 100} == set(range(100, 120))
    assert all(line["kept_id"] == k - 100 for k, line in removed.items() if k >= 100)


@pytest.mark.parametrize("code", ["th", "lo", "km", "my", "zh", "ja", "de", "ka"])
def test_towns_told_of_in_the_same_sentences_stay_in_every_script(tmp_path, code):
    """Other names, rivers, years and numbers: what 5 words are must not depend on whether there are spaces between."""
    draw, table, articles = random.Random(code), good_articles.LANGUAGES[code], []
    for k in range(30):
        slots = {"name": f"{table['names'][k % 6]} {k}", "river": draw.choice(table["rivers"])}
        more = draw.sample(table["more"], len(table["more"]))
        text = " ".join([table["first"], *more, table["history"]])
        while "{year}" in text or "{people}" in text:
            text = text.replace("{year}", str(draw.randint(1700, 1999)), 1)
            text = text.replace("{people}", str(draw.randint(300, 9000)), 1)
        articles.append(article(k, text.format(**slots)))
    kept, removed = deduped(tmp_path, articles)
    assert len(kept) == 30 and not removed


@pytest.mark.parametrize(
    "change, message", [("dedup.bands=30", "more than num_perm"), ("dedup.threshold=0", "threshold")]
)
def test_impossible_settings_are_refused(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        run(tmp_path / "filtered", tmp_path / "deduped", change)


def test_other_settings_are_another_run(source, tmp_path, capsys):
    strict = run(source, tmp_path / "deduped", "dedup.threshold=1.0")["counts"]["dropped"]
    assert (
        run(source, tmp_path / "deduped", "dedup.threshold=1.0")["counts"]["dropped"] == strict
        and "up to date" in capsys.readouterr().out
    )
    loose = run(source, tmp_path / "deduped", "dedup.threshold=0.3", "dedup.rows=2", "dedup.bands=64")["counts"][
        "dropped"
    ]
    assert loose["exact"] == strict["exact"] and loose["near"] > strict["near"]


def test_input_that_is_not_ready_is_named(tmp_path):
    with pytest.raises(InputError, match="is not there; run python src/clean.py"):
        run(tmp_path / "filtered", tmp_path / "deduped")
    with pytest.raises(InputError, match="filtered: there are no articles in it"):
        run(filtered(tmp_path / "filtered", []), tmp_path / "deduped")


def test_two_runs_at_once(source, tmp_path):
    with lock(tmp_path / "deduped"), pytest.raises(InputError, match="another run is writing here"):
        run(source, tmp_path / "deduped")


def test_the_mini_wiki_loses_what_its_truth_says(miniwiki, tmp_path):
    """Through extract, clean and dedup: every planted page ends where the builder of the mini-wiki meant it to end."""
    truth = json.loads((miniwiki / "miniwiki-truth.json").read_text(encoding="utf-8"))
    cfg = load_config(
        "configs/demo.yaml",
        [
            f"data.dump={miniwiki / truth['dump']['file']}",
            "data.workers=1",
            f"data.extracted_dir={tmp_path / 'extracted'}",
            f"data.filtered_dir={tmp_path / 'filtered'}",
            f"data.deduped_dir={tmp_path / 'deduped'}",
        ],
    )
    for stage in (extract, clean, dedup):
        stage.main(cfg)
    left = {name: {a["id"] for a in read(tmp_path / name)} for name in ("extracted", "filtered", "deduped")}
    removed = {
        line["id"]: line for line in map(orjson.loads, (tmp_path / "deduped/removed.jsonl").read_bytes().splitlines())
    }
    counts = json.loads((tmp_path / "filtered/manifest.json").read_bytes())["counts"]["dropped"]
    for page in truth["articles"]:
        stage, _, reason = page["expect"].partition(":")
        gone_in = next(
            (
                stage
                for stage, name in (("extract", "extracted"), ("clean", "filtered"), ("dedup", "deduped"))
                if page["id"] not in left[name]
            ),
            "keep",
        )
        assert gone_in == stage, page
        if stage == "dedup":
            assert removed[page["id"]]["kept_id"] == page["of"] and removed[page["id"]]["kind"] == reason
    expected = Counter(
        page["expect"].partition(":")[2] for page in truth["articles"] if page["expect"].startswith("clean:")
    )
    assert {reason: n for reason, n in counts.items() if n} == expected


def test_the_bytes_of_articles_are_those_of_earlier_versions(result):
    """As they were before dedup.py compared other text too."""
    whole = hashlib.sha256(json.dumps(digests(result), sort_keys=True).encode()).hexdigest()
    assert whole == "118634a91959382dd3837bcb5fe832de19e66b3e557fc627d887a032a33ecb93"


# other text beside the articles


def kept_of(out, beginning):
    return [
        orjson.loads(line)["id"]
        for path in sorted(out.glob(f"{beginning}*"))
        for line in path.read_bytes().splitlines()
    ]


@pytest.mark.parametrize("backend", ["native", "datasketch"])
def test_other_text_goes_for_articles_and_for_itself_and_no_article_for_it(tmp_path, backend, capsys):
    draw = random.Random(21)
    one, two, three, four, five = (random_text(draw, 150) for _ in range(5))
    articles = [article(1, one), article(2, two)]
    more = {
        "web": [
            one.upper() + "!",  # 1: the words of an article
            two + " " + random_text(draw, 8),  # 2: longer than the article that it is nearly
            three,  # 3
            three,  # 4: the same again
            " ".join(four.split()[:-6]),  # 5: nearly one of the other source, and shorter
        ],
        "books": [four, five, three],  # 3: has all been told by web
    }
    out = tmp_path / "deduped"
    manifest = run(filtered(tmp_path / "filtered", articles, 2, more), out, f"dedup.backend={backend}")
    assert kept_of(out, "part-") == [1, 2] and kept_of(out, "more-0-") == [-3]
    assert kept_of(out, "more-1-") == [-1_000_000_000_001, -1_000_000_000_002]
    removed = [orjson.loads(line) for line in (out / "removed.jsonl").read_bytes().splitlines()]
    assert [(line["id"], line["source"], line["kept_id"], line["kind"]) for line in removed] == [
        (-1, "web", 1, "exact"),
        (-2, "web", 2, "near"),
        (-4, "web", -3, "exact"),
        (-5, "web", -1_000_000_000_001, "near"),
        (-1_000_000_000_003, "books", -3, "exact"),
    ]
    assert (removed[0]["title"], removed[0]["kept_title"]) == ("", "Article 1")
    if backend == "native":
        assert removed[1]["jaccard"] == pytest.approx(146 / 154, abs=1e-4)  # of 150 words and 8 more
    counts = manifest["counts"]
    assert (counts["in"], counts["out"], counts["dropped"], manifest["clusters"]) == (2, 2, {"exact": 0, "near": 0}, 0)
    web, books = manifest["more"]["web"], manifest["more"]["books"]
    assert (web["in"], web["out"], web["dropped"]) == (5, 1, {"exact": 2, "near": 2})
    assert (books["in"], books["out"], books["dropped"]) == (3, 2, {"exact": 1, "near": 0})
    said = capsys.readouterr().out
    assert f"kept 2 of 2 articles, 0 exact and 0 near duplicates -> {out}" in said
    assert "kept 1 of 5 documents of web, 2 exact and 2 near duplicates" in said


def test_articles_are_what_they_were_and_other_text_what_a_slow_comparison_keeps(source, result, tmp_path):
    """Half of the texts are copies of the articles at all similarities, longer and shorter ones."""
    draw = random.Random(22)
    texts = [edited(draw, a["text"], draw.choice([0.0, 0.02, 0.3])) for a in collection()[:60]]
    texts = [text + " " + random_text(draw, draw.randrange(5)) for text in texts]
    texts += [random_text(draw, 100) for _ in range(40)]
    texts += [edited(draw, text, draw.choice([0.02, 0.04])) for text in texts[80:]]
    out = tmp_path / "deduped"
    run(filtered(tmp_path / "filtered", collection(), more={"web": texts}), out)
    assert {name: d for name, d in digests(out).items() if name.startswith("part-")} == {
        name: d for name, d in digests(result).items() if name.startswith("part-")
    }
    kept = [shingles(a["text"]) for a in read(result)]
    stay = set()
    for document in sorted(other(0, "web", texts), key=lambda d: (-len(d["text"]), -d["id"])):
        mine = shingles(document["text"])
        if not any(len(mine & one) >= 0.8 * len(mine | one) for one in kept):
            kept.append(mine)
            stay.add(document["id"])
    assert set(kept_of(out, "more-0-")) == stay and 50 < len(stay) < 90


@pytest.mark.parametrize("last", ["part-00001", "more-0-00000"])
def test_killed_among_shards_of_other_text_the_bytes_are_the_same(tmp_path, monkeypatch, last):
    articles, draw = collection()[:80], random.Random(23)
    more = {"web": [edited(draw, a["text"], 0.02) for a in articles[:60]] + [random_text(draw, 80) for _ in range(60)]}
    folder = filtered(tmp_path / "filtered", articles, more=more)
    run(folder, tmp_path / "whole")
    write = StageOutput.write_shard

    def dying(self, name, *rest):
        write(self, name, *rest)
        if name == last:
            raise KeyboardInterrupt

    monkeypatch.setattr(StageOutput, "write_shard", dying)
    with pytest.raises(KeyboardInterrupt):
        run(folder, tmp_path / "killed")
    monkeypatch.undo()
    run(folder, tmp_path / "killed")
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")


def test_a_source_that_never_went_through_clean_is_one_line(source, tmp_path):
    with pytest.raises(
        InputError, match="filtered: has no text of web, which data.more names; run python src/clean.py"
    ):
        run(source, tmp_path / "deduped", 'data.more=[{"path": "web", "share": 0.5}]')


def test_there_may_be_more_shards_than_a_process_may_open_files(source, result, tmp_path):
    folder = filtered(tmp_path / "filtered", collection(), size=3)
    assert len(list(folder.glob("part-*"))) == 70
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 30, limits[1]))
    try:
        run(folder, tmp_path / "deduped")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert read(tmp_path / "deduped") == read(result)


def start(source, out, *overrides, env=None):
    return subprocess.Popen(
        [sys.executable, ROOT / "src/dedup.py", *arguments(source, out, *overrides)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | (env or {}),
    )


def test_several_workers_make_the_same_bytes(source, result, tmp_path):
    process = start(source, tmp_path / "deduped", "data.workers=3")
    output = process.communicate(timeout=600)[0]
    assert process.returncode == 0, output
    assert digests(tmp_path / "deduped") == digests(result)


@pytest.mark.parametrize(
    "moment", ["work/part-00001.articles.npy", "work/candidates.shingles", "work/near-00000.npy", "part-00001.json"]
)
def test_killed_and_run_again_the_bytes_are_the_same(source, result, tmp_path, moment):
    """SIGKILL while it signs, compares and writes."""
    out = tmp_path / "deduped"
    held = Held(tmp_path / "held", f".progress/{moment}")
    held.kill(start(source, out, env=held.env))
    assert not (out / "manifest.json").exists()
    process = start(source, out)
    output = process.communicate(timeout=600)[0]
    assert process.returncode == 0, output
    assert digests(out) == digests(result) and not (out / ".progress").exists()
