"""The decoding thread of a server: it alone touches the model, and decodes what is submitted side by side.

engine = Engine(model, tokenizer, max_batch=16, queue=64)
(job,) = await engine.submit([request])      # in an event loop
job, text, tokens, finish, error = await job.events.get()
"""

import asyncio
import contextlib
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass, field

from gpt.decoder import Completion, Decoder, Request
from gpt.tokenizer import Tokenizer
from model import WikiGPT

# Tokens of prompts that are read between two steps. On a CPU 32 of them take as long as a step of 16 rows (124M
# parameters, fp32: 296 and 290 ms on two cores), so that the gap between two tokens at most doubles; a GPU reads a
# thousand in the time of a step.
CHUNK = {"cpu": 32}
CHUNK_ELSEWHERE = 1024
OUTSIDE = 1000  # requests that may wait for a place

Event = tuple["Job", str, int, str | None, Exception | None]


class QueueFull(Exception):
    """There was no room for the requests; they may be sent again in a moment."""


class Stopping(Exception):
    """The server is being stopped."""


@dataclass(eq=False)
class Job:
    """One answer on its way. Its events go to the queue of the HTTP request that asked for it: (job, text that became
    certain, tokens so far, finish reason, or why there is no answer)."""

    request: Request
    number: int  # among the answers of that request
    events: "asyncio.Queue[Event]"
    loop: asyncio.AbstractEventLoop
    completion: Completion = field(default_factory=Completion)
    cancelled: bool = False

    def event(self, text: str, error: Exception | None = None) -> Event:
        return self, text, len(self.completion.ids), self.completion.finish_reason, error


