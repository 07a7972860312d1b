"""Who may ask, and how long the server waits for whom: keys, hosts, origins, slow clients, SIGTERM, log, metrics."""

import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import requests

import serve
from conftest import ROOT
from gpt import api_requests, network
from live import running, wait_for
from pipeline.config import InputError, load_config
from tiny import Parrot, tiny_checkpoint, tiny_model, tiny_tokenizer

ANSWER = "Gold is a chemical element."
CHAT = {"messages": [{"role": "user", "content": "What is gold?"}]}


@pytest.fixture(scope="module")
def parrot(tmp_path_factory):
    tokenizer = tiny_tokenizer(tmp_path_factory.mktemp("tiny") / "tokenizer.json")
    return Parrot(tokenizer, ANSWER), tokenizer


@pytest.fixture(scope="module")
def server(parrot):
    """Guarded by a key, open to pages of one other site."""
    overrides = ["serve.allow_origins=[https://example.org]"]
    with running(tiny_model(block_size=256), parrot[1], *overrides, parrot=parrot[0], key="open sesame") as (
        url,
        engine,
    ):
        yield url, engine


def ask(url: str, path: str = "/v1/chat/completions", **headers) -> requests.Response:
    headers = {"Authorization": "Bearer open sesame"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return requests.post(url + path, json=CHAT, headers=headers, timeout=120)


def test_without_the_key_there_is_no_answer(server):
    url, _ = server
    assert ask(url).json()["choices"][0]["message"]["content"] == ANSWER
    for header in ("Bearer open", "Bearer ", "", "open sesame", "Basic open sesame", "Bearer open sesame2"):
        response = ask(url, Authorization=header)
        assert response.status_code == 401 and response.json()["error"]["code"] == "invalid_api_key"
    for path in ("/v1/models", "/metrics", "/nothing"):
        assert requests.get(url + path, timeout=60).status_code == 401
    for path in ("/", "/health", "/health/live", "/health/ready"):  # the page asks for it; a prober has none
        assert requests.get(url + path, timeout=60).status_code == 200


@pytest.mark.parametrize(
    "host, status",
    [
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        ("127.0.0.1:99", 200),
        ("[::1]:80", 200),
        ("evil.example", 403),
        ("evil.example:8080", 403),
        ("127.0.0.1.evil.example", 403),
        ("", 403),
    ],
)
def test_a_server_for_this_machine_answers_to_its_names_alone(server, host, status):
    assert ask(server[0], Host=host).status_code == status


def test_a_server_on_a_network_has_whatever_name(parrot):
    gate = network.Gate(None, None, "0.0.0.0", None, frozenset(), False)
    assert gate.names is None
    assert [network.is_loopback(h) for h in ("127.0.0.9", "::1", "localhost", "0.0.0.0", "::", "192.168.0.1")] == (
        [True] * 3 + [False] * 3
    )


def test_pages_of_other_sites(server):
    url, _ = server
    for origin, allowed in (("https://example.org", "https://example.org"), ("https://evil.example", None)):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        asked |= {"Access-Control-Request-Headers": "authorization,content-type"}
        response = requests.options(url + "/v1/chat/completions", headers=asked, timeout=60)
        assert response.headers.get("access-control-allow-origin") == allowed
        assert ask(url, Origin=origin).headers.get("access-control-allow-origin") == allowed
        # a form, for which no browser asks first
        sent = ask(url, Origin=origin, Sec_Fetch_Site="cross-site", Content_Type="text/plain")
        assert sent.status_code == (200 if allowed else 403)
    for site in ("same-origin", "same-site", "none"):  # the page itself, a link, a proxy's other name
        assert ask(url, Origin="https://chat.example.org", Sec_Fetch_Site=site).status_code == 200


def test_request_ids_a_line_for_each_request_and_none_of_its_text(server, capfd):
    url, _ = server
    assert ask(url, x_request_id="mine-1").headers["x-request-id"] == "mine-1"
    own = ask(url, "/v1/nothing?q=secret").headers["x-request-id"]
    long = ask(url, x_request_id="x" * 200).headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", own) and re.fullmatch("[0-9a-f]{32}", long)
    requests.get(url + "/health", headers={"x-request-id": "prober"}, timeout=60)
    ask(url, x_request_id="last")
    printed, deadline = "", time.monotonic() + 120
    while " last\n" not in printed and time.monotonic() < deadline:  # a line follows its answer
        printed += capfd.readouterr().err
        time.sleep(0.01)
    lines = [re.sub(r"\d+\.\d\ds", "0.00s", line) for line in printed.splitlines()]
    # earlier tests' last lines may come in here too: ours are known by their ids
    assert [line for line in lines if line.rpartition(" ")[2] in ("mine-1", own, long, "prober", "last")] == [
        "POST /v1/chat/completions 200 0.00s mine-1",
        f"POST other 404 0.00s {own}",
        f"POST /v1/chat/completions 200 0.00s {long}",
        "POST /v1/chat/completions 200 0.00s last",
    ]
    assert "secret" not in printed and "gold" not in printed.lower()


def test_metrics(server):
    url, engine = server
    key = {"Authorization": "Bearer open sesame"}

    def read() -> dict[str, float]:
        text = requests.get(url + "/metrics", headers=key, timeout=60).text
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[0] != "#"}

    before = read()
    answer = ask(url).json()
    after = read()

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grown('wikillm_requests_total{path="/v1/chat/completions",status="200"}') == 1
    assert grown('wikillm_answer_tokens_total{model="wikigpt"}') == answer["usage"]["completion_tokens"]
    assert grown('wikillm_prompt_tokens_total{model="wikigpt"}') == answer["usage"]["prompt_tokens"]
    assert after['wikillm_decoding{model="wikigpt"}'] == after['wikillm_waiting{model="wikigpt"}'] == 0


