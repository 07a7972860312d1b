"""vast.ai's answers as its SDK gives them, and what we make of each; without a network."""

import json
import os
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from pipeline.config import InputError, load_config
from scripts.rental import preflight, transfer
from scripts.rental.api import VastApi
from scripts.rental.commands import Uninterrupted
from scripts.rental.world import ApiError, KeyRefused, OfferGone

OFFER = {"id": 5}


def refusal(status: int, body: str = '{"success": false, "msg": "no"}') -> requests.HTTPError:
    response = requests.Response()
    response.status_code, response._content = status, body.encode()
    return requests.HTTPError(response=response)


def api(**answers) -> VastApi:
    """With an SDK whose calls return or raise what is given."""
    found = VastApi.__new__(VastApi)

    def call(name):
        def act(*args, **kwargs):
            answer = answers[name].pop(0) if isinstance(answers[name], list) else answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return act

    found.sdk = found.sdk_once = SimpleNamespace(**{name: call(name) for name in answers})
    found.vast, found.onstart, found.env, found.disk_gb = SimpleNamespace(image="i"), "", {}, 50
    return found


@pytest.mark.parametrize(
    "answer, raised",
    [
        (refusal(400), OfferGone),
        (refusal(404), OfferGone),
        (refusal(429), OfferGone),
        ({"success": False, "msg": "no_such_ask"}, OfferGone),
        (refusal(401), KeyRefused),
        (refusal(403), KeyRefused),
        (refusal(500), ApiError),  # it may have been carried out all the same
        (refusal(504, "<html>Gateway</html>"), ApiError),
        (requests.ConnectionError("reset"), ApiError),
        (requests.Timeout("40 s"), ApiError),
        (json.JSONDecodeError("x", "<html>", 0), ApiError),
        ({"success": True}, ApiError),
        ("<html>", ApiError),
    ],
)
def test_only_a_clear_refusal_of_a_create_means_that_nothing_was_rented(answer, raised):
    with pytest.raises(raised):
        api(create_instance=answer).create(OFFER, "wikillm-1")


def test_a_create_that_was_done():
    assert api(create_instance={"success": True, "new_contract": 77}).create(OFFER, "wikillm-1") == 77


@pytest.mark.parametrize("what", ["stop", "start", "destroy"])
def test_an_answer_that_says_no_with_status_200_is_no(what):
    with pytest.raises(ApiError, match=f"did not {what} instance 7"):
        getattr(api(**{f"{what}_instance": {"success": False, "msg": "busy"}}), what)(7)
    getattr(api(**{f"{what}_instance": {"success": True}}), what)(7)


def test_all_pages_are_listed():
    row = {"actual_status": None, "intended_status": "running", "start_date": 5.0}
    pages = [
        {"instances": [{"id": 1, "label": "wikillm-a", **row}], "next_token": "t"},
        {"instances": [{"id": 2, "label": None, **row}], "next_token": None},
    ]
    assert [(r.id, r.label) for r in api(show_instances_v1=pages).instances()] == [(1, "wikillm-a"), (2, "")]
    with pytest.raises(ApiError):
        api(show_instances_v1={"success": False}).instances()


def test_pages_that_have_no_end_are_an_error_not_a_loop():
    page = {"instances": [{"id": 1, "label": "wikillm-a"}], "next_token": "again"}
    with pytest.raises(ApiError, match="its pages have no end"):
        api(show_instances_v1=page).instances()


@pytest.mark.parametrize(
    "changed",
    [{"ports": ["22/tcp"]}, {"ports": {"22/tcp": "40022"}}, {"public_ipaddr": None}, {"dph_total": "n/a"},
     {"start_date": "2026-11-26T10:00:00"}, {"storage_total_cost": {}}, {"label": 5}, {"new field": [1]},
     {"ports": {"22/tcp": [{"HostPort": None}]}}, {"ssh_port": "none"}, {"status_msg": 3}],
)  # fmt: skip
def test_a_field_that_is_missing_or_of_another_type_hides_no_instance(changed):
    """A listing that cannot be read would be in the way of ending what costs money."""
    raw = {"id": "3", "label": "wikillm-a", "actual_status": "running", "intended_status": "running",
           "dph_total": "0.4", "start_date": 5, "ssh_host": "ssh5.vast.ai", "ssh_port": "11000",
           "public_ipaddr": "1.2.3.4", "ports": {"22/tcp": [{"HostPort": "40022"}]}}  # fmt: skip
    (row,) = api(show_instances_v1={"instances": [{**raw, **changed}], "next_token": None}).instances()
    assert row.id == 3 and row.runs and (row.addresses or "ssh_port" in changed)
    assert row.dph == (0.0 if "dph_total" in changed else 0.4)
    with pytest.raises(ApiError, match="cannot be read"):
        api(show_instance={"label": "wikillm-a"}).show(3)


def test_offers_that_cannot_be_compared_are_left_out():
    good = {"id": 1, "gpu_name": "RTX 4090", "dph_total": "0.4", "num_gpus": 1, "end_date": "soon", "min_bid": None}
    bad = [
        {},
        None,
        {"id": 2, "gpu_name": "RTX 4090"},
        {"id": 3, "gpu_name": None, "dph_total": 1},
        {**good, "id": None},
    ]
    (offer,) = api(search_offers=[[*bad, good]]).search("gpu", 50)
    assert offer["id"] == 1 and offer["dph_total"] == 0.4 and offer["end_date"] is None and offer["num_gpus"] == 1
    with pytest.raises(ApiError, match="could not list offers"):
        api(search_offers={"success": False}).search("gpu", 50)


