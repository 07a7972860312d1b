"""The configuration: YAML files with `inherits`, dotted overrides, a typed schema.

Every value lives in configs/base.yaml; the schema below holds types and limits and no default, so that
there is one place to look. All problems of a config are reported together, one line each.
"""

import difflib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

ROOT = Path(__file__).resolve().parents[2]


class InputError(Exception):
    """The user's input, config or environment is at fault: shown as one line, exit status 2."""


def _not_bool(value):
    if isinstance(value, bool):
        raise ValueError("expected a number, got true/false")
    return value


def _off(value):
    """YAML reads a bare `off` as false."""
    return "off" if value is False else value


Int = Annotated[int, BeforeValidator(_not_bool)]
Float = Annotated[float, BeforeValidator(_not_bool), Field(allow_inf_nan=False)]
Count = Annotated[Int, Field(ge=1)]
Whole = Annotated[Int, Field(ge=0)]
Positive = Annotated[Float, Field(gt=0)]
NotNegative = Annotated[Float, Field(ge=0)]
Share = Annotated[Float, Field(ge=0, le=1)]


class Place(NamedTuple):
    """Where a relative path of the config starts: under `out`, under `corpus`, or at the repo root; see _place."""

    under: Literal["out", "corpus", "root"]
    reads: bool = False  # names what is there already, maybe elsewhere: only for what a user gives on the command line


InOut = Annotated[str, Place("out")]
FromOut = Annotated[str, Place("out", reads=True)]
InCorpus = Annotated[str, Place("corpus")]
FromRoot = Annotated[str, Place("root", reads=True)]
AUTO = {"sft": "base", "pref": "sft", "dpo": "sft"}  # section.checkpoint: auto is the newest checkpoint of this stage


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True, protected_namespaces=())


class Model(Section):
    vocab_size: Annotated[Int, Field(ge=260, le=65536)]  # 256 bytes + 4 specials; ids are stored as uint16
    n_layer: Count
    n_head: Count
    n_embd: Count
    block_size: Count
    d_ff: Count
    norm: Literal["rmsnorm"]
    rope_theta: Positive
    bias: Literal[False]
    tie_embeddings: Literal[True]
    dropout: Annotated[Float, Field(ge=0, lt=1)]

    @model_validator(mode="after")
    def _heads(self):
        if self.n_embd % self.n_head or self.n_embd // self.n_head % 2:
            raise ValueError(f"n_embd {self.n_embd} must be n_head {self.n_head} times an even head size")
        return self


class Tokenizer(Section):
    path: InCorpus
    special_tokens: Annotated[list[str], Field(min_length=3, max_length=3)]
    sample_mb: Positive
    min_frequency: Count
    cases: bool
    talk: Annotated[Float, Field(ge=0, lt=1)]
    split: Literal["gpt2", "o200k"]

    @model_validator(mode="after")
    def _specials(self):
        if sorted(self.special_tokens) != ["<|assistant|>", "<|end|>", "<|user|>"]:
            raise ValueError(
                "special_tokens must be <|user|>, <|assistant|> and <|end|>: the chat format is made of them"
            )
        return self


class Source(Section):
    path: str
    share: Annotated[Float, Field(gt=0, lt=1)]


class Data(Section):
    dump: Annotated[str | Annotated[list[str], Field(min_length=1)], Place("root", reads=True)]
    extracted_dir: InCorpus
    filtered_dir: InCorpus
    deduped_dir: InCorpus
    train_bin: InCorpus
    val_bin: InCorpus
    val_fraction: Annotated[Float, Field(gt=0, lt=1)]
    recased: Whole
    more: Annotated[list[Source], Place("root", reads=True)]
    shard_articles: Count
    seed: Whole
    workers: Literal["auto"] | Count
    engine: Literal["local", "dask"]
    scheduler: str | None
    report: InOut

    @property
    def dumps(self) -> list[str]:
        return [self.dump] if isinstance(self.dump, str) else self.dump

    @model_validator(mode="after")
    def _scheduler(self):
        if self.engine == "dask" and not self.scheduler:
            raise ValueError("engine dask needs data.scheduler, such as tcp://127.0.0.1:8786")
        return self

    @model_validator(mode="after")
    def _more(self):
        if (shares := sum(source.share for source in self.more)) >= 1:
            raise ValueError(f"the shares of data.more are {shares:g} together: leave some of 1 to the articles")
        if twice := [s.path for n, s in enumerate(self.more) if s.path in [t.path for t in self.more[:n]]]:
            raise ValueError(f"data.more has {twice[0]} twice")
        return self


