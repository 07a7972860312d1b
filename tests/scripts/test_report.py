"""The report pages: planted numbers are there, text from outside stays text, nothing is loaded from outside."""

import json
import math
import re
import subprocess
import sys

import numpy as np
import pytest

from pipeline.config import ROOT, InputError
from run_folder import DEMO, HOSTILE, Page, config, planted_run, stage
from scripts import summary
from scripts.pages import data, pieces, training


@pytest.fixture
def built(tmp_path):
    return planted_run(tmp_path)


def test_the_data_page_tells_what_the_manifests_tell(built, capsys):
    data.write_page(
        config(
            built,
            "train.max_iters=300",
            "train.warmup_iters=0",
            "train.micro_batch_size=8",
            "train.grad_accum_steps=2",
            "model.block_size=256",
        ),
        DEMO,
    )
    assert "out/data.html" in capsys.readouterr().out
    page = Page(built / "out/data.html")
    page.check_self_contained(scripts=1)
    for planted in (
        "xxwiki-20260101",
        "1,234",
        "777",
        "555",
        "543",
        "3,210",
        "400",
        "57",
        "222 · 28.6% · 1k characters",
        "too short",
        "614k",
        "4.12",
        "32.1k",
        "12 articles left out in 11 clusters: 5 with the same words as another, 7 nearly so",
        "Most copies: Twin (7)",
        "0.90–0.95",
        "4,096",
        "3.987",
        "12.3%",
        "256",
        "infobox x",
        "⏎",
        "‹e6 97›",
        "of all 7 articles",
    ):
        assert planted in page.text, planted
    assert "2 times seen" in " ".join(page.text.split())  # 300 steps x 16 x 256 tokens of 614,400
    assert (
        page.text.count("<script>alert(1)</script>") >= 5
    )  # as text, in title, rejects, templates, tokens and articles


def test_the_data_page_has_other_text_in_bars_of_its_own(built, capsys):
    counts = {"exact": 1, "near": 3}
    made = {
        "filtered": {"in": 9123, "out": 8123, "dropped": {}},
        "deduped": {"in": 8123, "out": 7123, "dropped": counts},
        "tokens": {"documents": 6123, "tokens": 5},
    }
    for folder, about in made.items():
        path = built / folder / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"more": {"data/fineweb": about}}))
    gone = {"id": -1, "title": "", "source": "data/fineweb", "kept_title": "Elsewhere", "kind": "near", "jaccard": 0.9}
    with open(built / "deduped/removed.jsonl", "a") as f:
        f.write((json.dumps(gone) + "\n") * 30)
    (built / "filtered/samples/more-0-short.jsonl").write_text(json.dumps(gone | {"text": "Buy now"}) + "\n")
    data.write_page(config(built), DEMO)
    page = Page(built / "out/data.html")
    page.check_self_contained(scripts=1)
    text = " ".join(page.text.split())
    assert "Documents of other text fineweb: read 9,123 fineweb: fit to train on 8,123 fineweb: seen once 7,123" in text
    assert "fineweb: its share 6,123" in text and "more-0-short" in text and "Buy now" in text
    assert "12 articles left out in 11 clusters" in text and "Most copies: Twin (7)" in text, "of the articles"
    summary.main(config(built))
    printed = capsys.readouterr().out
    assert "555 articles kept of 777, 8,123 documents of other text of 9,123" in printed
    assert "543 articles kept of 555, 7,123 documents of other text of 8,123" in printed


def test_the_data_page_while_the_build_is_under_way(tmp_path):
    with pytest.raises(InputError, match="extracted: no data stage has finished; run python src/extract.py"):
        data.write_page(config(tmp_path), DEMO)
    stage(tmp_path / "extracted", "extract", {"in": 5, "out": 0, "chars": 0, "dropped": {"redirect": 5}}, [])
    data.write_page(config(tmp_path), DEMO)
    page = Page(tmp_path / "out/data.html")
    assert "redirect" in page.text and "The tokenizer" not in page.text and "Duplicates" not in page.text


def test_the_training_page_has_the_curves_and_the_samples(tmp_path):
    folder = tmp_path / "checkpoints/base"
    folder.mkdir(parents=True)
    log = [{"step": s, "loss": 9.0 / s, "lr": 0.001, "grad_norm": None if s == 3 else 1.0} for s in range(1, 51)]
    log += [
        {"step": 50, "val_loss": 0.1875, "val_bits_per_byte": 1.2345},
        {"step": 50, "tokens_per_second": 123456.0, "seconds": 3700, "dollars": 0.41},
    ]
    log += [{"step": s, "samples": [{"prompt": "Paris is", "text": f"text {s} {HOSTILE}"}]} for s in range(1, 51)]
    (folder / "log.jsonl").write_text("".join(json.dumps(r) + "\n" for r in log) + '{"step": 51, "lo')
    training.write_page(config(tmp_path), DEMO)
    page = Page(tmp_path / "checkpoints/report.html")
    page.check_self_contained()
    for planted in ("Pretraining", "0.1875", "1.2345", "123k", "1h01m", "0.41", "Paris is …"):
        assert planted in page.text, planted
    assert "Preference" not in page.text
    assert (
        "text 1 <script>" in page.text
        and "text 50 <script>" in page.text
        and len(re.findall(r"text \d+ <script>", page.text)) == 12
    )
    assert page.tags.count("svg") == 5  # loss, bits a byte, lr, gradient norm, tokens a second
    assert page.tags.count("circle") == 3  # only short lines have dots: val loss, bits a byte, speed


