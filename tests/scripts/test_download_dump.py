"""scripts/download_dump.sh against a local server with Range support that can cut connections and lie."""

import fcntl
import hashlib
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "download_dump.sh"
KIND = "pages-articles-multistream.xml.bz2"
DUMP = random.Random(7).randbytes(6_000_000)

needs_aria2 = pytest.mark.skipif(not shutil.which("aria2c"), reason="aria2c is not installed (apt-get install aria2)")


class DumpServer:
    """Serves `files` with Range support; `cut_after` bytes in all it drops every connection."""

    def __init__(self):
        self.files, self.cut_after, self.ranges, self.sent = {}, None, [], 0
        self.slow, self.no_ranges = 0.0, False  # seconds a piece; Range headers are not looked at
        self.waits_at, self.goes_on = None, threading.Event()  # bytes after which nothing comes until it goes on
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = outer.files.get(self.path)
                if body is None:
                    return self.send_error(404)
                start, end = 0, len(body)
                asked = None if outer.no_ranges else self.headers.get("Range")
                if asked:
                    first, _, last = asked.removeprefix("bytes=").partition("-")
                    start, end = int(first), int(last) + 1 if last else len(body)
                if body is DUMP:
                    outer.ranges.append((start, end))
                self.send_response(206 if asked else 200)
                if not outer.no_ranges:
                    self.send_header("Accept-Ranges", "bytes")
                self.send_header("Content-Length", str(end - start))
                if asked:
                    self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(body)}")
                self.end_headers()
                for at in range(start, end, 65536):
                    piece = body[at : min(at + 65536, end)]
                    if body is DUMP and outer.cut_after is not None and outer.sent >= outer.cut_after:
                        return self.connection.close()
                    if body is DUMP and outer.waits_at is not None and outer.sent >= outer.waits_at:
                        outer.goes_on.wait(600)
                    self.wfile.write(piece)
                    time.sleep(outer.slow)
                    outer.sent += len(piece) if body is DUMP else 0

            def handle(self):
                try:
                    super().handle()
                except (ConnectionError, ValueError, OSError):
                    pass  # the client went away, or we cut it off

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def publish(self, wiki, day, body=DUMP, sha1=None, as_latest=False):
        name = f"{wiki}-{day}-{KIND}"
        line = f"{sha1 or hashlib.sha1(body).hexdigest()}  {name}\n{'0' * 40}  {wiki}-{day}-stub-meta-history.xml.gz\n"
        self.files[f"/{wiki}/{day}/{name}"] = body
        for date in [day] + ["latest"] * as_latest:
            self.files[f"/{wiki}/{date}/{wiki}-{date}-sha1sums.txt"] = line.encode()
        return name


@pytest.fixture
def server():
    server = DumpServer()
    yield server
    server.http.shutdown()
    server.http.server_close()


def download(server, folder, *args, **env):
    settings = {"WIKILLM_DUMP_MIRROR": server.url, "WIKILLM_TRIES": "2", "WIKILLM_RETRY_WAIT": "0", **env}
    return subprocess.run(
        ["bash", SCRIPT, *args, folder], env={**os.environ, **settings}, capture_output=True, text=True, timeout=300
    )


def covered(ranges: list[tuple[int, int]]) -> int:
    """Bytes that are in any of them: a connection may be asked for the rest of what another one has begun."""
    return len(set().union(*(range(start, end) for start, end in ranges)))


@needs_aria2
def test_a_dated_dump_arrives_whole_over_several_connections(server, tmp_path):
    name = server.publish("dewiki", "20260101")
    ran = download(server, tmp_path, "dewiki", "20260101")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / name).read_bytes() == DUMP
    assert len({start for start, _ in server.ranges}) > 1, "one connection only"
    asked_before = len(server.ranges)
    again = download(server, tmp_path, "dewiki", "20260101")
    assert again.returncode == 0 and "verified" in again.stdout
    assert len(server.ranges) == asked_before, "downloaded again"


