"""Pronunciation: IPA and respelling."""

import re

from wikipedia.tables import table
from wikipedia.templates.base import at
from wikipedia.templates.base import renders_in_english as renders
from wikipedia.templates.languages import language

_SOUND_LABELS = {
    "lang": "{}: ",
    "pron": "pronounced ",
    "local": "locally ",
    "ipa": "IPA: ",
    "-": "",
    "none": "",
    "no": "",
    "label": "",
    "langpron": "{} pronunciation: ",
}


def bracketed(text: str, mark: str = "[]") -> str:
    text = text.strip()
    return text if text[:1] in "[/⟨" and text[-1:] in "]/⟩" else mark[0] + text + mark[1] if text else ""


def foreign_sound(code: str, p: list[str], n: dict[str, str]) -> str:
    """{{IPA-de|bɛʁˈliːn|lang}}: German: [bɛʁˈliːn]"""
    text, kind = bracketed(at(p, 0)), at(p, 1).lower()
    name = language(code)
    if n.get("label") is not None:
        label = n["label"] + " " if n["label"] not in ("", "none", "no") else ""
    elif kind in _SOUND_LABELS:
        label = _SOUND_LABELS[kind].format(name) if name or "{}" not in _SOUND_LABELS[kind] else ""
    elif kind and not kind.endswith((".ogg", ".wav", ".oga", ".mp3", ".flac", ".opus")):
        label = at(p, 1) + " "
    else:
        label = f"{name} pronunciation: " if name else "pronounced " if code == "all" else ""
    return label + text if text else ""


@renders("ipa; ipa2; ipanotation")
def sound(p, n, context):
    """{{IPA|/ˈæp.əl/}} or {{IPA|fr|paʁi|lang}}"""
    if len(p) > 1 and re.fullmatch(r"[a-z]{2,3}(-[\w-]+)?", p[0]):
        return foreign_sound(p[0], p[1:], n)
    return at(p, 0)


_ENGLISH_SOUNDS = {
    "lang": "English: ",
    "pron": "pronounced ",
    "local": "locally ",
    "ipa": "IPA: ",
    "also": "also ",
    "uk": "UK: ",
    "us": "US: ",
    "uklang": "British English: ",
    "uslang": "American English: ",
    "ukalso": "UK also ",
    "usalso": "US also ",
    "alsouk": "also UK: ",
    "alsous": "also US: ",
    "au": "AU: ",
    "aus": "AU: ",
    "ca": "CA: ",
    "nz": "NZ: ",
    "ie": "IE: ",
    "pronunciation": "pronunciation: ",
    "english": "English: ",
    "za": "ZA: ",
}


_PHONEMES = table("phonemes")


@renders("ipac-en")
def english_sound(p, n, context):
    """{{IPAc-en|ˈ|æ|p|əl}}: /ˈæpəl/"""
    label = ""
    sounds: list[str] = []
    for x in p:
        key = x.strip()
        if not sounds and key.lower() in _ENGLISH_SOUNDS:
            label = _ENGLISH_SOUNDS[key.lower()]
        elif key and not re.search(r"\.(ogg|wav|oga|mp3)$", key, re.I):
            sounds.append(_PHONEMES.get(key, key))
    return f"{label}/{''.join(sounds)}/" if sounds else label.strip()


def composed_sound(code: str, p: list[str], n: dict[str, str]) -> str:
    """{{IPAc-pl|w|a|r}}: Polish: [war]"""
    kinds = [x for x in p if x.lower() in _SOUND_LABELS and len(x) > 1]
    text = "".join(_PHONEMES.get(x, x) for x in p if x not in kinds and not re.search(r"\.(ogg|wav|oga|mp3)$", x, re.I))
    return foreign_sound(code, [text] + kinds[:1], n)


@renders("respell; pronunciation respelling")
def respelling(p, n, context):
    """{{respell|mah|LY|zee}}: mah-LY-zee"""
    text = "-".join(x for x in p if x)
    return re.sub(r"-?_-?", " ", text).replace("- ", " ")