class Extract(Section):
    backend: Literal["native", "wikiextractor"]
    on_error: Literal["fail", "skip"]
    article_seconds: Positive
    drop_sections: Literal["auto"] | list[str]
    variant: Annotated[str, Field(pattern="^[a-z]{2,3}(-[a-z]+)*$|^auto$")]
    templates: dict[str, str]
    expand: bool
    tables: Literal["drop", "text"]


LanguageCode = Annotated[str, Field(pattern="^[a-z]{2,3}$")]


class Clean(Section):
    language: LanguageCode | Annotated[list[LanguageCode], Field(min_length=1)]
    language_prob: Share
    language_model: Annotated[str | None, Place("root", reads=True)]
    min_chars: Whole
    min_stop_words: Whole
    min_word_length: NotNegative
    max_word_length: Positive
    min_alpha_words: Share
    min_sentence_words: Whole
    max_duplicate_lines: Share
    max_duplicate_5grams: Share
    drop_disambiguation: bool
    max_dropped: Share
    samples: Whole

    @property
    def languages(self) -> list[str]:
        return [self.language] if isinstance(self.language, str) else self.language

    @model_validator(mode="after")
    def _word_length(self):
        if self.min_word_length > self.max_word_length:
            raise ValueError(f"min_word_length {self.min_word_length} is above max_word_length {self.max_word_length}")
        return self


class Dedup(Section):
    backend: Literal["native", "datasketch"]
    num_perm: Count
    ngram: Count
    threshold: Annotated[Float, Field(gt=0, le=1)]
    bands: Count
    rows: Count
    seed: Whole

    @model_validator(mode="after")
    def _bands(self):
        if self.bands * self.rows > self.num_perm:
            raise ValueError(f"bands x rows = {self.bands * self.rows} is more than num_perm {self.num_perm}")
        return self


class Train(Section):
    device: Literal["cuda", "mps", "cpu", "auto"]
    dtype: Literal["float32", "bfloat16"]
    compile: bool
    shard: Literal["none", "fsdp"]
    checkpoint_activations: bool
    micro_batch_size: Count
    grad_accum_steps: Count
    max_iters: Count
    budget: Annotated[str, Field(pattern=r"^(\d+(\.\d+)?[mh]|\$\d+(\.\d+)?)$")] | None
    lr: Positive
    min_lr: NotNegative
    lr_schedule: Literal["cosine", "linear"]
    warmup_iters: Whole
    decay_frac: Annotated[Float, Field(gt=0, le=1)]
    optimizer: Literal["adamw", "muon"]
    weight_decay: NotNegative
    beta1: Share
    beta2: Share
    muon_momentum: Share
    zero_init_proj: bool
    copying_heads: Whole
    repeats: Share
    embed_lr_scale: Positive
    grad_clip: NotNegative
    eval_interval: Count
    eval_iters: Count
    eval_batch_size: Count
    log_interval: Count
    checkpoint_dir: InOut
    checkpoint_interval: Count
    keep_checkpoints: Count
    max_nonfinite: Count
    spike_factor: Annotated[Float, Field(ge=1)] | Literal[0]
    spike_steps: Count
    sample_prompts: list[str]
    sample_tokens: Whole
    price_per_hour: NotNegative
    max_hours: Positive | None
    max_dollars: Positive | None
    bench: Whole
    lr_find: Whole
    seed: Whole

    @model_validator(mode="after")
    def _schedule(self):
        if self.warmup_iters >= self.max_iters:
            raise ValueError(f"warmup_iters {self.warmup_iters} must be below max_iters {self.max_iters}")
        if self.min_lr > self.lr:
            raise ValueError(f"min_lr {self.min_lr} is above lr {self.lr}")
        return self


