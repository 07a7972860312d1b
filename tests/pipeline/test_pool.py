"""The pool: order, bounds, and workers that are killed, on this machine and on a real Dask cluster."""

import importlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline import pool as pool_module
from pipeline.config import ROOT, InputError, load_config
from pipeline.pool import AHEAD, open_pool


def data(workers=2, engine="local", scheduler=None):
    return SimpleNamespace(workers=workers, engine=engine, scheduler=scheduler)


def square(x):
    time.sleep(0.02 if x % 2 else 0)  # later jobs end first
    return x * x


def fail_at_three(x):
    if x == 3:
        raise InputError("three is bad")
    return x


def die_at_three(x):
    if x == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_jobs(workers):
    with open_pool(data(workers)) as pool:
        assert list(pool.map(square, range(20))) == [i * i for i in range(20)]
        assert list(pool.map(square, [])) == []
        assert list(pool.map(square, [7])) == [49]  # the pool is there for a second map


@pytest.mark.parametrize("workers", [1, 2])
def test_jobs_are_drawn_only_as_workers_come_free(workers):
    drawn = []

    def jobs():
        for i in range(50):
            drawn.append(i)
            yield i

    with open_pool(data(workers)) as pool:
        for done, _ in enumerate(pool.map(square, jobs()), 1):
            assert len(drawn) - done <= workers * AHEAD


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_job_comes_at_its_place(workers):
    seen = []
    with pytest.raises(InputError, match="three is bad"):
        with open_pool(data(workers)) as pool:
            for result in pool.map(fail_at_three, range(10)):
                seen.append(result)
    assert seen == [0, 1, 2]


def test_a_killed_worker_is_one_clear_line():
    with pytest.raises(
        InputError, match="worker process was killed.*data.workers lower and run the same command again"
    ):
        with open_pool(data(2)) as pool:
            list(pool.map(die_at_three, range(10)))


def test_auto_is_one_worker_a_core(monkeypatch):
    monkeypatch.setattr(pool_module, "cores", lambda: 3)
    with open_pool(data("auto")) as pool:
        assert pool.workers == 3
    monkeypatch.undo()
    assert 1 <= pool_module.cores() <= os.cpu_count()


PARENT = """
import os, sys, time
sys.path.insert(0, {src!r})
from types import SimpleNamespace
from pipeline.pool import open_pool

def slow(x):
    print("worker", os.getpid(), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    with open_pool(SimpleNamespace(workers=2, engine="local", scheduler=None)) as pool:
        list(pool.map(slow, range(4)))
"""


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_their_parent(tmp_path, number):
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(src=str(ROOT / "src")))
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    workers = [int(process.stdout.readline().split()[1]) for _ in range(2)]
    assert len(set(workers)) == 2 and all(map(alive, workers))
    process.send_signal(number)
    error = process.communicate(timeout=120)[1]  # does not wait for the ten minutes that the jobs would take
    deadline = time.monotonic() + 120
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, workers))
    if number == signal.SIGINT:
        assert "Process ForkServerProcess" not in error  # no traceback from every worker


# Dask


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler and two worker processes, started as a user starts them: src/ is not on their path."""
    pytest.importorskip("distributed")
    folder, environment = tmp_path_factory.mktemp("dask"), {**os.environ, "PYTHONPATH": str(ROOT / "tests/pipeline")}
    logs = [open(folder / f"{name}.log", "w+") for name in ("scheduler", "workers")]
    dask = [sys.executable, "-m", "dask"]
    scheduler = subprocess.Popen(
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"],
        stdout=logs[0],
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=environment,
    )
    address = wait_for(
        lambda: re.search(r"Scheduler at:\s+(tcp://\S+)", (folder / "scheduler.log").read_text()), folder
    ).group(1)
    workers = subprocess.Popen(
        [*dask, "worker", address, "--nworkers", "2", "--nthreads", "1", "--no-dashboard", "--local-directory", folder],
        stdout=logs[1],
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=environment,
    )
    from distributed import Client

    with Client(address, timeout=300) as client:
        client.wait_for_workers(2, timeout=300)
    yield address
    for process in (workers, scheduler):
        process.terminate()
    for process in (workers, scheduler):
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for(condition, folder):
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError("\n".join(path.read_text() for path in folder.glob("*.log")))


def process_id(x):
    time.sleep(0.05)
    return os.getpid()


ONE_AT_A_TIME = []


def overlaps(x):
    ONE_AT_A_TIME.append(x)
    time.sleep(0.05)
    return len(ONE_AT_A_TIME) - (ONE_AT_A_TIME.remove(x) or 0)


@pytest.mark.slow
def test_dask_gives_the_same_results_in_the_same_order(cluster):
    with open_pool(data(engine="dask", scheduler=cluster)) as pool:
        assert pool.workers == 2
        assert list(pool.map(square, range(20))) == [i * i for i in range(20)]
        seen = []
        with pytest.raises(InputError, match="three is bad"):
            for result in pool.map(fail_at_three, range(10)):
                seen.append(result)
        assert seen == [0, 1, 2]


@pytest.mark.slow
def test_a_dask_worker_that_is_killed_is_replaced_and_nothing_is_lost(cluster):
    with open_pool(data(engine="dask", scheduler=cluster)) as pool:
        results = pool.map(process_id, range(60))
        first = [next(results) for _ in range(6)]
        os.kill(first[0], signal.SIGKILL)
        ids = first + list(results)
        assert len(ids) == 60
        while len(set(ids)) < 3:  # the nanny starts another worker, which finds lib as the first ones did
            ids += pool.map(process_id, range(10))


class KilledWorker(Exception):
    """As Dask's: a task whose workers died more often than the scheduler allows."""