def test_a_curve_goes_through_its_points():
    svg = pieces.curves({"a": [(0, 0.0), (50, 5.0), (100, 10.0)]})
    points = [tuple(map(float, p.split(","))) for p in svg.split('points="')[1].split('"')[0].split()]
    (x0, y0), (x1, y1), (x2, y2) = points
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2) and y0 - y1 == pytest.approx(y1 - y2, abs=0.2) and y0 > y1 > y2
    assert 0 < x0 < x2 < pieces.WIDTH and 0 < y2 < y0 < pieces.HEIGHT


def test_a_steep_beginning_does_not_flatten_the_rest():
    loss = [(s, 3.0 + 8.0 * 0.5**s - s / 1000) for s in range(1, 1000)]
    svg = pieces.curves({"loss": loss})
    heights = [float(p.split(",")[1]) for p in svg.split('points="')[1].split('"')[0].split()]
    assert heights[0] < 0 < heights[60] < 60 and heights[-1] > 150


def test_four_lines_are_four_colours_and_their_legend_has_what_tells_them_apart():
    names = ("memory", "passage", "limits", "company")
    svg = pieces.curves({f"val loss {name}": [(1, 2.0), (9, 1.0 + k)] for k, name in enumerate(names)})
    strokes = re.findall(r'<polyline[^>]* stroke="(var\(--\w\))"', svg)
    legend = dict(re.findall(r'<tspan fill="(var\(--\w\))"> ■ (.*?) </tspan>', svg))
    assert len({*strokes}) == 4 and [legend[colour] for colour in strokes] == [*names]
    assert ">val loss</tspan>" in svg and 'aria-label="val loss memory, passage, limits, company"' in svg
    style = pieces.STYLE.read_text()
    assert all(style.count(f"{colour[4:-1]}: #") == 2 for colour in strokes)  # by day and by night


@pytest.mark.parametrize(
    "line", [[(0, 1.0)], [(7, 0.0)], [(1, -3.0), (2, -3.0)], [(1, 1e-9), (2, 2e9)], [(1, 5.0), (1000, 5.000001)]]
)
def test_curves_of_every_kind_can_be_drawn(line):
    svg = pieces.curves({"a": line})
    assert "nan" not in svg and "inf" not in svg and svg.count("<polyline") == 1


def test_thinning_keeps_the_mean_and_the_end():
    line = [(i, float(i % 7)) for i in range(1, 1001)]
    thinned = pieces.thin(line, 100)
    assert len(thinned) == 100 and thinned[-1][0] == 1000
    assert np.mean([y for _, y in thinned]) == pytest.approx(np.mean([y for _, y in line]))
    assert pieces.thin(line[:5], 100) == line[:5]


@pytest.mark.parametrize("low, high", [(0, 1), (2.9, 3.1), (0, 7700), (-5, 5), (1e-7, 6e-4), (117000, 121000)])
def test_ticks_are_few_round_and_inside(low, high):
    ticks = pieces.ticks(low, high)
    assert 2 <= len(ticks) <= 12
    assert all(low - 1e-9 * abs(high) <= t <= high + 1e-9 * abs(high) for t in ticks)
    step = ticks[1] - ticks[0]
    assert round(step / 10 ** math.floor(math.log10(step * 1.0001)), 6) in (1, 2, 5)


@pytest.mark.parametrize(
    "number, text",
    [(0, "0"), (999, "999"), (1000, "1k"), (1234567, "1.23M"), (999_900, "1M"), (4.4e9, "4.4G"), (0.0006, "0.0006")],
)
def test_short_numbers(number, text):
    assert pieces.short(number) == text


def test_the_histogram_counts_by_powers_of_two():
    svg = pieces.histogram("x", [100, 100, 100, 1000], [100, 100, 100, 1000], ("articles", "text"))
    assert "64–128: 75.0% of the articles" in svg and "512–1.02k: 25.0% of the articles" in svg
    assert "64–128: 23.1% of the text" in svg and "512–1.02k: 76.9% of the text" in svg


def test_the_command_line():
    def run(*arguments):
        return subprocess.run(
            [sys.executable, ROOT / "scripts/report.py", *arguments],
            capture_output=True,
            text=True,
            cwd="/",
            timeout=300,
        )

    nothing = run()
    assert nothing.returncode == 2 and "say which page" in nothing.stderr
    assert run("--help").returncode == 0 and "report.py data" in run("--help").stdout
    missing = run("train", "train.checkpoint_dir=/nowhere")
    assert missing.returncode == 2 and missing.stderr.startswith("error: /nowhere: no training has been logged")