def test_head_live_and_ready(server):
    url, _ = server
    key = {"Authorization": "Bearer open sesame"}
    for path in ("/", "/health", "/health/live", "/health/ready", "/v1/models", "/metrics"):
        response = requests.head(url + path, headers=key, timeout=60)
        assert response.status_code == 200 and response.content == b""


def test_no_paths_of_this_machine_are_told(server, parrot, monkeypatch):
    url, _ = server
    monkeypatch.setattr(parrot[0], "broken", "cannot open /home/ann/models/x.bin: no such file\nsecond line")
    said = ask(url).json()["error"]["message"]
    assert said == "decoding failed: RuntimeError: cannot open ...: no such file"
    monkeypatch.undo()
    for path in ("/health", "/v1/models"):
        text = requests.get(url + path, headers={"Authorization": "Bearer open sesame"}, timeout=60).text
        assert "checkpoints" not in text and str(ROOT) not in text


# ---- slow clients


def connect(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=120)


def is_closed(sock: socket.socket) -> bool:
    """Waits for it; TimeoutError where it stays open."""
    with contextlib.suppress(ConnectionError):
        while sock.recv(1 << 16):
            pass
    return True


def test_a_client_that_sends_nothing_or_half_a_head_is_let_go(server, monkeypatch):
    monkeypatch.setattr(network, "HEADER_SECONDS", 0.5)
    for sent in (b"", b"POST /v1/chat/completions HTTP/1.1\r\nHost: loc"):
        began = time.monotonic()
        with connect(server[0]) as sock:
            sock.sendall(sent)
            assert is_closed(sock) and time.monotonic() - began > 0.45
    monkeypatch.setattr(network, "HEADER_SECONDS", 120)
    with connect(server[0]) as sock:  # the second request on a connection that is kept, too
        sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in sock.recv(1000)
        monkeypatch.setattr(network, "HEADER_SECONDS", 0.5)
        sock.sendall(b"GET /health HTTP/1.1\r\nHost: loc")
        assert is_closed(sock)


def test_a_body_that_does_not_come_is_408(server, monkeypatch):
    monkeypatch.setattr(api_requests, "BODY_SECONDS", 0.5)
    with connect(server[0]) as sock:
        head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer open sesame\r\n"
        sock.sendall(head.encode() + b'Content-Length: 100\r\n\r\n{"messages')
        assert b"408" in sock.recv(1000)


