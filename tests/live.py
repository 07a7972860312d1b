"""A running server around a model of a test's own."""

import contextlib
import threading
import time

import serve
from gpt.engine import Engine
from gpt.network import Server
from pipeline.config import load_config
from tiny import Parrot


@contextlib.contextmanager
def running(model, tokenizer, *overrides: str, parrot: Parrot | None = None, key: str | None = None, reader=None):
    """-> (URL, engine) of serve.py's app on a free port, in this process; with a parrot, that is what answers.

    reader: of gpt.lookup, what it reads before it answers
    """
    settings = load_config("configs/base.yaml", list(overrides)).serve
    engine = Engine(model, tokenizer, settings.max_batch, settings.queue, settings.queue_seconds, prefix_bytes=1 << 20)
    if parrot:
        engine.decoder = parrot.decoder(model, tokenizer)
    with listening(serve.create_app({settings.name: engine}, settings, key, reader=reader), [engine]) as url:
        yield url, engine


def wait_for(condition, what: str, seconds: float = 120):
    """-> what the condition gives, as soon as that is something"""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.01)
    return found


@contextlib.contextmanager
def listening(app, engines):
    """-> the URL at which the app is served"""
    sock, server = serve.listen("127.0.0.1", 0), Server(app, engines)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)
        sock.close()
