"""The three trainings in miniature, a second each: their data, their configs, what they leave."""

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import train
import train_dpo
import train_sft
from gpt.run_log import read_log
from pipeline.config import Config, load_config
from tiny import tiny_checkpoint, token_files

FACTS = {
    "What is gold?": "Gold is a metal.",
    "Where is Paris?": "Paris is in France.",
    "What is the Danube?": "A river in Europe.",
    "What is Tokyo?": "The capital of Japan.",
    "Is gold soft?": "Yes.",
}
ROOT = Path(__file__).resolve().parents[1]
SHAPE = ["vocab_size=280", "n_layer=2", "n_head=2", "n_embd=32", "block_size=16", "d_ff=48"]


@dataclass(frozen=True)
class Training:
    """One of the three: its script's main, and the keys of its section."""

    stage: str  # base | sft | dpo
    main: Callable[[Config], None]
    config: Callable[..., Config]  # (data, out, *overrides)

    @property
    def script(self) -> str:
        return {"base": "train", "sft": "train_sft", "dpo": "train_dpo"}[self.stage]

    def torchrun(self, processes: int, cfg: Config) -> list[str]:
        """The command that runs it with this config in so many processes."""
        values = [
            f"{section}.{key}={json.dumps(value)}"
            for section in ("model", "tokenizer", "data", "train", "sft", "pref", "dpo", "wandb")
            for key, value in getattr(cfg, section).model_dump().items()
        ]
        launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
        return [*launch, str(ROOT / f"src/{self.script}.py"), *values]

    @property
    def section(self) -> str:
        return "train" if self.stage == "base" else self.stage


def training_data(folder: Path, documents: int = 60) -> Path:
    """Tokens, conversations, preferences and a checkpoint to start fine-tuning from. -> folder"""
    token_files(folder, train=documents)
    asked = [[{"role": "user", "content": question}] for question in FACTS]
    answers = list(FACTS.values())
    talks = [[*user, {"role": "assistant", "content": answer}] for user, answer in zip(asked, answers)]
    _write(folder / "sft.jsonl", [{"messages": talk} for talk in talks] * 3)
    pairs = [
        {"prompt": user, "chosen": answer, "rejected": other}
        for user, answer, other in zip(asked, answers, answers[1:] + answers[:1])
    ]
    _write(folder / "pref.jsonl", pairs * 3)
    tiny_checkpoint(folder / "start", block_size=32)
    return folder


def _write(path: Path, records: list[dict]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def _pretraining(data: Path, out: Path, *overrides: str) -> Config:
    """12 steps of 8 sequences; evaluated at 6 and 12, saved at 4 and 8 too."""
    own = [
        *(f"model.{key}" for key in SHAPE),
        f"tokenizer.path={data}/tokenizer.json",
        f"data.train_bin={data}/train.bin",
        f"data.val_bin={data}/val.bin",
        "train.micro_batch_size=4",
        "train.grad_accum_steps=2",
        "train.max_iters=12",
        "train.warmup_iters=2",
        "train.lr=0.01",
        "train.min_lr=0.001",
        "train.eval_interval=6",
        "train.eval_iters=3",
        "train.eval_batch_size=4",
        "train.checkpoint_interval=4",
        "train.sample_prompts=['Gold is']",
        "train.sample_tokens=4",
    ]
    return _config("base.yaml", out, *own, *overrides)


def _sft(data: Path, out: Path, *overrides: str) -> Config:
    """12 steps of up to 4 rows."""
    own = [
        f"sft.train_file={data}/sft.jsonl",
        f"sft.val_file={data}/sft.jsonl",
        f"sft.checkpoint={data}/start/latest",
        f"data.val_bin={data}/none.bin",
        "sft.micro_batch_size=2",
        "sft.grad_accum_steps=2",
        "sft.lr=3e-3",
        "sft.epochs=3",
        "sft.eval_interval=6",
        "sft.checkpoint_interval=4",
        "sft.keep_checkpoints=2",
    ]
    return _config("demo.yaml", out, *own, *overrides)


def _dpo(data: Path, out: Path, *overrides: str) -> Config:
    """12 steps of up to 4 pairs."""
    own = [
        f"pref.train_file={data}/pref.jsonl",
        f"pref.val_file={data}/pref.jsonl",
        f"dpo.checkpoint={data}/start/latest",
        "dpo.micro_batch_size=2",
        "dpo.grad_accum_steps=2",
        "dpo.lr=1e-3",
        "dpo.epochs=3",
        "dpo.eval_interval=6",
        "dpo.checkpoint_interval=4",
        "dpo.keep_checkpoints=2",
        "dpo.max_nll_rise=99",
        "dpo.max_repetition_rise=2",
    ]
    return _config("demo.yaml", out, *own, *overrides)


def _config(file: str, out: Path, *overrides: str) -> Config:
    common = [
        "train.device=cpu",
        "train.dtype=float32",
        "train.compile=false",
        "train.log_interval=3",
        "wandb.mode=disabled",
        f"train.checkpoint_dir={out}",
    ]
    return load_config(f"configs/{file}", [*common, *overrides])


PRETRAINING = Training("base", train.main, _pretraining)
SFT = Training("sft", train_sft.main, _sft)
DPO = Training("dpo", train_dpo.main, _dpo)
ALL = [PRETRAINING, SFT, DPO]


def weights(folder: Path) -> str:
    """A hash of what the run has learned; folder: a stage's, such as checkpoints/base."""
    return hashlib.sha256((folder / "latest/model.safetensors").read_bytes()).hexdigest()


def losses(folder: Path) -> dict[int, float]:
    records = [r for r in read_log(folder) if "loss" in r]
    assert len({r["step"] for r in records}) == len(records), "a step stands twice in the log"
    return {r["step"]: r["loss"] for r in records}


def evaluations(folder: Path) -> dict[int, float]:
    return {r["step"]: r["val_loss"] for r in read_log(folder) if "val_loss" in r}