def test_a_client_that_reads_nothing_is_let_go(server, parrot, monkeypatch):
    """Its answer is larger than what the system takes in its place."""
    monkeypatch.setattr(network, "WRITE_SECONDS", 0.5)
    url, engine = server
    read = engine.prompt_tokens
    protocol_buffers = {
        "n": 16,
        "logprobs": True,
        "top_logprobs": 20,
        "stream": True,
        "max_tokens": 200,
        "ignore_eos": True,
    }
    body = json.dumps(CHAT | protocol_buffers).encode()
    monkeypatch.setattr(parrot[0], "script", parrot[0].script.repeat(1)[:-1].repeat(40))
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = url.removeprefix("http://").split(":")
        sock.connect((host, int(port)))
        head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer open sesame\r\n"
        sock.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        wait_for(lambda: engine.prompt_tokens > read, "it is decoded")
        wait_for(lambda: engine.free == 80, "its places are given back though it is still connected", 600)


def test_short_answers_do_not_wait_for_acknowledgements(server):
    sock = serve.listen("127.0.0.1", 0)
    with sock, socket.create_connection(sock.getsockname()):
        accepted, _ = sock.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


# ---- what uvicorn and its parser are sent


CHAT_BODY = json.dumps(CHAT).encode()


def raw(method: str = "POST", path: str = "/v1/chat/completions", body: bytes = CHAT_BODY, head: str = "", v="1.1"):
    lines = f"{method} {path} HTTP/{v}\r\nHost: localhost\r\nAuthorization: Bearer open sesame\r\n{head}"
    return lines.encode() + (b"Content-Length: %d\r\n" % len(body) if body else b"") + b"\r\n" + body


def chunked(*pieces: bytes) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))
    return raw(body=b"", head="Transfer-Encoding: chunked\r\n") + body


def talk(url: str, sent: bytes, answers: int = 1) -> bytes:
    """What comes back until there are so many answers with all of their bodies."""
    got = b""
    with connect(url) as sock:
        sock.sendall(sent)
        while piece := sock.recv(1 << 16):
            got += piece
            heads = list(re.finditer(rb"HTTP/1\.1 [2-5].*?\r\n\r\n", got, re.DOTALL))
            if len(heads) >= answers and (length := re.search(rb"content-length: (\d+)", heads[-1][0])):
                if len(got) >= heads[-1].end() + int(length[1]):
                    break
    return got


# fmt: off
RAW = {  # name -> (what is sent, statuses that come back)
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50), [400]),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
    "lines ended by \\n alone": (raw(body=b"").replace(b"\r\n", b"\n"), [400]),
    "a length below 0": (raw(body=b"", head="Content-Length: -1\r\n"), [400]),
    "two lengths": (raw(head="Content-Length: 1\r\n"), [400]),
    "length and chunks": (raw(head="Transfer-Encoding: chunked\r\n"), [400]),
    "99 TB are announced": (raw(body=b"", head="Content-Length: 99999999999999\r\n"), [413]),
    "chunks": (chunked(CHAT_BODY[:20], CHAT_BODY[20:]), [200]),
    "2 MB of chunks": (chunked(*[bytes(60_000)] * 33), [413]),
    "a chunk that is none": (raw(body=b"", head="Transfer-Encoding: chunked\r\n") + b"zz\r\n", [400]),
    "gzip": (raw(body=b"\x1f\x8b\x08rest", head="Content-Encoding: gzip\r\n"), [400]),
    "UTF-16": (raw(body='{"messages": []}'.encode("utf-16")), [400]),
    "a form": (raw(body=b"messages=x", head="Content-Type: application/x-www-form-urlencoded\r\n"), [400]),
    "a path of bytes": (raw("GET", "/é", b""), [400]),
    "a path upwards": (raw("GET", "/../../etc/passwd", b""), [404]),
    "a model upwards": (raw("GET", "/v1/models/..%2f..%2fetc%2fpasswd", b""), [404]),
    "CONNECT": (raw("CONNECT", "localhost:1", b""), [400]),
    "DELETE": (raw("DELETE"), [405]),
    "GET with a body": (raw("GET", "/health"), [200]),
    "HTTP/1.0": (raw(v="1.0"), [200]),
    "Expect": (raw(head="Expect: 100-continue\r\n"), [100, 200]),
    "WebSocket": (raw("GET", "/", b"", "Connection: Upgrade\r\nUpgrade: websocket\r\n"), [200]),
    "three at once": (raw("GET", "/health", b"") * 2 + raw(), [200, 200, 200]),
    "a good one, then a bad one": (raw() + b"\0\0\r\n\r\n", [400]),
    "a hundred at once": (raw("GET", "/health", b"") * 100, [400]),
}
# fmt: on


