"""The benchmarks of the data stages: what they build to measure on, what they count, what they write down."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.files import read_jsonl, write_jsonl
from wikipedia import dump as dumps

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bench():
    """Imports a script of scripts/bench; they find each other there."""
    sys.path.append(str(ROOT / "scripts/bench"))
    yield importlib.import_module
    sys.path.remove(str(ROOT / "scripts/bench"))


def test_a_section_of_the_results_is_replaced_and_the_others_stay(tmp_path, bench):
    path, put = tmp_path / "RESULTS.md", bench("data").put_section
    path.write_text("# What was measured\n\nIntro.\n\n## A\n\nold\n\n## B\n\nstays\n")
    put(path, "A", "new")
    put(path, "C", "added")
    assert path.read_text() == "# What was measured\n\nIntro.\n\n## B\n\nstays\n\n## A\n\nnew\n\n## C\n\nadded\n"


def test_the_projection_divides_english_wikipedia_by_the_rates(bench):
    data = bench("data")
    rates = {
        "extract: clean": 38.0,
        "extract: parse XML": 100.0,
        "extract: decompress": 50.0,
        "clean: language": 7200.0,
        "clean: filters": 20.0,
        "dedup: end to end": 7200.0,
        "train_tokenizer": 3.0,
        "pack_tokens: encode (x)": 200.0,
    }
    rows = [data.Row(stage, "", rate, "", None, None) for stage, rate in rates.items()]
    lines = data.projection(rows).splitlines()
    # one core: 100,000 / 100 + 100,000 / 50 + 38,000 / 38 = 4,000 s of extract; 1,000 + 1,000 of clean; 1,000; 100; 100
    assert (
        next(line for line in lines if line.startswith("| extract")) == "| extract | 33m20s | 16m40s | 8m20s | 4m10s |"
    )
    assert next(line for line in lines if line.startswith("| all")).startswith("| all | 1h00m |")


def test_a_large_dump_holds_the_articles_again_and_again(tmp_path, miniwiki, bench):
    (small,) = miniwiki.glob("*multistream.xml.bz2")
    bench("scale").enlarge(small, 3, tmp_path / "large.xml.bz2")

    def pages(path: Path) -> list[int]:
        dump = dumps.open_dump(path)
        assert not dump.problem
        return [dumps.page_id([page]) for part in dumps.parts(dump, 1000, True) for page in dumps.pages(part, True)[0]]

    once, thrice = pages(small), pages(tmp_path / "large.xml.bz2")
    assert len(once) > 1000 and thrice == once * 3


def test_made_documents_are_of_real_sentences_with_near_copies_among_them(tmp_path, bench):
    sentences = [f"Sentence number {n} tells of the river {n} that flows to the sea." for n in range(3000)]
    texts, out = tmp_path / "texts.jsonl", tmp_path / "made"
    write_jsonl(texts, [{"text": " ".join(sentences[k : k + 100])} for k in range(0, 3000, 100)])
    out.mkdir()
    size = bench("scale").make_documents(texts, 1000, out)
    made = list(read_jsonl(out / "part-00000.jsonl"))
    assert [d["id"] for d in made] == list(range(1000)) and size == (out / "part-00000.jsonl").stat().st_size
    assert 2000 < sum(len(d["text"]) for d in made) / 1000 < 3600
    said = [set(d["text"].replace("\n\n", " ").split(". ")) for d in made]
    near = [n for n in range(50, 1000, 50) if any(len(said[n] & said[m]) > 0.9 * len(said[n]) > 10 for m in range(n))]
    assert len(near) >= 15, "one in fifty is a near copy of an earlier one"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_that_of_all_processes_together(bench):
    hold = "x = bytearray(100_000_000); print(flush=True); input()"
    nest = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {hold!r}], stdin=0); {hold}"
    process = subprocess.Popen([sys.executable, "-c", nest], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for _ in range(2):
        process.stdout.readline()
    try:
        assert 200e6 < bench("scale").memory_of(process.pid) < 260e6
    finally:
        process.kill()
        process.communicate(b"\n\n")


def test_a_formula_leaves_no_hole_and_a_pronunciation_is_no_alien_word(tmp_path, bench):
    (tmp_path / "extract_quality.py").write_text(
        "import re\nWORD, MASK, OK_NEW = re.compile(r'[^\\W\\d_]{3,}'), re.compile(r'\\$[^$]+\\$'), {'miles'}\n"
        "HOLE = [('gap', re.compile('  '))]\nvocab = lambda w: set(WORD.findall(w.lower()))\n"
        "articles = lambda path: [('7', 'London', 'London has about rivers')]\n"
    )
    text = tmp_path / "text.jsonl"
    text.write_text(
        json.dumps({"id": 7, "text": "London /ˈlʌndən/ has $n$ rivers,  kilometres"}, ensure_ascii=False) + "\n"
    )
    quality = bench("quality")
    apart = quality.told_apart(tmp_path, tmp_path / "none.xml", text)
    assert apart == {quality.NO_GAPS: pytest.approx(1e4 * 1 / 44), quality.NO_SOUNDS: pytest.approx(1e4 * 1 / 5)}


def test_the_command_on_record_names_no_place_of_this_machine(bench, monkeypatch):
    monkeypatch.setattr(
        sys, "argv", ["/somewhere/scripts/bench/scale.py", "memory", "--work", "/large/disk", "--documents", "9"]
    )
    assert bench("data").this_command() == "python scripts/bench/scale.py memory --documents 9"


@pytest.mark.parametrize(
    "command", [["scale.py", "workers", "--dump", "/none.bz2"], ["quality.py", "--dumps", "/none.bz2"]]
)
def test_a_missing_file_is_one_line_and_status_2(command):
    ran = subprocess.run(
        [sys.executable, ROOT / "scripts/bench" / command[0], *command[1:]], capture_output=True, text=True
    )
    assert (
        ran.returncode == 2
        and ran.stderr.startswith("error: ")
        and "/none.bz2" in ran.stderr
        and "Traceback" not in ran.stderr
    )
