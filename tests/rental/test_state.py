""".vast/state.json: several commands at once, what older versions left, a disk that takes nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config import InputError
from scripts.rental import ledger, state
from scripts.rental.state import Store
from scripts.rental.world import LocalFault

ROOT = Path(__file__).resolve().parents[2]
ADDING = """
import sys
from scripts.rental.state import Store
from pathlib import Path
store, mine = Store(Path(sys.argv[1])), sys.argv[2]
for number in range(40):
    with store.change() as state:
        state["speeds"][f"{mine} {number}"] = 1.0
"""


def test_two_commands_at_once_lose_nothing_of_each_other(tmp_path):
    """`build` in one terminal, `status` in another: each reads the file, changes its part and writes it whole."""
    adding = [
        subprocess.Popen([sys.executable, "-c", ADDING, tmp_path / ".vast", name], cwd=ROOT, env=with_path())
        for name in ("build", "status")
    ]
    assert [process.wait(300) for process in adding] == [0, 0]
    assert len(Store(tmp_path / ".vast").load()["speeds"]) == 80


def with_path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}


OLD = {"renting": None, "built": {}, "pulled": None,
       "instance": {"id": 7, "label": "wikillm-1", "gpu": "RTX 4090", "dph": 0.4, "rented": 1000.0},
       "ledger": [{"id": 7, "gpu": "RTX 4090", "prices": [[1000.0, 0.4]]}]}  # fmt: skip


def test_what_the_first_version_left_is_read_and_its_box_taken_for_one_with_work(tmp_path):
    store = Store(tmp_path)
    store.file.write_text(json.dumps(OLD))
    found = store.load()
    assert found["instance"]["work"] and found["instance"]["id"] == 7 and found["requests"] == []
    assert ledger.spent(found["ledger"][0], 4600.0) == (1.0, pytest.approx(0.4))
    ledger.priced(found, 7, 0.0, 4600.0)
    assert "gone, costs nothing" in ledger.show(found, 9000.0)


@pytest.mark.parametrize("text", ["", "[]", "null", '{"instance": 5, "left": []}', '{"ledger": [{"id": 1}]}', "{"])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path, text):
    Store(tmp_path).file.write_text(text)
    with pytest.raises(InputError, match="cannot be read any more; move it away"):
        Store(tmp_path).load()


def test_what_a_full_disk_did_not_take_is_held_and_written_later(tmp_path, monkeypatch):
    store = Store(tmp_path)
    with store.change() as it:
        it["uplink"] = 1.0

    def no_space(file, text):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(state, "write_private", no_space)
        with store.change() as it:
            it["uplink"] = 2.0
        with pytest.raises(LocalFault, match="No space left"):
            with store.change(at_once=True) as it:
                it["uplink"] = 3.0
    assert store.load()["uplink"] == 2.0 and Store(tmp_path).load()["uplink"] == 1.0
    with store.change():
        pass
    assert Store(tmp_path).load()["uplink"] == 2.0 and store.unwritten is None


def test_a_pull_waits_for_the_pull_of_another_terminal(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sys, time\nfrom pathlib import Path\nfrom scripts.rental.state import locked\n"
         "with locked(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(1)\n"
         "    Path(sys.argv[2]).touch()", tmp_path / "pull.lock", tmp_path / "through"],
        cwd=ROOT, env=with_path(), stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert holder.stdout.readline() == "held\n"
    with state.locked(tmp_path / "pull.lock"):
        assert (tmp_path / "through").exists()
    assert holder.wait(300) == 0
