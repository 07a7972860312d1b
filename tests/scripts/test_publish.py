"""publish.py: the folder loads in transformers, the GGUF gives the same logits, the card says what was measured."""

import contextlib
import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pytest
import requests
import torch
import yaml

import browser
import good_articles
import train_tokenizer
from conftest import ROOT
from gpt import chat, checkpoints
from gpt.tokenizer import SPLITS, Tokenizer
from pipeline.config import InputError, load_config
from pipeline.files import content_hash, write_json, write_jsonl
from tiny import tiny_model, tiny_tokenizer

sys.path.insert(0, str(ROOT / "scripts"))
import publish

TEXT = "Gold is a metal. <|end|> 東京\t🏔  Zürich 2024!\n\n- one"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """base, sft, dpo checkpoints with training states, and publish.main on the last -> call(*overrides, **options)"""
    folder = tmp_path_factory.mktemp("run")
    tokenizer = tiny_tokenizer(folder / "tokenizer.json")
    cfg = load_config("configs/base.yaml", ["train.max_iters=5000"])
    states = {
        "base": {
            "step": 5000,
            "tokens": 123456789,
            "seconds": 3700.0,
            "val_loss": 2.5,
            "val_bits_per_byte": 0.91,
            "config": cfg.model_dump(),
        },
        "sft": {"step": 40, "seconds": 75.0, "val_loss": 1.25},
        "dpo": {"step": 7, "seconds": 9.5, "val_loss": 0.6543},
    }
    for stage, state in states.items():
        checkpoints.save(folder / stage, "step_0000007", tiny_model(vocab_size=320), tokenizer, state, {})
    row = {"text": "val.bin", "tokens": 1000, "loss": 2.0, "perplexity": 7.389, "bits_per_byte": 0.77}
    write_json(
        folder / "ppl.json",
        {
            "results": [
                {**row, "checkpoint": f"{folder}/dpo/latest"},
                {**row, "checkpoint": f"{folder}/sft/latest", "loss": 9.9},
            ]
        },
    )
    write_json(
        folder / "judge.json",
        {
            "judge": "rules",
            "checkpoints": {"a": f"{folder}/sft/latest", "b": f"{folder}/dpo/latest"},
            "pairs": [{"first": "a", "second": "b", "questions": 50, "win_rate": 0.4, "interval": [0.3, 0.5]}],
        },
    )

    def call(
        *overrides, checkpoint="dpo/latest", out="out", name=None, gguf=None, page=False, push=None, private=False
    ):
        cfg = load_config(
            "configs/base.yaml",
            [
                f"dpo.checkpoint={folder}/sft/latest",
                f"sft.checkpoint={folder}/base/latest",
                f"eval.report={folder}/ppl",
                f"judge.report={folder}/judge",
                *overrides,
            ],
        )
        publish.main(
            cfg,
            types.SimpleNamespace(
                checkpoint=f"{folder}/{checkpoint}",
                out=str(folder / out),
                name=name,
                gguf=gguf,
                page=page,
                push=push,
                private=private,
                data=None,
            ),
        )
        return folder / out

    return call


def test_the_folder_loads_in_transformers_and_talks(run):
    transformers = pytest.importorskip("transformers")
    out = run()
    assert not (out / "training_state").exists()
    model, tokenizer = (
        transformers.AutoModelForCausalLM.from_pretrained(out),
        transformers.AutoTokenizer.from_pretrained(out),
    )
    ours, our_tokenizer = tiny_model(vocab_size=320), tiny_tokenizer(out.parent / "again.json")
    ids = tokenizer(TEXT, split_special_tokens=True)["input_ids"]
    assert ids == our_tokenizer.encode(TEXT)
    with torch.no_grad():
        torch.testing.assert_close(model(torch.tensor([ids])).logits, ours(torch.tensor([ids])), atol=1e-4, rtol=1e-4)
    training = (out / "chat_template_training.jinja").read_text()
    masked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is gold?"}, {"role": "assistant", "content": "A metal."}],
        chat_template=training, return_dict=True, return_assistant_tokens_mask=True)  # fmt: skip
    learned = [i for i, yes in zip(masked["input_ids"], masked["assistant_masks"]) if yes]
    assert tokenizer.decode(learned) == "A metal.<|end|>"
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is gold?"}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    assert model.generate(**prompt, max_new_tokens=3, do_sample=False).shape[1] > prompt["input_ids"].shape[1]


