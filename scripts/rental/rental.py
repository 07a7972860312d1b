"""Renting through vast.ai's SDK: offers, create, wait, destroy. Whatever is created is known by its label first.

The SDK's own retries are off for `create`: a request that was carried out but whose answer was lost would otherwise
rent a second box. Every answer is checked, because an API error may come with status 200.
"""

import json
import secrets
import sys
import time
from collections.abc import Callable

import requests

from pipeline.config import InputError
from scripts.gpu_check import peak_tflops

MFU = 0.55  # of a GPU's peak: published runs of such models reach 106 to 130 thousand tokens/s on a 4090, 0.55 to 0.68; train.bench=20 measures it
TRIES = 6  # of what must not be given up: seeing what was rented, and ending it


class RentalError(Exception):
    """Something at vast.ai or on the box went wrong: shown, exit status 1."""


class OfferGone(RentalError):
    """Somebody else was faster, or the host took it back."""


class StillBilling(RentalError):
    """We could not end what costs money: said loudly."""


def connect():
    """-> (the SDK for reading and destroying, the SDK for creating: one try only)"""
    sys.modules.setdefault(
        "vastai.serverless", None
    )  # the SDK goes without its serving half: 0.5 s less at every start
    from vastai import VastAI

    try:
        api, create_api = VastAI(), VastAI(retry=1)
        api.client.timeout = 40
        return api, create_api
    except RuntimeError:
        raise InputError(
            "no vast.ai API key: get one at https://cloud.vast.ai/manage-keys/, then "
            "`export VAST_API_KEY=...` or `.venv-vast/bin/vastai set api-key ...`"
        ) from None


def asking(what: str, call: Callable, *args, **kwargs):
    """Call the API; every kind of failure becomes one line that says what was asked."""
    try:
        return call(*args, **kwargs)
    except requests.HTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            raise InputError(
                f"vast.ai refused the API key ({status}) when asked to {what}; "
                f"check VAST_API_KEY or `vastai set api-key`"
            ) from None
        raise RentalError(f"vast.ai could not {what}: {status} {_message(error.response)}") from error
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        # not reached, not in time, or not JSON in the expected shape
        raise RentalError(f"vast.ai could not {what}: {type(error).__name__} {str(error)[:200]}") from error


def _message(response) -> str:
    try:
        body = response.json()
        return str(body.get("msg") or body.get("error") or body)[:200]
    except ValueError:
        return response.text[:80].replace("\n", " ")


def search(api, vast) -> list[dict]:
    """Offers that fit the config, cheapest first; `dph_total` is the price with the disk included."""
    query = f"gpu_name={vast.gpu} disk_space>={vast.disk_gb} {vast.filters}"
    offers = asking("list offers", api.search_offers, query=query, order="dph_total", storage=float(vast.disk_gb))
    return sorted((o for o in offers if o["dph_total"] <= vast.max_price), key=lambda o: o["dph_total"])


def train_hours(cfg, gpu_name: str) -> float | None:
    """Expected hours of train.py: 6 FLOPs a parameter and token plus attention, at MFU of the GPU's peak."""
    peak = peak_tflops(gpu_name)
    if peak is None:
        return None
    m, t = cfg.model, cfg.train
    matrices = m.n_layer * (4 * m.n_embd**2 + 3 * m.n_embd * m.d_ff) + m.vocab_size * m.n_embd
    flops_per_token = 6 * matrices + 12 * m.n_layer * m.n_embd * m.block_size
    tokens = t.max_iters * t.micro_batch_size * t.grad_accum_steps * m.block_size
    return tokens * flops_per_token / (peak * 1e12 * MFU) / 3600


def new_label() -> str:
    return f"wikillm-{secrets.token_hex(4)}"


def rent(api, create_api, offer: int, label: str, vast, onstart: str, env: dict) -> int:
    """-> the instance's id. OfferGone when it is taken; after a lost answer the label tells whether it was rented."""
    if len(onstart) > 4048:
        raise RentalError(f"onstart.sh has {len(onstart)} characters; vast.ai takes 4048")
    try:
        answer = asking(
            f"rent offer {offer}",
            create_api.create_instance,
            offer,
            image=vast.image,
            disk=vast.disk_gb,
            label=label,
            onstart_cmd=onstart,
            env=env,
            ssh=True,
            direct=True,
            cancel_unavail=True,
        )
        if isinstance(answer, dict) and answer.get("success") and answer.get("new_contract"):
            return int(answer["new_contract"])
        problem = f"vast.ai did not rent offer {offer}: {str(answer)[:200]}"
    except RentalError as error:
        problem = str(error)
    created = find(api, label, vast.poll_seconds)
    if created is None:
        raise OfferGone(problem)
    return created