class Decoding(Section):
    """The sampling knobs; see gpt/sampling.py."""

    temperature: NotNegative
    top_k: Whole
    top_p: Annotated[Float, Field(gt=0, le=1)]
    min_p: Share
    repetition_penalty: Positive


class Sample(Decoding):
    checkpoint: FromOut
    prompts: list[str]
    num_samples: Count
    max_new_tokens: Count
    batch_size: Count
    compile: bool
    seed: Whole


class Eval(Section):
    checkpoints: Annotated[list[str], Field(min_length=1), Place("out", reads=True)]
    texts: Annotated[list[str], Place("out", reads=True)]
    batch_size: Count
    stride: Whole
    report: InOut


class Teacher(Section):
    backend: Literal["openai", "rules"]
    base_url: Annotated[str, Field(pattern="^https?://")]
    model: str
    api_key_env: str
    concurrency: Count
    timeout: Positive
    retries: Whole
    temperature: NotNegative
    answers: InCorpus


class FineTuning(Section):
    """What train_sft.py and train_dpo.py share."""

    checkpoint: FromOut
    epochs: Count
    optimizer: Literal["adamw", "muon"]
    lr: Positive
    warmup_frac: Share
    weight_decay: NotNegative
    micro_batch_size: Count
    grad_accum_steps: Count
    eval_interval: Count
    checkpoint_interval: Count
    keep_checkpoints: Count
    eval_questions: Whole
    seed: Whole


class Sft(FineTuning):
    train_file: InOut
    val_file: InOut
    articles: Count
    conversations: Count
    passages: Whole
    max_article_chars: Count
    max_turns: Count
    val_fraction: Annotated[Float, Field(gt=0, lt=1)]
    mix: dict[Literal["memory", "passage", "limits", "company"], Share]
    typing: Share
    persona: FromRoot
    keep_out: Annotated[list[str], Place("root", reads=True)]
    join: Annotated[Float, Field(ge=0, lt=1)]
    pretrain_share: Annotated[Float, Field(ge=0, lt=1)]
    repeats: Annotated[Float, Field(ge=0, lt=1)]
    cut_words: Share
    typos: Share

    @model_validator(mode="after")
    def _mix(self):
        if not self.mix.get("memory"):
            raise ValueError("mix needs a share of memory: the others are counted by it")
        if self.pretrain_share + self.repeats >= 1:
            raise ValueError("pretrain_share and repeats together leave no room for conversations")
        return self


class Pref(Section):
    train_file: InOut
    val_file: InOut
    prompts_file: InOut
    held_out: Share
    round: Count
    checkpoint: FromOut
    prompts: Count
    samples: Count
    max_new_tokens: Count
    temperature: NotNegative
    temperature_spread: NotNegative
    top_p: Annotated[Float, Field(gt=0, le=1)]
    max_length_ratio: Annotated[Float, Field(ge=1)]
    val_fraction: Annotated[Float, Field(gt=0, lt=1)]
    batch_size: Count
    seed: Whole


class Dpo(FineTuning):
    loss: Literal["sigmoid", "ipo", "apo_zero"]
    beta: Positive
    label_smoothing: Annotated[Float, Field(ge=0, lt=0.5)]
    nll_alpha: NotNegative
    max_nll_rise: Positive
    max_repetition_rise: Positive

    @model_validator(mode="after")
    def _smoothing(self):
        if self.label_smoothing and self.loss != "sigmoid":
            raise ValueError(f"label_smoothing is for the loss sigmoid, not for {self.loss}")
        return self


class Judge(Section):
    checkpoints: Annotated[dict[str, str], Field(min_length=2), Place("out", reads=True)]
    prompts: Count
    max_new_tokens: Count
    temperature: NotNegative
    batch_size: Count
    report: InOut
    seed: Whole