def test_the_card_says_what_was_measured(run):
    text = (run(name="wikigpt-tiny") / "README.md").read_text()
    head, body = text.removeprefix("---\n").split("---\n", 1)
    assert yaml.safe_load(head) == {
        "license": "cc-by-sa-4.0",
        "language": "en",
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["wikillm", "trained-from-scratch"],
    }
    parameters = sum(p.numel() for p in tiny_model(vocab_size=320).parameters())
    for fact in (
        "# wikigpt-tiny\n",
        f"{parameters:,} parameters",
        "CC BY-SA 4.0",
        "enwiki-latest-pages-articles-multistream.xml.bz2",
        "| pretraining | 5,000 | 123,456,789 | 2.5000 | 0.9100 | 1h01m |",
        "| supervised fine-tuning | 40 |  | 1.2500 |  | 1m15s |",
        "| preference optimization (DPO) | 7 |  | 0.6543 |  | 9.5s |",
        "524,288 tokens a step",
        "| val.bin | 1,000 | 2.0000 | 7.39 | 0.7700 |",
        "win rate 60.0% (95 % interval 50.0% to 70.0%",
        "apply_chat_template",
    ):
        assert fact in body, fact
    assert "9.9" not in body and "llama-cli" not in body


def test_a_base_models_card_does_not_speak_of_chat(run):
    text = (
        run("eval.report=/nowhere/ppl", "judge.report=/nowhere/judge", checkpoint="base/latest", out="base-out")
        / "README.md"
    ).read_text()
    assert (
        "| pretraining |" in text
        and "fine-tuning" not in text
        and "apply_chat_template" not in text
        and "## Evaluation" not in text
    )


def llama_cpp(reader, ids: list[int]) -> np.ndarray:
    """The logits by the tensors of a GGUF file, as llama.cpp's "llama" takes them: neighbours are rotated."""
    field = {name: f.contents() for name, f in reader.fields.items() if name.startswith("llama.")}
    tensors = {t.name: t.data.astype(np.float32) for t in reader.tensors}
    heads, size, T = field["llama.attention.head_count"], field["llama.rope.dimension_count"], len(ids)

    def norm(x, name):
        return (
            x
            / np.sqrt((x**2).mean(-1, keepdims=True) + field["llama.attention.layer_norm_rms_epsilon"])
            * tensors[name + ".weight"]
        )

    def split(x):
        return x.reshape(T, heads, size).transpose(1, 0, 2)  # (heads, T, size)

    def rotate(x):
        angle = np.arange(T)[:, None] / field["llama.rope.freq_base"] ** (np.arange(0, size, 2) / size)
        even, odd = x[..., 0::2], x[..., 1::2]
        return np.stack(
            (even * np.cos(angle) - odd * np.sin(angle), even * np.sin(angle) + odd * np.cos(angle)), -1
        ).reshape(x.shape)

    x = tensors["token_embd.weight"][ids]
    for i in range(field["llama.block_count"]):
        weight = {
            name: tensors[f"blk.{i}.{name}.weight"].T
            for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
        }
        h = norm(x, f"blk.{i}.attn_norm")
        q, k, v = rotate(split(h @ weight["attn_q"])), rotate(split(h @ weight["attn_k"])), split(h @ weight["attn_v"])
        scores = np.where(np.tri(T, dtype=bool), q @ k.transpose(0, 2, 1) / np.sqrt(size), -np.inf)
        p = np.exp(scores - scores.max(-1, keepdims=True))
        x = x + ((p / p.sum(-1, keepdims=True)) @ v).transpose(1, 0, 2).reshape(T, -1) @ weight["attn_output"]
        h = norm(x, f"blk.{i}.ffn_norm")
        gate = h @ weight["ffn_gate"]
        x = x + (gate / (1 + np.exp(-gate)) * (h @ weight["ffn_up"])) @ weight["ffn_down"]
    return norm(x, "output_norm") @ tensors["token_embd.weight"].T