@pytest.mark.parametrize("name", RAW)
def test_strange_bytes_are_answered_or_refused_in_one_line(server, name):
    sent, statuses = RAW[name]
    got = talk(server[0], sent, len([status for status in statuses if status >= 200]))
    assert [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", got)] == statuses
    if statuses[-1] >= 400:
        error = json.loads(got.rpartition(b"\r\n\r\n")[2])["error"]
        assert set(error) == {"message", "type", "param", "code"}
    assert requests.get(server[0] + "/health", timeout=60).ok


def test_a_head_without_end_is_431(server):
    got = b""
    with connect(server[0]) as sock:
        sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ")
        with contextlib.suppress(ConnectionError):  # it need not take all of that
            for _ in range(100):
                sock.sendall(b"x" * 10_000)
                if select.select([sock], [], [], 0.05)[0]:
                    break
        with contextlib.suppress(ConnectionError):
            got = sock.recv(1000)
    assert got.startswith(b"HTTP/1.1 431 ") and json.loads(got.rpartition(b"\r\n\r\n")[2])["error"]


def test_a_body_that_nobody_reads_and_never_ends_is_cut_off(server, monkeypatch):
    """A thousand such connections would have been all that there are."""
    monkeypatch.setattr(network, "BODY_SECONDS", 0.5)
    for path, status in (("/health", b" 200 "), ("/nothing", b" 404 ")):
        with connect(server[0]) as sock:
            sock.sendall(raw("GET", path, b"", "Transfer-Encoding: chunked\r\n") + b"1\r\nx\r\n")
            assert status in sock.recv(4000)
            began = time.monotonic()
            with pytest.raises(ConnectionError):
                while time.monotonic() - began < 120:
                    sock.sendall(b"1\r\nx\r\n")
                    time.sleep(0.05)


def test_too_many_connections_are_503_in_openais_shape(server, monkeypatch):
    monkeypatch.setattr(network, "CONNECTIONS", 1)
    with connect(server[0]):  # taken first, as it has come first
        error = json.loads(talk(server[0], raw()).rpartition(b"\r\n\r\n")[2])["error"]
    assert (error["code"], error["type"]) == ("too_many_connections", "server_error")


def test_a_client_that_closes_its_half_has_left(server, parrot, monkeypatch):
    """It cannot be told from one that is gone: nothing is decoded for it."""
    url, engine = server
    read, told = engine.prompt_tokens, engine.answer_tokens
    with connect(url) as sock:
        monkeypatch.setattr(parrot[0], "delay", 0.5)  # 8 s in all
        sock.sendall(raw())
        wait_for(lambda: engine.prompt_tokens > read, "it is decoded")
        sock.shutdown(socket.SHUT_WR)
        wait_for(lambda: engine.free == 80 and not engine.decoder.size, "nobody's answer ends")
    assert engine.answer_tokens - told < len(parrot[1].encode(ANSWER)), "it went on for nobody"


def test_http_1_0_gets_a_stream_whole_and_without_chunks(server):
    got = talk(server[0], raw(body=json.dumps(CHAT | {"stream": True}).encode(), v="1.0"))
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"chunked" not in head and f"content-length: {len(body)}".encode() in head
    assert body.startswith(b"data: {") and body.endswith(b"data: [DONE]\n\n")


# ---- the process


def start(*overrides: str, env: dict | None = None) -> tuple[subprocess.Popen, str]:
    process = subprocess.Popen(
        [sys.executable, ROOT / "src/serve.py", "serve.port=0", *overrides],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | (env or {}),
    )
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return process, re.search(r"http://\S+", line)[0]


def test_sigterm_ends_answers_with_an_error_and_the_process_in_six_seconds(tmp_path):
    """Answers that would take minutes: a context of 16,000 tokens. A machine that needs long to start a server has as
    long again to end it."""
    from gpt import checkpoints

    tokenizer = tiny_tokenizer(tmp_path / "tokenizer/tokenizer.json")
    checkpoints.save(tmp_path, "step_0000001", tiny_model(tokenizer.vocab_size, 16384), tokenizer)
    began = time.monotonic()
    process, url = start(f"serve.checkpoint={tmp_path}/latest", "serve.max_batch=2")
    starting = time.monotonic() - began
    try:
        body = CHAT | {"ignore_eos": True}
        got: dict[str, requests.Response] = {}

        def stream(name: str) -> None:
            response = requests.post(
                url + "/v1/chat/completions", json=body | {"stream": True}, timeout=600, stream=True
            )
            got[name] = response.content

        def whole(name: str) -> None:
            response = requests.post(url + "/v1/chat/completions", json=body, timeout=600)
            got[name] = response.status_code, response.json()

        threads = [threading.Thread(target=f, args=(f"{f.__name__}{i}",)) for i in range(2) for f in (stream, whole)]
        for thread in threads:
            thread.start()

        def all_are_there() -> bool:
            health = requests.get(url + "/health", timeout=60).json()
            return (health["decoding"], health["waiting"]) == (2, 2)

        wait_for(all_are_there, "two are decoded, two wait")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=300)
        assert time.monotonic() - began <= 6 + starting and process.returncode == 0 and error.endswith("stopped\n")
        for thread in threads:
            thread.join(120)
        for i in range(2):
            last = got[f"stream{i}"].decode().strip().split("\n\n")[-1]
            assert json.loads(last[6:])["error"]["code"] == "server_stopping"
            assert got[f"whole{i}"][0] == 503 and got[f"whole{i}"][1]["error"]["code"] == "server_stopping"
    finally:
        process.kill()


