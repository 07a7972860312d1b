"""train_dpo.py: the loss against values worked out by hand, log-probabilities without padding, and learning."""

import json
import math

import pytest
import torch
import torch.nn.functional as F

import train_dpo
from gpt import checkpoints
from pipeline.config import InputError, load_config
from tiny import tiny_checkpoint, tiny_model, tiny_tokenizer

PAIRS = [
    ("What is gold?", "A metal.", "A river in Europe, and it flows."),
    ("Where is Paris?", "In France.", "In Japan."),
    ("What is Tokyo?", "The capital of Japan.", "No."),
]


def write(path, pairs):
    lines = [{"prompt": [{"role": "user", "content": q}], "chosen": c, "rejected": r} for q, c, r in pairs]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_loss_of_two_pairs_worked_out_by_hand():
    logps = torch.tensor([[-3.0, -8.0], [-5.0, -6.0]])  # chosen, rejected
    ref = torch.tensor([[-4.0, -7.0], [-4.0, -7.0]])
    # pair 1: 0.5 ((-3+4) - (-5+4)) = 1; pair 2: 0.5 ((-8+7) - (-6+7)) = -1
    loss, metrics = train_dpo.dpo_loss(logps, ref, torch.tensor([[3, 4], [5, 2]]), beta=0.5, nll_alpha=0.0)
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-1)) + math.log(1 + math.exp(1)))
    assert {k: v.item() for k, v in metrics.items()} == pytest.approx(
        {
            "margin": 0.0,
            "accuracy": 1.0,
            "reward_chosen": 0.5 - 0.5,
            "reward_rejected": -0.5 + 0.5,
            "nll_chosen": 1.0 + 2.0,
            "nll_rejected": 1.0 + 3.0,
        }
    )
    with_nll, _ = train_dpo.dpo_loss(logps, ref, torch.tensor([[3, 4], [5, 2]]), beta=0.5, nll_alpha=0.1)
    assert with_nll.item() - loss.item() == pytest.approx(0.1 * (1.0 + 2.0))


def losses_of(kind, smoothing=0.0):
    """Of the two pairs above: log-ratios 1 and -1 (pair 1), -1 and 1 (pair 2), at beta 0.5."""
    logps = torch.tensor([[-3.0, -8.0], [-5.0, -6.0]])
    ref = torch.tensor([[-4.0, -7.0], [-4.0, -7.0]])
    tokens = torch.tensor([[2, 4], [5, 2]])
    return train_dpo.dpo_loss(logps, ref, tokens, 0.5, 0.0, kind, smoothing)[0].item()


def test_the_other_losses_of_two_pairs_worked_out_by_hand():
    # ipo, a token: 1/2 - (-1/5) - 1 = -0.3 and -1/4 - 1/2 - 1 = -1.75
    assert losses_of("ipo") == pytest.approx(0.3**2 + 1.75**2)
    up, down = 1 / (1 + math.exp(-0.5)), 1 / (1 + math.exp(0.5))
    assert losses_of("apo_zero") == pytest.approx((1 - up + down) + (1 - down + up))
    right, wrong = math.log(1 + math.exp(-1)), math.log(1 + math.exp(1))
    assert losses_of("sigmoid", 0.1) == pytest.approx(0.9 * right + 0.1 * wrong + 0.9 * wrong + 0.1 * right)


def test_the_gradient_raises_chosen_and_lowers_rejected():
    logps = torch.zeros(2, 1, requires_grad=True)
    loss, _ = train_dpo.dpo_loss(logps, torch.zeros(2, 1), torch.ones(2, 1), beta=0.2, nll_alpha=0.0)
    loss.backward()
    assert logps.grad.flatten().tolist() == pytest.approx([-0.1, 0.1])  # beta * sigmoid(0)


def test_answer_logps_are_those_of_each_answer_alone(tmp_path):
    tokenizer, model = tiny_tokenizer(tmp_path / "tokenizer.json"), tiny_model()
    pairs = train_dpo.load_pairs(write(tmp_path / "p.jsonl", PAIRS), tokenizer, 64)
    got = train_dpo.answer_logps(model, pairs, "cpu")
    for i, (question, *answers) in enumerate(PAIRS):
        prompt = [tokenizer.user_id, *tokenizer.encode(question), tokenizer.end_id, tokenizer.assistant_id]
        for side, answer in enumerate(answers):
            ids = prompt + tokenizer.encode(answer) + [tokenizer.end_id]
            logp = F.log_softmax(model(torch.tensor([ids]))[0].double(), -1)
            expected = sum(logp[t - 1, ids[t]].item() for t in range(len(prompt), len(ids)))
            assert got[side, i].item() == pytest.approx(expected, rel=1e-5)


def test_reference_logps_do_not_depend_on_the_batch(tmp_path):
    tokenizer, model = tiny_tokenizer(tmp_path / "tokenizer.json"), tiny_model()
    pairs = train_dpo.load_pairs(write(tmp_path / "p.jsonl", PAIRS), tokenizer, 64)
    assert torch.allclose(
        train_dpo.reference_logps(model, pairs, 1, torch.device("cpu"), "float32"),
        train_dpo.reference_logps(model, pairs, 3, torch.device("cpu"), "float32"),
        atol=1e-4,
    )


