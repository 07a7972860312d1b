"""Servers measured: ours beside llama.cpp's, and ours under load. Prints Markdown tables; writes to a temporary folder.

    python scripts/bench/serving.py --against llama.cpp          needs pip install xllamacpp gguf
    python scripts/bench/serving.py --load --minutes 20

--against: the config's model with random weights, one thread, completions of --tokens tokens by 1, 4 and 16 clients at
once, in turns, medians of --rounds. --load: our server with that model, 64, 200 and 500 clients that ask at once, slow
senders and readers, hostile bodies; then 16 clients without a pause for --minutes. What the event loop is busy with is
told by how long /health takes meanwhile, and by the CPU seconds of its thread.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import pipeline.ctrl_c  # first, for as long as the others take

import httpx
import torch

import publish
from gpt import checkpoints
from gpt.tokenizer import Tokenizer
from model import ModelConfig, WikiGPT
from pipeline.cli import stage_main
from pipeline.config import ROOT, resolve

PROBE = """
import json, select, sys, time, http.client
connection = http.client.HTTPConnection(sys.argv[1].removeprefix("http://"), timeout=60)
times = []
print("ready", flush=True)
while not times or not select.select([sys.stdin], [], [], 0.02)[0]:
    began = time.perf_counter()
    connection.request("GET", "/health")
    connection.getresponse().read()
    times.append(time.perf_counter() - began)