def test_four_bits_are_left_to_llama_quantize(run, tmp_path, monkeypatch):
    """Which gets the 16-bit file; what it says when it fails is the error; without it nothing is begun."""
    pytest.importorskip("gguf")
    with pytest.raises(InputError, match="llama-quantize on the PATH"):
        run(gguf="q4_k_m", out="none")
    assert not (tmp_path / "none").exists()
    tool = tmp_path / "bin/llama-quantize"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\n[ "$3" = Q4_K_M ] && { printf "4 bits of "; head -c 4 "$1"; } > "$2"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    out = run(gguf="q4_k_m", name="m")
    assert (out / "m.gguf").read_bytes() == b"4 bits of GGUF" and (out / "Modelfile").exists()
    assert sorted(p.name for p in out.glob("*")) == sorted([*publish.FILES, "chat_template_training.jinja", "README.md",
                                                            "Modelfile", "m.gguf"])  # fmt: skip
    tool.write_text("#!/bin/sh\necho cannot read the model >&2; exit 3\n")
    with pytest.raises(InputError, match="status 3: cannot read the model"):
        run(gguf="q4_k_m", out="other")


def test_gguf_gives_the_same_ids_and_logits(run):
    gguf = pytest.importorskip("gguf")
    out = run(name="tiny", gguf="f16", out="gguf")
    reader, tokenizer = gguf.GGUFReader(out / "tiny.gguf"), tiny_tokenizer(out.parent / "again.json")
    ids = tokenizer.encode(TEXT)
    with torch.no_grad():
        ours = tiny_model(vocab_size=320)(torch.tensor([ids]))[0].numpy()
    assert np.abs(llama_cpp(reader, ids) - ours).max() < 0.01 * np.abs(ours).max()  # 16 bits
    fields = reader.fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    assert (
        len(tokens) == 320
        and tokens[:300] == [tokenizer.hf.id_to_token(i) for i in range(300)]
        and len(set(tokens)) == 320
    )
    assert fields["tokenizer.ggml.token_type"].contents() == [3] * 4 + [1] * 296 + [5] * 20  # control, normal, unused
    assert fields["tokenizer.ggml.eos_token_id"].contents() == tokenizer.end_id
    assert fields["llama.context_length"].contents() == 64 and fields["tokenizer.ggml.pre"].contents() == "gpt-2"
    assert "<|assistant|>" in fields["tokenizer.chat_template"].contents()
    assert "llama-cli -m tiny.gguf" in (out / "README.md").read_text()


HARD_TEXTS = [
    "  two  spaces \t\n\n x  ",
    "don't DON'T we'LL iPhone XMLElement/\r\n// ǅ ÀÉ",
    "1234567,89 ½² ১২৩৪ ၁၂၃၄",
    "क्षत्रिय हिन्दी में",
    "บ้านที่อยู่ริมแม่น้ำ กรุงเทพฯ",
    "မြို့သည် ကျွန်ုပ်",
    "日本語ﾃｽﾄ한국어 العَرَبِيَّة שָׁלוֹם",
    "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301\u00a0\u200b",
    "<|end|> is text",
]


@pytest.mark.slow
@pytest.mark.parametrize("split", SPLITS)
def test_llama_cpp_cuts_text_as_the_tokenizer_does(split, tmp_path):
    """The real llama.cpp reads the file that is written, and gives the same ids."""
    gguf, xllamacpp = pytest.importorskip("gguf"), pytest.importorskip("xllamacpp")
    texts = [a["text"] for code in good_articles.LANGUAGES for a in good_articles.good_articles(code, 8)]
    special = ["<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"]
    path = tmp_path / "tokenizer.json"
    path.write_text(train_tokenizer.train(texts * 2, 3000, 2, special, split).to_str())
    tokenizer = Tokenizer(path)
    write_empty_model(gguf, tmp_path / "tiny.gguf", tokenizer)
    wanted = xllamacpp.CommonParams()
    wanted.model.path, wanted.port, wanted.n_ctx, wanted.warmup = str(tmp_path / "tiny.gguf"), 0, 64, False
    server = xllamacpp.Server(wanted)
    for text in [*texts[::5], *HARD_TEXTS]:
        asked = {"content": text, "add_special": False, "parse_special": False}
        ids = requests.post(f"{server.listening_address}/tokenize", json=asked, timeout=120).json()["tokens"]
        assert ids == tokenizer.encode(text), text


