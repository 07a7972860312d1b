"""How well checkpoints predict text they have not seen. Checkpoints + val.bin or JSONL texts -> a table.

    python src/eval_ppl.py
    python src/eval_ppl.py eval.checkpoints=[checkpoints/base/best,hf:openai-community/gpt2] eval.texts=[articles.jsonl]

Loss is in nats a token, perplexity its exponential; both depend on the tokenizer. Bits per byte do not: all nats, those
of the closing <|end|> included, over ln 2 and the UTF-8 bytes of the text. Every token is scored exactly once. A
checkpoint from elsewhere (a Hugging Face folder, or hf:owner/name) goes through transformers, where that is installed;
when its tokenizer is another one, the val set's documents are decoded and encoded anew. Writes eval.report.json and
.md.
"""

# torch, and what imports it, is imported where there is something to score: a run that is up to date does without.
from __future__ import annotations

import pipeline.ctrl_c  # first, for as long as the others take

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gpt.tokenizer import Tokenizer
from gpt.tokens import IGNORE, TokenFile, document, open_tokens, windows
from pipeline.cli import stage_main
from pipeline.config import Config, InputError, resolve
from pipeline.files import read_jsonl, write_bytes
from pipeline.progress import Progress
from pipeline.stage_output import SingleFiles

if TYPE_CHECKING:
    import torch

HUB = "hf:"
HOW_TO_READ = (
    "How to read it: a perplexity of 20 is as unsure as a choice among 20 equally likely tokens. It compares models "
    "with the same tokenizer; bits per byte compare all. Lower is better. On articles it goes up after SFT: the model "
    "has learned another kind of text, short answers in turns, and has let some of its articles go for it. A few "
    "percent is healthy where conversations are few beside the articles (the course's run: 6 %); far more where the "
    "model is small and they are many, as in the demo. At 100M parameters and more, a rise by half says that sft.lr or "
    "sft.epochs is too high. DPO should add next to nothing."
)


class Scorer(NamedTuple):
    """A model with all that scoring asks of it."""

    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # ids, targets (B, T) -> summed nats
    encode: Callable[[str], list[int]]
    end_id: int
    context: int  # tokens it reads at once
    parameters: int
    tokenizer: Tokenizer | None  # when it is one of ours


class Text(NamedTuple):
    name: str
    ids: np.ndarray
    bytes: int
    documents: int


def main(cfg: Config) -> None:
    for name in cfg.eval.checkpoints:
        if not name.startswith(HUB) and not (resolve(name) / "config.json").exists():
            raise InputError(
                f"{name}: no checkpoint there; the stage that makes it has not run, or eval.checkpoints is wrong"
            )
    report = resolve(cfg.eval.report)
    page = report.with_name(report.name + ".md")
    settings = {"stride": cfg.eval.stride, "context": cfg.model.block_size}
    with SingleFiles(
        report.with_name(report.name + ".json"), "eval_ppl", settings, inputs(cfg), again=cfg.again
    ) as out:
        if out.up_to_date:
            print(page.read_text(encoding="utf-8"), end="")
            return
        from gpt.machine import pick_device

        rows, device = [], pick_device("auto")
        for name in cfg.eval.checkpoints:
            scorer = load(name, cfg.model.block_size, device)
            for text in texts(cfg, scorer):
                rows.append(measure(name, scorer, text, cfg.eval.batch_size, cfg.eval.stride, device))
        out.begin()
        write_bytes(page, markdown(rows).encode())
        out.finish([page], {"texts": len(rows)}, device=device.type, results=rows)
    print(markdown(rows), end="")


def inputs(cfg: Config) -> dict[str, Path | str]:
    """What is scored, and on what: of checkpoints the hashes of their files, where they have them."""
    found: dict[str, Path | str] = {}
    for name in cfg.eval.checkpoints:
        hashes = resolve(name) / "hashes.json"
        found[name] = name if name.startswith(HUB) or not hashes.exists() else hashes
    if (val_bin := resolve(cfg.data.val_bin)).exists():
        found["val_bin"] = val_bin
    return found | {name: resolve(name) for name in cfg.eval.texts}


def load(name: str, context: int, device: torch.device) -> Scorer:
    """One of ours (it has hashes.json) with its own context; any other through transformers, with at most `context`."""
    path = resolve(name)
    if name.startswith(HUB) or not (path / "hashes.json").exists():
        return load_foreign(name.removeprefix(HUB) if name.startswith(HUB) else str(path), context, device)
    from gpt import checkpoints

    model, tokenizer = checkpoints.load(path, device)
    return Scorer(model, tokenizer.encode, tokenizer.end_id, model.config.block_size, count(model), tokenizer)