@pytest.mark.parametrize("listed", [[], None, {}, {"ssh_keys": []}, {"keys": None}])
def test_the_key_is_registered_whatever_the_list_of_keys_looks_like(listed):
    asked = []
    with_keys = api(show_ssh_keys=[listed], create_ssh_key=None)
    with_keys.sdk.create_ssh_key = asked.append
    with_keys.register_key("ssh-ed25519 AAAA me@here")
    assert asked == ["ssh-ed25519 AAAA me@here"]
    known = api(show_ssh_keys={"anything": [{"public_key": "ssh-ed25519 AAAA there"}]})
    known.register_key("ssh-ed25519 AAAA me@here")  # no create_ssh_key to call


def test_an_empty_answer_and_404_are_no_news():
    assert api(show_instance=None).show(7) is None
    assert api(show_instance=refusal(404)).show(7) is None
    with pytest.raises(ApiError):
        api(show_instance=refusal(502)).show(7)


def test_whose_key_it_is():
    assert api(show_user={"id": 12, "credit": "3.5"}).account().credit == 3.5
    assert api(show_user={"id": 12, "credit": "much"}).account().credit is None
    for answer in (refusal(404), {"msg": "?"}, None):
        with pytest.raises(ApiError):
            api(show_user=answer).account()


def test_both_ways_to_ssh():
    raw = {"id": 3, "ssh_host": "ssh5.vast.ai", "ssh_port": 11000, "public_ipaddr": "1.2.3.4 ",
           "ports": {"22/tcp": [{"HostPort": "40022"}]}, "actual_status": "running"}  # fmt: skip
    assert api(show_instance=raw).show(3).addresses == (("1.2.3.4", 40022), ("ssh5.vast.ai", 11000))


def test_no_error_shows_the_key():
    problem = requests.ConnectionError("HTTPSConnectionPool(host='console.vast.ai'): /api/v0/asks/5/")
    with pytest.raises(ApiError) as error:
        api(create_instance=problem).create(OFFER, "l")
    assert "Bearer" not in str(error.value)


# Before anything is rented --------------------------------------------------------------------------------------------


@pytest.fixture
def key(tmp_path, monkeypatch):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)

    def make(passphrase: str):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", tmp_path / "id"], check=True)
        return SimpleNamespace(vast=SimpleNamespace(ssh_key=str(tmp_path / "id")))

    return make


def test_a_key_with_a_passphrase_and_no_agent_is_refused_before_renting(key):
    with pytest.raises(InputError, match="has a passphrase and no ssh-agent holds it"):
        preflight.ssh_key(key("secret words"))


def test_a_key_without_one_will_do(key, tmp_path):
    assert preflight.ssh_key(key("")) == tmp_path / "id"
    (tmp_path / "id.pub").unlink()
    with pytest.raises(InputError, match="no ssh key pair"):
        preflight.ssh_key(SimpleNamespace(vast=SimpleNamespace(ssh_key=str(tmp_path / "id"))))


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A config whose tokens are there."""
    files = {name: tmp_path / name for name in ("tokenizer.path", "data.train_bin", "data.val_bin")}
    for file in files.values():
        file.touch()
    cfg = load_config("configs/demo.yaml", [f"{name}={file}" for name, file in files.items()])
    monkeypatch.setattr(transfer, "ROOT", tmp_path)
    monkeypatch.setattr(preflight, "resolve", Path)
    monkeypatch.setattr(transfer, "resolve", lambda path: tmp_path / "made" / Path(path).name)
    return cfg


def test_what_cannot_be_sent_is_found_before_anything_is_rented(checkout, tmp_path, monkeypatch):
    """data/ on another disk, behind a link: the box has no such place."""
    preflight.inputs(checkout, "configs/demo.yaml")
    monkeypatch.setattr(transfer, "resolve", lambda path: Path("/another disk") / path)
    with pytest.raises(InputError, match="paths must be folders inside the repo"):
        preflight.inputs(checkout, "configs/demo.yaml")


def test_a_program_that_is_missing_here_is_found_before_anything_is_rented(checkout, monkeypatch):
    monkeypatch.setattr(preflight.shutil, "which", lambda name: None if name == "rsync" else name)
    with pytest.raises(InputError, match="not installed here: rsync"):
        preflight.inputs(checkout, "configs/demo.yaml")


def test_the_push_has_its_minutes_and_dollars():
    """At 10 MB/s with 6 GB before training starts, ten minutes of a box at $0.60; and 10 GB at two cents each."""
    assert preflight.push_dollars({"dph_total": 0.6, "inet_down_cost": 0.02}, 6.0, 4.0, 10.0) == pytest.approx(
        0.1 + 0.2
    )
    cfg = load_config("configs/demo.yaml", [])
    shown = "\n".join(preflight.uplink_lines(cfg, 10.0, {"dph_total": 0.6}))
    assert "MB/s (as the last push had)" in shown and "of the build's dollars" in shown


@pytest.mark.parametrize("error", [None, OfferGone("taken")])
def test_ctrl_c_during_a_create_takes_effect_at_its_end_also_when_that_fails(error):
    with pytest.raises(KeyboardInterrupt):
        with Uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            done = "not cut short"
            if error:
                raise error
    assert done