def write_empty_model(gguf, path, tokenizer, width=64):
    """One layer of zeros around the vocabulary that is to be tried."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_vocab_size(tokenizer.vocab_size)
    writer.add_context_length(width)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(width)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_rope_dimension_count(width // 2)
    writer.add_layer_norm_rms_eps(1e-5)
    publish.add_tokenizer(writer, tokenizer, tokenizer.vocab_size)
    writer.add_tensor("token_embd.weight", np.zeros((tokenizer.vocab_size, width), np.float32))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.zeros(width, np.float32))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros((width, width), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


LLAMA_CPP = """
import sys, time, xllamacpp
p = xllamacpp.CommonParams()
p.model.path, p.n_ctx, p.port, p.ui, p.use_jinja = sys.argv[1], 64, 0, False, True
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(p)
print(server.listening_address, flush=True)
time.sleep(600)
"""


@contextlib.contextmanager
def llama_server(path: Path):
    """llama.cpp itself. -> its URL"""
    process = subprocess.Popen(
        [sys.executable, "-c", LLAMA_CPP, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()


@pytest.mark.parametrize("kind", ["f16", "q8_0"])
def test_llama_cpp_reads_the_gguf_as_we_do(run, kind):
    """Ids of a hard text, the chat template through its own engine, and its greedy answer."""
    pytest.importorskip("xllamacpp")
    out = run(name="tiny", gguf=kind, out=f"llama-{kind}")
    model, tokenizer = checkpoints.load(out.parent / "dpo/latest")
    talk = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Gold?"},
        {"role": "assistant", "content": "A metal."},
        {"role": "user", "content": TEXT},
    ]
    with llama_server(out / "tiny.gguf") as url:

        def ask(path: str, **body) -> dict:
            return requests.post(url + path, json=body, timeout=120).json()

        for text in (TEXT, "a  b\t\n\n c", "don't 1,234½²", "日本語ไทย", "e\u0301 \u00a0\u200b"):
            told = ask("/tokenize", content=text, add_special=False, parse_special=False)["tokens"]
            assert told == tokenizer.encode(text)
        assert ask("/apply-template", messages=talk)["prompt"] == chat.render(talk, add_generation_prompt=True)
        prompt = tokenizer.encode("Gold is a")
        told = ask("/completion", prompt=prompt, n_predict=1, temperature=0, n_probs=5, post_sampling_probs=False)
        with torch.no_grad():
            ours = model(torch.tensor([prompt]))[0, -1].log_softmax(-1)
        for theirs in told["completion_probabilities"][0]["top_logprobs"]:
            assert abs(theirs["logprob"] - ours[theirs["id"]].item()) < (0.05 if kind == "f16" else 0.5)
    assert "FROM ./tiny.gguf" in (out / "Modelfile").read_text()


@pytest.mark.slow
@pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing()))
@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_a_stranger_chats_in_the_browser(run, tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "PART_BYTES", 20_000)
    try:
        out = run(name="tiny", gguf="f16", page=True, out="page")
    except InputError as error:
        pytest.skip(str(error))  # no registry
    parts = sorted((out / "page").glob("model-*.gguf"))
    assert len(parts) > 2 and b"".join(p.read_bytes() for p in parts) == (out / "tiny.gguf").read_bytes()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=out / "page")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        with browser.Browser(tmp_path) as page:
            page.open(url)
            page.wait(lambda: "runs in your browser" in page.text("#state"), "the model did not load", 300)
            page.type("input", "What is gold?{Enter}")
            page.wait(lambda: page.run("return document.querySelector('.assistant')?.dataset.done"), "no answer", 300)
            said = page.text(".assistant")
            fetched = page.run("return performance.getEntriesByType('resource').map(e => e.name)")
        server.shutdown()
    assert said and not said.startswith("Sorry")  # random weights may end at once: the page says so
    assert fetched and all(name.startswith((url, "blob:")) for name in fetched)


def test_interleave_by_hand():
    weight = np.arange(16).reshape(8, 2)  # 2 heads of size 4: rows 0 1 2 3 -> 0 2 1 3
    assert publish.interleave(weight, 2)[:, 0].tolist() == [0, 4, 2, 6, 8, 12, 10, 14]


class FakeHub:
    """huggingface_hub with what publish.py uses; `calls` is what was asked of it."""

    def __init__(self, token="t", error=None):
        self.calls, self.error, self.get_token = [], error, lambda: token
        self.HfApi = lambda: self

    def create_repo(self, repository, repo_type, private, exist_ok):
        if self.error:
            raise self.error
        self.kind = repo_type
        self.calls.append((repository, private))

    def upload_folder(self, repo_id, repo_type, folder_path):
        assert repo_type == self.kind
        self.calls.append((repo_id, sorted(p.name for p in folder_path.iterdir())))
        return f"https://huggingface.co/{repo_id}"


def test_push(run, monkeypatch, capsys):
    hub = FakeHub()
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    out = run(push="me/tiny", private=True, out="pushed")
    assert hub.calls == [("me/tiny", True), ("me/tiny", sorted(p.name for p in out.iterdir()))]
    assert "README.md" in hub.calls[1][1] and capsys.readouterr().out.endswith("https://huggingface.co/me/tiny\n")
    assert 'from_pretrained("me/tiny")' in (out / "README.md").read_text()


@pytest.mark.parametrize(
    "hub, push, message",
    [
        (None, "me/tiny", "pip install huggingface_hub"),
        (FakeHub(token=None), "me/tiny", "needs a token"),
        (FakeHub(), "tiny", "OWNER/NAME"),
        (FakeHub(error=ConnectionError("no route\nto host")), "me/tiny", "no route; everything is in"),
    ],
)
def test_push_that_cannot_work_says_why(run, monkeypatch, hub, push, message):
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    with pytest.raises(InputError, match=message):
        run(push=push, out="failed")


def test_missing_and_damaged_checkpoints(run, monkeypatch):
    with pytest.raises(InputError, match="no checkpoint there"):
        run(checkpoint="nothing")
    monkeypatch.setattr(publish.checkpoints, "damage", lambda _: "model.safetensors is damaged")
    with pytest.raises(InputError, match="is damaged; publish another"):
        run()
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(InputError, match="pip install gguf"):
        run(gguf="f16")


# ---- data sets


PERSON = {"role": "user", "content": "What is gold?"}
CONVERSATION = {"messages": [PERSON, {"role": "assistant", "content": "A metal."}], "article_id": 10, "kind": "fact"}
GREETING = {"messages": [PERSON], "article_id": "company/greeting", "kind": "company/greeting"}
PAIR = {"prompt": [PERSON], "chosen": "A metal.", "rejected": "A cat.", "reason": "r", "kind": "own", "article_id": 10}


@pytest.fixture()
def data(tmp_path):
    """A run's data with the manifests of its stages -> call(names, **options) of publish.main, the folder it writes"""

    def made(stage: str, folder: Path, settings: dict, counts: dict, **files: list[dict]) -> None:
        told = {}
        for name, rows in files.items():
            path = folder / f"{name}.jsonl"
            write_jsonl(path, rows)
            told[path.name] = {"bytes": path.stat().st_size, "sha256": content_hash(path)}
        about = {"stage": stage, "output_sha256": "x", "settings": settings, "inputs": {"exam/company.txt": "h"}}
        write_json(folder / "manifest.json", about | {"counts": counts, "files": told})

    made("gen_sft_data", tmp_path / "sft", {"backend": "openai", "model": "Qwen/Qwen2.5-7B-Instruct"},
         {"dropped": {"duplicate": 7}}, train=[CONVERSATION, GREETING] * 2, val=[GREETING])  # fmt: skip
    made("gen_pref_data", tmp_path / "pref", {"backend": "rules"}, {}, train=[PAIR], val=[PAIR])
    article = {"id": 10, "title": "Gold", "url": "https://en.wikipedia.org/wiki/Gold", "text": "Gold is a metal."}
    shards = {"part-00000": [article] * 2, "part-00001": [article]}
    made("dedup", tmp_path / "deduped", {}, {"out": 3, "dropped": {"near": 1}}, **shards)
    keys = [f"sft.train_file={tmp_path}/sft/train.jsonl", f"sft.val_file={tmp_path}/sft/val.jsonl"]
    keys += [f"pref.train_file={tmp_path}/pref/train.jsonl", f"pref.val_file={tmp_path}/pref/val.jsonl"]
    keys.append(f"data.deduped_dir={tmp_path}/deduped")

    def call(names="conversations,preferences", **options) -> Path:
        given = dict.fromkeys(("checkpoint", "gguf", "page", "push", "private", "name")) | options
        publish.main(
            load_config("configs/base.yaml", keys),
            types.SimpleNamespace(data=names, out=str(tmp_path / "out"), **given),
        )
        return tmp_path / "out"  # fmt: skip

    return call


