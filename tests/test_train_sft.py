"""train_sft.py and the loop it shares with train_dpo.py: what is learned, what cannot see what, and exact resuming."""

import json
import math
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import train_sft
from gpt import chat, checkpoints
from gpt.decoder import generate
from gpt.sampling import Sampling
from gpt.tokenizer import Tokenizer
from gpt.tokens import TokenFile
from pipeline.config import InputError, load_config
from tiny import tiny_checkpoint, tiny_model, tiny_tokenizer, token_files

FACTS = {
    "What is gold?": "Gold is a metal.",
    "Where is Paris?": "Paris is in France.",
    "What is the Danube?": "A river in Europe.",
    "What is Tokyo?": "The capital of Japan.",
    "Is gold soft?": "Yes.",
}


def conversation(question, answer, *more):
    return {
        "messages": [
            {"role": role, "content": text} for role, text in zip(["user", "assistant"] * 4, [question, answer, *more])
        ]
    }


def write(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def conversations_of(path, tokenizer, length):
    return [talk.conversation for talk in train_sft.read_talks(path, tokenizer, length)]


@pytest.fixture
def setup(tmp_path):
    """-> function(*overrides) -> cfg of a run in tmp_path on a tiny base model and the FACTS"""
    tiny_checkpoint(tmp_path / "start", block_size=32)
    write(tmp_path / "train.jsonl", [conversation(q, a) for q, a in FACTS.items()] * 4)
    write(tmp_path / "val.jsonl", [conversation(q, a) for q, a in list(FACTS.items())[:2]])

    def make(*overrides):
        return load_config(
            "configs/demo.yaml",
            [
                f"sft.train_file={tmp_path}/train.jsonl",
                f"sft.val_file={tmp_path}/val.jsonl",
                f"sft.checkpoint={tmp_path}/start/latest",
                f"train.checkpoint_dir={tmp_path}/checkpoints",
                "sft.micro_batch_size=2",
                "sft.grad_accum_steps=2",
                "sft.lr=3e-3",
                "sft.epochs=6",
                "sft.eval_interval=5",
                "sft.checkpoint_interval=4",
                "train.log_interval=3",
                "wandb.mode=disabled",
                f"data.val_bin={tmp_path}/none.bin",
                *overrides,
            ],
        )

    return make


def of_length(lengths: list[int]) -> list[train_sft.Conversation]:
    """Conversations of so many inputs, each told apart by its first id."""
    return [([number] + [0] * n, [False] + [True] * n) for number, n in enumerate(lengths, 1)]


@pytest.mark.parametrize("lengths", [[3, 9, 4, 4, 10, 1, 7], [10] * 5, list(range(1, 11)) * 20])
def test_packing_holds_every_item_once_and_no_row_is_too_long(lengths):
    items = of_length(lengths)
    rows = train_sft.pack(items, 10, random.Random(1))
    assert sorted(item for row in rows for item in row) == items
    assert all(sum(len(ids) - 1 for ids, _ in row) <= 10 for row in rows)
    assert rows == train_sft.pack(items, 10, random.Random(1))
    assert len(lengths) < 10 or rows != train_sft.pack(items, 10, random.Random(2))


def test_packing_wastes_little():
    lengths = [random.Random(i).randint(5, 120) for i in range(3000)]
    rows = train_sft.pack(of_length(lengths), 256, random.Random(0))
    assert sum(lengths) / (256 * len(rows)) > 0.97


def test_a_share_of_conversations_goes_on_after_another():
    items = of_length([random.Random(i).randint(5, 60) for i in range(2000)])
    joined = train_sft.join(items, 0.25, 256, random.Random(3))
    assert abs((len(items) - len(joined)) / len(items) - 0.25) < 0.04
    assert max(len(ids) for ids, _ in joined) <= 257 and all(len(ids) == len(learned) for ids, learned in joined)
    cut = [ids for ids, _ in joined for ids in split_at(ids, {ids[0] for ids, _ in items})]
    assert sorted(cut) == sorted(ids for ids, _ in items), "every token is there once"
    assert train_sft.join(items, 0, 256, random.Random(3)) == random.Random(3).sample(items, len(items))
    assert [len(ids) for ids, _ in train_sft.join(of_length([9, 9, 9]), 0.999, 18, random.Random(0))] == [10, 10, 10], (
        "20 tokens do not fit 19"
    )
    assert [len(ids) for ids, _ in train_sft.join(of_length([9, 9, 9]), 0.999, 19, random.Random(0))] == [20, 10]


def split_at(ids: list[int], first: set[int]) -> list[list[int]]:
    """A new conversation begins where its first id stands; the filler is 0."""
    starts = [0] + [i for i in range(1, len(ids)) if ids[i] in first] + [len(ids)]
    return [ids[a:b] for a, b in zip(starts, starts[1:])]


def test_after_a_change_of_subject_the_first_question_is_read_and_not_learned(tmp_path):
    """A joined conversation is what chat.encode makes of all its messages."""
    tokenizer = tiny_tokenizer(tmp_path / "tokenizer.json")
    parts = [conversation("What is gold?", "A metal."), conversation("Where is Paris?", "In France.")]
    encoded = [chat.encode(tokenizer, part["messages"]) for part in parts]
    (joined,) = train_sft.join(encoded, 0.999, 64, random.Random(0))
    assert joined in [chat.encode(tokenizer, a["messages"] + b["messages"]) for a, b in (parts, parts[::-1])]


def test_the_validation_loss_is_told_for_each_family_too(setup, tmp_path):
    said = [*FACTS.items(), ("Hello", "Hello! How are you?")]
    kinds = ["fact", "yes_no", "passage/answer", "passage/title", "limits/after", "company/greeting"]
    write(tmp_path / "val.jsonl", [conversation(q, a) | {"kind": k} for (q, a), k in zip(said, kinds)])
    train_sft.main(setup("sft.epochs=1"))
    log = (tmp_path / "checkpoints/sft/log.jsonl").read_text().splitlines()
    losses = next(r for r in map(json.loads, reversed(log)) if "val_loss" in r)
    tokenizer = tiny_tokenizer(tmp_path / "tokenizer.json")
    families = dict.fromkeys(["memory", "passage", "limits", "company"], 0)
    for (_, answer), kind in zip(said, kinds):
        families[kind.partition("/")[0] if "/" in kind else "memory"] += len(tokenizer.encode(answer)) + 1
    assert {name for name in losses if name.startswith("val_loss_")} == {f"val_loss_{name}" for name in families}
    mean = sum(losses[f"val_loss_{name}"] * n for name, n in families.items()) / sum(families.values())
    assert losses["val_loss"] == pytest.approx(mean, abs=1e-4)


def test_only_what_the_assistant_says_is_learned(tmp_path):
    tokenizer = tiny_tokenizer(tmp_path / "tokenizer.json")
    path = write(tmp_path / "c.jsonl", [conversation("What is gold?", "A metal.", "Soft?", "Yes.")])
    conversations = conversations_of(path, tokenizer, 64)
    inputs, targets, positions, mask = train_sft.collate([conversations], 64)
    learned = targets[0][targets[0] != -100].tolist()
    assert learned == tokenizer.encode("A metal.") + [tokenizer.end_id] + tokenizer.encode("Yes.") + [tokenizer.end_id]
    where = (targets[0] != -100).nonzero().flatten()
    assert inputs[0][where[0]] == tokenizer.assistant_id  # the first learned token is predicted from <|assistant|>
    assert torch.equal(
        inputs[0][where[:-1] + 1][targets[0][where[:-1]] != tokenizer.end_id],
        targets[0][where[:-1]][targets[0][where[:-1]] != tokenizer.end_id],
    )


def test_packed_conversations_give_the_loss_that_each_gives_alone(tmp_path):
    tokenizer, model = tiny_tokenizer(tmp_path / "tokenizer.json"), tiny_model()
    path = write(tmp_path / "c.jsonl", [conversation(q, a) for q, a in FACTS.items()])
    conversations = conversations_of(path, tokenizer, 64)
    rows = train_sft.pack(conversations, 64, random.Random(0))
    assert any(len(row) > 1 for row in rows)
    inputs, targets, positions, mask = train_sft.collate(rows, 64)
    packed = model(inputs, targets, positions=positions, mask=mask)
    alone = 0.0
    for ids, learned in conversations:  # plain causal rows, the loss written out
        logp = F.log_softmax(model(torch.tensor([ids[:-1]]))[0].double(), -1)
        alone -= sum(logp[i, ids[i + 1]] for i in range(len(ids) - 1) if learned[i + 1])
    assert packed.item() == pytest.approx(alone.item(), rel=1e-5)


def test_a_conversation_cannot_see_its_neighbour(tmp_path):
    tokenizer, model = tiny_tokenizer(tmp_path / "tokenizer.json"), tiny_model()
    path = write(tmp_path / "c.jsonl", [conversation("What is gold?", "A metal."), conversation("Soft?", "Yes.")])
    conversations = conversations_of(path, tokenizer, 64)
    inputs, _, positions, mask = train_sft.collate([conversations], 64)
    first = len(conversations[0][0]) - 1
    before = model(inputs, positions=positions, mask=mask)
    changed = inputs.clone()
    changed[0, 1] = 42
    after = model(changed, positions=positions, mask=mask)
    assert torch.equal(before[0, first:], after[0, first:])
    assert not torch.allclose(before[0, 1:first], after[0, 1:first])
    assert torch.isfinite(before).all()


def test_long_conversations_lose_whole_turns_from_the_end(tmp_path, capsys):
    tokenizer = tiny_tokenizer(tmp_path / "tokenizer.json")
    path = write(
        tmp_path / "c.jsonl",
        [conversation("Gold?", "Yes.", "Tell me all.", "x " * 100), conversation("a " * 200, "No.")],
    )
    ((ids, _),) = conversations_of(path, tokenizer, 40)
    assert ids == chat.encode(tokenizer, conversation("Gold?", "Yes.")["messages"])[0]
    assert "1 conversations left out" in capsys.readouterr().out


@pytest.mark.parametrize(
    "line",
    [
        '{"messages": []}',
        '{"text": "x"}',
        '{"messages": [{"role": "user"}]}',
        "{broken",
        '{"messages": [{"role": "robot", "content": "x"}]}',
    ],
)
def test_a_bad_line_is_named(tmp_path, line):
    tokenizer = tiny_tokenizer(tmp_path / "tokenizer.json")
    good = json.dumps(conversation("Gold?", "Yes."))
    (tmp_path / "c.jsonl").write_text(f"{good}\n{line}\n")
    with pytest.raises(InputError, match="c.jsonl:2: "):
        conversations_of(tmp_path / "c.jsonl", tokenizer, 64)


def test_missing_inputs_are_all_named_at_once(setup, tmp_path):
    with pytest.raises(InputError) as error:
        train_sft.main(
            setup(f"sft.checkpoint={tmp_path}/none", f"sft.train_file={tmp_path}/a", f"sft.val_file={tmp_path}/b")
        )
    assert len(str(error.value).splitlines()) == 3 and "gen_sft_data.py" in str(error.value)


def test_learns_its_conversations_by_heart_and_stops_by_itself(setup, tmp_path, capsys):
    train_sft.main(setup("sft.epochs=60", "sft.eval_interval=100", "sft.checkpoint_interval=1000"))
    model, tokenizer = checkpoints.load(tmp_path / "checkpoints/sft/latest")
    prompts = [chat.encode(tokenizer, [{"role": "user", "content": q}], add_generation_prompt=True)[0] for q in FACTS]
    done = generate(model, tokenizer, prompts, 30, Sampling(temperature=0.0), seeds=[0] * len(prompts))
    assert [c.text for c in done] == list(FACTS.values())
    assert all(c.finish_reason == "stop" for c in done)
    assert (tmp_path / "checkpoints/sft/best").is_symlink()
    capsys.readouterr()
    train_sft.main(setup("sft.epochs=60", "sft.eval_interval=100", "sft.checkpoint_interval=1000"))
    assert "nothing to do" in capsys.readouterr().out


def test_a_killed_run_goes_on_and_ends_with_the_same_weights(setup, tmp_path, monkeypatch):
    cfg = setup()
    train_sft.main(cfg)
    final = tmp_path / "checkpoints/sft/latest/model.safetensors"
    undisturbed, log = final.read_bytes(), (tmp_path / "checkpoints/sft/log.jsonl").read_text()
    steps = [json.loads(line)["step"] for line in log.splitlines()]

    class Killed(BaseException):
        pass

    save, saves = checkpoints.save, []

    def save_then_die(*args, **kwargs):
        path = save(*args, **kwargs)
        saves.append(path)
        if len(saves) == 2:
            raise Killed
        return path

    again = setup(f"train.checkpoint_dir={tmp_path}/again")
    monkeypatch.setattr(checkpoints, "save", save_then_die)
    with pytest.raises(Killed):
        train_sft.main(again)
    train_sft.main(again)
    assert len(saves) > 2
    assert (tmp_path / "again/sft/latest/model.safetensors").read_bytes() == undisturbed
    assert [json.loads(line)["step"] for line in (tmp_path / "again/sft/log.jsonl").read_text().splitlines()] == steps


def test_accumulation_gives_the_gradient_of_the_whole_batch(setup, tmp_path):
    train_sft.main(setup("sft.epochs=1"))
    train_sft.main(
        setup(
            "sft.epochs=1", "sft.micro_batch_size=4", "sft.grad_accum_steps=1", f"train.checkpoint_dir={tmp_path}/whole"
        )
    )
    a, b = (checkpoints.load(tmp_path / name / "sft/latest")[0].state_dict() for name in ("checkpoints", "whole"))
    assert max((a[name] - b[name]).abs().max() for name in a) < 1e-4
    start = checkpoints.load(tmp_path / "start/latest")[0].state_dict()
    assert max((a[name] - start[name]).abs().max() for name in a) > 1e-3


def test_changed_settings_keep_the_earlier_run(setup, tmp_path, capsys):
    train_sft.main(setup("sft.epochs=1"))
    first = (tmp_path / "checkpoints/sft/latest/model.safetensors").read_bytes()
    train_sft.main(setup("sft.epochs=1", "sft.lr=1e-4"))
    assert "kept in" in capsys.readouterr().out
    assert (tmp_path / "checkpoints/sft.1/latest/model.safetensors").read_bytes() == first
    assert (tmp_path / "checkpoints/sft/latest/model.safetensors").read_bytes() != first


def test_out_of_memory_halves_the_micro_batch(setup, tmp_path, monkeypatch, capsys):
    train_sft.main(setup("sft.epochs=1"))
    collate = train_sft.collate

    def small_card(rows, *args):
        if len(rows) > 1:
            raise RuntimeError("CUDA out of memory")
        return collate(rows, *args)

    write(tmp_path / "val.jsonl", [conversation("Gold?", "Yes.")])  # evaluated as one row
    monkeypatch.setattr(train_sft, "collate", small_card)
    train_sft.main(setup("sft.epochs=1", f"train.checkpoint_dir={tmp_path}/small"))
    assert "micro_batch_size is now 1" in capsys.readouterr().out
    a, b = (checkpoints.load(tmp_path / name / "sft/latest")[0].state_dict() for name in ("checkpoints", "small"))
    assert max((a[name] - b[name]).abs().max() for name in a) < 1e-4


# what the user says, typed anew in every epoch

ASKED = "Which country has the longest border?"


def typed(tmp_path, kind: str, cut: float, typos: float, length: int = 128):
    tokenizer = tiny_tokenizer(tmp_path / "tokenizer.json")
    talk = conversation(ASKED, "No country.", "Which continent?", "Asia.") | {"kind": kind}
    talks = train_sft.read_talks(write(tmp_path / "c.jsonl", [talk] * 40), tokenizer, length)
    return tokenizer, talks, train_sft.Typing(talks, tokenizer, length, cut, typos, seed=3)


def said(tokenizer, conversation) -> list[str]:
    """What the user says, of the ids."""
    ids = conversation[0]
    begins = [place + 1 for place, i in enumerate(ids) if i == tokenizer.user_id]
    return [tokenizer.decode(ids[at : ids.index(tokenizer.end_id, at)]) for at in begins]


def test_words_are_cut_elsewhere_in_every_epoch_and_say_the_same(tmp_path):
    tokenizer, talks, epochs = typed(tmp_path, "fact", cut=0.3, typos=0)
    first, second = epochs(0), epochs(1)
    assert first == train_sft.Typing(talks, tokenizer, 128, 0.3, 0, seed=3)(0) != second
    assert len({tuple(ids) for ids, _ in first + second}) > 5  # most words of this tokenizer are bytes
    for ids, learned in first + second:
        assert tokenizer.decode(ids) == tokenizer.decode(talks[0].conversation[0])
        answers = [i for i, is_learned in zip(ids, learned) if is_learned]
        assert answers == tokenizer.encode("No country.") + [tokenizer.end_id] + tokenizer.encode("Asia.") + [
            tokenizer.end_id
        ]


def test_a_typo_is_another_one_in_every_epoch(tmp_path):
    tokenizer, _, epochs = typed(tmp_path, "fact", cut=0, typos=0.5)
    asked = [said(tokenizer, c)[0] for epoch in range(3) for c in epochs(epoch)]
    wrong = [text for text in asked if text != ASKED]
    assert 0.3 < len(wrong) / len(asked) < 0.7 and len(set(wrong)) > 30
    for text in wrong:
        pairs = list(zip(text.split(), ASKED.split(), strict=True))
        assert sum(a != b for a, b in pairs) == 1, "one word"


@pytest.mark.parametrize(("kind", "length"), [("passage/answer", 128), ("fact", 0)])
def test_a_text_to_read_and_what_would_no_longer_fit_stay_as_they_are(tmp_path, kind, length):
    length = length or len(typed(tmp_path, kind, 0, 0)[1][0].conversation[0]) - 1
    _, talks, epochs = typed(tmp_path, kind, cut=1, typos=0, length=length)
    assert epochs(0) == [talk.conversation for talk in talks]


def test_without_shares_the_epochs_are_those_of_older_versions(tmp_path):
    _, talks, epochs = typed(tmp_path, "fact", cut=0, typos=0)
    assert epochs(0) == epochs(1) == [talk.conversation for talk in talks]


# text of the pretraining beside the conversations


@pytest.mark.parametrize("step, said", [(13, True), (150, False)])
def test_a_base_model_whose_run_was_stopped_is_named(setup, tmp_path, capsys, step, said):
    cfg, start = setup(), tmp_path / "start/latest"
    (start / "training_state").mkdir()
    (start / "training_state/state.json").write_text(json.dumps({"step": step, "steps": 150}))
    note = f"note: {start} is of step 13 of 150: the run that makes it was stopped"
    train_sft.main(cfg)
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note: ") and "of step" in line]
    assert notes == ([note] if said else [])
    train_sft.main(cfg)  # nothing is left to do, so nothing is said of what it was made from
    assert "of step" not in capsys.readouterr().out


@pytest.fixture
def texts(setup, tmp_path):
    """-> function(*overrides) -> cfg; train.bin and val.bin are packed with the base model's tokenizer"""
    token_files(tmp_path / "tokens")
    tokenizer = tiny_tokenizer(tmp_path / "tokens/tokenizer.json", vocab_size=280)
    assert tokenizer.vocab_size < 300
    base = checkpoints.load(tmp_path / "start/latest")[0]
    checkpoints.save(tmp_path / "start", "step_0000002", base, tokenizer)
    files = [f"data.{name}_bin={tmp_path}/tokens/{name}.bin" for name in ("train", "val")]
    return lambda *overrides: setup(*files, *overrides)


def test_a_share_of_the_rows_is_text_of_which_every_token_is_learned(texts, tmp_path):
    cfg, path = texts("sft.pretrain_share=0.25"), tmp_path / "tokens/train.bin"
    random_ids = np.random.default_rng(0).integers(4, 280, TokenFile(path).tokens)  # no stretch of it comes twice
    path.write_bytes(random_ids.astype("<u2").tobytes())
    tokenizer = Tokenizer(tmp_path / "tokens/tokenizer.json")
    model = checkpoints.load(tmp_path / "start/latest")[0]
    text, _ = train_sft.raw_text(cfg, tokenizer, model.config)
    talks = conversations_of(tmp_path / "train.jsonl", tokenizer, 32)
    steps = list(train_sft.steps_of(lambda epoch: talks, 32, 9, 4, 0, 7, text))
    plain = list(train_sft.steps_of(lambda epoch: talks, 32, 9, 4, 0, 7))
    rows, wanted = [row for step in steps for row in step], [row for step in plain for row in step]
    raw = [row for row in rows if row not in wanted]
    assert 0.2 < len(raw) / len(rows) < 0.3
    assert sorted(map(str, (row for row in rows if row in wanted))) == sorted(map(str, wanted)), "no conversation lost"
    ids = random_ids.tolist()
    ring = ids + ids[:33]
    places = set()
    for row in raw:
        ((window, learned),) = row
        assert len(window) == 33 and learned == [False] + [True] * 32
        places.add(next(i for i in range(len(ids)) if ring[i : i + 33] == window))
    assert len(places) == len(raw) <= len(ids) // 32, "no window twice in an epoch of the text"
    inputs, targets, positions, mask = train_sft.collate(raw[:1], 32)
    assert torch.equal(mask[0, 0], torch.ones(32, 32, dtype=torch.bool).tril())
    assert positions[0].tolist() == list(range(32))
    assert targets[0].tolist() == raw[0][0][0][1:]


def test_a_share_of_the_rows_is_a_span_told_again_of_which_the_first_telling_is_read_only(texts, tmp_path):
    cfg, tokenizer = texts("sft.repeats=0.25"), Tokenizer(tmp_path / "tokens/tokenizer.json")
    text, _ = train_sft.raw_text(cfg, tokenizer, checkpoints.load(tmp_path / "start/latest")[0].config)
    talks = conversations_of(tmp_path / "train.jsonl", tokenizer, 32)
    rows = [row for step in train_sft.steps_of(lambda epoch: talks, 32, 9, 4, 0, 7, text) for row in step]
    repeats = [row[0] for row in rows if len(row) == 1 and len(row[0][0]) == 33 and not row[0][1][8]]
    assert 0.15 < len(repeats) / len(rows) < 0.35
    for ids, learned in repeats:
        first = learned.index(True)
        assert 8 < first <= 13 and learned == [False] * first + [True] * (33 - first)
        assert all(ids[at] == ids[at - first + 1] for at in range(first, 33)), "told again from there on"


def test_mixed_with_text_a_killed_run_ends_with_the_same_weights(texts, tmp_path, monkeypatch):
    train_sft.main(texts("sft.pretrain_share=0.3", "sft.epochs=1"))
    undisturbed = (tmp_path / "checkpoints/sft/latest/model.safetensors").read_bytes()

    class Killed(BaseException):
        pass

    save = checkpoints.save

    def save_then_die(*args, **kwargs):
        save(*args, **kwargs)
        raise Killed

    again = texts("sft.pretrain_share=0.3", "sft.epochs=1", f"train.checkpoint_dir={tmp_path}/again")
    monkeypatch.setattr(checkpoints, "save", save_then_die)
    with pytest.raises(Killed):
        train_sft.main(again)
    monkeypatch.setattr(checkpoints, "save", save)
    train_sft.main(again)
    assert (tmp_path / "again/sft/latest/model.safetensors").read_bytes() == undisturbed
    train_sft.main(texts("sft.pretrain_share=0", "sft.epochs=2", f"train.checkpoint_dir={tmp_path}/plain"))
    assert (tmp_path / "plain/sft/latest/model.safetensors").read_bytes() != undisturbed


def test_what_fine_tuning_costs_is_in_the_log(texts, tmp_path, capsys):
    """Perplexity of val.bin, written out for the model before and after; the questions that were learned by heart."""
    train_sft.main(texts("sft.epochs=60", "sft.eval_interval=1000", "sft.checkpoint_interval=1000"))
    ids = [2, *TokenFile(tmp_path / "tokens/val.bin").ids.tolist()]  # <|end|> comes before the first document

    def perplexity(model):
        nats = []
        for at in range(0, len(ids) - 1, 32):
            window = torch.tensor([ids[at : at + 33]])
            logp = F.log_softmax(model(window[:, :-1])[0].double(), -1)
            nats += [-logp[i, window[0, i + 1]].item() for i in range(window.shape[1] - 1)]
        nats = nats[: 8 * 32]  # demo.yaml's eval_iters
        return math.exp(sum(nats) / len(nats))

    records = [json.loads(line) for line in (tmp_path / "checkpoints/sft/log.jsonl").read_text().splitlines()]
    last = next(r for r in reversed(records) if "val_loss" in r)
    before, after = (checkpoints.load(tmp_path / name / "latest")[0].eval() for name in ("start", "checkpoints/sft"))
    assert last["val_text_perplexity"] == pytest.approx(perplexity(after), rel=1e-4)
    assert f"before: {perplexity(before):.2f}" in capsys.readouterr().out
    assert last["val_exact_match"] == 1.0 and last["val_stop_rate"] == 1.0 and last["val_repetition"] == 0.0


def test_without_tokens_of_this_tokenizer_nothing_is_measured_and_nothing_mixed_in(setup, tmp_path, capsys):
    token_files(tmp_path / "other")
    train_sft.main(setup("sft.epochs=1", f"data.val_bin={tmp_path}/other/val.bin"))
    out = capsys.readouterr().out
    assert "note: the perplexity of raw text is not measured" in out and "another tokenizer" in out
    with pytest.raises(InputError, match="run python src/pack_tokens.py"):
        train_sft.main(setup("sft.pretrain_share=0.1", f"data.train_bin={tmp_path}/none.bin"))
