"""Map a function over jobs on every core, or on a Dask cluster: ordered results, a bounded number in flight.

Both engines are `concurrent.futures` executors, so the stages have one code path.
"""

import multiprocessing
import os
import sys
from collections import deque
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator

from lib.config import Data, InputError

AHEAD = 2  # jobs waiting a worker: enough to keep it busy, few enough to bound memory


class Pool:
    """`pool.map(function, jobs)` yields results in the order of the jobs. workers == 1 runs them right here."""

    def __init__(self, executor: Executor | None, workers: int):
        self.executor, self.workers = executor, workers

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        """function: a module-level function of one argument; jobs are drawn only as workers come free.

        An exception of a job is raised at its place in the order.
        """
        if self.executor is None:
            yield from map(function, jobs)
            return
        waiting: deque = deque()
        try:
            for job in jobs:
                waiting.append(self.executor.submit(function, job))
                if len(waiting) >= self.workers * AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise InputError("a worker process was killed (out of memory?); set data.workers lower and run "
                             "the same command again: it goes on where it stopped") from None
        finally:
            for future in waiting:
                future.cancel()


@contextmanager
def open_pool(data: Data):
    """The pool that the config's data section asks for."""
    if data.engine == "dask":
        with _dask_client(data.scheduler) as client:
            yield Pool(client.get_executor(), max(1, len(client.scheduler_info()["workers"])))
        return
    workers = len(os.sched_getaffinity(0)) if data.workers == "auto" and hasattr(os, "sched_getaffinity") else \
        os.cpu_count() if data.workers == "auto" else data.workers
    if workers == 1:
        yield Pool(None, 1)
        return
    method = "forkserver" if sys.platform == "linux" else "spawn"  # fork would copy threads' locks
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(method)) as executor:
        try:
            yield Pool(executor, workers)
        except BaseException:  # do not wait for jobs that nobody will read
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def _dask_client(address: str):
    try:
        from dask.distributed import Client
    except ImportError:
        raise InputError("data.engine dask needs the package: pip install distributed") from None
    try:
        client = Client(address, timeout="20s")
    except OSError as error:
        raise InputError(f"data.scheduler {address}: no Dask scheduler answers there ({error})") from None
    src = str(Path(__file__).resolve().parents[1])
    client.run(lambda: sys.path.insert(0, src) if src not in sys.path else None)  # stages import `lib`
    return client