def test_data_sets_have_a_card_of_what_is_in_them(data):
    out = data("conversations,preferences,articles", name="my-data")
    head, body = (out / "README.md").read_text().removeprefix("---\n").split("---\n", 1)
    about = yaml.safe_load(head)
    assert (about["license"], about["language"], about["size_categories"]) == ("cc-by-sa-4.0", ["en"], ["n<1K"])
    assert about["configs"] == [
        {"config_name": "conversations", "data_files": [
            {"split": "train", "path": "conversations/train.jsonl"},
            {"split": "validation", "path": "conversations/validation.jsonl"}]},
        {"config_name": "preferences", "data_files": [
            {"split": "train", "path": "preferences/train.jsonl"},
            {"split": "validation", "path": "preferences/validation.jsonl"}]},
        {"config_name": "articles", "data_files": [{"split": "train", "path": "articles/part-*.jsonl"}]},
    ]  # fmt: skip
    for one in about["configs"]:
        assert all(list(out.glob(split["path"])) for split in one["data_files"])
    for fact in (
        "# my-data\n",
        "enwiki-latest-pages-articles-multistream.xml.bz2",
        "| train | 4 |\n| validation | 1 |",
        "| `company/greeting` | 3 |\n| `fact` | 2 |",
        "| train | 3 |",
        "written by the model `Qwen/Qwen2.5-7B-Instruct`, whose own licence",
        "no model wrote them",
        "Left out: duplicate 7.",
        "the examinations `exam/company.txt`",
        "wikipedia.org/?curid=",
        'load_dataset("path/to/this/folder", "preferences")',
    ):
        assert fact in body, fact