@pytest.mark.parametrize(
    "error, message",
    [
        (KilledWorker("task"), "ended one Dask worker after another"),
        (CancelledError(), "the Dask cluster dropped a job"),
        (RuntimeError("Error during deserialization of the task graph."), "the Dask cluster cannot read our jobs"),
    ],
)
def test_what_becomes_of_a_dask_cluster_is_one_clear_line(error, message):
    def submit(function, job):
        future = Future()
        future.set_exception(error)
        return future

    with pytest.raises(InputError, match=f"{message}.*run the same command again"):
        list(pool_module.Pool(SimpleNamespace(submit=submit), 2).map(square, range(5)))


def versions(**of_the_scheduler) -> dict:
    """As Client.get_versions() gives them."""
    packages = {"python": "3.11.7.final.0", "dask": "1", "distributed": "1", "cloudpickle": "3", "msgpack": "1"}
    ours, theirs = {"packages": packages, "host": {}}, {"packages": {**packages, **of_the_scheduler}, "host": {}}
    return {"client": ours, "scheduler": theirs, "workers": {"tcp://w": ours}}


@pytest.mark.parametrize(
    "difference, said",
    [
        ({}, ""),
        ({"python": "3.11.2.final.0"}, ""),
        ({"python": "3.12.1.final.0"}, "the scheduler has python 3.12, not 3.11"),
        ({"distributed": "2"}, "the scheduler has distributed 2, not 1"),
        ({"msgpack": None}, "the scheduler has msgpack None, not 1"),
    ],
)
def test_a_cluster_of_other_versions_is_named(difference, said):
    assert pool_module._other_versions(versions(**difference)) == said


@pytest.mark.slow
def test_the_cluster_that_the_tests_start_has_our_versions(cluster):
    from dask.distributed import Client

    with Client(cluster) as client:
        found = client.get_versions()
        assert pool_module._other_versions(found) == "" and found["workers"]
        found["workers"][next(iter(found["workers"]))]["packages"]["dask"] = "0.1"
        assert "has dask 0.1, not" in pool_module._other_versions(found)


STAGES = ["extract", "clean", "dedup", "train_tokenizer", "pack_tokens"]


def run_data_stages(folder, dump, *overrides):
    """All data stages into `folder`. -> {file: its bytes}, manifests without times and versions"""
    paths = {
        "extracted_dir": "extracted",
        "filtered_dir": "filtered",
        "deduped_dir": "deduped",
        "train_bin": "tokens/train.bin",
        "val_bin": "tokens/val.bin",
    }
    overrides = [
        f"data.dump={dump}",
        *[f"data.{key}={folder / name}" for key, name in paths.items()],
        "model.vocab_size=1024",
        f"tokenizer.path={folder / 'tokenizer/tokenizer.json'}",
        "data.shard_articles=40",
        *overrides,
    ]
    cfg = load_config("configs/demo.yaml", overrides)
    for stage in STAGES[:-1]:
        importlib.import_module(stage).main(cfg)
    done = subprocess.run(
        [sys.executable, ROOT / f"src/{STAGES[-1]}.py", "--config", ROOT / "configs/demo.yaml", *overrides],
        capture_output=True,
        text=True,
        timeout=900,
    )  # as a script, where a function's module is __main__
    assert done.returncode == 0, done.stderr
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
    for name in [name for name in files if name.endswith("manifest.json")]:
        files[name] = {k: v for k, v in json.loads(files[name]).items() if k not in ("seconds", "versions")}
    return files


@pytest.mark.slow
def test_every_data_stage_makes_the_same_bytes_on_dask_while_workers_are_killed(cluster, miniwiki, tmp_path):
    from distributed import Client

    dump = next(miniwiki.glob("*.xml.bz2"))
    local = run_data_stages(tmp_path / "local", dump, "data.workers=1")
    stop, killed = threading.Event(), []

    def kill_now_and_then():
        with Client(cluster) as client:
            # The scheduler gives up a job whose workers died four times, as one that is long on a slow machine would.
            while len(killed) < 3 and not stop.wait(1):
                workers = client.run(os.getpid)
                if len(workers) == 2:  # the one killed before has been replaced
                    os.kill(min(workers.values()), signal.SIGKILL)
                    killed.append(min(workers.values()))

    killer = threading.Thread(target=kill_now_and_then)
    killer.start()
    try:
        spread = run_data_stages(tmp_path / "dask", dump, "data.engine=dask", f"data.scheduler={cluster}")
    finally:
        stop.set()
        killer.join()
    assert killed and list(spread) == list(local)
    assert [name for name in local if spread[name] != local[name]] == []


def test_no_scheduler_or_no_dask_is_one_clear_line(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("pipeline.pool.DASK_SECONDS", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense"):
        with pytest.raises(InputError, match=f"data.scheduler {address}: no Dask scheduler answers there"):
            with open_pool(data(engine="dask", scheduler=address)):
                pass
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with pytest.raises(InputError, match="pip install distributed"):
        with open_pool(data(engine="dask", scheduler="tcp://127.0.0.1:9")):
            pass


def test_a_worker_with_several_threads_runs_one_job_at_a_time():
    with ThreadPoolExecutor(4) as threads:
        assert set(pool_module._DaskPool(threads, 4).map(overlaps, range(8))) == {1}
