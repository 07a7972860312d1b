"""-{zh-hans:...; zh-hant:...}-: one text in several scripts, as Chinese, Serbian, Kazakh and other wikis write it."""

import re

_PIECE = re.compile(r"-\{([^{}]*)\}-")
_RULE = re.compile(r"\s*([a-z]{2,3}(?:-[a-z]{2,8})*)\s*:(.*)", re.S)
_FALLBACKS = {  # what a reader of a variant gets where his own is not given
    "zh-cn": ("zh-hans", "zh-sg", "zh-my"),
    "zh-sg": ("zh-hans", "zh-cn"),
    "zh-my": ("zh-hans", "zh-sg", "zh-cn"),
    "zh-hans": ("zh-cn", "zh-sg", "zh-my"),
    "zh-tw": ("zh-hant", "zh-hk", "zh-mo"),
    "zh-hk": ("zh-hant", "zh-mo", "zh-tw"),
    "zh-mo": ("zh-hant", "zh-hk", "zh-tw"),
    "zh-hant": ("zh-tw", "zh-hk", "zh-mo"),
}


def choose_variant(text: str, variant: str) -> str:
    """The text with each -{...}- as a reader of `variant` sees it; without one, the first that is given."""
    for _ in range(3):  # they nest
        text, found = _PIECE.subn(lambda match: _chosen(match[1], variant), text)
        if not found:
            break
    return text


def _chosen(body: str, variant: str) -> str:
    flags, bar, rest = body.partition("|")
    flags = flags.strip() if bar and re.fullmatch(r"[A-Z; ]*|[a-z-]+(?:;[a-z-]+)*", flags.strip()) else ""
    if flags and set(flags) <= set("ATHDNR-+; "):
        if "H" in flags or "-" in flags or "T" in flags:  # a rule for elsewhere: shows nothing here
            return ""
        body = rest
    elif bar and flags:
        return rest
    rules = [match for piece in body.split(";") if (match := _RULE.match(piece.partition("=>")[2] or piece))]
    if not rules:
        return body
    given = {match[1].lower(): match[2].strip() for match in rules}
    for code in (variant, *_FALLBACKS.get(variant, ())):
        if code in given:
            return given[code]
    return next(iter(given.values()))