def load_foreign(name: str, context: int, device: torch.device) -> Scorer:
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError:
        raise InputError(
            f"{name}: not a checkpoint of this project; to score it all the same: pip install transformers"
        ) from None
    try:
        model = AutoModelForCausalLM.from_pretrained(name).float().to(device).eval()
        tokenizer = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: transformers cannot load it ({str(error).splitlines()[0]})") from None
    if tokenizer.eos_token_id is None:
        raise InputError(f"{name}: its tokenizer has no end-of-text token, which ends every document here")

    from torch.nn.functional import cross_entropy

    def loss(ids, targets):
        return cross_entropy(
            model(ids).logits.float().flatten(0, 1), targets.flatten(), ignore_index=IGNORE, reduction="sum"
        )

    return Scorer(
        loss,
        lambda text: tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True),
        tokenizer.eos_token_id,
        min(context, model.config.max_position_embeddings),
        count(model),
        None,
    )


def count(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def texts(cfg, scorer: Scorer) -> Iterator[Text]:
    """val.bin, then eval.texts, as ids of the scorer's tokenizer; without a val.bin the texts alone."""
    path = resolve(cfg.data.val_bin)
    if path.exists() or not cfg.eval.texts:
        ours = Tokenizer(resolve(cfg.tokenizer.path))
        file = open_tokens(path, ours, cfg.model.vocab_size)
        if scorer.tokenizer and scorer.tokenizer.sha256 == file.tokenizer_sha256:
            yield Text(path.name, file.ids, file.text_bytes, file.documents)
        else:
            yield encode(path.name, decoded(file, ours), scorer)
    for name in cfg.eval.texts:
        yield encode(name, articles(resolve(name)), scorer)


def decoded(file: TokenFile, tokenizer: Tokenizer) -> Iterator[str]:
    """The documents of a token file as text again."""
    start = 0
    for end in np.flatnonzero(file.ids == tokenizer.end_id):
        yield tokenizer.decode(file.ids[start:end].tolist())
        start = end + 1


def articles(path: Path) -> Iterator[str]:
    for number, record in enumerate(read_jsonl(path), 1):
        if not isinstance(record, dict) or not isinstance(record.get("text"), str):
            raise InputError(
                f'{path}:{number}: expected an article, {{"text": "...", "title": "..."}}; the title may be missing'
            )
        yield document(record) if "title" in record else record["text"]


def encode(name: str, documents: Iterator[str], scorer: Scorer) -> Text:
    ids, size, n = [], 0, 0
    for text in documents:
        n += 1
        ids += scorer.encode(text) + [scorer.end_id]
        size += len(text.encode())
    if not size:
        raise InputError(f"{name}: there is no text in it")
    return Text(name, np.array(ids), size, n)


def measure(name: str, scorer: Scorer, text: Text, batch_size: int, stride: int, device: torch.device) -> dict:
    import torch

    from gpt.machine import autocast

    nats, tokens = 0.0, 0
    with torch.inference_mode(), Progress(f"{name} on {text.name}", len(text.ids), "tokens") as bar:
        for inputs, targets in windows(text.ids, scorer.context, batch_size, before=scorer.end_id, stride=stride):
            with autocast(device, "bfloat16" if device.type == "cuda" else "float32"):
                loss = scorer.loss(torch.from_numpy(inputs).to(device), torch.from_numpy(targets).to(device))
            scored = int((targets != IGNORE).sum())
            nats, tokens = nats + loss.item(), tokens + scored
            bar.add(scored)
    assert tokens == len(text.ids), f"{tokens:,} of {len(text.ids):,} tokens were scored"
    path = resolve(name)
    return {
        "checkpoint": name,
        "step": path.resolve().name if path.is_symlink() else None,
        "parameters": scorer.parameters,
        "text": text.name,
        "documents": text.documents,
        "tokens": tokens,
        "bytes": text.bytes,
        "context": scorer.context,
        "loss": nats / tokens,
        "perplexity": math.exp(min(nats / tokens, 700)),
        "bits_per_byte": nats / math.log(2) / text.bytes,
    }


def markdown(rows: list[dict]) -> str:
    lines = [
        "| checkpoint | parameters | text | tokens | bytes/token | context | loss | perplexity | bits per byte |",
        "|---|--:|---|--:|--:|--:|--:|--:|--:|",
    ]
    for r in rows:
        step = f" ({r['step']})" if r["step"] else ""
        lines.append(
            f"| {r['checkpoint']}{step} | {r['parameters']:,} | {r['text']} | {r['tokens']:,} "
            f"| {r['bytes'] / r['tokens']:.3f} | {r['context']:,} | {r['loss']:.4f} | {r['perplexity']:.2f} "
            f"| {r['bits_per_byte']:.4f} |"
        )
    return "\n".join([*lines, "", *changes(rows), HOW_TO_READ]) + "\n"


def changes(rows: list[dict]) -> list[str]:
    """What the later checkpoints' perplexities are to the first one's, a line a text with two checkpoints or more."""
    by_text: dict[str, list[dict]] = {}
    for row in rows:
        by_text.setdefault(row["text"], []).append(row)
    return [
        f"Perplexity on {text}, beside {first['checkpoint']}: "
        + ", ".join(f"{row['checkpoint']} {row['perplexity'] / first['perplexity'] - 1:+.1%}" for row in others)
        + ".\n"
        for text, (first, *others) in by_text.items()
        if others
    ]


if __name__ == "__main__":
    stage_main(main, __doc__, ("eval",))