def test_a_bad_line_is_named_and_long_pairs_are_counted(tmp_path, capsys):
    tokenizer = tiny_tokenizer(tmp_path / "tokenizer.json")
    path = write(tmp_path / "p.jsonl", [*PAIRS, ("Long?", "x " * 90, "No.")])
    assert len(train_dpo.load_pairs(path, tokenizer, 64)) == 3
    assert "1 pairs left out" in capsys.readouterr().out
    with path.open("a") as f:
        f.write('{"prompt": [{"role": "user", "content": "?"}], "chosen": "x"}\n')
    with pytest.raises(InputError, match="p.jsonl:5: "):
        train_dpo.load_pairs(path, tokenizer, 64)


@pytest.fixture
def cfg(tmp_path):
    tiny_checkpoint(tmp_path / "start")
    write(tmp_path / "train.jsonl", PAIRS * 4)
    write(tmp_path / "val.jsonl", PAIRS)
    return load_config(
        "configs/demo.yaml",
        [
            f"pref.train_file={tmp_path}/train.jsonl",
            f"pref.val_file={tmp_path}/val.jsonl",
            f"dpo.checkpoint={tmp_path}/start/latest",
            f"train.checkpoint_dir={tmp_path}/checkpoints",
            "dpo.micro_batch_size=2",
            "dpo.grad_accum_steps=2",
            "dpo.epochs=10",
            "dpo.lr=1e-3",
            "dpo.nll_alpha=0.1",
            "dpo.eval_interval=10",
            "dpo.checkpoint_interval=10",
            "dpo.max_repetition_rise=2",
            "train.log_interval=5",
            "wandb.mode=disabled",
        ],
    )


def test_training_prefers_the_chosen_answers(cfg, tmp_path, capsys):
    train_dpo.main(cfg)
    records = [json.loads(line) for line in (tmp_path / "checkpoints/dpo/log.jsonl").read_text().splitlines()]
    evals = [r for r in records if "val_loss" in r]
    assert evals[-1]["val_accuracy"] == 1.0 and evals[-1]["val_margin"] > evals[0]["val_margin"] > 0
    assert evals[-1]["val_nll_chosen"] < evals[0]["val_nll_chosen"]
    tokenizer = checkpoints.load(tmp_path / "start/latest")[1]
    pairs = train_dpo.load_pairs(tmp_path / "val.jsonl", tokenizer, 64)
    before, after = (
        train_dpo.answer_logps(checkpoints.load(tmp_path / name / "latest")[0], pairs, "cpu")
        for name in ("start", "checkpoints/dpo")
    )
    assert ((after[0] - after[1]) > (before[0] - before[1])).all()
    # the reward that was logged, computed again from the two models
    assert evals[-1]["val_margin"] == pytest.approx(
        (cfg.dpo.beta * ((after - before)[0] - (after - before)[1])).mean().item(), rel=1e-3
    )
    capsys.readouterr()
    train_dpo.main(cfg)
    assert "nothing to do" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["ipo", "apo_zero"])
def test_the_other_losses_learn_too(cfg, tmp_path, kind):
    dpo = cfg.dpo.model_copy(update={"loss": kind, "epochs": 4, "lr": 3e-3})
    train_dpo.main(cfg.model_copy(update={"dpo": dpo}))
    records = [json.loads(line) for line in (tmp_path / "checkpoints/dpo/log.jsonl").read_text().splitlines()]
    last = [r for r in records if "val_loss" in r][-1]
    assert last["val_accuracy"] == 1.0 and last["val_margin"] > 0


def test_a_run_that_does_harm_stops(cfg, tmp_path, monkeypatch):
    """What it is evaluated to is given here: three tenths of a nat worse at the second evaluation."""
    given = iter([1.0, 1.3])
    monkeypatch.setattr(train_dpo, "nll_before", lambda examples: 1.0)
    mean = train_dpo.Run.evaluate

    def evaluate(run):
        mean(run)
        run.val["val_nll_chosen"] = next(given)

    monkeypatch.setattr(train_dpo.Run, "evaluate", evaluate)
    with pytest.raises(
        InputError, match="step 20: the chosen answers have become less likely .1.300 .*before 1.000"
    ) as e:
        train_dpo.main(cfg.model_copy(update={"dpo": cfg.dpo.model_copy(update={"max_nll_rise": 0.2})}))
    assert "lower dpo.lr" in str(e.value) and "checkpoints/dpo/best" in str(e.value) and "\n" not in str(e.value)
    assert (tmp_path / "checkpoints/dpo/best").exists()


def test_a_run_that_has_moved_nothing_says_so(cfg, capsys):
    train_dpo.main(cfg.model_copy(update={"dpo": cfg.dpo.model_copy(update={"lr": 1e-9, "epochs": 1})}))
    out = capsys.readouterr().out
    assert "dpo: 0% of the answers are other ones" in out and "warning: nothing has moved" in out


def test_answers_that_begin_to_repeat_themselves_are_harm(cfg):
    before, now = {"nll_chosen": 1.0, "repetition": 0.02}, {"val_nll_chosen": 1.0, "val_repetition": 0.1}
    strict = cfg.dpo.model_copy(update={"max_repetition_rise": 0.05})
    assert "10% of the answers repeat themselves, before 2%" in train_dpo.harm(now, before, strict)
    assert train_dpo.harm(now | {"val_repetition": 0.06}, before, strict) == ""


def test_smoothing_is_for_the_sigmoid_loss_alone():
    with pytest.raises(InputError, match="label_smoothing is for the loss sigmoid, not for ipo"):
        load_config("configs/demo.yaml", ["dpo.loss=ipo", "dpo.label_smoothing=0.1"])