class Serve(Decoding):
    checkpoint: FromOut
    name: str
    host: str
    port: Annotated[Int, Field(ge=0, le=65535)]  # 0: any free port
    models: dict[str, str]
    dtype: Literal["auto", "float32", "bfloat16"]
    max_batch: Count
    queue: Whole
    queue_seconds: NotNegative
    prefix_cache_mb: Whole
    api_key: str | None
    allow_origins: list[str]
    log_requests: bool
    lookup: Annotated[Literal["off", "auto", "always"], BeforeValidator(_off)]


class Lookup(Section):
    index: InCorpus
    passages: Count
    tokens: Whole


class Log(Section):
    tensorboard: bool


class Wandb(Section):
    project: str
    run_name: str
    mode: Literal["auto", "online", "offline", "disabled"]


class Vast(Section):
    gpu: str
    filters: str
    image: str
    disk_gb: Literal["auto"] | Count
    max_price: Positive
    bid: Annotated[Literal["off", "auto"] | Positive, BeforeValidator(_off)]
    max_tries: Count
    boot_minutes: Positive
    ssh_key: str
    idle_minutes: Positive
    laptop_hours: Positive
    max_hours: Positive
    max_dollars: Positive
    pull_minutes: Positive
    outbid_minutes: Positive
    poll_seconds: Positive


class Config(Section):
    """The whole config, a section a stage. `cfg.train.lr`; lists and sections are read-only.

    Paths are relative to the repo root, or absolute, whatever they were relative to in the file: resolve() them.
    """

    out: str
    corpus: str
    again: bool
    model: Model
    tokenizer: Tokenizer
    data: Data
    extract: Extract
    clean: Clean
    dedup: Dedup
    train: Train
    sample: Sample
    eval: Eval
    teacher: Teacher
    sft: Sft
    pref: Pref
    dpo: Dpo
    judge: Judge
    serve: Serve
    lookup: Lookup
    log: Log
    wandb: Wandb
    vast: Vast


TOP_LEVEL = ("out", "corpus", "again")
COMMAND_LINE = "command line"


def resolve(path: str) -> Path:
    """A path of the config: relative ones start at the repo root, wherever the command was run."""
    return ROOT / Path(path).expanduser()


def named_here(path: str) -> str:
    """A path that an option of the command line names, for resolve(): it is taken as an override's value is."""
    return _place(path, "", Place("root", reads=True), COMMAND_LINE)


def load_config(path: str = "configs/base.yaml", overrides: Sequence[str] = (), sections: Sequence[str] = ()) -> Config:
    """Read `path` (relative to the working directory or the repo root), then apply `section.key=value`.

    sections: the stage's own, of whose keys one is meant that is written without its section.
    Raises InputError with every problem found, a line each.
    """
    file = Path(path) if Path(path).exists() else resolve(path)
    raw, origin = _read(file, seen=())
    problems = []
    for item in overrides:
        name, eq, value = item.partition("=")
        section, dot, key = name.strip().partition(".")
        if not eq or bool(dot) != bool(key) or (not dot and section not in TOP_LEVEL):
            example = f"{spelt}={value}" if eq and (spelt := full_name(name.strip(), sections)) else "train.lr=1e-3"
            problems.append(f"override '{item}': write section.key=value, such as {example}")
            continue
        try:
            given = yaml.load(value, _Loader) if value.strip() else ""
        except yaml.YAMLError:
            problems.append(f"override '{item}': the value is not valid YAML; quote it")
            continue
        if dot:
            raw.setdefault(section, {})[key] = given
        else:
            raw[section] = given
        origin[section, key] = COMMAND_LINE
    _place_all(raw, origin)
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        problems += [_explain(dict(e), origin, file) for e in error.errors()]
    if problems:
        raise InputError("\n".join(problems))
    return config


