"""Checkpoints: Hugging Face model directories, written whole or not at all.

    checkpoints/base/step_0001000/   config.json, model.safetensors, tokenizer.json, tokenizer_config.json,
                                     chat_template.jinja, generation_config.json: for transformers, vLLM, lm-eval
                     training_state/ state.json, state.safetensors: what only training needs
                     hashes.json     sha256 of every file: a torn or damaged checkpoint is seen, not loaded
                     training_state/evaluation.json  what it scored; comes later, so it has no hash
    checkpoints/base/latest -> step_0001000, best -> step_...

Everything is JSON or safetensors: nothing that could run code is ever unpickled.
"""

import json
import os
import shutil
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from gpt import chat
from gpt.tokenizer import Tokenizer
from model import NORM_EPS, ModelConfig, WikiGPT, parameter_counts
from pipeline.config import InputError
from pipeline.files import read_json, sha256_file, write_json

TEMPORARY = ".writing-"


def to_hf(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Our names -> LlamaForCausalLM's: fused projections are split, the tied output layer is left out."""
    result: dict[str, torch.Tensor] = {}
    for name, tensor in state.items():
        if name.endswith("qkv_proj.weight"):
            parts = zip("qkv", tensor.chunk(3))
            result |= {f"model.{name.replace('qkv_proj', part + '_proj')}": t.contiguous() for part, t in parts}
        elif name.endswith("gate_up_proj.weight"):
            parts = zip(("gate", "up"), tensor.chunk(2))
            result |= {f"model.{name.replace('gate_up_proj', part + '_proj')}": t.contiguous() for part, t in parts}
        else:
            result[f"model.{name}"] = tensor.contiguous()
    return result


def from_hf(tensors: dict[str, torch.Tensor], n_layer: int) -> dict[str, torch.Tensor]:
    """The inverse of to_hf. KeyError names a tensor that is missing."""
    tensors = {name.removeprefix("model."): t for name, t in tensors.items()}
    for i in range(n_layer):
        attention, mlp = f"layers.{i}.self_attn.", f"layers.{i}.mlp."
        tensors[attention + "qkv_proj.weight"] = torch.cat([tensors.pop(f"{attention}{p}_proj.weight") for p in "qkv"])
        tensors[mlp + "gate_up_proj.weight"] = torch.cat([tensors.pop(f"{mlp}{p}_proj.weight") for p in ("gate", "up")])
    tensors.pop("lm_head.weight", None)  # tied
    return tensors


def hf_config(config: ModelConfig, tokenizer: Tokenizer) -> dict:
    """config.json, readable by transformers 4.57 and 5.x alike (both spellings of rope and dtype)."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config.vocab_size,
        "hidden_size": config.n_embd,
        "intermediate_size": config.d_ff,
        "num_hidden_layers": config.n_layer,
        "num_attention_heads": config.n_head,
        "num_key_value_heads": config.n_head,
        "head_dim": config.head_size,
        "max_position_embeddings": config.block_size,
        "hidden_act": "silu",
        "rms_norm_eps": NORM_EPS,
        "rope_theta": config.rope_theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
        "attention_bias": False,
        "mlp_bias": False,
        "attention_dropout": 0.0,
        "tie_word_embeddings": True,
        "initializer_range": 0.02,
        "use_cache": True,
        "torch_dtype": "float32",
        "dtype": "float32",
        "bos_token_id": None,
        "eos_token_id": tokenizer.end_id,
        "pad_token_id": tokenizer.pad_id,
    }


def tokenizer_config(config: ModelConfig) -> dict:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|end|>",
        "pad_token": "<|pad|>",
        "additional_special_tokens": ["<|user|>", "<|assistant|>"],
        "add_bos_token": False,
        "add_eos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": config.block_size,
        "padding_side": "left",
        "model_input_names": [
            "input_ids",
            "attention_mask",
        ],  # or transformers 4 makes token_type_ids too, which generate() refuses
        "chat_template": chat.TEMPLATE,
    }


def save(
    folder: Path,
    name: str,
    model: WikiGPT,
    tokenizer: Tokenizer,
    state: dict | None = None,
    tensors: dict[str, torch.Tensor] | None = None,
    keep: int = 1,
) -> Path:
    """Write folder/name, point `latest` at it, prune all but the newest `keep` and `best`.

    state: JSON values of the training (step, data position, ...); tensors: optimizer and RNG state.
    InputError when it cannot be written: nothing of it is left then.
    """
    folder = Path(folder)
    temporary, final = folder / f"{TEMPORARY}{name}", folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for stray in folder.glob(TEMPORARY + "*"):
            shutil.rmtree(stray)
        _write(temporary, model, tokenizer, state, tensors)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        why = str(error) if isinstance(error, SafetensorError) else error.strerror
        raise InputError(
            f"{final}: cannot write the checkpoint ({why}); free some room on {_disk(folder)} and run again"
        ) from error
    if final.exists():  # moved aside first: at no moment are there fewer whole checkpoints than before
        os.replace(final, folder / f"{TEMPORARY}replaced")
    os.replace(temporary, final)
    shutil.rmtree(folder / f"{TEMPORARY}replaced", ignore_errors=True)
    _point(folder / "latest", name)
    prune(folder, keep)
    return final


def _write(
    folder: Path, model: WikiGPT, tokenizer: Tokenizer, state: dict | None, tensors: dict[str, torch.Tensor] | None
) -> None:
    """All files of a checkpoint, in a new folder, flushed to the disk."""
    folder.mkdir()
    weights = to_hf({k: v.detach().to("cpu", torch.float32) for k, v in model.state_dict().items()})
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    shutil.copyfile(tokenizer.path, folder / "tokenizer.json")
    _write_json(folder / "config.json", hf_config(model.config, tokenizer))
    _write_json(folder / "tokenizer_config.json", tokenizer_config(model.config))
    (folder / "chat_template.jinja").write_text(chat.TEMPLATE, encoding="utf-8")
    _write_json(
        folder / "generation_config.json",
        {
            "eos_token_id": tokenizer.end_id,
            "pad_token_id": tokenizer.pad_id,
            "do_sample": True,
            "temperature": 0.8,
            "top_p": 0.95,
        },
    )
    if state is not None:
        (folder / "training_state").mkdir()
        _write_json(folder / "training_state/state.json", state)
        save_file(
            {k: v.detach().cpu().contiguous() for k, v in (tensors or {}).items()},
            folder / "training_state/state.safetensors",
        )
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    _write_json(folder / "hashes.json", {str(p.relative_to(folder)): sha256_file(p) for p in files})
    _sync(folder)


def size_of(config: ModelConfig) -> int:
    """Bytes of a checkpoint at most: weights and two optimizer moments, fp32."""
    return 12 * sum(parameter_counts(config).values())


def check_room(folder: Path, config: ModelConfig, keep: int) -> None:
    """InputError when the disk has no room for `keep` checkpoints, `best`, and the one being written."""
    there = sum(f.stat().st_size for f in folder.glob("step_*/**/*") if f.is_file())
    free, needed = _free(folder), (keep + 2) * size_of(config) - there
    if free < needed:
        raise InputError(
            f"{folder}: {free / 1e9:.1f} GB free, the checkpoints will need {needed / 1e9:.1f} GB; "
            "free some disk, lower keep_checkpoints, or point train.checkpoint_dir elsewhere"
        )


def has_room(folder: Path, model: WikiGPT) -> bool:
    """Whether one checkpoint more would find room."""
    return _free(folder) > 1.05 * size_of(model.config)


def _free(folder: Path) -> int:
    return shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free


def _disk(folder: Path) -> Path:
    """Where the disk that holds a folder is mounted."""
    return next(path for path in (folder.resolve(), *folder.resolve().parents) if path.is_mount())


def note_evaluation(path: Path, values: dict, keep: int, best: bool) -> None:
    """Keep what a checkpoint scored beside its training state; point `best` at it, prune as save() does."""
    write_json(path / "training_state/evaluation.json", values)
    if best:
        _point(path.parent / "best", path.name)
        prune(path.parent, keep)


def prune(folder: Path, keep: int) -> None:
    """Remove all step_* but the newest `keep` and those that `latest` and `best` point at."""
    pointed = {os.readlink(link) for link in (folder / "latest", folder / "best") if link.is_symlink()}
    for old in sorted(folder.glob("step_*"))[:-keep]:
        if old.name not in pointed:
            shutil.rmtree(old)


def _point(link: Path, name: str) -> None:
    """Make `link` a relative symlink to `name`, replacing an older one in one step."""
    temporary = link.with_name(f".{link.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(name)
    os.replace(temporary, link)


def _write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _sync(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def damage(path: Path, only: tuple[str, ...] = ()) -> str | None:
    """What is wrong with a checkpoint directory, in words; None when every file is as it was written. only: the files
    that matter to whoever asks; then a folder without hashes, a published one, is taken as it is."""
    hashes = Path(path) / "hashes.json"
    if not hashes.exists():
        return None if only else "hashes.json is missing"
    try:
        expected_hashes = dict(json.loads(hashes.read_text(encoding="utf-8")))
    except ValueError:
        return "hashes.json is damaged"
    for name, expected in expected_hashes.items():
        if only and name not in only:
            continue
        file = Path(path) / name
        if not file.exists():
            return f"{name} is missing"
        if sha256_file(file) != expected:
            return f"{name} is damaged"
    return None


def newest(folder: Path) -> Path | None:
    """The newest undamaged checkpoint of a run's folder; says which damaged ones it passed over."""
    for path in sorted(Path(folder).glob("step_*"), reverse=True):
        problem = damage(path)
        if problem is None:
            return path
        print(f"warning: {path}: {problem}; using the checkpoint before it", flush=True)
    return None


def load_config(path: Path) -> ModelConfig:
    """The model's shape from a checkpoint's config.json. InputError when it is none of ours."""
    file = Path(path) / "config.json"
    if not file.exists():
        below = sorted(found.parent.name for found in Path(path).glob("*/config.json"))
        if below:  # the folder of a run: latest, best, step_0001000
            raise InputError(f"{path}: no checkpoint there, but {', '.join(below[:3])} in it; name one of them")
        raise InputError(f"{path}: no checkpoint there; the stage that makes it has not run with this --config")
    try:
        c = dict(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError(f"{file}: is not a JSON object ({error}); copy the checkpoint here again") from None
    if c.get("model_type") != "llama" or c.get("num_key_value_heads") != c.get("num_attention_heads"):
        raise InputError(f"{file}: not a WikiGPT checkpoint (model_type llama, as many key-value heads as heads)")
    try:
        config = ModelConfig(
            vocab_size=c["vocab_size"],
            n_layer=c["num_hidden_layers"],
            n_head=c["num_attention_heads"],
            n_embd=c["hidden_size"],
            block_size=c["max_position_embeddings"],
            d_ff=c["intermediate_size"],
            rope_theta=c.get("rope_theta") or c["rope_parameters"]["rope_theta"],
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"{file}: {error} is missing; copy the checkpoint here again") from None
    sizes = [value for name, value in vars(config).items() if name not in ("rope_theta", "dropout")]
    if not all(type(size) is int and size > 0 for size in sizes) or config.n_embd % (2 * config.n_head):
        raise InputError(f"{file}: its sizes are not those of a model; copy the checkpoint here again")
    return config


def load(path: Path, device: str | torch.device = "cpu") -> tuple[WikiGPT, Tokenizer]:
    """-> (model in fp32 on the device, in eval mode; its tokenizer). InputError names what does not fit."""
    path = Path(path)
    config = load_config(path)
    tokenizer = Tokenizer(path / "tokenizer.json")
    if tokenizer.vocab_size > config.vocab_size:
        raise InputError(f"{path}: the tokenizer has {tokenizer.vocab_size} tokens, the model {config.vocab_size}")
    try:
        tensors = from_hf(load_file(path / "model.safetensors"), config.n_layer)
        model = WikiGPT(config)
        model.load_state_dict(tensors)
    except Exception as error:  # safetensors, KeyError and load_state_dict each have their own
        raise InputError(f"{path}/model.safetensors: cannot be loaded ({str(error).splitlines()[0]})") from error
    return model.to(device).eval(), tokenizer


def training_record(path: Path) -> dict:
    """The state that was given to save(), and what note_evaluation() has added."""
    folder = Path(path) / "training_state"
    evaluation = folder / "evaluation.json"
    return read_json(folder / "state.json") | (read_json(evaluation) if evaluation.exists() else {})


def unfinished(path: Path) -> str:
    """'step 13 of 150' of a checkpoint whose run was stopped before its end; '' else, or where it does not say."""
    if not (Path(path) / "training_state/state.json").exists():
        return ""
    record = training_record(path)
    return f"step {record['step']:,} of {record['steps']:,}" if record["step"] < record.get("steps", 0) else ""


def load_training_state(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    """-> (training_record(), tensors as they were given to save())."""
    return training_record(path), load_file(Path(path) / "training_state/state.safetensors")