def test_a_server_outlives_its_checkpoint_and_ends_with_its_terminal(tmp_path):
    """On IPv6 where there is one, with a model whose name has a slash."""
    checkpoint = tiny_checkpoint(tmp_path / "run")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        host = "::1"
    except OSError:
        host = "127.0.0.1"
    process, url = start(f"serve.models={{org/tiny: {checkpoint}}}", f"serve.host='{host}'")
    try:
        shutil.rmtree(tmp_path / "run")
        schema = {"type": "json_schema", "json_schema": {"schema": {"enum": ["gold", "iron"]}}}
        body = CHAT | {"model": "org/tiny", "response_format": schema}
        said = requests.post(url + "/v1/chat/completions", json=body, timeout=300).json()
        assert json.loads(said["choices"][0]["message"]["content"]) in ("gold", "iron")
        assert requests.get(url + "/v1/models/org/tiny", timeout=60).json()["id"] == "org/tiny"
        process.send_signal(signal.SIGHUP)
        _, error = process.communicate(timeout=120)
        assert process.returncode == 0 and error.endswith("stopped\n")
    finally:
        process.kill()


def test_damaged_weights_and_a_bad_config_are_one_line(tmp_path):
    checkpoint = tiny_checkpoint(tmp_path)

    def refused() -> str:
        with pytest.raises(InputError) as caught:
            serve.main(load_config("configs/base.yaml", [f"serve.checkpoint={checkpoint}", "serve.port=0"]))
        assert "\n" not in str(caught.value)
        return str(caught.value)

    weights = checkpoint / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))  # one bit, deep in the weights: it would load
    assert "model.safetensors is damaged" in refused()
    weights.write_bytes(whole)
    config = checkpoint / "config.json"
    text = config.read_text()
    for bad in (
        text[:50],
        "[]",
        text.replace('"hidden_size": 32', '"hidden_size": "x"'),
        text.replace("vocab_size", "x"),
    ):
        assert bad != text
        config.write_text(bad)
        assert "config.json" in refused()


def test_a_key_that_is_not_set_is_an_error_and_an_open_door_a_warning(capsys, monkeypatch):
    monkeypatch.delenv("SERVE_KEY", raising=False)
    closed = load_config("configs/base.yaml", ["serve.api_key=SERVE_KEY"]).serve
    with pytest.raises(InputError, match="SERVE_KEY, which is empty"):
        serve.api_key(closed)
    monkeypatch.setenv("SERVE_KEY", "s")
    assert serve.api_key(closed) == "s"
    assert serve.api_key(load_config("configs/base.yaml").serve) is None
    assert capsys.readouterr().err == ""
    assert serve.api_key(load_config("configs/base.yaml", ["serve.host=0.0.0.0"]).serve) is None
    assert "warning: whoever reaches 0.0.0.0 can use this server" in capsys.readouterr().err
