"""Map a function over jobs on every core, or on a Dask cluster: ordered results, a bounded number in flight.

Both engines are `concurrent.futures` executors, so the stages have one code path. For Dask, start workers that see the
same files under the same paths and have this environment: `dask scheduler`, then on every machine
`dask worker tcp://HOST:8786 --nworkers auto --nthreads 1`; give data.engine=dask data.scheduler=tcp://HOST:8786.
"""

import functools
import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.config import Data, InputError

AHEAD = 2  # jobs waiting a worker: enough to keep it busy, few enough to bound memory
TRIES = 5  # to tell all workers something, of which one may die just then
DASK_SECONDS = 20  # for the scheduler to answer, and for it to have a worker


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
                with _said_plainly():
                    waiting.append(self.executor.submit(function, job))
                if len(waiting) >= self.workers * AHEAD:
                    with _said_plainly():
                        result = waiting.popleft().result()
                    yield result
            while waiting:
                with _said_plainly():
                    result = waiting.popleft().result()
                yield result
        finally:
            for future in waiting:
                future.cancel()


@contextmanager
def _said_plainly():
    """What becomes of workers and clusters as one line; what a job itself raises comes through."""
    try:
        yield
        return
    except BrokenProcessPool:
        reason = "a worker process was killed (out of memory?); set data.workers lower"
    except CancelledError:
        reason = "the Dask cluster dropped a job (has its scheduler gone away?); see to it"
    except Exception as error:
        if type(error).__name__ == "KilledWorker":  # Dask's, whose package may be absent
            reason = (
                "a job ended one Dask worker after another (out of memory?); "
                "give the workers more, or set data.shard_articles lower"
            )
        elif "deserializ" in str(error) and type(error) is RuntimeError:
            reason = "the Dask cluster cannot read our jobs: start it from this environment and with the same files"
        else:
            raise
    raise InputError(f"{reason} and run the same command again: it goes on where it stopped")


@contextmanager
def open_pool(data: Data):
    """The pool that the config's data section asks for."""
    if data.engine == "dask":
        with _dask_client(data.scheduler) as client:
            yield _DaskPool(client.get_executor(), len(client.scheduler_info()["workers"]))
        return
    workers = cores() if data.workers == "auto" else data.workers
    if workers == 1:
        yield Pool(None, 1)
        return
    method = "forkserver" if sys.platform == "linux" else "spawn"  # fork would copy threads' locks
    before = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(method), initializer=_follow_parent)
    try:
        yield Pool(executor, workers)
    except BaseException:  # nobody will read what the jobs under way make: do not wait for them
        executor.shutdown(wait=False, cancel_futures=True)
        for worker in set(multiprocessing.active_children()) - before:
            worker.terminate()
        raise
    executor.shutdown()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _follow_parent() -> None:
    """In a worker: leave Ctrl-C to the parent, and end with it, even when it is killed with SIGKILL."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait_and_exit():
        parent.join()
        os._exit(1)

    threading.Thread(target=wait_and_exit, daemon=True).start()


class _DaskPool(Pool):
    """A worker of Dask's may have several threads; the stages' functions expect a process for themselves."""

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        yield from super().map(functools.partial(_alone, _importable(function)), jobs)


_ONE_JOB = threading.Lock()


def _alone(function: Callable[[Any], Any], job: Any) -> Any:
    with _ONE_JOB:
        return function(job)


def _importable(function: Callable) -> Callable:
    """The same function from a module that workers can import, when this stage was started as a script."""
    if function.__module__ != "__main__":
        return function
    return getattr(importlib.import_module(Path(str(sys.modules["__main__"].__file__)).stem), function.__name__)


def _dask_client(address: str | None) -> Any:
    try:
        from dask.distributed import Client
    except ImportError:
        raise InputError("data.engine dask needs the package: pip install distributed") from None
    try:
        client: Any = Client(address, timeout=DASK_SECONDS)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(f"data.scheduler {address}: no Dask scheduler answers there ({error})") from None
    try:
        client.wait_for_workers(1, timeout=DASK_SECONDS)
    except TimeoutError:
        client.close()
        raise InputError(
            f"data.scheduler {address}: the cluster has no workers; start some: dask worker {address} --nthreads 1"
        ) from None
    if different := _other_versions(client.get_versions()):
        client.close()
        raise InputError(f"data.scheduler {address}: {different}; start the cluster from this environment")
    src = str(Path(__file__).resolve().parents[1])

    def find_stages():
        if src not in sys.path:
            sys.path.insert(0, src)

    client.run_on_scheduler(find_stages)  # it unpacks what jobs refer to
    for left in reversed(range(TRIES)):
        try:
            client.register_worker_callbacks(find_stages)  # also on workers that take a dead one's place
            break
        except OSError:  # a worker died while it was told
            if not left:
                raise
            time.sleep(1)
    return client


# Packages whose versions must be the same on both sides for a job to arrive
WIRE = ("python", "dask", "distributed", "cloudpickle", "msgpack")


def _other_versions(versions: dict) -> str:
    """What of Client.get_versions() differs between us and the cluster, in words; '' when nothing does.

    Of Python the first two numbers count: bytecode is the same within them.
    """
    ours = _wire(versions["client"])
    for member, about in [("the scheduler", versions["scheduler"]), *versions["workers"].items()]:
        theirs = _wire(about) if about else ours
        found = [
            f"{package} {theirs[package]}, not {ours[package]}" for package in WIRE if theirs[package] != ours[package]
        ]
        if found:
            return f"{member} has {', '.join(found)}"
    return ""


def _wire(about: dict) -> dict[str, str]:
    packages = {package: str(about["packages"].get(package)) for package in WIRE}
    return packages | {"python": ".".join(packages["python"].split(".")[:2])}
