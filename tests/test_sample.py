"""sample.py: prompts from the config and the command line, seeds, order; conversations in a pipe and on a terminal."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest

import sample
from conftest import ROOT
from gpt import checkpoints
from gpt.decoder import generate, stream
from gpt.sampling import Sampling
from pipeline.cli import stage_main
from pipeline.config import InputError, load_config
from small_index import small_index
from tiny import Parrot, tiny_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("tiny"), block_size=128)


@pytest.fixture()
def run(checkpoint, capsys, monkeypatch):
    """sample.py's command line, in this process. -> stdout, stderr"""

    def call(*line: str) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["sample.py", "--checkpoint", str(checkpoint), *line])
        with pytest.raises(SystemExit) as end:
            stage_main(sample.main, sample.__doc__, ("sample",), sample.arguments)
        captured = capsys.readouterr()
        assert end.value.code in (0, None), captured.err
        return captured.out, captured.err

    return call


def test_prompts_samples_and_seeds_in_order(run, checkpoint):
    out, err = run(
        "--prompt",
        "Gold is",
        "--prompt",
        "The Danube",
        "sample.num_samples=2",
        "sample.seed=7",
        "sample.batch_size=3",
        "sample.max_new_tokens=12",
        "sample.temperature=1.2",
        "sample.top_p=1.0",
    )
    model, tokenizer = checkpoints.load(checkpoint)
    expected = ""
    for prompt in ("Gold is", "The Danube"):
        for seed in (7, 8):
            done = generate(model, tokenizer, [tokenizer.encode(prompt)], 12, Sampling(1.2), [seed])[0]
            expected += f"--- seed {seed}\n{prompt}{done.text}\n\n"
    assert out == expected
    assert re.search(r"^4 samples, \d+ tokens in [\d.]+s: [\d,]+ tokens/s$", err, re.M)


def test_the_configs_prompts_when_none_is_given(run):
    out, _ = run("sample.prompts=[one, two]", "sample.max_new_tokens=1")
    assert [line for line in out.splitlines() if line.startswith(("one", "two"))]


def test_no_prompt_at_all_and_one_too_long(checkpoint):
    for prompts, message in (([], "nothing to write on"), (["Gold " * 100], "the model reads at most 128")):
        with pytest.raises(InputError, match=message):
            sample.write_on(load_config("configs/base.yaml").sample, str(checkpoint), prompts)


def converse(checkpoint, text: str, *overrides: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, ROOT / "src/sample.py", "--checkpoint", checkpoint, "--chat", *overrides],
        input=text,
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def test_a_conversation_in_a_pipe(checkpoint):
    done = converse(
        checkpoint, "Hello\n\n/new\nHello\n/help\n/quit\nnot read\n", "sample.max_new_tokens=8", "sample.temperature=0"
    )
    answers = done.stdout.rstrip("\n").split("\n")
    assert (
        done.returncode == 0 and len(answers) == 2 and answers[0] == answers[1]
    )  # /new forgets: the same answer again
    assert "A new conversation." in done.stderr and "Traceback" not in done.stderr
    assert not done.stdout.startswith(">")


class FakeTerminal:
    """Lines that a user types, one call of input() each; an exception is raised instead of returned."""

    def __init__(self, *lines):
        self.lines = list(lines)

    def __call__(self, prompt=""):
        line = self.lines.pop(0)
        if isinstance(line, BaseException):
            raise line
        return line


def test_the_conversation_so_far_is_what_the_model_reads(checkpoint, monkeypatch, capsys, tmp_path):
    model, tokenizer = checkpoints.load(checkpoint)
    seen = []
    monkeypatch.setattr(sample, "load", lambda _: (model, tokenizer))
    monkeypatch.setattr(sample, "Decoder", Parrot(tokenizer, "Au.").decoder)
    monkeypatch.setattr(
        sample, "stream", lambda d, requests, n: seen.append(requests[0].prompt) or stream(d, requests, n)
    )
    monkeypatch.setattr("builtins.input", FakeTerminal("Gold?", "  ", "Sure?", "/new", "Iron?", "x" * 500, EOFError()))
    sample.converse(load_config("configs/base.yaml", [f"out={tmp_path}"]), "a checkpoint")
    texts = [tokenizer.hf.decode(ids, skip_special_tokens=False) for ids in seen]
    assert texts == [
        "<|user|>Gold?<|end|><|assistant|>",
        "<|user|>Gold?<|end|><|assistant|>Au.<|end|><|user|>Sure?<|end|><|assistant|>",
        "<|user|>Iron?<|end|><|assistant|>",
    ]
    captured = capsys.readouterr()
    assert (
        captured.out == "Au.\n" * 3 and "the last message" in captured.err
    )  # the overlong one is refused, and it goes on


def test_ctrl_c_stops_the_answer_only(checkpoint, monkeypatch, capsys, tmp_path):
    model, tokenizer = checkpoints.load(checkpoint)
    monkeypatch.setattr(sample, "load", lambda _: (model, tokenizer))
    monkeypatch.setattr(sample, "Decoder", Parrot(tokenizer, "a b c d e f", delay=0.05).decoder)
    monkeypatch.setattr("builtins.input", FakeTerminal("Go", "Again", KeyboardInterrupt()))
    shown = []

    def show(text: str) -> None:
        shown.append(text)
        if len("".join(shown)) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(sample, "show", show)
    sample.converse(load_config("configs/base.yaml", [f"out={tmp_path}"]), "a checkpoint")
    first, second, *_ = "".join(shown).split("\n")
    assert first == "a b"[: len(first)] and len(first) >= 3 and second == "a b c d e f"


def test_on_a_terminal(checkpoint):
    """A prompt is shown, an answer comes, the end of the input leaves."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, ROOT / "src/sample.py", "--checkpoint", checkpoint, "--chat", "sample.max_new_tokens=5"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=os.environ | {"OMP_NUM_THREADS": "1", "TERM": "dumb"},
    )
    os.close(slave)
    try:
        wait_for(master, "> ")
        os.write(master, b"Hello\n")
        wait_for(master, "> ")
        os.write(master, b"\x04")  # Ctrl-D
        assert process.wait(120) == 0
    finally:
        process.kill()
        os.close(master)


def wait_for(terminal: int, text: str, seconds: float = 300) -> str:
    seen, end = "", time.monotonic() + seconds
    while not seen.endswith(text):
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"waited for {text!r}, saw {seen!r}"
        seen += os.read(terminal, 4096).decode(errors="replace")
    return seen


def test_a_conversation_that_looks_things_up(checkpoint, tmp_path):
    path = small_index(tmp_path / "data/lookup/index.sqlite")
    text = "/lookup auto\nsymbol Au?\n/lookup off\nsymbol Au?\n/lookup perhaps\n"
    done = converse(checkpoint, text, f"out={tmp_path}", f"lookup.index={path}", "sample.max_new_tokens=5")
    assert done.returncode == 0, done.stderr
    said = done.stderr.splitlines()[1:]
    assert [line for line in said if not line.endswith("do not fit)")] == [
        "lookup is auto now.",
        "(read: Gold https://x.org/3)",
        "lookup is off now.",
        "lookup is off; /lookup off|auto|always changes it.",
    ]


def test_a_conversation_without_an_index_says_so_and_goes_on(checkpoint, tmp_path):
    done = converse(checkpoint, "/lookup auto\nHello\n", f"out={tmp_path}", "sample.max_new_tokens=5")
    assert done.returncode == 0 and done.stdout.strip()
    assert done.stderr.count("there is no index; make it with python scripts/build_index.py") == 2
