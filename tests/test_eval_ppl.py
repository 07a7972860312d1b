"""eval_ppl.py: the figures are transformers' own, every token once, bytes exact, other people's checkpoints beside
ours.
"""

import json
import math

import numpy as np
import pytest
import torch

import eval_ppl
from gpt import checkpoints
from pipeline.config import InputError, load_config
from pipeline.files import write_json, write_jsonl
from tiny import tiny_checkpoint, tiny_tokenizer

ARTICLES = [
    {"title": "Gold", "text": "Gold is a soft metal. Zürich, 東京 🏔."},
    {"title": "Danube", "text": "The Danube flows. " * 12},
    {"text": "No title, and a literal <|end|> inside."},
]
DOCUMENTS = [
    "# Gold\n\nGold is a soft metal. Zürich, 東京 🏔.",
    "# Danube\n\n" + "The Danube flows. " * 12,
    ARTICLES[2]["text"],
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A checkpoint, its tokens of DOCUMENTS as val.bin, and the same articles as JSONL."""
    folder = tmp_path_factory.mktemp("eval")
    tiny_checkpoint(folder)
    tokenizer = tiny_tokenizer(folder / "tokenizer/tokenizer.json")
    ids = np.array([i for text in DOCUMENTS for i in tokenizer.encode(text) + [tokenizer.end_id]], dtype="<u2")
    ids.tofile(folder / "val.bin")
    size = sum(len(text.encode()) for text in DOCUMENTS)
    write_json(
        folder / "val.json",
        {
            "tokens": len(ids),
            "documents": 3,
            "text_bytes": size,
            "bytes_per_token": size / len(ids),
            "tokenizer_sha256": tokenizer.sha256,
            "sha256": "",
        },
    )
    write_jsonl(folder / "articles.jsonl", ARTICLES)
    return folder


@pytest.fixture()
def run(folder, tmp_path, capsys):
    def call(*overrides: str) -> list[dict]:
        cfg = load_config(
            "configs/demo.yaml",
            [
                f"data.val_bin={folder}/val.bin",
                f"tokenizer.path={folder}/tokenizer/tokenizer.json",
                f"eval.report={tmp_path}/report/ppl",
                "eval.batch_size=2",
                f"eval.checkpoints=[{folder}/latest]",
                *overrides,
            ],
        )
        eval_ppl.main(cfg)
        assert capsys.readouterr().out == (tmp_path / "report/ppl.md").read_text()
        return json.loads((tmp_path / "report/ppl.json").read_text())["results"]

    return call


def reference(folder, context: int, stride: int) -> tuple[float, int, int]:
    """Nats, tokens and bytes by transformers, one target at a time: each is predicted from the window it falls in."""
    transformers = pytest.importorskip("transformers")
    llama = transformers.AutoModelForCausalLM.from_pretrained(folder / "latest")
    tokenizer = tiny_tokenizer(folder / "tokenizer/tokenizer.json")
    ids = [tokenizer.end_id] + [i for text in DOCUMENTS for i in tokenizer.encode(text) + [tokenizer.end_id]]
    nats = 0.0
    with torch.no_grad():
        for target in range(1, len(ids)):
            window = 0 if target <= context else math.ceil((target - context) / stride)
            seen = ids[window * stride : target]
            nats -= llama(torch.tensor([seen])).logits[0, -1].log_softmax(-1)[ids[target]].item()
    return nats, len(ids) - 1, sum(len(text.encode()) for text in DOCUMENTS)


@pytest.mark.parametrize("stride", [0, 64, 10])
def test_figures_are_transformers_own(run, folder, stride):
    (row,) = run(f"eval.stride={stride}")
    nats, tokens, size = reference(folder, 64, stride or 64)
    assert (row["tokens"], row["bytes"], row["documents"], row["context"]) == (tokens, size, 3, 64)
    assert row["loss"] == pytest.approx(nats / tokens, rel=1e-5)
    assert row["perplexity"] == pytest.approx(math.exp(nats / tokens), rel=1e-4)
    assert row["bits_per_byte"] == pytest.approx(nats / math.log(2) / size, rel=1e-5)


def test_jsonl_texts_are_scored_as_packed_ones(run, folder):
    val, text = run(f"eval.texts=[{folder}/articles.jsonl]")
    assert {k: v for k, v in val.items() if k != "text"} == {k: v for k, v in text.items() if k != "text"}


def test_a_longer_memory_helps_or_is_the_same_text(run):
    apart, overlapping = run("eval.stride=0")[0], run("eval.stride=8")[0]
    assert apart["tokens"] == overlapping["tokens"] and apart["loss"] != overlapping["loss"]


def test_a_checkpoint_from_elsewhere_with_a_tokenizer_of_its_own(run, folder, tmp_path):
    transformers = pytest.importorskip("transformers")
    theirs = tmp_path / "theirs"
    tokenizer = tiny_tokenizer(tmp_path / "other/tokenizer.json", vocab_size=280)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_file=str(tokenizer.path), eos_token="<|end|>")
    torch.manual_seed(3)
    model = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=280, n_positions=32, n_embd=16, n_layer=1, n_head=2)
    ).eval()
    model.save_pretrained(theirs)
    fast.save_pretrained(theirs)
    ours, foreign = run(f"eval.checkpoints=[{folder}/latest, {theirs}]")
    assert foreign["bytes"] == ours["bytes"] and foreign["tokens"] > ours["tokens"] and foreign["context"] == 32
    ids = [tokenizer.end_id] + [i for text in DOCUMENTS for i in tokenizer.encode(text) + [tokenizer.end_id]]
    assert foreign["tokens"] == len(ids) - 1
    nats = 0.0
    with torch.no_grad():
        for start in range(0, len(ids) - 1, 32):
            window = torch.tensor([ids[start : start + 33]])
            nats += torch.nn.functional.cross_entropy(
                model(window[:, :-1]).logits[0], window[0, 1:], reduction="sum"
            ).item()
    assert foreign["bits_per_byte"] == pytest.approx(nats / math.log(2) / foreign["bytes"], rel=1e-5)


def test_one_of_ours_with_another_tokenizer_reads_the_same_text(run, folder, tmp_path):
    other = tiny_tokenizer(tmp_path / "tokenizer.json", vocab_size=290)
    model, _ = checkpoints.load(folder / "latest")
    checkpoints.save(tmp_path / "other", "step_0000007", model, other)
    first, second = run(f"eval.checkpoints=[{folder}/latest, {tmp_path}/other/latest]")
    assert second["bytes"] == first["bytes"] and second["tokens"] > first["tokens"] and second["step"] == "step_0000007"


def test_input_that_is_missing_or_wrong(run, folder, tmp_path):
    write_jsonl(tmp_path / "bad.jsonl", [{"title": "no text"}])
    write_jsonl(tmp_path / "empty.jsonl", [])
    for override, message in (
        ("eval.checkpoints=[/nowhere]", "/nowhere: no checkpoint there"),
        (f"eval.texts=[{tmp_path}/bad.jsonl]", "bad.jsonl:1: expected an article"),
        (f"eval.texts=[{tmp_path}/empty.jsonl]", "there is no text in it"),
        ("data.val_bin=/nowhere/val.bin", "pack_tokens"),
        ("eval.stride=65", "stride 65 is more"),
    ):
        with pytest.raises(InputError, match=message):
            run(override)
    assert len(run("data.val_bin=/nowhere/val.bin", f"eval.texts=[{folder}/articles.jsonl]")) == 1


def test_a_second_run_is_up_to_date_until_something_it_reads_changes(folder, tmp_path, capsys, monkeypatch):
    overrides = [
        f"data.val_bin={folder}/val.bin",
        f"tokenizer.path={folder}/tokenizer/tokenizer.json",
        f"eval.report={tmp_path}/ppl",
        f"eval.checkpoints=[{folder}/latest]",
    ]
    eval_ppl.main(load_config("configs/demo.yaml", overrides))
    table = capsys.readouterr().out
    scored = []
    monkeypatch.setattr(eval_ppl, "measure", lambda *_: scored.append(1) or {"checkpoint": "x"})
    monkeypatch.setattr(eval_ppl, "markdown", lambda rows: "new")
    eval_ppl.main(load_config("configs/demo.yaml", overrides))
    assert "up to date" in (said := capsys.readouterr().out) and said.endswith(table) and not scored
    for change in (["eval.stride=3"], ["again=true", "eval.stride=3"], [f"eval.texts=[{folder}/articles.jsonl]"]):
        before = len(scored)
        eval_ppl.main(load_config("configs/demo.yaml", [*overrides, *change]))
        assert len(scored) > before, change
