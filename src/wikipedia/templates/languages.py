"""Words of other languages: their names, romanizations, meanings."""

import re

from wikipedia.names import LANGUAGES
from wikipedia.templates.base import at, first
from wikipedia.templates.base import renders_in_english as renders


def _latin(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return sum(c < "ʰ" or "Ḁ" <= c <= "ỿ" for c in letters) * 2 >= len(letters)


_SCRIPTS = {"cyrl": "Cyrillic", "latn": "Latin", "arab": "Arabic"}
_IN_TWO_SCRIPTS = {"sr", "sh", "bs", "hr", "uz", "az", "kk", "mn", "tt", "ku"}


def language(code: str) -> str:
    """'de' -> 'German', 'sr-Cyrl' -> 'Serbian Cyrillic', 'de-AT' -> 'German'"""
    code = code.lower().replace("_", "-")
    base, _, script = code.partition("-")
    if script in _SCRIPTS and base in _IN_TWO_SCRIPTS:
        return f"{LANGUAGES[base]} {_SCRIPTS[script]}"
    while code:
        if code in LANGUAGES:
            return LANGUAGES[code]
        code = code.rpartition("-")[0]
    return ""


def in_language(code: str, p: list[str], n: dict[str, str]) -> str:
    """{{langx|ru|Москва|Moskva|...}}: Russian: Москва, romanized: Moskva"""
    text = at(p, 0) or n.get("text", "")
    if re.search("-(?:latn|cyrl)-(?:latn|cyrl)$", code.lower()):  # {{lang-sh-Latn-Cyrl|Srbija|Србија}}
        text, p = " / ".join(x for x in p[:2] if x), [text, *p[2:]]
    roman = n.get("translit") or n.get("tr") or n.get("r") or ""
    literal = n.get("lit") or n.get("translation") or n.get("literal") or ""
    if at(p, 1):
        if _latin(text):
            literal = literal or p[1]
        else:
            roman, literal = roman or p[1], literal or at(p, 2)
    label = n.get("label", n.get("link_label"))
    if label is None:
        label = language(code)
    shown = f"{label}: {text}" if label and label not in ("none", "no", "-") and text else text
    if roman:
        shown += f"{', ' if shown else ''}{'romanized: ' if label not in ('none', 'no') else ''}{roman}"
    if literal:
        shown += f"{', ' if shown else ''}lit. '{literal}'"
    return shown


@renders("langx; lang-x")
def language_named(p, n, context):
    return in_language(at(p, 0), p[1:], n)


@renders("lang-rus")
def russian(p, n, context):
    shown = in_language("ru", p[:1], {k: v for k, v in n.items() if k == "label"})
    roman, sound, literal = n.get("r") or at(p, 1), n.get("p") or at(p, 2), n.get("t")
    shown += f", romanized: {roman}" if roman else ""
    shown += f", IPA: [{sound.strip('[]/')}]" if sound else ""
    return shown + (f", lit. '{literal}'" if literal else "")


@renders("transl; transliteration; tlit; translit")
def transliteration(p, n, context):
    return p[-1] if len(p) > 1 else ""


@renders("zh; lang-zh; zh-cp; zh-tp; zh-stp; zh-c; zh-t; zh-s; zh-full; zh-tsp; zh-cpl")
def chinese(p, n, context):
    labels = (
        [("t", "traditional Chinese"), ("s", "simplified Chinese")]
        if n.get("first", "").startswith("t")
        else [("s", "simplified Chinese"), ("t", "traditional Chinese")]
    )
    if n.get("s") and n.get("s") == n.get("t"):
        n = {**n, "c": n["s"], "s": "", "t": ""}
    if n.get("p") is None and n.get("hp"):
        n = {**n, "p": n["hp"]}
    labels = (
        [("c", "Chinese")]
        + labels
        + [
            ("p", "pinyin"),
            ("tp", "Tongyong Pinyin"),
            ("w", "Wade–Giles"),
            ("j", "Jyutping"),
            ("cy", "Cantonese Yale"),
            ("sl", "Sidney Lau"),
            ("poj", "Pe̍h-ōe-jī"),
            ("tl", "Tâi-lô"),
            ("zhu", "Zhuyin Fuhao"),
            ("l", "lit."),
            ("tr", "transl."),
        ]
    )
    plain = n.get("labels") == "no"
    parts = []
    for key, label in labels:
        if value := n.get(key):
            value = f"'{value}'" if key in ("l", "tr") else value
            parts.append(
                value
                if plain and key not in ("l", "tr")
                else f"{label} {value}"
                if key in ("l", "tr")
                else f"{label}: {value}"
            )
    return "; ".join(parts) or at(p, 0)


@renders("korean; ko-hhrm; ko-hhrmref")
def korean(p, n, context):
    keys = [
        (("hangul", "ko"), "Korean"),
        (("hanja",), "Hanja"),
        (("rr",), "RR"),
        (("mr",), "MR"),
        (("lit", "l"), "lit."),
    ]
    values = {**dict(zip(("hangul", "hanja", "rr", "mr"), p)), **n}
    parts = [
        f"{label} {v}" if label == "lit." else f"{label}: {v}"
        for names, label in keys
        for v in [next((values[k] for k in names if values.get(k)), "")]
        if v
    ]
    return "; ".join(parts)


@renders("nihongo; nihongo title")
def japanese(p, n, context):
    """{{nihongo|English|kanji|rōmaji|extra|extra2}}: English (kanji, rōmaji, extra) extra2"""
    english, kanji, roman = at(p, 0), at(p, 1), at(p, 2)
    extra, after = n.get("extra") or at(p, 3), n.get("extra2") or at(p, 4)
    lead = n.get("lead", "").startswith("y")
    head, inner = (english, [kanji, roman]) if english else (roman, [kanji]) if roman else (kanji, [])
    if lead:
        inner = [f"{label}: {x}" if x else "" for label, x in zip(("Japanese", "Hepburn"), inner)]
    inside = ", ".join(x for x in inner + [extra] if x)
    return " ".join(x for x in (head, f"({inside})" if inside else "", after) if x)


@renders("nihongo3")
def japanese_roman_first(p, n, context):
    """{{nihongo3|English|kanji|rōmaji}}: rōmaji (kanji, English)"""
    english, kanji, roman = at(p, 0), at(p, 1), at(p, 2)
    inside = ", ".join(x for x in (kanji, english, n.get("extra") or at(p, 3)) if x)
    return " ".join(x for x in (roman, f"({inside})" if inside else "", n.get("extra2") or at(p, 4)) if x)


@renders("nihongo krt")
def japanese_kanji_first(p, n, context):
    """{{nihongo krt|English|kanji|rōmaji}}: kanji (rōmaji, English)"""
    inside = ", ".join(x for x in (at(p, 2), at(p, 0), n.get("extra") or at(p, 3)) if x)
    return " ".join(x for x in (at(p, 1), f"({inside})" if inside else "") if x)


@renders("lit; literal; literal translation; literally; lit.")
def literal(p, n, context):
    return "lit. " + " or ".join(f"'{x}'" for x in p if x) if at(p, 0) else "lit."


@renders("gloss; single; single+double; translation")
def gloss(p, n, context):
    return f"'{at(p, 0)}'" if at(p, 0) else ""


@renders("etymology; ety")
def etymology(p, n, context):
    """{{etymology|la|albedo|whiteness}}: from Latin albedo 'whiteness'"""
    parts = []
    for code, term, meaning in zip(p[::3], p[1::3], p[2::3] + [""]):
        parts.append(f"{language(code)} {term}".strip() + (f" '{meaning}'" if meaning else ""))
    return "from " + ", ".join(parts) if parts else ""


@renders("langnf")
def phrase_for(p, n, context):
    """{{langnf|fr|C'est la vie|that's life}}: C'est la vie (French for 'that's life')"""
    name = language(at(p, 0))
    return at(p, 1) + (f" ({name} for '{at(p, 2)}')" if at(p, 2) else f" ({name})")


@renders("ruby; ruby-ja; furigana; ruby-zh-p; ruby-zh-b")
def ruby(p, n, context):
    return f"{at(p, 0)} ({at(p, 1)})" if at(p, 1) else at(p, 0)


renders("usdict; h:ipa; ipasoundbox")(first)
renders("ipa-en; pron-en")(lambda p, n, context: f"/{at(p, 0).strip('/[]')}/" if at(p, 0) else "")
renders("nihongo foot; nihongo2")(first)
renders("nihongo4")(lambda p, n, context: f"{at(p, 0)} ({at(p, 1)})" if at(p, 1) and at(p, 0) else at(p, 0) or at(p, 1))
renders("""
    zh-l; iast1; iast2; iast3; ja-l; ko-l; pinyin; inlineasiantitle; iso 15919; iso15919; din; arabdin; artranslit;
    unipers; rtgs; ko-name; zht; zhs
    """)(first)


@renders("bo; bo-textonly")
def tibetan(p, n, context):
    """{{bo|t=བོད|w=bod}}: Tibetan: བོད, Wylie: bod"""
    labels = (("t", "Tibetan"), ("w", "Wylie"), ("z", "ZYPY"), ("thdl", "THL"), ("lhasa", "Lhasa dialect"))
    return ", ".join(f"{label}: {n[key]}" for key, label in labels if n.get(key)) or at(p, 0)


@renders("der; bor; inh")
def derived(p, n, context):
    """{{der|en|la|albus}}: Latin albus"""
    return f"{language(at(p, 1))} {at(p, 3) or at(p, 2)}".strip()


_MAGNITUDES = set("b bb blg c d e i jma k l lb lg lh lv n s sbb sgr sn sw w wb wc wp wr ww".split())


@renders("m; m+; mention; cog; wt; l; ll; wikt-l")
def word_of(p, n, context):
    """{{m|la|alba}}: alba; on a page about an earthquake {{M|w|7.1}}: Mw 7.1"""
    if at(p, 0).lower() in _MAGNITUDES and at(p, 1)[:1].isdigit():
        return f"M{p[0].lower()} {p[1]}"
    return at(p, 2) or at(p, 1) or at(p, 0)


@renders("iso 639 name; language name; lang name; iso639 name")
def name_of_language(p, n, context):
    """{{ISO 639 name|de}}: German"""
    return language(at(p, 0)) or at(p, 0)