@needs_aria2
def test_latest_is_resolved_to_its_date_and_linked(server, tmp_path):
    name = server.publish("simplewiki", "20251220", as_latest=True)
    assert download(server, tmp_path, "simplewiki", "latest").returncode == 0
    link = tmp_path / f"simplewiki-latest-{KIND}"
    assert os.readlink(link) == name and link.read_bytes() == DUMP
    newer = bytes(reversed(DUMP))
    newer_name = server.publish("simplewiki", "20260101", newer, as_latest=True)
    assert download(server, tmp_path, "simplewiki", "latest").returncode == 0
    assert os.readlink(link) == newer_name and link.read_bytes() == newer


@needs_aria2
def test_a_cut_download_goes_on_where_it_stopped(server, tmp_path):
    name = server.publish("enwiki", "20260101")
    server.cut_after = 4_000_000
    cut = download(server, tmp_path, "enwiki", "20260101")
    assert cut.returncode == 2 and "run the same command again" in cut.stderr
    assert not (tmp_path / name).exists(), "half a dump under its final name"
    server.cut_after, server.ranges = None, []
    assert download(server, tmp_path, "enwiki", "20260101").returncode == 0
    assert (tmp_path / name).read_bytes() == DUMP
    wanted = server.ranges[1:]  # the first request only learns the size
    assert covered(wanted) < 4_000_000, f"fetched again what was there: {sorted(wanted)}"
    assert sorted(p.name for p in tmp_path.iterdir()) == [name, name + ".sha1"]


@needs_aria2
def test_a_wrong_checksum_is_refused_and_the_file_removed(server, tmp_path):
    name = server.publish("enwiki", "20260101", sha1="ab" * 20)
    ran = download(server, tmp_path, "enwiki", "20260101")
    assert ran.returncode == 2 and "wrong checksum" in ran.stderr
    assert list(tmp_path.iterdir()) == []
    server.publish("enwiki", "20260101")
    assert download(server, tmp_path, "enwiki", "20260101").returncode == 0
    assert (tmp_path / name).read_bytes() == DUMP


@needs_aria2
@pytest.mark.parametrize("damage", [lambda b: b[:3_000_000], lambda b: b[:-1] + b"!"])
def test_a_file_put_there_by_hand_is_verified_first(server, tmp_path, damage):
    name = server.publish("enwiki", "20260101")
    (tmp_path / name).write_bytes(damage(DUMP))
    first = download(server, tmp_path, "enwiki", "20260101")
    if first.returncode == 2:  # same length, other bytes: nothing to resume, so it is thrown away
        assert "wrong checksum" in first.stderr and not (tmp_path / name).exists()
        assert download(server, tmp_path, "enwiki", "20260101").returncode == 0
    assert (tmp_path / name).read_bytes() == DUMP


@needs_aria2
def test_a_dump_that_does_not_exist_or_is_not_finished_is_one_clear_line(server, tmp_path):
    absent = download(server, tmp_path, "enwiki", "20250101")
    assert absent.returncode == 2 and "is there a dump of enwiki of that date?" in absent.stderr
    server.files["/enwiki/20260201/enwiki-20260201-sha1sums.txt"] = b"%s  enwiki-20260201-abstract.xml.gz\n" % (
        b"1" * 40
    )
    unfinished = download(server, tmp_path, "enwiki", "20260201")
    assert unfinished.returncode == 2 and "not finished" in unfinished.stderr
    assert len(unfinished.stderr.strip().splitlines()) == 1


def test_names_and_dates_are_checked_and_a_missing_aria2_is_said(server, tmp_path):
    assert "not a wiki's name" in download(server, tmp_path, "../etc", "latest").stderr
    assert "not a date" in download(server, tmp_path, "enwiki", "yesterday").stderr
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("bash", "dirname", "mktemp", "rm", "mkdir"):
        (tools / tool).symlink_to(shutil.which(tool))
    ran = subprocess.run(["bash", SCRIPT, "enwiki"], env={"PATH": str(tools)}, capture_output=True, text=True)
    assert ran.returncode == 2 and "aria2c is missing; install it" in ran.stderr


