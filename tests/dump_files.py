"""Small dumps in every layout, for tests that need one of their own."""

import bz2
import re
from pathlib import Path
from xml.sax.saxutils import escape

HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="en">
  <siteinfo>
    <sitename>Testpedia</sitename>
    <dbname>testwiki</dbname>
    <base>https://test.example.org/wiki/Main_Page</base>
    <namespaces>
      <namespace key="0" case="first-letter" />
      <namespace key="6" case="first-letter">Datei</namespace>
      <namespace key="14" case="first-letter">Kategorie &amp; Co</namespace>
    </namespaces>
  </siteinfo>
"""
FOOT = "</mediawiki>\n"


def page(number: int, text: str, title: str = "", ns: int = 0, redirect: str = "", model: str = "wikitext") -> str:
    """A <page> as Wikimedia writes it."""
    redirect = f'\n    <redirect title="{escape(redirect)}" />' if redirect else ""
    return f"""  <page>
    <title>{escape(title or f"Page {number}")}</title>
    <ns>{ns}</ns>
    <id>{number}</id>{redirect}
    <revision>
      <id>{number + 1000}</id>
      <timestamp>2026-01-02T03:04:05Z</timestamp>
      <contributor><username>A</username><id>7</id></contributor>
      <model>{model}</model>
      <format>text/x-wiki</format>
      <text bytes="{len(text)}" xml:space="preserve">{escape(text)}</text>
      <sha1>abc</sha1>
    </revision>
  </page>
"""


def write(path: Path, pages: list[str], layout: str, a_stream: int = 7) -> Path:
    xml = (HEAD + "".join(pages) + FOOT).encode()
    if layout == "xml":
        path.write_bytes(xml)
    elif layout == "single":
        path.write_bytes(bz2.compress(xml))
    elif layout == "multistream":  # Wikimedia's: head, pages, foot, and its own tool's empty stream at the end
        groups = ["".join(pages[i : i + a_stream]) for i in range(0, len(pages), a_stream)]
        path.write_bytes(b"".join(bz2.compress(part.encode()) for part in [HEAD, *groups, FOOT]) + bz2.compress(b""))
    elif layout == "blocks":  # pbzip2's: cut anywhere, also inside a tag or a character
        path.write_bytes(b"".join(bz2.compress(xml[i : i + 3001]) for i in range(0, len(xml), 3001)))
    elif layout == "tags":  # every cut inside <page>
        cuts = [0, *(m.start() + 3 for m in re.finditer(rb"<page>", xml)), len(xml)]
        path.write_bytes(b"".join(bz2.compress(xml[a:b]) for a, b in zip(cuts, cuts[1:])))
    return path