print(json.dumps(times))
"""
LLAMA_URL = "http://127.0.0.1:8391"
LLAMA_CPP = """
import sys, time, xllamacpp
p = xllamacpp.CommonParams()
p.model.path, p.n_ctx, p.n_parallel, p.port, p.ui = sys.argv[1], 16 * 1024, 16, int(sys.argv[2]), False
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(p)
print("ready", flush=True)
time.sleep(1e6)
"""


def arguments(parser) -> None:
    parser.add_argument("--against", choices=["llama.cpp"])
    parser.add_argument("--load", action="store_true")
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--tokenizer", metavar="FILE", help="default: the config's")


def main(cfg, args) -> None:
    with tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(0)
        tokenizer = Tokenizer(Path(args.tokenizer) if args.tokenizer else resolve(cfg.tokenizer.path))
        config = ModelConfig.of(cfg.model)
        checkpoint = checkpoints.save(Path(folder), "step_0000001", WikiGPT(config).eval(), tokenizer)
        if args.against:
            asyncio.run(compare(checkpoint, args.tokens, args.rounds))
        if args.load:
            asyncio.run(load(checkpoint, args.tokens, args.minutes))


# ---- beside llama.cpp


async def compare(checkpoint: Path, tokens: int, rounds: int) -> None:
    publish.write_gguf(checkpoint, gguf := checkpoint.parent / "model.gguf", "bench", "f16")
    servers = {
        "llama.cpp, f16": lambda: running([sys.executable, "-c", LLAMA_CPP, str(gguf), "8391"], LLAMA_URL),
        "ours, float32": lambda: ours(checkpoint, "serve.dtype=float32"),
        "ours, bfloat16": lambda: ours(checkpoint, "serve.dtype=bfloat16"),
    }
    found: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    for _ in range(rounds):
        for name, start in servers.items():
            with start() as (url, pid):
                await measure(url, pid, 1, 8)  # warm
                for clients in (1, 4, 16):
                    found.setdefault((name, clients), []).append(await measure(url, pid, clients, tokens))
    print("| server | clients | tokens/s | tokens a CPU second | first token |\n|---|--:|--:|--:|--:|")
    for (name, clients), rows in found.items():
        rate, per_cpu, first = (statistics.median(column) for column in zip(*rows))
        print(f"| {name} | {clients} | {rate:.1f} | {per_cpu:.1f} | {1000 * first:.0f} ms |")


async def measure(url: str, pid: int, clients: int, tokens: int) -> tuple[float, float, float]:
    """-> tokens a second, tokens a CPU second of the server, seconds to the first token (median)"""
    prompts = [[100 + (7 * i + c) % 150 for i in range(32)] for c in range(clients)]
    firsts: list[float] = []

    async def one(client: httpx.AsyncClient, prompt: list[int]) -> None:
        body = {"prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True, "stream": True}
        body["cache_prompt"] = False  # llama.cpp's
        asked, n = time.perf_counter(), 0
        async with client.stream("POST", f"{url}/v1/completions", json=body) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    if not n:
                        firsts.append(time.perf_counter() - asked)
                    n += 1

    async with httpx.AsyncClient(timeout=600) as client:
        began, cpu = time.perf_counter(), cpu_seconds(pid)
        await asyncio.gather(*(one(client, prompt) for prompt in prompts))
        seconds, cpu = time.perf_counter() - began, cpu_seconds(pid) - cpu
    return clients * tokens / seconds, clients * tokens / cpu, statistics.median(firsts)


def cpu_seconds(pid: int, thread: int | None = None) -> float:
    """Of a process and its children, or of one thread."""
    path = f"/proc/{pid}/task/{thread}/stat" if thread else f"/proc/{pid}/stat"
    fields = Path(path).read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def running(command: list[str], url: str) -> Iterator[tuple[str, int]]:
    """A server that says one line when it is ready. -> (URL, process id)"""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with open(os.devnull, "w") as nowhere:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=nowhere, text=True, env=environment)
    try:
        assert process.stdout
        line = process.stdout.readline().split()
        yield url or line[-1], process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def ours(checkpoint: Path, *overrides: str):
    command = [sys.executable, str(ROOT / "src/serve.py"), f"serve.checkpoint={checkpoint}", "serve.port=0"]
    return running([*command, "serve.prefix_cache_mb=0", "serve.log_requests=false", *overrides], "")


# ---- under load


async def load(checkpoint: Path, tokens: int, minutes: float) -> None:
    print(
        "| what | answered | refused | /health, median | longest | loop's CPU | memory |\n|---|--:|--:|--:|--:|--:|--:|"
    )
    with ours(checkpoint, "serve.queue_seconds=600") as (url, pid):
        for clients in (64, 200, 500):
            await watched(f"{clients} clients at once", url, pid, crowd(url, clients, 4))
        hostile = [json.dumps({"prompt": "gold " * 180_000}), json.dumps({"prompt": [5] * 300_000})]
        hostile.append(json.dumps({"messages": [{"role": "user", "content": "x"}] * 4000}))
        await watched(
            "16 answers, hostile bodies", url, pid, crowd(url, 16, tokens), *(send(url, b) for b in hostile * 5)
        )
        for kind in (slow_sender, slow_reader):
            name = f"16 answers, 50 {kind.__name__.replace('_', ' ')}s"
            await watched(name, url, pid, crowd(url, 16, tokens), *(kind(url) for _ in range(50)))
        await watched(f"16 clients for {minutes:g} minutes", url, pid, crowd(url, 16, tokens, 60 * minutes))


async def watched(name: str, url: str, pid: int, *work) -> None:
    """The work's row of the table. /health is asked by a process of its own: this one is busy being the clients."""
    probe = subprocess.Popen(
        [sys.executable, "-c", PROBE, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert probe.stdout
    probe.stdout.readline()
    cpu = cpu_seconds(pid, pid)
    statuses = [status for part in await asyncio.gather(*work) for status in part]
    cpu = cpu_seconds(pid, pid) - cpu
    times = json.loads(probe.communicate("stop\n")[0])
    good = sum(status == 200 for status in statuses)
    memory = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    health = f"{1000 * statistics.median(times):.0f} ms | {1000 * max(times):.0f} ms"
    print(
        f"| {name} | {good} | {len(statuses) - good} | {health} | {cpu:.1f} s | {memory / 2**30:.2f} GiB |", flush=True
    )


async def crowd(url: str, clients: int, tokens: int, seconds: float = 0.0) -> list[int]:
    """So many clients at once, each with one answer, or answers for so many seconds. -> statuses"""
    statuses: list[int] = []
    end = time.monotonic() + seconds

    async def one(client: httpx.AsyncClient) -> None:
        body = {"prompt": "Gold is", "max_tokens": tokens, "ignore_eos": True, "stream": True}
        while True:
            async with client.stream("POST", f"{url}/v1/completions", json=body) as response:
                async for _ in response.aiter_raw():
                    pass
            statuses.append(response.status_code)
            if time.monotonic() >= end:
                return

    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(timeout=1200, limits=limits) as client:
        await asyncio.gather(*(one(client) for _ in range(clients)))
    return statuses


async def send(url: str, body: str) -> list[int]:
    path = "/v1/completions" if '"prompt"' in body else "/chat"
    async with httpx.AsyncClient(timeout=600) as client:
        return [(await client.post(url + path, content=body.encode())).status_code]


async def slow_sender(url: str) -> list[int]:
    """A byte of a request now and then, until the server has enough. -> []"""
    reader, writer = await connection(url)
    with contextlib.suppress(ConnectionError):
        for byte in b"POST /chat HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 200:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.2)
            if reader.at_eof():
                break
    writer.close()
    return []


async def slow_reader(url: str) -> list[int]:
    """An answer as a stream, taken by a few bytes now and then, for ten seconds. -> []"""
    reader, writer = await connection(url)
    body = json.dumps({"prompt": "Gold is", "max_tokens": 128, "ignore_eos": True, "stream": True}).encode()
    with contextlib.suppress(ConnectionError):
        writer.write(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body)
        for _ in range(50):
            await reader.read(4)
            await asyncio.sleep(0.2)
    writer.close()
    return []


async def connection(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """With small buffers, so that what is not taken stays with the server."""
    host, _, port = url.removeprefix("http://").partition(":")
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.setblocking(False)
    await asyncio.get_running_loop().sock_connect(peer, (host, int(port)))
    return await asyncio.open_connection(sock=peer, limit=4096)


if __name__ == "__main__":
    stage_main(main, __doc__ or "", ("model", "serve"), arguments)
