"""The decoding thread of a server: it alone touches the model, and decodes what is submitted side by side.

engine = Engine(model, tokenizer, max_batch=16, queue=64)
(job,) = engine.submit([request])          # from an event loop
_, text, tokens, finish, error = await job.events.get()
"""

import asyncio
import contextlib
import threading
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gpt.decoder import Completion, Decoder, Request


class QueueFull(Exception):
    """There is no room for the requests; they may be sent again in a moment."""


@dataclass(eq=False)
class Job:
    """One answer on its way. Its events go to the queue of the HTTP request that asked for it."""

    request: Request
    number: int  # among the answers of that request
    events: asyncio.Queue
    loop: asyncio.AbstractEventLoop
    completion: Completion = field(default_factory=Completion)
    cancelled: bool = False

    def tell(self, text: str, error: Exception | None = None) -> None:
        """Text that became certain, with the tokens so far and the finish reason; or that decoding failed."""
        event = (self, text, len(self.completion.ids), self.completion.finish_reason, error)
        with contextlib.suppress(RuntimeError):  # the server has stopped meanwhile
            self.loop.call_soon_threadsafe(self.events.put_nowait, event)


class Engine:
    """Decodes what is submitted in a thread of its own, up to max_batch rows at a time."""

    def __init__(self, model, tokenizer, max_batch: int, queue: int):
        self.model, self.tokenizer, self.max_batch, self.queue = model, tokenizer, max_batch, queue
        self.waiting: deque[Job] = deque()
        self.calls: deque[Callable[[], None]] = deque()
        self.decoder = Decoder(model, tokenizer)
        self.joining: list[Job] = []  # on their way from waiting into the decoder
        self.changed = threading.Condition()
        self.closing = False
        self.thread = threading.Thread(target=self._run, name="decoding", daemon=True)
        self.thread.start()

    def submit(self, requests: list[Request]) -> list[Job]:
        """From the event loop; the jobs share one queue of events. QueueFull when there is no room for all of them."""
        with self.changed:
            self._admit(len(requests))
            events: asyncio.Queue = asyncio.Queue()
            loop = asyncio.get_running_loop()
            jobs = [Job(request, number, events, loop) for number, request in enumerate(requests)]
            self.waiting.extend(jobs)
            self.changed.notify()
        return jobs

    def _admit(self, n: int) -> None:
        taken = len(self.decoder.rows) + len(self.joining) + len(self.waiting) + len(self.calls)
        if taken + n > self.max_batch + self.queue:
            raise QueueFull("the queue is full; try again in a moment")

    async def call(self, function: Callable[[], Any]) -> Any:
        """function's value, worked out between two steps in the thread that owns the model."""
        loop, done = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

        def settle(method, value) -> None:
            if not done.done():
                method(value)

        def work() -> None:
            try:
                outcome = done.set_result, function()
            except Exception as error:
                outcome = done.set_exception, error
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, *outcome)

        with self.changed:
            self._admit(1)
            self.calls.append(work)
            self.changed.notify()
        return await done

    def cancel(self, jobs: list[Job]) -> None:
        for job in jobs:
            job.cancelled = True
        with self.changed:
            self.waiting = deque(job for job in self.waiting if not job.cancelled)
            self.changed.notify()

    def close(self) -> None:
        with self.changed:
            self.closing = True
            self.changed.notify()
        self.thread.join()

    def _run(self) -> None:
        while True:
            with self.changed:
                while not (self.waiting or self.calls or self.decoder.rows or self.closing):
                    self.changed.wait()
                if self.closing:
                    return
                call = self.calls.popleft() if self.calls else None
                free = self.max_batch - len(self.decoder.rows)
                self.joining = [self.waiting.popleft() for _ in range(min(free, len(self.waiting)))]
            if call:
                call()
            try:
                self._step()
            except Exception as error:  # out of memory, say: those who wait are told, and the server goes on
                traceback.print_exc()
                rows = list(self.decoder.rows)
                for row in rows:
                    self.decoder.drop(row)
                for job in self.joining + [row.key for row in rows if row.key not in self.joining]:
                    job.tell("", error)
                self.joining = []

    def _step(self) -> None:
        for row in [row for row in self.decoder.rows if row.key.cancelled]:
            self.decoder.drop(row)
        if self.joining:
            rows = self.decoder.add([job.request for job in self.joining], self.joining)
            for row in rows:
                row.key.completion = row.completion
            self.joining = []
        if self.decoder.rows:
            for row, text in self.decoder.step():
                row.key.tell(text)
