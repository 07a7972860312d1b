"""A training that dies at a step, once, and is started again."""

import pytest

import train


def crash_at(monkeypatch, step: int) -> None:
    """Let the run die when it comes to this step, once."""
    real = train.learning_rate

    def dying(number, *arguments):
        if number == step:
            monkeypatch.setattr(train, "learning_rate", real)
            raise MemoryError("the host is gone")
        return real(number, *arguments)

    monkeypatch.setattr(train, "learning_rate", dying)


def crash_and_resume(monkeypatch, cfg, step: int) -> None:
    crash_at(monkeypatch, step)
    with pytest.raises(MemoryError):
        train.main(cfg)
    train.main(cfg)
