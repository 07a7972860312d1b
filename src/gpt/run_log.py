"""What a training run leaves to be looked at: log.jsonl always, curves.png beside it, W&B when it works. No torch here.

    checkpoints/base/log.jsonl    a JSON object a line, each with its step: training, evaluation, samples
    checkpoints/base/curves.png   drawn again at every evaluation

A resumed run cuts the log back to the step it resumes from, so that every step stands there once.
"""

import json
import math
import netrc
import os
import threading
from pathlib import Path
from urllib.parse import urlparse

from pipeline.files import atomic_file

PANELS = (
    ("loss", "val_loss"),
    ("val_bits_per_byte",),
    ("accuracy", "val_accuracy"),
    ("margin", "val_margin"),
    ("lr",),
    ("grad_norm",),
    ("tokens_per_second",),
)
WANDB_INIT_SECONDS = 30


def read_log(folder: Path) -> list[dict]:
    """The records of a run's log.jsonl in order; a last line that was cut off by a crash is left out."""
    path = Path(folder) / "log.jsonl"
    records = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return records


class RunLog:
    """`log.write(step, {"loss": 2.5})`, `log.samples(step, [{"prompt": ..., "text": ...}])`, `log.draw()`, `log.close()`."""

    def __init__(
        self, folder: Path, step: int, config: dict, project: str, run_name: str, mode: str, run_id: str | None
    ):
        """step: the one resumed from, 0 for a new run; config, project, run_name, mode: for W&B, see configs/base.yaml;
        run_id: what an earlier part of this run found in `log.run_id` (its checkpoint keeps it)."""
        self.folder, self._cannot_draw = Path(folder), False
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = [record for record in read_log(self.folder) if record["step"] <= step] if step else []
        with atomic_file(self.folder / "log.jsonl", "w") as f:
            f.writelines(_line(record) for record in kept)
        self._file = open(self.folder / "log.jsonl", "a", encoding="utf-8")
        self._run = _start_wandb(self.folder, config, project, run_name, mode, run_id)
        self.run_id = self._run.id if self._run else run_id

    def write(self, step: int, values: dict) -> None:
        """Numbers of one step (values that are None are left out)."""
        values = {key: value for key, value in values.items() if value is not None}
        self._file.write(_line({"step": step, **values}))
        self._file.flush()
        self._send(values, step)

    def samples(self, step: int, samples: list[dict]) -> None:
        """samples: [{"prompt": ..., "text": what the model wrote after it}]"""
        self._file.write(_line({"step": step, "samples": samples}))
        self._file.flush()
        if self._run:
            import wandb

            rows = [[step, sample["prompt"], sample["text"]] for sample in samples]
            self._send({"samples": wandb.Table(columns=["step", "prompt", "text"], data=rows)}, step)

    def draw(self) -> None:
        """curves.png from the log; a drawing that fails never stops a run."""
        if self._cannot_draw:
            return
        try:
            draw_curves(read_log(self.folder), self.folder / "curves.png")
        except Exception as error:  # matplotlib is absent, has no font, a full disk: the log has it all
            self._cannot_draw = True
            print(f"warning: no curves.png ({error})", flush=True)

    def close(self) -> None:
        self._file.close()
        if self._run:  # a lost network must not hold the machine that is paid for
            closing = threading.Thread(target=self._finish, daemon=True)
            closing.start()
            closing.join(timeout=60)

    def _finish(self) -> None:
        try:
            self._run.finish()
        except Exception as error:
            print(
                f"warning: W&B did not finish ({_first_line(error)}); the log is {self.folder / 'log.jsonl'}",
                flush=True,
            )

    def _send(self, values: dict, step: int) -> None:
        if self._run:
            try:
                self._run.log(values, step=step)
            except Exception as error:
                print(f"warning: W&B failed ({_first_line(error)}); going on without it", flush=True)
                self._run = None


def _line(record: dict) -> str:
    """NaN and infinity are not JSON: they are written as null."""
    clean = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}
    return json.dumps(clean, ensure_ascii=False) + "\n"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _start_wandb(folder: Path, config: dict, project: str, run_name: str, mode: str, run_id: str | None):
    """A W&B run that never asks and never stops us; online turns to offline, offline to nothing."""
    if mode == "disabled":
        return None
    if mode == "auto":
        mode = "online" if _wandb_key() else "offline"
    for attempt in (mode, "offline") if mode == "online" else ("offline",):
        try:
            import wandb

            settings = wandb.Settings(silent=True, console="off", init_timeout=WANDB_INIT_SECONDS)
            return wandb.init(
                project=project,
                name=run_name,
                mode=attempt,
                id=run_id,
                resume="allow",
                dir=str(folder),
                config=config,
                settings=settings,
            )
        except Exception as error:
            print(
                f"warning: no W&B {attempt} run ({_first_line(error)}); the log is {folder / 'log.jsonl'}", flush=True
            )
    return None


def _wandb_key() -> bool:
    """Whether this machine has a W&B key: `wandb login` puts it into .netrc."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname
    try:
        return netrc.netrc().authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def draw_curves(records: list[dict], path: Path) -> None:
    """One panel for each group of PANELS that the records have; steps along the bottom."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    panels = [[name for name in names if any(r.get(name) is not None for r in records)] for names in PANELS]
    panels = [names for names in panels if names]
    if not panels:
        return
    columns = min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure, axes = plt.subplots(rows, columns, figsize=(4.6 * columns, 3.2 * rows), squeeze=False, layout="constrained")
    for axis in axes.flat[len(panels) :]:
        axis.remove()
    for axis, names in zip(axes.flat, panels):
        for name in names:
            points = [(r["step"], r[name]) for r in records if r.get(name) is not None]
            axis.plot(
                *zip(*points),
                label=name,
                linewidth=1.2,
                marker="o" if len(points) < 30 and "val" in name else None,
                markersize=3,
            )
        axis.set_title(", ".join(names), fontsize=10)
        axis.set_xlabel("step")
        axis.grid(alpha=0.3)
        if len(names) > 1:
            axis.legend(fontsize=8)
    _save_figure(figure, Path(path))


def draw_sweep(rates: list[float], losses: list[float], suggestion: float, path: Path) -> None:
    """Loss against learning rate, with a line at the suggested one."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
    axis.semilogx(rates, losses)
    axis.axvline(suggestion, color="tab:red", linestyle="--", label=f"suggested: {suggestion:.1e}")
    axis.set(xlabel="learning rate", ylabel="training loss (smoothed)")
    axis.grid(alpha=0.3)
    axis.legend()
    _save_figure(figure, Path(path))


def _save_figure(figure, path: Path) -> None:
    from matplotlib import pyplot as plt

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    figure.savefig(temporary, dpi=110, format="png")
    plt.close(figure)
    os.replace(temporary, path)
