"""Make a checkpoint ready to share: its Hugging Face files, a model card, a GGUF file for llama.cpp; and upload them.

    python scripts/publish.py --out release
    python scripts/publish.py --config configs/fast.yaml --checkpoint runs/fast/checkpoints/dpo/best --out out
    python scripts/publish.py --out release --gguf --push yourname/wikigpt-124m
    python scripts/publish.py --out release --gguf q8_0 --page      then put release/page/ on any static host
    python scripts/publish.py --data --out runs/dataset --push yourname/wikigpt-conversations

checkpoint + training_state/ + the reports of eval_ppl.py, judge_eval.py and report.py card -> the folder --out. The
card states what was measured and nothing else: reports that are not there are left out. --gguf needs `pip install
gguf`, --push needs `pip install huggingface_hub` and a token (`hf auth login`). --page needs npm: it fetches wllama,
llama.cpp as WebAssembly, and makes page/, a folder that runs the model in the browser of whoever opens it.
--data publishes what the model learned from instead, with a card of its own: conversations, preferences, articles.
"""

import html
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

import numpy as np

from gpt import chat, checkpoints
from gpt.tokenizer import SPLITS, Tokenizer
from model import NORM_EPS, parameter_counts
from pipeline.cli import stage_main
from pipeline.config import InputError, named_here, resolve
from pipeline.files import read_json, sha256_file, write_bytes
from pipeline.progress import duration
from scripts import summary
from scripts.pages import card as card_of_run
from scripts.pages.data_sets import dump_names, is_own, publish_data

FILES = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
)
PAGE = Path(__file__).with_name("publish_page.html")
WLLAMA = "@wllama/wllama@3.13.0"
PART_BYTES = 90 << 20  # GitHub takes no file of more than 100 MB
GGUF_KINDS = ("f16", "q8_0", "q4_k_m")  # gguf itself writes the first two, llama.cpp's llama-quantize the third
STAGES = {"base": "pretraining", "sft": "supervised fine-tuning", "dpo": "preference optimization (DPO)"}


def arguments(parser) -> None:
    parser.add_argument(
        "--checkpoint", type=named_here, metavar="FOLDER", help="what to publish; default: serve.checkpoint"
    )
    parser.add_argument("--out", metavar="FOLDER", required=True, help="is made; files of the same names are replaced")
    parser.add_argument("--name", help="the model's name on its card; default: wandb.run_name")
    parser.add_argument(
        "--gguf",
        nargs="?",
        const="f16",
        choices=GGUF_KINDS,
        help="write <name>.gguf too; default: f16, in 16 bits; q4_k_m wants llama.cpp's llama-quantize on the PATH",
    )
    parser.add_argument("--page", action="store_true", help="make page/, which runs the GGUF in a browser")
    parser.add_argument(
        "--data",
        nargs="?",
        const="conversations,preferences",
        metavar="NAME,NAME",
        help="data sets instead of a model; default: conversations,preferences; articles is the third",
    )
    parser.add_argument(
        "--push", metavar="OWNER/NAME", help="upload the folder to this repository on the Hugging Face hub"
    )
    parser.add_argument(
        "--private", action="store_true", help="when --push makes the repository, make it a private one"
    )


def main(cfg, args) -> None:
    if args.data:
        if args.checkpoint or args.gguf or args.page:
            raise InputError("--data publishes data sets; leave out --checkpoint, --gguf and --page")
        return publish_data(cfg, args, args.name or f"{cfg.wandb.run_name}-data", hub)
    source, out, name = (
        resolve(args.checkpoint or cfg.serve.checkpoint),
        Path(args.out),
        args.name or cfg.wandb.run_name,
    )
    config = checkpoints.load_config(source)
    if problem := checkpoints.damage(source):
        raise InputError(f"{source}: {problem}; publish another checkpoint")
    if args.gguf == "q4_k_m" and not shutil.which("llama-quantize"):
        raise InputError("--gguf q4_k_m needs llama.cpp's llama-quantize on the PATH; or take --gguf q8_0")
    if args.page and not (args.gguf and shutil.which("npm")):
        raise InputError("--page needs --gguf, and npm (Node.js)")
    upload = hub(args.push) if args.push else None  # what cannot work is said before anything is written
    out.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        shutil.copyfile(source / file, out / file)
    write_bytes(out / "chat_template_training.jinja", chat.TRAINING_TEMPLATE.encode())
    if args.gguf:
        (quantized_gguf if args.gguf == "q4_k_m" else write_gguf)(source, out / f"{name}.gguf", name, args.gguf)
        write_bytes(out / "Modelfile", modelfile(name).encode())
    if args.page:
        write_page(out, name, config.block_size)
    write_bytes(out / "README.md", card(cfg, source, config, name, args.gguf, args.push).encode())
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        print(f"{path}  {path.stat().st_size:,} bytes")
    if upload:
        print(upload(out, args.private))


