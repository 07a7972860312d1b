"""Text from any checkpoint: prompts written on, or a conversation in the terminal. checkpoint -> stdout

    python src/sample.py --prompt "The history of Rome" --prompt "Photosynthesis is" sample.num_samples=3
    python src/sample.py --chat

Without --prompt it writes on sample.prompts. --chat talks to --checkpoint or, when none is given, to the checkpoint
that is served (serve.checkpoint), with the settings of the sample section: /new begins a new conversation, /lookup auto
lets the model read what the index has on a question (/lookup always, /lookup off), /quit or the end of the input
leaves, Ctrl-C stops an answer. Both work in a pipe. sample.compile=true is for several samples side by
side, and pays from some hundred thousand tokens on.
"""

import pipeline.ctrl_c  # first, for as long as the others take

import contextlib
import sys
import time

from gpt.decoder import Decoder, Request, load, stream
from gpt.lookup import MODES, Reader, open_reader
from gpt.sampling import Sampling
from pipeline.cli import stage_main
from pipeline.config import Config, InputError, named_here
from wikipedia.search import Search

COMMANDS = "/new begins a new conversation, /lookup auto|always|off, /quit leaves, Ctrl-C stops an answer"


def arguments(parser) -> None:
    parser.add_argument(
        "--prompt", action="append", metavar="TEXT", help="write on from this text; may be given several times"
    )
    parser.add_argument(
        "--checkpoint",
        type=named_here,
        metavar="FOLDER",
        help="instead of sample.checkpoint, or serve.checkpoint with --chat",
    )
    parser.add_argument("--chat", action="store_true", help="a conversation in the terminal")


def main(cfg, args) -> None:
    if args.chat:
        converse(cfg, args.checkpoint or cfg.serve.checkpoint)
    else:
        write_on(cfg.sample, args.checkpoint or cfg.sample.checkpoint, args.prompt or cfg.sample.prompts)


def write_on(settings, checkpoint: str, prompts: list[str]) -> None:
    """Every prompt num_samples times, all side by side; printed in order, the first unfinished one as it comes."""
    if not prompts:
        raise InputError("nothing to write on: give --prompt TEXT, or set sample.prompts")
    model, tokenizer = load(checkpoint)
    samples = [(prompt, settings.seed + n) for prompt in prompts for n in range(settings.num_samples)]
    compiled = settings.compile and min(len(samples), settings.batch_size) > 1  # it helps rows side by side alone
    if compiled:
        print("compiling: ten seconds or more", file=sys.stderr, flush=True)
    decoder = Decoder(model, tokenizer, compiled)
    requests = [
        Request(tokenizer.encode(prompt) or [tokenizer.end_id], settings.max_new_tokens, Sampling.of(settings), seed)
        for prompt, seed in samples
    ]
    finished, waiting, front = [False] * len(samples), [""] * len(samples), 0  # front: the sample being printed
    began, tokens = time.monotonic(), 0

    def open_front() -> None:
        if front < len(samples):
            prompt, seed = samples[front]
            show(f"--- seed {seed}\n{prompt}{waiting[front]}")

    open_front()
    for index, text, completion in stream(decoder, requests, settings.batch_size):
        tokens += 1
        finished[index] = completion.finish_reason is not None
        if index == front:
            show(text)
        else:
            waiting[index] += text
        while front < len(samples) and finished[front]:
            show("\n\n")
            front += 1
            open_front()
    seconds = time.monotonic() - began
    print(
        f"{len(samples)} samples, {tokens:,} tokens in {seconds:.1f}s: {tokens / seconds:,.0f} tokens/s",
        file=sys.stderr,
    )


def converse(cfg: Config, checkpoint: str) -> None:
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  line editing and history for input(), where Python was built with it
    reader = open_reader(cfg, Search, cfg.serve.lookup)
    decoder, mode = Decoder(*load(checkpoint)), reader.mode
    print(f"Talking to {checkpoint}. {COMMANDS}.", file=sys.stderr)
    messages: list[dict] = []
    seed = cfg.sample.seed
    while (said := listen()) not in (None, "/quit"):
        if said == "/new":
            messages = []
            print("A new conversation.", file=sys.stderr)
        elif said.startswith("/lookup"):
            mode = switched(reader, said.split()[1:], mode)
        elif said.startswith("/"):
            print(COMMANDS + ".", file=sys.stderr)
        elif said:
            try:
                answer = reply(decoder, messages + [{"role": "user", "content": said}], cfg.sample, seed, reader, mode)
            except InputError as error:  # one message that is longer than the model's context
                print(f"{error}.", file=sys.stderr)
                continue
            messages += [{"role": "user", "content": said}, {"role": "assistant", "content": answer}]
            seed += 1  # asked again, it may say something else


def switched(reader: Reader, words: list[str], mode: str) -> str:
    """The mode of looking up that /lookup asks for, or as before where there is none such; said either way."""
    try:
        if len(words) != 1 or words[0] not in MODES:
            raise InputError(f"lookup is {mode}; /lookup {'|'.join(MODES)} changes it")
        mode = reader.asked(words[0])
        print(f"lookup is {mode} now.", file=sys.stderr)
    except InputError as error:
        print(f"{error}.", file=sys.stderr)
    return mode


def reply(decoder: Decoder, messages: list[dict], settings, seed: int, reader: Reader, mode: str) -> str:
    """Print the answer as it comes, and what was read for it. -> as much as was said before the end or Ctrl-C"""
    context = decoder.config.block_size
    # The prompt leaves room for max_new_tokens, but takes half of the context when it has to.
    read = reader.prompt(
        decoder.tokenizer, messages, max(context // 2, context - settings.max_new_tokens), context, mode
    )
    if read.turns_left_out:
        print(f"(the first {read.turns_left_out} messages no longer fit the context)", file=sys.stderr)
    for source in read.sources:
        heading = source["section"] and f", {source['section']}"
        print(f"(read: {source['title']}{heading} {source['url']})", file=sys.stderr)
    if read.sentences_left_out:
        print(f"({read.sentences_left_out} of its sentences do not fit)", file=sys.stderr)
    answer = ""
    try:
        for _, text, _ in stream(decoder, [Request(read.ids, settings.max_new_tokens, Sampling.of(settings), seed)], 1):
            answer += text
            show(text)
    except KeyboardInterrupt:
        pass
    show("\n")
    return answer


def listen() -> str | None:
    """The next line that the user types; None at the end."""
    try:
        return input("> " if sys.stdin.isatty() and sys.stdout.isatty() else "").strip()
    except (EOFError, KeyboardInterrupt):
        if sys.stdin.isatty():
            show("\n")
        return None


def show(text: str) -> None:
    print(text, end="", flush=True)


if __name__ == "__main__":
    stage_main(main, __doc__, ("sample", "lookup"), arguments)
