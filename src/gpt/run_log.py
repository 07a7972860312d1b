"""What a training run leaves to be looked at: log.jsonl, curves.png, W&B and TensorBoard. No torch here.

    checkpoints/base/log.jsonl    a JSON object a line, each with its step: training, evaluation, samples
    checkpoints/base/curves.png   drawn again at every evaluation
    checkpoints/base/tensorboard/ with log.tensorboard: true

A resumed run cuts the log back to the step it resumes from, so that every step stands there once. What is logged goes
to a list of sinks: another one is one class with write, samples, rewind and close.
"""

import json
import math
import netrc
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol, cast
from urllib.parse import urlparse

from pipeline.files import atomic_file

PANELS = (
    ("loss", "val_loss"),
    ("val_bits_per_byte",),
    ("accuracy", "val_accuracy"),
    ("margin", "val_margin"),
    ("val_loss_memory", "val_loss_passage", "val_loss_limits", "val_loss_company"),
    ("val_exact_match", "val_stop_rate", "val_repetition", "val_answers_changed"),
    ("val_text_perplexity",),
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


class Sink(Protocol):
    """Where a run's numbers go. What it raises costs a warning, and the sink its place."""

    name: str

    def write(self, step: int, values: dict) -> None: ...

    def samples(self, step: int, samples: list[dict]) -> None: ...

    def rewind(self, step: int) -> None:
        """The run goes back: what is there of later steps will come again."""

    def close(self) -> None: ...


class RunLog:
    """`log.write(step, {"loss": 2.5})`, `log.samples(step, [{"prompt": ..., "text": ...}])`, `log.draw()`,
    `log.close()`. Nothing that goes wrong in it stops a run."""

    def __init__(
        self,
        folder: Path,
        step: int,
        config: dict,
        project: str,
        run_name: str,
        mode: str,
        run_id: str | None = None,
        tensorboard: bool = False,
    ):
        """step: the one resumed from, 0 for a new run; config, project, run_name, mode: for W&B, see configs/base.yaml;
        run_id: what an earlier part of this run found in `log.run_id` (its checkpoint keeps it)."""
        self.folder, self._cannot_draw = Path(folder), False
        self.sinks: list[Sink] = [JsonLines(self.folder, step)]
        if mode != "disabled":
            self._add(lambda: WandB(self.folder, config, project, run_name, mode, run_id))
        if tensorboard:
            self._add(lambda: TensorBoard(self.folder, step))
        self.run_id = next((sink.run_id for sink in self.sinks if isinstance(sink, WandB)), run_id)

    def write(self, step: int, values: dict) -> None:
        """Numbers of one step (values that are None are left out)."""
        values = {key: value for key, value in values.items() if value is not None}
        self._each(lambda sink: sink.write(step, values))

    def samples(self, step: int, samples: list[dict]) -> None:
        """samples: [{"prompt": ..., "text": what the model wrote after it}]"""
        self._each(lambda sink: sink.samples(step, samples))

    def rewind(self, step: int) -> None:
        """Forget what was logged of later steps."""
        self._each(lambda sink: sink.rewind(step))

    def draw(self) -> None:
        """curves.png from the log; a drawing that fails is said once."""
        if self._cannot_draw:
            return
        try:
            draw_curves(read_log(self.folder), self.folder / "curves.png")
        except Exception as error:  # matplotlib is absent, has no font, a full disk: the log has it all
            self._cannot_draw = True
            print(f"warning: no curves.png ({_first_line(error)})", flush=True)

    def close(self) -> None:
        self._each(lambda sink: sink.close())

    def _add(self, make: Callable[[], Sink]) -> None:
        try:
            self.sinks.append(make())
        except Exception as error:
            print(f"warning: {_first_line(error)}; the log is {self.folder / 'log.jsonl'}", flush=True)

    def _each(self, do: Callable[[Sink], None]) -> None:
        for sink in list(self.sinks):
            try:
                do(sink)
            except Exception as error:
                self.sinks.remove(sink)
                print(f"warning: {sink.name} failed ({_first_line(error)}); going on without it", flush=True)


class JsonLines:
    """log.jsonl. Lines that find no room on the disk are kept, and written with the next ones when there is some."""

    name = "log.jsonl"

    def __init__(self, folder: Path, step: int):
        self.path, self._size = folder / "log.jsonl", -1  # bytes that stand there for good; -1: not yet cut back
        self._waiting: list[str] = []
        self._full = False
        self._begin = [_line(record) for record in read_log(folder) if record["step"] <= step] if step else []
        self._flush()

    def write(self, step: int, values: dict) -> None:
        self._waiting.append(_line({"step": step, **values}))
        self._flush()

    def samples(self, step: int, samples: list[dict]) -> None:
        self._waiting.append(_line({"step": step, "samples": samples}))
        self._flush()

    def rewind(self, step: int) -> None:
        lines = self._begin if self._size < 0 else self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        self._begin = [line for line in [*lines, *self._waiting] if json.loads(line)["step"] <= step]
        self._size, self._waiting = -1, []
        self._flush()

    def close(self) -> None:
        self._flush()
        if self._full:
            print(f"warning: {self.path}: {len(self._waiting)} lines did not find room", flush=True)

    def _flush(self) -> None:
        try:
            if self._size < 0:
                with atomic_file(self.path) as f:
                    f.write("".join(self._begin).encode())
                self._size = self.path.stat().st_size
            with open(self.path, "r+b") as f:
                f.truncate(self._size)  # of a line that found half of its room
                f.seek(self._size)
                f.write("".join(self._waiting).encode())
            self._size, self._waiting, self._full = self.path.stat().st_size, [], False
        except Exception as error:  # a full disk above all
            if not self._full:
                print(f"warning: {self.path}: cannot write ({_first_line(error)}); its lines wait for room", flush=True)
            self._full = True


class WandB:
    """A W&B run that never asks and never stops us; online turns to offline. Raises when there is neither."""

    name = "W&B"

    def __init__(self, folder: Path, config: dict, project: str, run_name: str, mode: str, run_id: str | None):
        self.log = folder / "log.jsonl"
        if mode == "auto":
            mode = "online" if _wandb_key() else "offline"
        try:
            self.run = self._start(mode, folder, config, project, run_name, run_id)
        except Exception as error:
            if mode == "offline":
                raise RuntimeError(f"no W&B offline run ({_first_line(error)})") from error
            print(f"warning: no W&B online run ({_first_line(error)}); it is kept offline", flush=True)
            self.run = self._start("offline", folder, config, project, run_name, run_id)
        self.run_id: str = self.run.id

    def _start(self, mode: str, folder: Path, config: dict, project: str, run_name: str, run_id: str | None):
        import wandb

        folder.mkdir(parents=True, exist_ok=True)
        settings = wandb.Settings(silent=True, console="off", init_timeout=WANDB_INIT_SECONDS)
        return wandb.init(
            project=project,
            name=run_name,
            mode=cast(Literal["online", "offline"], mode),
            id=run_id,
            resume="allow",
            dir=str(folder),
            config=config,
            settings=settings,
        )

    def write(self, step: int, values: dict) -> None:
        self.run.log(values, step=step)

    def samples(self, step: int, samples: list[dict]) -> None:
        import wandb

        rows = [[step, sample["prompt"], sample["text"]] for sample in samples]
        self.run.log({"samples": wandb.Table(columns=["step", "prompt", "text"], data=rows)}, step=step)

    def rewind(self, step: int) -> None:
        """W&B leaves out what comes with a step that it has had."""

    def close(self) -> None:
        closing = threading.Thread(target=self._finish, daemon=True)
        closing.start()
        closing.join(timeout=60)  # a lost network must not hold the machine that is paid for

    def _finish(self) -> None:
        try:
            self.run.finish()
        except Exception as error:
            print(f"warning: W&B did not finish ({_first_line(error)}); the log is {self.log}", flush=True)


class TensorBoard:
    """Event files under tensorboard/: tensorboard --logdir checkpoints"""

    name = "TensorBoard"

    def __init__(self, folder: Path, step: int):
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise RuntimeError("no TensorBoard: pip install tensorboard, or log.tensorboard=false") from error
        self._make = lambda step: SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1 if step else None)
        self.writer = self._make(step)

    def write(self, step: int, values: dict) -> None:
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)

    def samples(self, step: int, samples: list[dict]) -> None:
        for sample in samples:
            self.writer.add_text(sample["prompt"], sample["text"], step)

    def rewind(self, step: int) -> None:
        self.writer.close()
        self.writer = self._make(step)

    def close(self) -> None:
        self.writer.close()


def _line(record: dict) -> str:
    """NaN and infinity are not JSON: they are written as null."""
    clean = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}
    return json.dumps(clean, ensure_ascii=False) + "\n"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _wandb_key() -> bool:
    """Whether this machine has a W&B key: `wandb login` puts it into .netrc."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
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