# ---- the card


def card(cfg, source: Path, config, name: str, gguf: bool, repository: str | None) -> str:
    stages = history(cfg, source)
    trained = next((state["config"] for _, state in stages if "config" in state), cfg.model_dump())
    own = is_own(trained["data"]["dump"])
    parameters = sum(parameter_counts(config).values())
    chats = any(stage in ("sft", "dpo") for stage, _ in stages)
    head = {
        "license": "mit" if own else "cc-by-sa-4.0",
        "language": trained["clean"]["language"],
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["wikillm", "trained-from-scratch"],
    }
    parts = [
        "---\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in head.items()) + "---",
        f"# {name}",
        f"A language model of {parameters:,} parameters, trained from scratch on "
        f"{'the mini-wiki of wikillm' if own else 'Wikipedia'} with one pipeline: dump, text, tokenizer, pretraining"
        f"{', chat' if chats else ''}. It has Llama's architecture ({config.n_layer} layers of width {config.n_embd}, "
        f"{config.n_head} heads, SwiGLU of {config.d_ff}, RoPE, tied embeddings, no biases), a byte-level BPE of "
        f"{config.vocab_size:,} tokens and a context of {config.block_size:,}.",
        "## Use",
        usage(name, gguf, chats, repository),
        "## Training",
        training(trained, stages),
    ]
    if evaluation := evaluations(cfg, source):
        parts += ["## Evaluation", evaluation]
    if examined := examination(cfg, source):
        parts += examined
    parts += [
        "## Limits",
        "A small model: it writes fluently and is often wrong. It knows what its training text said, at the date of "
        "the dump, with the gaps and the slant of that text. It was not trained to refuse anything. Do not rely on it "
        "without checking.",
        "## Licence",
        "The articles it was trained on were written for wikillm and are under its licence, MIT."
        if own
        else "It was trained on text of Wikipedia, which is under "
        "[CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/), by the contributors whom each article's "
        "history names. These weights are shared under the same licence.",
    ]
    return "\n\n".join(parts) + "\n"


def history(cfg, source: Path) -> list[tuple[str, dict]]:
    """[(stage, its training state)] of the checkpoint and those it was made from, as far as they are on this disk."""
    stage = source.resolve().parent.name
    chain = {
        "dpo": [("sft", resolve(cfg.dpo.checkpoint)), ("base", resolve(cfg.sft.checkpoint))],
        "sft": [("base", resolve(cfg.sft.checkpoint))],
    }.get(stage, []) + [(stage, source)]
    found = [
        (stage, checkpoints.training_record(folder))
        for stage, folder in chain
        if (folder / "training_state/state.json").exists()
    ]
    return sorted(found, key=lambda item: list(STAGES).index(item[0]) if item[0] in STAGES else 0)


def usage(name: str, gguf: bool, chats: bool, repository: str | None) -> str:
    where = repository or "path/to/this/folder"
    ask = (
        (
            'messages = [{"role": "user", "content": "What is gold?"}]\n'
            "prompt = tokenizer.apply_chat_template(\n"
            '    messages, add_generation_prompt=True, return_tensors="pt", return_dict=True\n)'
        )
        if chats
        else 'prompt = tokenizer("Gold is", return_tensors="pt")'
    )
    text = f"""```python
from transformers import AutoModelForCausalLM, AutoTokenizer
model, tokenizer = (kind.from_pretrained("{where}") for kind in (AutoModelForCausalLM, AutoTokenizer))
{ask}
answer = model.generate(**prompt, max_new_tokens=200)[0, prompt["input_ids"].shape[1]:]
print(tokenizer.decode(answer, skip_special_tokens=True))
```

```bash
vllm serve {where}
"""
    if gguf:
        text += f"llama-cli -m {name}.gguf {'-cnv' if chats else '-no-cnv -p Gold'}\n"
        text += f"ollama create {name} -f Modelfile && ollama run {name}\n" if chats else ""
    return (
        text
        + "```"
        + (
            "\n\nA turn is `<|user|>` text `<|end|>` `<|assistant|>` text `<|end|>`; `<|end|>` is the only stop token. "
            "To go on training it with TRL, on the answers alone: "
            '`SFTConfig(chat_template_path="chat_template_training.jinja", assistant_only_loss=True)`.'
            if chats
            else ""
        )
    )