def find(api, label: str, pause: float) -> int | None:
    """The id of the instance with this label, asked for patiently: not knowing is the expensive answer."""
    for attempt in range(TRIES):
        try:
            rows = asking(
                "list instances",
                api.show_instances_v1,
                {"select_filters": {}, "limit": 25, "order_by": [{"col": "id", "dir": "desc"}]},
            )
            return next((int(row["id"]) for row in rows["instances"] if row.get("label") == label), None)
        except RentalError as error:
            problem = error
            time.sleep(min(2**attempt * pause, 60))
    raise StillBilling(
        f"it is unknown whether an instance labelled {label} was rented ({problem}); look at "
        f"https://cloud.vast.ai/instances/ or: vastai show instances; then run: python scripts/vast.py down"
    )


def show(api, instance: int) -> dict | None:
    """The instance as vast.ai sees it; None when there is none of that id."""
    try:
        return asking(f"show instance {instance}", api.show_instance, instance)
    except RentalError as error:
        cause = error.__cause__
        if isinstance(cause, requests.HTTPError) and cause.response.status_code == 404:
            return None
        raise


def wait_running(api, instance: int, deadline: float, poll_seconds: float) -> dict:
    """-> the instance once its container runs. RentalError when it will not."""
    said = None
    while time.time() < deadline:
        try:
            row = show(api, instance)
        except RentalError as error:  # one bad answer is no reason to give the box up
            row, problem = {}, str(error)
            print(f"  {problem}", flush=True)
        if row is None:
            raise RentalError(f"instance {instance} has vanished")
        status = row.get("actual_status")
        if status == "running":
            return row
        if status in ("exited", "offline", "stopped"):
            raise RentalError(f"instance {instance} is {status}: {row.get('status_msg') or 'no reason given'}")
        if row and (status, row.get("status_msg")) != said:
            said = (status, row.get("status_msg"))
            print(f"  {status or 'being provisioned'}: {(row.get('status_msg') or '').strip()[:100]}", flush=True)
        time.sleep(poll_seconds)
    raise RentalError(f"instance {instance} did not start in time")


def addresses(row: dict) -> list[tuple[str, int]]:
    """Where its ssh may be reached: the direct port first, then vast's proxy."""
    found = []
    direct = (row.get("ports") or {}).get("22/tcp") or []
    if direct and row.get("public_ipaddr"):
        found.append((row["public_ipaddr"].strip(), int(direct[0]["HostPort"])))
    if row.get("ssh_host") and row.get("ssh_port"):
        found.append((row["ssh_host"], int(row["ssh_port"])))
    return found


def destroy(api, instance: int, pause: float) -> None:
    """Destroy and see that it is gone. StillBilling, with the command to type, when that cannot be seen."""
    problem = "it is still listed"
    for attempt in range(TRIES):
        try:
            if show(api, instance) is None:
                return
            asking(f"destroy instance {instance}", api.destroy_instance, instance)
            if show(api, instance) is None:
                return
        except (RentalError, InputError) as error:
            problem = str(error)
        time.sleep(min(2**attempt * pause, 60))
    raise StillBilling(loud(instance, problem))


def loud(instance: int, problem: str) -> str:
    line = "!" * 78
    return (
        f"\n{line}\n!! INSTANCE {instance} MAY STILL COST MONEY: it could not be destroyed.\n!! ({problem})\n"
        f"!! Do it by hand, now:\n!!     .venv-vast/bin/vastai destroy instance {instance} -y\n"
        f"!! or at https://cloud.vast.ai/instances/\n{line}"
    )


def register_key(api, public_key: str) -> None:
    """The account must know our ssh key before the box is made."""
    known = asking("list ssh keys", api.show_ssh_keys)
    rows = known if isinstance(known, list) else known.get("ssh_keys", known.get("keys", []))
    body = " ".join(public_key.split()[:2])
    if not any(body in json.dumps(row) for row in rows):
        asking("add the ssh key", api.create_ssh_key, public_key)