# A full disk ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 4 MB that can be made larger; skips where mounting is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs to mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@needs_aria2
def test_a_full_disk_is_said_and_the_same_command_goes_on_when_there_is_room(server, small_disk):
    name = server.publish("enwiki", "20260101")
    for _ in range(3):  # however often it is tried meanwhile
        full = download(server, small_disk, "enwiki", "20260101")
        assert full.returncode == 2 and "the disk is full" in full.stderr, full.stderr
    subprocess.run(["mount", "-o", "remount,size=30m", small_disk], check=True)
    ran = download(server, small_disk, "enwiki", "20260101")
    assert ran.returncode == 0, ran.stderr
    assert (small_disk / name).read_bytes() == DUMP
    assert sorted(p.name for p in small_disk.iterdir()) == [name, name + ".sha1"]


def cut_with_a_map(server, folder, name):
    server.cut_after = 4_000_000
    assert download(server, folder, "enwiki", "20260101").returncode == 2
    server.cut_after, server.ranges = None, []
    map_file = folder / f"{name}.part.aria2"
    assert map_file.stat().st_size
    return map_file


@needs_aria2
def test_a_map_of_no_bytes_starts_again_and_says_so(server, tmp_path):
    name = server.publish("enwiki", "20260101")
    cut_with_a_map(server, tmp_path, name).write_bytes(b"")
    ran = download(server, tmp_path, "enwiki", "20260101")
    assert ran.returncode == 0 and "was lost on a full disk; starting again" in ran.stdout, ran.stderr
    assert (tmp_path / name).read_bytes() == DUMP


@needs_aria2
def test_a_map_of_no_bytes_is_replaced_by_an_older_one(server, tmp_path):
    name = server.publish("enwiki", "20260101")
    map_file = cut_with_a_map(server, tmp_path, name)
    shutil.copy(map_file, f"{map_file}.kept")
    map_file.write_bytes(b"")
    ran = download(server, tmp_path, "enwiki", "20260101")
    assert ran.returncode == 0 and "going on with an older one" in ran.stdout, ran.stderr
    assert (tmp_path / name).read_bytes() == DUMP
    assert covered(server.ranges[1:]) < 4_000_000, "fetched again what was there"
    assert sorted(p.name for p in tmp_path.iterdir()) == [name, name + ".sha1"]


# Killed, twice at once, a poor server ---------------------------------------------------------------------------------


@needs_aria2
def test_killed_in_the_middle_it_goes_on(server, tmp_path):
    name = server.publish("enwiki", "20260101")
    server.slow, server.waits_at = 0.02, 2_000_000
    settings = {"WIKILLM_DUMP_MIRROR": server.url, "WIKILLM_MAP_SECONDS": "0.1"}
    process = subprocess.Popen(
        ["bash", SCRIPT, "enwiki", "20260101", tmp_path],
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while server.sent < 2_000_000 and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / name).exists()
    server.slow, server.waits_at = 0, None
    server.goes_on.set()
    ran = download(server, tmp_path, "enwiki", "20260101")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / name).read_bytes() == DUMP


@needs_aria2
@pytest.mark.skipif(not shutil.which("flock"), reason="flock is not installed")
def test_two_at_once_do_not_write_into_one_file(server, tmp_path):
    name = server.publish("enwiki", "20260101")
    with open(tmp_path / f"{name}.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = download(server, tmp_path, "enwiki", "20260101")
    assert second.returncode == 2 and "another download of" in second.stderr
    assert download(server, tmp_path, "enwiki", "20260101").returncode == 0


@needs_aria2
def test_a_page_in_place_of_the_checksums_is_no_dump(server, tmp_path):
    server.files["/enwiki/20260201/enwiki-20260201-sha1sums.txt"] = b"<html>Log in to this network</html>"
    ran = download(server, tmp_path, "enwiki", "20260201")
    assert ran.returncode == 2 and "not finished" in ran.stderr and list(tmp_path.iterdir()) == []


@needs_aria2
def test_a_server_that_sends_whole_files_only(server, tmp_path):
    name = server.publish("enwiki", "20260101")
    server.no_ranges = True
    ran = download(server, tmp_path, "enwiki", "20260101")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / name).read_bytes() == DUMP
