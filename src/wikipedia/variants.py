"""-{zh-hans:计算机; zh-hant:電腦}-: a word in the scripts or countries that a wiki is read in; one of them is chosen.

After MediaWiki's LanguageConverter, without its tables: what stands in no such mark stays as it was written.
"""

import re

# What is shown for a variant that a rule does not name, in this order; as LanguageZh of MediaWiki has it
_FALLBACKS = {
    "zh-hans": ("zh-cn", "zh-sg", "zh-my"),
    "zh-hant": ("zh-tw", "zh-hk", "zh-mo"),
    "zh-cn": ("zh-hans", "zh-sg", "zh-my"),
    "zh-sg": ("zh-hans", "zh-cn", "zh-my"),
    "zh-my": ("zh-hans", "zh-sg", "zh-cn"),
    "zh-tw": ("zh-hant", "zh-hk", "zh-mo"),
    "zh-hk": ("zh-hant", "zh-mo", "zh-tw"),
    "zh-mo": ("zh-hant", "zh-hk", "zh-tw"),
}
DEFAULTS = {
    **dict.fromkeys(("zh", "zh-yue", "gan", "wuu"), "zh-hans"),
    "sr": "sr-ec",
    "kk": "kk-cyrl",
    "uz": "uz-latn",
    "ku": "ku-latn",
    "tg": "tg-cyrl",
    "iu": "ike-cans",
    "shi": "shi-tfng",
    "crh": "crh-latn",
}  # languages whose wikis have the mark, and what `auto` means for them
NESTED = 5  # marks within marks; deeper ones stay

_MARK = re.compile(r"-\{(?!\{)((?:(?!-\{).)*?)\}-", re.S)
_FLAGS = re.compile(r"\s*([A-Z+-](?:\s*;\s*[A-Z+-])*|[a-z]+(?:-[a-z]+)*(?:\s*;\s*[a-z]+(?:-[a-z]+)*)*)?\s*\|")
_PAIR = re.compile(r"\s*(?:[^;:\n]*=>\s*)?([a-z]+(?:-[a-z]+)*)\s*:")


def choose(text: str, variant: str) -> str:
    """The text with every mark replaced by what a reader of the variant, such as zh-hant, sees."""
    for _ in range(NESTED):
        if "-{" not in text or "}-" not in text:
            break
        text = _MARK.sub(lambda m: _shown(m[1], variant), text)
    return text


def _shown(content: str, variant: str) -> str:
    flags = _FLAGS.match(content)
    asked: set[str] = set()
    if flags:
        asked, content = set(re.split(r"\s*;\s*", flags[1] or "")), content[flags.end() :]
    if asked & {"H", "T", "-", "D"}:  # a rule for elsewhere, a title, a rule taken back, a description
        return ""
    if "R" in asked or "N" in asked:
        return content
    if asked and all(flag.islower() for flag in asked):  # -{zh-hans;zh-hant|text}-: for those only
        return content if asked & {variant, *_FALLBACKS.get(variant, ())} else ""
    texts = _texts(content)
    if not texts:
        return content.strip()
    order = [variant, *_FALLBACKS.get(variant, ()), variant.partition("-")[0]]
    return next((texts[name] for name in order if name in texts), next(iter(texts.values())))


def _texts(content: str) -> dict[str, str]:
    """'zh-hans:a; zh-hant:b' -> {variant: text}; empty where it is no such list."""
    found: dict[str, str] = {}
    last = ""
    for piece in content.split(";"):
        if pair := _PAIR.match(piece):
            last = pair[1]
            found[last] = piece[pair.end() :].strip()
        elif last and piece.strip():  # a semicolon of the text, such as that of &nbsp;
            found[last] += ";" + piece.rstrip()
        elif piece.strip():
            return {}
    return found