def _place_all(raw: dict, origin: dict) -> None:
    """Rewrite every path of the config to one that is relative to the repo root, or absolute."""
    bases = {"root": ""}
    if raw.get("corpus", "") is None:  # what out says starts where out was said, not where corpus was left open
        raw["corpus"], origin["corpus", ""] = raw.get("out"), origin.get(("out", ""), "")
    for name in ("out", "corpus"):
        if isinstance(raw.get(name), str):
            raw[name] = bases[name] = _place(raw[name], "", Place("root"), origin.get((name, ""), ""))
    sections = {name: keys for name, keys in raw.items() if isinstance(keys, dict) and name in Config.model_fields}
    for section, keys in sections.items():
        for key, place in places(section).items():
            if key in keys:
                keys[key] = _placed(keys[key], bases.get(place.under, ""), place, origin.get((section, key), ""))
    checkpoints = sections.get("train", {}).get("checkpoint_dir")
    for section, stage in AUTO.items():
        if sections.get(section, {}).get("checkpoint") == "auto":
            raw[section]["checkpoint"] = f"{checkpoints}/{stage}/latest"


def places(section: str) -> dict[str, Place]:
    """The keys of a section that hold paths."""
    fields = getattr(Config.model_fields[section].annotation, "model_fields", {})
    found = {key: next((m for m in about.metadata if isinstance(m, Place)), None) for key, about in fields.items()}
    return {key: place for key, place in found.items() if place}


def _placed(value: Any, *where) -> Any:
    """A path, or a list or a mapping of them; what is none of these is for the schema to refuse."""
    if isinstance(value, str):
        return _place(value, *where)
    if isinstance(value, list):
        return [_placed(v, *where) for v in value]
    if isinstance(value, dict):
        return {key: _placed(v, *where) for key, v in value.items()}
    return value


def _place(value: str, base: str, place: Place, origin: str) -> str:
    """One path as the config gives it -> relative to the repo root, or absolute.

    base: the folder that paths of its kind are under; origin: the command line, or the file it stands in. ./x and ../x
    start where the user is, or at that file's folder. What a user names on the command line to be read may also lie
    below the working directory, as a shell completes it.
    """
    path = Path(value).expanduser()
    if value in ("", "auto") or ":" in value.split("/")[0] or path.is_absolute():  # hf:name is not of this disk
        return str(path) if path.is_absolute() else value
    command_line = origin == COMMAND_LINE
    here = Path.cwd() if command_line or not origin else (ROOT / origin).parent
    if value.split("/")[0] in (".", "..") and value != ".":
        found = here / path
    elif command_line and place.reads and not (ROOT / base / path).exists() and (here / path).exists():
        found = here / path
    elif command_line and place.reads and not (ROOT / base / path).exists() and (ROOT / path).exists():
        found = ROOT / path
    else:
        found = ROOT / base / path
    found = Path(os.path.normpath(found))
    return str(found.relative_to(ROOT)) if found.is_relative_to(ROOT) else str(found)


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain values (`no` is Norwegian, 1e-3 a number, 2024-01-01 a name), and no key twice: the first of
    the two would be lost silently."""

    yaml_implicit_resolvers: dict = {}

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key in [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"'{key.value}' stands twice in one section", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in [
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
]:
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first) + [""] * (_tag == "null")
    )


def _read(file: Path, seen: tuple) -> tuple[dict, dict]:
    """-> ({section: {key: value}} with what it inherits, {(section, key): the file it came from})"""
    if file.resolve() in seen:
        raise InputError(f"{file}: inherits from itself")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(f"{file}: cannot read the config ({why}); see configs/ for those there are") from None
    try:
        content = yaml.load(text, _Loader) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else str(file)
        raise InputError(f"{where}: not valid YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(content, dict):
        raise InputError(f"{file}: expected sections such as 'model:' at the top level")
    if not content:
        raise InputError(f"{file}: holds no keys; begin it with 'inherits: base.yaml'")
    parent = content.pop("inherits", None)
    raw, origin = _read(file.parent / str(parent), (*seen, file.resolve())) if parent else ({}, {})
    for section, keys in content.items():
        if section in TOP_LEVEL:
            raw[section] = keys
            origin[section, ""] = _shown(file)
            continue
        if not isinstance(keys, dict):
            near = None if section in Config.model_fields else full_name(section)
            meant = f"; did you mean '{near}'?" if near else ""
            raise InputError(f"{file}: '{section}' must be a section of keys, not {keys!r}{meant}")
        raw.setdefault(section, {}).update(keys)
        origin.update({(section, key): _shown(file) for key in keys})
    return raw, origin


def _shown(file: Path) -> str:
    """From the repo root where it lies below it, else absolute: what a path in it starts from is found by this name."""
    return os.path.relpath(file, ROOT) if file.resolve().is_relative_to(ROOT) else os.path.abspath(file)


# What other projects call our keys
SYNONYMS = {
    "learning_rate": "lr",
    "min_learning_rate": "min_lr",
    "batch_size": "micro_batch_size",
    "gradient_accumulation_steps": "grad_accum_steps",
    "max_steps": "max_iters",
    "num_steps": "max_iters",
    "warmup_steps": "warmup_iters",
    "num_train_epochs": "epochs",
    "max_grad_norm": "grad_clip",
    "seq_len": "block_size",
    "max_seq_length": "block_size",
    "hidden_size": "n_embd",
    "num_layers": "n_layer",
    "num_heads": "n_head",
    "intermediate_size": "d_ff",
    "max_tokens": "max_new_tokens",
}


def section_keys(section: str) -> list[str]:
    """The keys of a section; none of a top-level key or a name that there isn't."""
    field = Config.model_fields.get(section)
    return list(getattr(field.annotation, "model_fields", {})) if field else []