class Engine:
    """Decodes what is submitted in a thread of its own, up to max_batch rows at a time; `queue` more have a place to
    wait. Who finds none waits outside for patience seconds, in the order of coming."""

    def __init__(
        self,
        model: WikiGPT,
        tokenizer: Tokenizer,
        max_batch: int,
        queue: int,
        patience: float = 30.0,
        prefix_bytes: int = 0,
    ):
        self.tokenizer, self.config = tokenizer, model.config
        self.max_batch, self.queue, self.patience = max_batch, queue, patience
        chunk = CHUNK.get(model.embed_tokens.weight.device.type, CHUNK_ELSEWHERE)
        self.decoder = Decoder(model, tokenizer, chunk=chunk, prefix_bytes=prefix_bytes)
        self.waiting: deque[Job] = deque()
        self.joining: list[Job] = []  # on their way from waiting into the decoder
        self.outside: deque[tuple[int, asyncio.Future]] = deque()  # (places wanted, told when they are there)
        self.free = max_batch + queue  # places
        self.prompt_tokens = self.answer_tokens = 0  # since the start
        self.loop: asyncio.AbstractEventLoop | None = None  # of those that are outside
        self.changed = threading.Condition()
        self.closing, self.stop_at = False, float("inf")
        self.thread = threading.Thread(target=self._run, name="decoding", daemon=True)
        self.thread.start()

    # ---- in the event loop

    async def submit(self, requests: list[Request]) -> list[Job]:
        """The jobs share one queue of events; give() back their places. QueueFull when there was no room for all of
        them in time, Stopping when there will be none."""
        if self.stop_at < float("inf"):
            raise Stopping("the server is being stopped")
        self.loop = loop = asyncio.get_running_loop()
        await self._places(len(requests), loop)
        events: asyncio.Queue[Event] = asyncio.Queue()
        jobs = [Job(request, number, events, loop) for number, request in enumerate(requests)]
        with self.changed:
            self.waiting.extend(jobs)
            self.changed.notify()
        return jobs

    async def _places(self, n: int, loop: asyncio.AbstractEventLoop) -> None:
        if n <= self.free and not self.outside:
            self.free -= n
            return
        if len(self.outside) >= OUTSIDE:
            raise QueueFull("too many are waiting; try again later")
        there = loop.create_future()
        self.outside.append((n, there))
        try:
            await asyncio.wait_for(there, self.patience)
        except asyncio.TimeoutError:
            raise QueueFull("the queue is full; try again in a moment") from None
        except asyncio.CancelledError:  # the client has gone; its places may have come at this moment
            if there.done() and not there.cancelled() and not there.exception():
                self._free(n)
            raise
        finally:
            self.outside = deque(item for item in self.outside if item[1] is not there)
            self._free(0)  # those behind may want less

    def _free(self, n: int) -> None:
        self.free += n
        while self.outside and (self.outside[0][1].done() or self.outside[0][0] <= self.free):
            wanted, there = self.outside.popleft()
            if not there.done():
                self.free -= wanted
                there.set_result(None)

    def give(self, jobs: list[Job]) -> None:
        """Whoever asked for the jobs has done with them: what is not decoded yet never will be."""
        for job in jobs:
            job.cancelled = True
        with self.changed:
            self.waiting = deque(job for job in self.waiting if not job.cancelled)
            self.changed.notify()
        self._free(len(jobs))

    @property
    def places(self) -> int:
        return self.max_batch + self.queue

    @property
    def well(self) -> bool:
        """It decodes, and is not being stopped."""
        return self.thread.is_alive() and self.stop_at == float("inf")

    def drain(self, seconds: float) -> None:
        """From any thread, or a signal's handler: take nothing more; what is not finished in so many seconds ends with
        Stopping."""
        self.stop_at = time.monotonic() + seconds
        if self.loop:
            self.loop.call_soon_threadsafe(self._refuse)

    def _refuse(self) -> None:
        for _, there in self.outside:
            if not there.done():
                there.set_exception(Stopping("the server is being stopped"))

    def close(self) -> None:
        with self.changed:
            self.closing = True
            self.changed.notify()
        self.thread.join()

    # ---- in the decoding thread

    def _run(self) -> None:
        while True:
            with self.changed:
                while not (self.waiting or self.decoder.size or self.closing):
                    self.changed.wait()
                if self.closing:
                    return
                free = self.max_batch - self.decoder.size
                self.joining = [self.waiting.popleft() for _ in range(min(free, len(self.waiting)))]
            try:
                if time.monotonic() > self.stop_at:
                    self._fail(Stopping("the server is being stopped"))
                self._step()
            except Exception as error:  # out of memory, say: those who wait are told, and the server goes on
                traceback.print_exc()
                self._fail(error)

    def _step(self) -> None:
        for row in self.decoder.all_rows():
            if row.key.cancelled:
                self.decoder.drop(row)
        if self.joining:
            for row in self.decoder.add([job.request for job in self.joining], self.joining):
                row.key.completion = row.completion
            self.prompt_tokens += sum(len(job.request.prompt) for job in self.joining)
            self.joining = []
        told = [row.key.event(text, row.completion.problem) for row, text in self.decoder.step()]
        self.answer_tokens += len(told)
        tell(told)

    def _fail(self, error: Exception) -> None:
        """None of those who wait for an answer gets one; where it is for good, those in the queue neither."""
        jobs = dict.fromkeys([*self.joining, *(row.key for row in self.decoder.clear())])
        if isinstance(error, Stopping):
            with self.changed:
                jobs |= dict.fromkeys(self.waiting)
                self.waiting.clear()
        self.joining = []
        tell([job.event("", error) for job in jobs])


def tell(events: list[Event]) -> None:
    """Hand events to the loops that wait for them: one call a step and loop, for each wakes its loop up."""

    def put(events: list[Event]) -> None:
        for event in events:
            event[0].events.put_nowait(event)

    for loop in {event[0].loop for event in events}:
        with contextlib.suppress(RuntimeError):  # the server has stopped meanwhile
            loop.call_soon_threadsafe(put, [event for event in events if event[0].loop is loop])
