"""One step's gradients: the same whatever the micro-batch and however many processes share it; evaluation likewise."""

import pytest
import torch

from gpt.gradients import COMPILER, MEMORY, OTHER, Forward, Gradients, Listed
from gpt.machine import OK, Workers
from model import ModelConfig, WikiGPT
from pipeline.config import InputError

CPU = torch.device("cpu")
IDS = torch.randint(0, 300, (10, 9), generator=torch.Generator().manual_seed(0))
ROWS = list(IDS)


def tiny() -> WikiGPT:
    torch.manual_seed(0)
    return WikiGPT(ModelConfig(vocab_size=300, n_layer=2, n_head=2, n_embd=16, block_size=8, d_ff=24))


def loss(forward, rows):
    """Rows count as many targets as their number in the batch says, so that a mean of means would be another number."""
    ids = torch.stack(list(rows))
    targets = ids[:, 1:].clone()
    targets[:, :3] = -100
    targets[ids[:, 0] % 2 == 0, :6] = -100
    count = int((targets != -100).sum())
    return forward(ids[:, :-1], targets), count, {"rows": torch.tensor(float(len(rows)))}


class Wire:
    """Stands in for the network between processes: notes what is sent, and adds nothing."""

    def __init__(self):
        self.sent: list[torch.Tensor] = []

    def start_sum(self, workers: Workers, tensor: torch.Tensor) -> "Wire":
        self.sent.append(tensor)
        return self

    def wait(self) -> None:
        pass