def full_name(name: str, sections: Sequence[str] = ()) -> str | None:
    """'lr', 'learning_rate', 'train.lr', 'model.n_layers' -> 'train.lr' ..., the nearest key; None when none is near.

    sections: whose keys come first where several have one of the name.
    """
    section, _, key = name.rpartition(".")
    keys = {known: section_keys(known) for known in Config.model_fields}
    if section:
        found = [f"{section}.{k}" for k in keys.get(section, ()) if k == key]
    else:
        order = [*sections, *(known for known in keys if known not in sections)]
        found = [f"{known}.{k}" for spelt in (key, SYNONYMS.get(key, key)) for known in order for k in keys[known]
                 if k == spelt]  # fmt: skip
        found += [known for known in (key,) if known in keys and not keys[known]]  # out, corpus, again
    if found:
        return found[0]
    near = difflib.get_close_matches(name, [f"{known}.{k}" for known in keys for k in keys[known]], n=1)
    own = [k for known in sections for k in keys[known]]
    if not near and (close := difflib.get_close_matches(key, own, n=1)):
        near = [next(f"{known}.{close[0]}" for known in sections if close[0] in keys[known])]
    return near[0] if near else None


def _explain(error: dict, origin: dict, file: Path) -> str:
    """One line for one pydantic error: where, what, and the nearest name when a key is unknown."""
    loc = [str(part) for part in error["loc"]]
    section = [o for (s, _), o in origin.items() if s == loc[0]]
    where = origin.get((loc[0], loc[1] if len(loc) > 1 else "")) or next(
        (o for o in (COMMAND_LINE, _shown(file), *section) if o in section), _shown(file)
    )
    name = ".".join(p for p in loc if not p.startswith(("literal[", "constrained-", "function-")))
    if error["type"] == "extra_forbidden":
        keys = section_keys(loc[0]) if len(loc) > 1 else list(Config.model_fields)
        synonym = SYNONYMS.get(loc[-1])
        near = [synonym] if synonym in keys else difflib.get_close_matches(loc[-1], keys, n=1, cutoff=0.5)
        prefix = loc[0] + "." if len(loc) > 1 else ""
        kind = "key" if len(loc) > 1 else "section"
        return f"{where}: unknown {kind} '{name}'; " + (
            f"did you mean '{prefix}{near[0]}'?" if near else "configs/base.yaml has them all"
        )
    if error["type"] == "missing":
        return f"{where}: '{name}' is missing; begin the file with 'inherits: base.yaml'"
    message = error["msg"].removeprefix("Value error, ")
    given = "" if isinstance(error["input"], (dict, BaseModel)) else f", got {error['input']!r}"
    return f"{where}: {name}: {message[0].lower() + message[1:]}{given}"
