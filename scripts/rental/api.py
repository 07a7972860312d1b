"""world.Api over vast.ai's SDK: each answer checked, each failure one line that says what was asked.

The SDK's own retries are off for `create`: a request that was carried out but whose answer was lost would otherwise
rent a second box. An API error may come with status 200, and a key of another account is answered 404.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import requests

from pipeline.config import InputError
from scripts.rental.world import Account, ApiError, KeyRefused, OfferGone, RentalError, Row

# Answers to `create` that say for certain that nothing was rented; any other may have rented something all the same.
NOT_RENTED = (400, 404, 409, 410, 422, 429)
TIMEOUT_SECONDS = 40
ONSTART_LIMIT = 4048  # characters that vast.ai takes


class VastApi:
    """image, disk, onstart, env: of every instance that `create` makes."""

    def __init__(self, vast, onstart: str = "", env: dict[str, str] | None = None, disk_gb: int = 0):
        # the SDK goes without its serving half: 0.5 s less at every start
        sys.modules.setdefault("vastai.serverless", None)  # type: ignore[arg-type]
        from vastai import VastAI

        try:
            self.sdk, self.sdk_once = VastAI(), VastAI(retry=1)
        except RuntimeError:
            raise InputError(
                "no vast.ai API key: get one at https://cloud.vast.ai/manage-keys/, then "
                "`export VAST_API_KEY=...` or `.venv-vast/bin/vastai set api-key ...`"
            ) from None
        self.sdk.client.timeout = self.sdk_once.client.timeout = TIMEOUT_SECONDS
        self.vast, self.onstart, self.env, self.disk_gb = vast, onstart, env or {}, disk_gb

    def account(self) -> Account:
        user = asking("say whose key this is", self.sdk.show_user)
        if not isinstance(user, dict) or user.get("id") is None:
            raise ApiError(f"vast.ai could not say whose key this is: {str(user)[:100]}")
        return Account(str(user["id"]), number(user.get("credit")))

    def instances(self) -> list[Row]:
        """All of the account, over all pages."""
        rows: dict[int, Row] = {}
        after = None
        while True:
            query: dict[str, Any] = {"select_filters": {}, "limit": 25, "order_by": [{"col": "id", "dir": "asc"}]}
            if after:
                query["after_token"] = after
            page = asking("list instances", self.sdk.show_instances_v1, query)
            if not isinstance(page, dict) or not isinstance(page.get("instances"), list):
                raise ApiError(f"vast.ai could not list instances: {str(page)[:100]}")
            found = [as_row(raw) for raw in page["instances"]]
            new = {row.id: row for row in found if row.id not in rows}
            rows.update(new)
            after = page.get("next_token")
            if not after:
                return list(rows.values())
            if not new:  # a page that comes again would come for ever
                raise ApiError("vast.ai could not list instances: its pages have no end")

    def show(self, instance: int) -> Row | None:
        """None for an empty answer and for 404, which mean nothing by themselves."""
        try:
            raw = asking(f"show instance {instance}", self.sdk.show_instance, instance)
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return as_row(raw) if raw else None

    def create(self, offer: dict, label: str) -> int:
        if len(self.onstart) > ONSTART_LIMIT:
            raise RentalError(f"onstart.sh has {len(self.onstart)} characters; vast.ai takes {ONSTART_LIMIT}")
        more = {"bid_price": offer["bid"]} if offer.get("bid") else {}
        what = f"rent offer {offer['id']}"
        try:
            answer = asking(
                what, self.sdk_once.create_instance, offer["id"], image=self.vast.image, disk=self.disk_gb, label=label,
                onstart_cmd=self.onstart, env=self.env, ssh=True, direct=True, cancel_unavail=True, **more)  # fmt: skip
        except ApiError as error:
            if error.status in NOT_RENTED:
                raise OfferGone(str(error)) from error
            raise
        if isinstance(answer, dict) and answer.get("success") and answer.get("new_contract"):
            return int(answer["new_contract"])
        if isinstance(answer, dict) and answer.get("success") is False:
            raise OfferGone(f"vast.ai did not {what}: {str(answer)[:200]}")
        raise ApiError(f"vast.ai did not say whether it did {what}: {str(answer)[:200]}")

    def destroy(self, instance: int) -> None:
        self.done(f"destroy instance {instance}", self.sdk.destroy_instance, instance)

    def stop(self, instance: int) -> None:
        self.done(f"stop instance {instance}", self.sdk.stop_instance, instance)

    def start(self, instance: int) -> None:
        self.done(f"start instance {instance}", self.sdk.start_instance, instance)

    def done(self, what: str, call: Callable, *args) -> None:
        answer = asking(what, call, *args)
        if not isinstance(answer, dict) or answer.get("success") is not True:
            raise ApiError(f"vast.ai did not {what}: {str(answer)[:200]}")

    def search(self, query: str, disk_gb: float, kind: str = "on-demand") -> list[dict]:
        """Offers, those that can be read; kind: on-demand or bid."""
        found = asking(
            "list offers",
            self.sdk.search_offers,
            query=query,
            type=kind,
            order="dph_total",
            storage=float(disk_gb),
            limit=200,
        )
        if not isinstance(found, list):
            raise ApiError(f"vast.ai could not list offers: {str(found)[:100]}")
        return [offer for offer in map(as_offer, found) if offer is not None]

    def register_key(self, public_key: str) -> None:
        """The account must know our ssh key before the box is made."""
        known = asking("list ssh keys", self.sdk.show_ssh_keys)
        body = " ".join(public_key.split()[:2])
        if body not in json.dumps(known):  # in whatever they are wrapped
            asking("add the ssh key", self.sdk.create_ssh_key, public_key)


def number(value) -> float | None:
    """None for what is no number: a field that has changed its type must not hide an instance that costs money."""
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def as_row(raw: dict) -> Row:
    """Of an instance its id must be readable; of the rest what is."""
    try:
        found = []
        try:
            direct = raw["ports"]["22/tcp"][0]["HostPort"]
            found.append((raw["public_ipaddr"].strip(), int(direct)))
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            pass  # it has none, or none yet
        if raw.get("ssh_host") and (port := number(raw.get("ssh_port"))):
            found.append((str(raw["ssh_host"]), int(port)))
        return Row(
            int(raw["id"]), str(raw.get("label") or ""), raw.get("actual_status"), raw.get("intended_status"),
            str(raw.get("status_msg") or ""), str(raw.get("gpu_name") or "?"), number(raw.get("dph_total")) or 0.0,
            number(raw.get("storage_total_cost")) or 0.0, number(raw.get("start_date")), tuple(found))  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ApiError(
            f"vast.ai described an instance in a way that cannot be read ({error}): {str(raw)[:100]}"
        ) from None


# What is reckoned with of an offer besides its id, its GPU and its price; each may be missing.
OFFER_NUMBERS = (
    "num_gpus", "storage_total_cost", "min_bid", "inet_down", "inet_down_cost", "inet_up_cost", "end_date",
    "cuda_max_good",
)  # fmt: skip


def as_offer(raw: dict) -> dict | None:
    """None for what could not be compared with the others."""
    if not isinstance(raw, dict) or raw.get("id") is None or not raw.get("gpu_name"):
        return None
    if not number(raw.get("dph_total")):
        return None
    return {**raw, "dph_total": number(raw["dph_total"]), **{key: number(raw.get(key)) for key in OFFER_NUMBERS}}


def asking(what: str, call: Callable, *args, **kwargs):
    """Call the API; every kind of failure becomes one line that says what was asked, without the key."""
    try:
        return call(*args, **kwargs)
    except requests.HTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            raise KeyRefused(
                f"vast.ai refused the API key ({status}) when asked to {what}; "
                "check VAST_API_KEY or `vastai set api-key`"
            ) from None
        raise ApiError(f"vast.ai could not {what}: {status} {_message(error.response)}", status) from error
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        # not reached, not in time, or not JSON in the expected shape
        raise ApiError(f"vast.ai could not {what}: {type(error).__name__} {str(error)[:200]}") from error


def _message(response) -> str:
    try:
        body = response.json()
        return str(body.get("msg") or body.get("error") or body)[:200]
    except (ValueError, AttributeError):
        return response.text[:80].replace("\n", " ")