def test_a_dump_in_several_files_is_named_whole():
    from scripts.pages.data_sets import dump_names, is_own

    parts = ["data/raw/enwiki-1.xml.bz2", "/mnt/enwiki-2.xml.bz2"]
    assert dump_names(parts) == "`enwiki-1.xml.bz2`, `enwiki-2.xml.bz2`"
    assert dump_names("a/b.xml") == "`b.xml`"
    assert [is_own(d) for d in ("raw/miniwiki-1.xml", ["miniwiki.xml"], parts, ["miniwiki.xml", *parts])] == (
        [True, True, False, False]
    )


def test_data_sets_have_columns_of_one_type(data):
    """A number in one row and text in another are an error where the hub's viewer and `datasets` read them."""
    arrow = pytest.importorskip("pyarrow.json")
    out = data()
    read = arrow.read_json(out / "conversations/train.jsonl")
    assert read["article_id"].to_pylist() == ["10", "company/greeting"] * 2 and read.num_rows == 4
    assert read["messages"].to_pylist()[0] == CONVERSATION["messages"]
    assert arrow.read_json(out / "preferences/validation.jsonl")["chosen"].to_pylist() == ["A metal."]
    assert not (out / "articles").exists()


def test_data_sets_go_to_a_dataset_repository(data, monkeypatch):
    hub = FakeHub()
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    data(push="me/talk", private=True)
    assert hub.kind == "dataset"
    assert hub.calls == [("me/talk", True), ("me/talk", ["README.md", "conversations", "preferences"])]


def test_data_sets_that_cannot_be_published_say_why(data, tmp_path):
    for names, options, message in (
        ("talks", {}, "--data talks: is none of conversations, preferences, articles"),
        ("articles", {"gguf": "f16"}, "leave out --checkpoint, --gguf and --page"),
    ):
        with pytest.raises(InputError, match=message):
            data(names, **options)
    (tmp_path / "pref/val.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match="val.jsonl: has 3 bytes.*run python src/gen_pref_data.py again"):
        data()
    (tmp_path / "sft/manifest.json").unlink()
    with pytest.raises(InputError, match="is not finished; run python src/gen_sft_data.py"):
        data()
    assert not (tmp_path / "out").exists()