@pytest.fixture(autouse=True)
def wire(monkeypatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr(Workers, "start_sum", lambda self, tensor: wire.start_sum(self, tensor))
    monkeypatch.setattr(Workers, "worst", lambda self, problem: problem)
    return wire


def of_process(rank: int, size: int, micro_batch_size: int, examples=ROWS, **how) -> Gradients:
    """What a process computes by itself: nothing is sent."""
    workers = Workers(CPU, rank, size)
    return Gradients(
        tiny(), loss, Listed([examples], "rows"), workers, micro_batch_size, "float32", metrics=("rows",), **how
    )


def whole_batch() -> tuple[float, list[torch.Tensor], float]:
    model = tiny()
    value, count, _ = loss(model, ROWS)
    (value / count).backward()
    return value.item() / count, [p.grad for p in model.parameters()], count


@pytest.mark.parametrize("micro_batch_size", [1, 3, 10, 64])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_shares_of_all_processes_are_the_whole(size, micro_batch_size):
    mean, gradient, count = whole_batch()
    processes = [of_process(rank, size, micro_batch_size) for rank in range(size)]
    sums = sum(process._accumulate(0) for process in processes)
    assert sums[1].item() == len(ROWS) and sums[2].item() == count
    assert sums[0].item() / count == pytest.approx(mean, rel=1e-5)
    for i, expected in enumerate(gradient):
        shares = [list(process.model.parameters())[i].grad for process in processes]
        torch.testing.assert_close(sum(shares) / count, expected, rtol=1e-4, atol=1e-6)
    evaluated = sum(process._evaluate(Listed([ROWS], "rows")) for process in processes)
    assert (evaluated[0] / evaluated[2]).item() == pytest.approx(mean, rel=1e-5) and evaluated[1] == len(ROWS)


def test_a_step_leaves_the_gradient_of_the_mean():
    mean, gradient, _ = whole_batch()
    alone = of_process(0, 1, 4)
    means = alone(0)
    assert means["loss"].item() == pytest.approx(mean, rel=1e-5)
    for p, expected in zip(alone.model.parameters(), gradient):
        torch.testing.assert_close(p.grad, expected, rtol=1e-4, atol=1e-6)
    assert alone.mean(Listed([ROWS], "rows"))["loss"] == pytest.approx(mean, rel=1e-5)


def test_a_step_whose_targets_are_all_left_out_changes_nothing():
    def nothing(forward, rows):
        ids = torch.stack(list(rows))
        return forward(ids[:, :-1], torch.full_like(ids[:, 1:], -100)), 0, {}

    gradients = Gradients(tiny(), nothing, Listed([ROWS], "rows"), Workers(CPU), 4, "float32")
    assert gradients(0)["loss"].item() == 0
    assert all(p.grad.count_nonzero() == 0 for p in gradients.model.parameters())


def test_after_the_last_step_comes_the_first_again():
    listed = Listed([[1, 2, 3], [4]], "file.jsonl")
    assert [listed.rows(step) for step in range(4)] == [3, 1, 3, 1]
    assert listed.batch(2, 1, 5) == [2, 3] and "file.jsonl" in listed.place(2)


@pytest.mark.parametrize("mine, others, expected", [(OK, MEMORY, MEMORY), (COMPILER, OK, COMPILER), (OK, OK, OK)])
def test_what_goes_wrong_on_one_process_is_done_again_by_all(mine, others, expected, monkeypatch):
    monkeypatch.setattr(Workers, "worst", lambda self, problem: max(problem, others))
    gradients = of_process(0, 2, 4, compiled=False)
    gradients.forward.compiled = True  # as far as this process knows

    def run():
        if mine == COMPILER:
            raise CompilerError("no C++ compiler")
        return torch.ones(1)

    assert gradients._attempt(run)[0] == expected
    assert gradients.forward.compiled == (expected != COMPILER)


def test_a_fault_on_another_process_ends_this_one_too(monkeypatch):
    monkeypatch.setattr(Workers, "worst", lambda self, problem: OTHER)
    with pytest.raises(RuntimeError, match="another process has failed"):
        of_process(0, 2, 4)(0)


def test_where_weights_are_sharded_a_fault_ends_the_run_with_advice():
    """The others are in the middle of a layer, and cannot be told to begin again."""
    gradients = of_process(0, 2, 4)
    gradients.sharded, gradients.forward.compiled = True, True

    def raising(error):
        def run():
            raise error

        return run

    with pytest.raises(InputError, match="out of memory.* give train.micro_batch_size=2 and grad_accum_steps"):
        gradients._attempt(raising(torch.cuda.OutOfMemoryError("CUDA out of memory")))
    with pytest.raises(InputError, match=r"torch.compile failed \(no triton\); give train.compile=false"):
        gradients._attempt(raising(CompilerError("no triton")))
    with pytest.raises(OSError, match="disk"):
        gradients._attempt(raising(OSError("disk")))


class CompilerError(RuntimeError):
    """As torch's compiler raises them."""


CompilerError.__module__ = "torch._inductor.exc"


def test_a_shape_that_has_gone_through_is_the_compilers_no_more(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda model, **_: model)
    forward = Forward(tiny(), True, print)
    error = CompilerError("C++ compile error")
    forward(IDS[:2, :8])
    assert forward.blames_compiler(error) and not forward.blames_compiler(RuntimeError("C++ compile error"))
    forward.worked()
    assert not forward.blames_compiler(error)
    forward(IDS[:3, :8])
    assert forward.blames_compiler(error)
    with torch.no_grad():
        forward(IDS[:2, :8])
    assert forward.blames_compiler(error)  # without gradients it is compiled by itself


def test_a_system_that_cannot_compile_at_all_costs_a_warning(monkeypatch, capsys):
    def refuse(*_, **__):
        raise RuntimeError("Dynamo is not supported on this Python")

    monkeypatch.setattr(torch, "compile", refuse)
    forward = Forward(tiny(), True, print)
    assert forward(IDS[:2, :8]).shape == (2, 8, 300) and not forward.compiled
    assert "torch.compile failed (Dynamo is not supported" in capsys.readouterr().out


def test_gradients_are_sent_behind_the_last_backward_pass_in_one_order(wire):
    """Nothing after the first micro-batch, all after the second; the same where a process has no rows."""
    busy = of_process(0, 2, 3)  # rows 0 to 2, then 6 to 8
    sent_after: list[int] = []
    backward = torch.Tensor.backward

    def counting(self):
        backward(self)
        sent_after.append(len(wire.sent))

    with pytest.MonkeyPatch.context() as m:
        m.setattr(torch.Tensor, "backward", counting)
        busy._accumulate(0)
    parameters = list(busy.model.parameters())[::-1]
    assert sent_after == [0, len(parameters)]
    busy.reducer.finish()
    assert all(sent is p.grad for sent, p in zip(wire.sent, parameters)) and len(wire.sent) == len(parameters)

    wire.sent.clear()
    idle = of_process(3, 4, 3)  # 10 rows: this one has none beyond number 9
    idle._accumulate(0)
    idle.reducer.finish()
    assert [tuple(t.shape) for t in wire.sent] == [tuple(p.shape) for p in parameters]


@pytest.mark.parametrize("call", [1, 2])
def test_a_process_that_fails_sends_all_the_same(call, wire, monkeypatch):
    """Or the others would wait for it for ever; then all know, and do the step again."""
    gradients, calls = of_process(0, 2, 3), []
    real = gradients.loss

    def failing(forward, rows):
        calls.append(1)
        if len(calls) == call:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return real(forward, rows)

    gradients.loss = failing
    worst, _ = gradients._attempt(lambda: gradients._accumulate(0), gradients.reducer)
    assert worst == MEMORY and len(wire.sent) == len(list(gradients.model.parameters()))
    gradients.model.zero_grad()
    wire.sent.clear()
    assert gradients._attempt(lambda: gradients._accumulate(0), gradients.reducer)[0] == OK
    assert len(wire.sent) == len(list(gradients.model.parameters()))


def test_layers_compiled_one_by_one_are_the_model(monkeypatch):
    compiled = []

    def compile(function, **_):
        compiled.append(function)
        return function

    monkeypatch.setattr(torch, "compile", compile)
    model = tiny()
    forward = Forward(model, True, print, by_layer=True)
    assert torch.equal(forward(IDS[:2, :8], IDS[:2, 1:]), model(IDS[:2, :8], IDS[:2, 1:]))
    assert compiled == [*model.layers, model.nats]


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_activations_computed_again_give_the_same_gradients(dropout):
    found = []
    for again in (False, True):
        torch.manual_seed(0)
        model = WikiGPT(ModelConfig(300, n_layer=2, n_head=2, n_embd=16, block_size=8, d_ff=24, dropout=dropout))
        model.checkpoint_activations = again
        torch.manual_seed(1)
        kept: list[torch.Tensor] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t, kept=kept: kept.append(t) or t, lambda t: t):
            value, _, _ = loss(model, ROWS)
        value.backward()
        found.append((value, [p.grad for p in model.parameters()], len(kept)))
    (value, gradients, kept), (value_again, gradients_again, kept_again) = found
    assert torch.equal(value, value_again) and all(map(torch.equal, gradients, gradients_again))
    assert kept_again < kept / 2