def training(trained: dict, stages: list[tuple[str, dict]]) -> str:
    t = trained["train"]
    lines = ["| stage | steps | tokens | validation loss | bits per byte | time |", "|---|--:|--:|--:|--:|--:|"]
    for stage, state in stages:
        loss, bits = state.get("val_loss"), state.get("val_bits_per_byte")
        cells = [
            STAGES.get(stage, stage),
            format(state.get("step", 0), ","),
            format(state["tokens"], ",") if state.get("tokens") else "",
            format(loss, ".4f") if loss is not None else "",
            format(bits, ".4f") if bits is not None else "",
            duration(state["seconds"]) if "seconds" in state else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    table = "\n".join(lines) + "\n\nThe validation loss is each stage's own.\n\n" if stages else ""
    optimizer = "Muon and AdamW" if t["optimizer"] == "muon" else "AdamW"
    tokens = t["micro_batch_size"] * t["grad_accum_steps"] * trained["model"]["block_size"]
    return (
        f"Text: {dump_names(trained['data']['dump'])}, extracted, filtered and deduplicated.\n\n{table}"
        f"Pretraining: {optimizer}, learning rate {t['lr']:g} ({t['lr_schedule']}), {tokens:,} tokens a step and "
        f"device, {t['dtype']}, seed {t['seed']}."
    )


def evaluations(cfg, source: Path) -> str:
    """The rows of the perplexity report that are about this checkpoint, and the judge's verdicts."""
    parts, same = [], lambda path: resolve(path).resolve() == source.resolve()
    ppl, judge = (
        resolve(report).with_name(resolve(report).name + ".json") for report in (cfg.eval.report, cfg.judge.report)
    )
    rows = [row for row in read_json(ppl)["results"] if same(row["checkpoint"])] if ppl.exists() else []
    if rows:
        lines = ["| text | tokens | loss | perplexity | bits per byte |", "|---|--:|--:|--:|--:|"]
        parts.append(
            "\n".join(
                lines
                + [
                    f"| {Path(r['text']).name} | {r['tokens']:,} | {r['loss']:.4f} | {r['perplexity']:.2f} "
                    f"| {r['bits_per_byte']:.4f} |"
                    for r in rows
                ]
            )
        )
    verdicts = read_json(judge) if judge.exists() else {"checkpoints": {}, "pairs": []}
    names = [name for name, path in verdicts["checkpoints"].items() if same(path)]
    for pair in verdicts["pairs"]:
        for name in {pair["first"], pair["second"]} & set(names):
            other = pair["second"] if name == pair["first"] else pair["first"]
            rate, (low, high) = pair["win_rate"], pair["interval"]
            if name == pair["second"]:
                rate, low, high = 1 - rate, 1 - high, 1 - low
            parts.append(
                f"Against `{other}` on {pair['questions']:,} questions, judged by {verdicts['judge']} in both orders: "
                f"win rate {rate:.1%} (95 % interval {low:.1%} to {high:.1%}; a tie counts half)."
            )
    return "\n\n".join(parts)


def examination(cfg, source: Path) -> list[str]:
    """Of reports/card.json, when it is about this very checkpoint: the examination, what the run cost, the gallery."""
    path = card_of_run.reports(cfg) / "card.json"
    record = read_json(path) if path.exists() else {"models": {}}
    digest = sha256_file(source / "hashes.json")
    name = next((name for name, about in record["models"].items() if about["hash"] == digest), None)
    if name is None:
        return []
    parts = []
    for one in card_of_run.tables(record):
        if one.title in ("The examination", "Questions on held-out articles"):
            parts += [f"## {one.title}", f"{one.note} By `{one.command}`.\n\n{card_of_run.markdown_table(one)}"]
    lines = summary.bill(cfg)
    head = ["stage", "made", "took", "cost"]
    cost = card_of_run.markdown_table(card_of_run.Table("", "", "", head, [line[:4] for line in lines]))
    parts += ["## What it took", f"By `python scripts/summary.py{record['config']}`.\n\n{cost}"]
    if record["gallery"]:
        rows = [{**row, "answers": {name: row["answers"][name]}} for row in record["gallery"]]
        talks = "\n".join(line for row in rows for line in card_of_run.gallery_lines(row))
        parts += ["## Gallery", f"Fixed prompts, answered in full: right (✓), wrong (✗) and as it comes.\n\n{talks}"]
    return parts


# ---- GGUF


def write_gguf(source: Path, path: Path, name: str, kind: str) -> None:
    """The model as llama.cpp reads it: matrices in `kind` (one of GGUF_KINDS), norms in 32 bits, byte-level BPE with
    its split."""
    try:
        import gguf
    except ImportError:
        raise InputError("--gguf needs the package gguf: pip install gguf") from None
    model, tokenizer = checkpoints.load(source)
    c = model.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_file_type(getattr(gguf.LlamaFileType, f"MOSTLY_{kind.upper()}"))
    writer.add_vocab_size(c.vocab_size)
    writer.add_context_length(c.block_size)
    writer.add_embedding_length(c.n_embd)
    writer.add_block_count(c.n_layer)
    writer.add_feed_forward_length(c.d_ff)
    writer.add_head_count(c.n_head)
    writer.add_head_count_kv(c.n_head)
    writer.add_rope_dimension_count(c.head_size)
    writer.add_rope_freq_base(c.rope_theta)
    writer.add_layer_norm_rms_eps(NORM_EPS)
    add_tokenizer(writer, tokenizer, c.vocab_size)
    for hf_name, tensor in checkpoints.to_hf(model.state_dict()).items():
        array = tensor.numpy()
        if hf_name.endswith(("q_proj.weight", "k_proj.weight")):
            array = interleave(array, c.n_head)
        if array.ndim == 1 or kind == "f16":
            writer.add_tensor(gguf_name(hf_name), array.astype(np.float32 if array.ndim == 1 else np.float16))
        else:
            quantized = getattr(gguf.GGMLQuantizationType, kind.upper())
            packed = gguf.quantize(np.ascontiguousarray(array, dtype=np.float32), quantized)
            writer.add_tensor(gguf_name(hf_name), packed, raw_dtype=quantized)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def quantized_gguf(source: Path, path: Path, name: str, kind: str) -> None:
    """By llama-quantize from 16 bits, which takes other kinds for the rows that its blocks of 256 do not fit."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        write_gguf(source, Path(folder) / "f16.gguf", name, "f16")
        made = subprocess.run(
            ["llama-quantize", f"{folder}/f16.gguf", f"{folder}/{kind}.gguf", kind.upper()],
            capture_output=True, text=True)  # fmt: skip
        if made.returncode:
            said = (made.stderr or made.stdout).strip().splitlines()
            raise InputError(f"llama-quantize failed with status {made.returncode}: {said[-1] if said else ''}")
        Path(folder, f"{kind}.gguf").replace(path)


def modelfile(name: str) -> str:
    """What `ollama create` reads: the GGUF, and the chat format in Ollama's own template language (Go's)."""
    template = (
        '{{- $system := "" }}{{- range .Messages }}'
        '{{- if eq .Role "system" }}{{- $system = printf "%s%s\\n\\n" $system .Content }}'
        '{{- else if eq .Role "user" }}<|user|>{{ $system }}{{ .Content }}<|end|>{{- $system = "" }}'
        "{{- else }}<|assistant|>{{ .Content }}<|end|>{{- end }}{{- end }}<|assistant|>"
    )
    return f'FROM ./{name}.gguf\nTEMPLATE """{template}"""\nPARAMETER stop "<|end|>"\nPARAMETER temperature 0.7\n'


def add_tokenizer(writer, tokenizer: Tokenizer, vocab_size: int) -> None:
    """vocab_size: the model's; ids that the tokenizer does not have are written as unused."""
    from gguf import TokenType

    vocabulary = {i: token for token, i in tokenizer.hf.get_vocab().items()}
    kinds = dict.fromkeys(vocabulary, TokenType.NORMAL)
    kinds |= dict.fromkeys(tokenizer.special_ids.values(), TokenType.CONTROL)
    merges = json.loads(tokenizer.hf.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(SPLITS[tokenizer.split].gguf)
    writer.add_token_list([vocabulary.get(i, f"<|unused_{i}|>") for i in range(vocab_size)])
    writer.add_token_types([kinds.get(i, TokenType.UNUSED) for i in range(vocab_size)])
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    writer.add_eos_token_id(tokenizer.end_id)
    writer.add_bos_token_id(tokenizer.end_id)  # llama.cpp wants one; it is not put in front
    writer.add_pad_token_id(tokenizer.pad_id)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_chat_template(chat.TEMPLATE)


def interleave(weight: np.ndarray, n_head: int) -> np.ndarray:
    """llama.cpp rotates neighbours where Llama's Hugging Face form rotates halves: rows 0..h/2-1, h/2..h-1 of a head ->
    0, h/2, 1, ..."""
    rows, columns = weight.shape
    return weight.reshape(n_head, 2, rows // n_head // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def gguf_name(name: str) -> str:
    if not name.startswith("model.layers."):
        return {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}[name]
    _, _, layer, part = name.split(".", 3)
    part = part.removesuffix(".weight").split(".")[-1]
    return (
        f"blk.{layer}."
        + {
            "input_layernorm": "attn_norm",
            "q_proj": "attn_q",
            "k_proj": "attn_k",
            "v_proj": "attn_v",
            "o_proj": "attn_output",
            "post_attention_layernorm": "ffn_norm",
            "gate_proj": "ffn_gate",
            "up_proj": "ffn_up",
            "down_proj": "ffn_down",
        }[part]
        + ".weight"
    )


# ---- the page


def write_page(out: Path, name: str, context: int) -> None:
    """out/page/: an HTML page, wllama, and out/<name>.gguf in parts that every static host takes."""
    page = out / "page"
    page.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            command = ["npm", "pack", "--silent", WLLAMA]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            why = (error.stderr or b"").decode(errors="replace").strip().splitlines()
            raise InputError(f"--page: npm could not fetch {WLLAMA} ({why[0] if why else 'no answer'})") from None
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            for inside, file in (("esm/index.min.js", "wllama.js"), ("esm/wasm/wllama.wasm", "wllama.wasm")):
                member = archive.extractfile(f"package/{inside}")
                assert member, f"{WLLAMA} has no {inside}"
                write_bytes(page / file, member.read())
    parts: list[str] = []
    with (out / f"{name}.gguf").open("rb") as whole:
        while piece := whole.read(PART_BYTES):
            parts.append(f"model-{len(parts):02}.gguf")
            write_bytes(page / parts[-1], piece)
    text = PAGE.read_text(encoding="utf-8").replace("const PARTS = [];", f"const PARTS = {json.dumps(parts)};")
    text = text.replace("CONTEXT", str(context)).replace("NAME", html.escape(name))
    write_bytes(page / "index.html", text.encode())


# ---- the hub


def hub(repository: str, kind: str = "model"):
    """-> upload(folder, private) -> where it is. kind: model or dataset. InputError when the package or a token is
    missing."""
    try:
        import huggingface_hub
    except ImportError:
        raise InputError("--push needs the package huggingface_hub: pip install huggingface_hub") from None
    if repository.count("/") != 1:
        raise InputError(f"--push {repository}: write OWNER/NAME")
    if not huggingface_hub.get_token():
        raise InputError("--push needs a token of the Hugging Face hub: run `hf auth login`, or set HF_TOKEN")

    def upload(folder: Path, private: bool) -> str:
        api = huggingface_hub.HfApi()
        try:
            api.create_repo(repository, repo_type=kind, private=private, exist_ok=True)
            return str(api.upload_folder(repo_id=repository, repo_type=kind, folder_path=folder))
        except Exception as error:  # the library has no common one: HTTP, validation, connection
            raise InputError(
                f"--push {repository}: {str(error).splitlines()[0]}; everything is in {folder}, run it again"
            ) from None

    return upload


if __name__ == "__main__":
    stage_main(main, __doc__, ("serve", "sft", "pref"), arguments)
