"""Who the chat model is: configs/persona.yaml, and the date up to which it has read."""

import re
from pathlib import Path

import yaml
from pydantic import ValidationError

from pipeline.config import Config, InputError, Section, resolve

MONTHS = "January February March April May June July August September October November December".split()


class Persona(Section):
    """The slots of teacher/data/company.txt and limits.txt."""

    name: str
    what: str
    read: str
    made: str
    language: str
    limits: str
    until: str | None


def load_persona(cfg: Config) -> dict[str, str]:
    """sft.persona as a dict of slots; `until` comes from the dump's name when the file leaves it to us."""
    path = resolve(cfg.sft.persona)
    try:
        persona = Persona.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"sft.persona {path}: {error.strerror}; see configs/persona.yaml") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg'].lower()}") from None
    return persona.model_dump() | {"until": persona.until or date_of(Path(cfg.data.dumps[0]).name)}


def date_of(dump: str) -> str:
    """'January 2026' of enwiki-20260101-...; words that are always true where the name has no date."""
    match = re.search(r"-(\d{4})(\d{2})\d{2}-", dump)
    if match and 1 <= int(match[2]) <= 12:
        return f"{MONTHS[int(match[2]) - 1]} {match[1]}"
    return "my training"
