"""A MediaWiki dump as Wikimedia writes it: export schema 0.11, one bz2 stream per 100 pages, an index beside it."""

import bz2
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

PAGES_PER_STREAM = 100
NAMESPACES = {
    -2: "Media",
    -1: "Special",
    0: "",
    1: "Talk",
    2: "User",
    3: "User talk",
    4: "Miniwiki",
    5: "Miniwiki talk",
    6: "File",
    7: "File talk",
    8: "MediaWiki",
    9: "MediaWiki talk",
    10: "Template",
    11: "Template talk",
    12: "Help",
    13: "Help talk",
    14: "Category",
    15: "Category talk",
    828: "Module",
    829: "Module talk",
}


@dataclass
class Page:
    title: str
    text: str
    ns: int = 0
    id: int = 0
    redirect: str = ""  # the target in a <redirect> tag; a redirect page may also do without
    model: str = "wikitext"


def header() -> str:
    names = "\n".join(
        f'      <namespace key="{key}" case="first-letter"' + (f">{name}</namespace>" if name else " />")
        for key, name in NAMESPACES.items()
    )
    return (
        '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="http://www.mediawiki.org/xml/export-0.11/ '
        'http://www.mediawiki.org/xml/export-0.11.xsd" version="0.11" xml:lang="en">\n'
        "  <siteinfo>\n    <sitename>Miniwiki</sitename>\n    <dbname>miniwiki</dbname>\n"
        "    <base>https://miniwiki.example/wiki/Main_Page</base>\n"
        "    <generator>MediaWiki 1.46.0-wmf.5</generator>\n    <case>first-letter</case>\n"
        f"    <namespaces>\n{names}\n    </namespaces>\n  </siteinfo>\n"
    )


def base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits


def page_xml(page: Page) -> str:
    raw = page.text.encode()
    sha1 = base36(int.from_bytes(hashlib.sha1(raw).digest(), "big")).rjust(31, "0")
    seed = int.from_bytes(hashlib.sha256(page.title.encode()).digest()[:6], "big")
    revision = 1_000_000 + page.id * 37 + seed % 30
    day, hour = 1 + seed % 28, seed // 28 % 24
    who = (
        f"        <username>Editor {seed % 40}</username>\n        <id>{100 + seed % 40}</id>\n"
        if seed % 9
        else f"        <ip>192.0.2.{seed % 250}</ip>\n"
    )  # every ninth editor has no account
    minor = "      <minor />\n" if seed % 5 == 0 else ""
    comment = "      <comment>corrected a link to [[Main Page]] &amp; a comma</comment>\n" if seed % 4 == 0 else ""
    parent = f"      <parentid>{revision - 21}</parentid>\n" if seed % 7 else ""
    form = {
        "wikitext": "text/x-wiki",
        "Scribunto": "text/plain",
        "css": "text/css",
        "javascript": "text/javascript",
        "json": "application/json",
    }[page.model]
    size = f'bytes="{len(raw)}" sha1="{sha1}"'
    text = f'<text {size} xml:space="preserve">{escape(page.text)}</text>' if raw else f"<text {size} />"
    redirect = f'    <redirect title="{escape(page.redirect, {chr(34): "&quot;"})}" />\n' if page.redirect else ""
    return (
        f"  <page>\n    <title>{escape(page.title)}</title>\n    <ns>{page.ns}</ns>\n    <id>{page.id}</id>\n"
        f"{redirect}    <revision>\n      <id>{revision}</id>\n{parent}"
        f"      <timestamp>2025-{1 + seed % 12:02d}-{day:02d}T{hour:02d}:{seed % 60:02d}:07Z</timestamp>\n"
        f"      <contributor>\n{who}      </contributor>\n{minor}{comment}      <origin>{revision}</origin>\n"
        f"      <model>{page.model}</model>\n      <format>{form}</format>\n      {text}\n"
        f"      <sha1>{sha1}</sha1>\n    </revision>\n  </page>\n"
    )


def multistream(pages: list[Page]) -> tuple[bytes, bytes]:
    """The dump and its index (`offset:id:title` a page, offset that of the page's stream), both compressed."""
    dump, index = bz2.compress(header().encode()), []
    for i in range(0, len(pages), PAGES_PER_STREAM):
        part = pages[i : i + PAGES_PER_STREAM]
        index += [f"{len(dump)}:{page.id}:{escape(page.title)}\n" for page in part]
        dump += bz2.compress("".join(map(page_xml, part)).encode())
    dump += bz2.compress(b"</mediawiki>\n")
    dump += bz2.compress(b"")  # Wikimedia's own tool leaves an empty stream of 14 bytes at the end
    return dump, bz2.compress("".join(index).encode())


def write_whole(path: Path, data: bytes) -> None:
    """The file appears under its name only when it is whole."""
    part = path.with_name(path.name + ".tmp")
    with open(part, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
