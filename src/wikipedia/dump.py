"""MediaWiki XML dumps: .xml.bz2 of one or many streams, .xml.gz, .xml.zst or plain .xml -> pages, in parts that workers
can take.

No index is needed: a stream is found by its magic bytes, a page by its tags. Damage and truncation are named by
byte range. A part owns the pages that begin in it, so that pages may cross the borders of streams and parts.
"""

import bz2
import html
import mmap
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pipeline.config import InputError

STREAM = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")  # a stream's first block, or the end mark of an empty one
FOOTER = 0x177245385090  # 48 bits before the checksum at the end of a stream
LARGEST_STREAM = 64 << 20  # a larger one is not worth a worker's memory: the file is read in one go
PART_BYTES = 16 << 20  # compressed, of a part: about 60 MB of XML
READ = 1 << 20


class Damage(NamedTuple):
    """A stretch of the file that could not be read."""

    start: int
    end: int
    reason: str
    after: int = 0  # id of the last page before it, 0 if not known
    before: int = 0  # id of the first page after it


class Dump(NamedTuple):
    path: str
    size: int
    kind: str  # streams: bz2 streams for many workers; stream: one reader; xml: not compressed
    streams: list[tuple[int, int]]  # byte ranges, for kind streams
    problem: str  # why it is not whole, "" when it is
    packing: str = "bz2"  # bz2, gz or zst, for kinds streams and stream


class Part(NamedTuple):
    """What one worker takes: bytes start to end of the dump, or, with kind stream, XML that the reader has cut."""

    path: str
    kind: str
    start: int
    end: int
    streams: list[tuple[int, int]] = []  # those of the part
    later: list[tuple[int, int]] = []  # some that follow, for a page that goes on there
    xml: bytes = b""
    damage: list[Damage] = []


class Site(NamedTuple):
    base: str  # https://en.wikipedia.org/wiki/
    name: str  # enwiki
    namespaces: dict[int, str]


class MalformedPage(ValueError):
    """A <page> element lacks something that a page must have; says what."""


class Page(NamedTuple):
    id: int
    namespace: int | None  # None: the dump, older than 2012, does not say
    title: str
    redirect: str | None
    timestamp: str
    model: str
    text: str


def open_dump(path: Path) -> Dump:
    """Find out what kind of dump it is and whether it is whole, in seconds even for the largest."""
    path = Path(path)
    try:
        size = path.stat().st_size
        with open(path, "rb") as f:
            head = f.read(4096)
    except OSError as error:
        raise InputError(
            f"{path}: cannot read the dump ({error.strerror}); scripts/download_dump.sh fetches one, data.dump names it"
        ) from None
    if head.startswith(b"BZh"):
        with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as content:
            starts = [match.start() for match in STREAM.finditer(content)] or [0]
            streams = list(zip(starts, starts[1:] + [size]))
            many = len(streams) > 2 and max(end - start for start, end in streams) <= LARGEST_STREAM
            problem = _truncated_bz2(content, streams)
        return Dump(str(path), size, "streams" if many else "stream", streams if many else [], problem)
    for packing, magic in _MAGIC.items():
        if head.startswith(magic):
            _decompressor(packing)
            return Dump(str(path), size, "stream", [], "", packing)
    if b"<mediawiki" in head:
        with open(path, "rb") as f:
            f.seek(max(0, size - 4096))
            tail = f.read()
        return Dump(str(path), size, "xml", [], "" if _is_end(tail) else _cut_off(size))
    raise InputError(f"{path}: not a MediaWiki dump (neither bz2, gz nor zst, nor <mediawiki> at its beginning)")


_MAGIC = {"gz": b"\x1f\x8b", "zst": b"\x28\xb5\x2f\xfd"}
_END_OF_DUMP = re.compile(rb"</mediawiki\s*>\s*(?:<!--(?:(?!-->).)*-->\s*)*\Z", re.S)


def _decompressor(packing: str):
    """With the interface of bz2's: decompress, eof, unused_data"""
    if packing == "bz2":
        return bz2.BZ2Decompressor()
    if packing == "gz":
        return zlib.decompressobj(31)
    try:
        import zstandard
    except ImportError:
        raise InputError("a dump in .zst needs a package: pip install zstandard; or unpack it to .xml") from None
    return zstandard.ZstdDecompressor().decompressobj()


def _is_end(tail: bytes) -> bool:
    return _END_OF_DUMP.search(tail) is not None


def _cut_off(size: int) -> str:
    return f"it is cut off: its last byte, {size:,}, is not the end of a dump"


def _truncated_bz2(content: mmap.mmap, streams: list[tuple[int, int]]) -> str:
    """Every bz2 stream ends with a mark of 48 bits and a checksum of 32, at any bit; and XML ends with </mediawiki>."""
    size = len(content)
    tail = int.from_bytes(content[max(0, size - 11) :], "big")
    if not any(tail >> 32 + bits & (1 << 48) - 1 == FOOTER for bits in range(8)):
        return _cut_off(size)
    last = b""
    for start, end in reversed(streams[-3:]):
        if end - start > LARGEST_STREAM:
            return ""  # the reader sees at the end
        try:
            last = bz2.decompress(content[start:end]) + last
        except (OSError, ValueError, EOFError):
            return ""  # damage, which is met when it is read
        if last.strip():
            return "" if _is_end(last) else _cut_off(size)
    return ""


def parts(dump: Dump, pages: int, damage_stops: bool) -> Iterator[Part]:
    """The dump in parts of at most about `pages` pages; always the same ones for the same file and number."""
    if dump.kind == "streams":
        yield from _stream_parts(dump, pages)
    elif dump.kind == "xml":
        yield from _range_parts(dump, pages)
    else:
        yield from _read_parts(dump, pages, damage_stops)


def _stream_parts(dump: Dump, pages: int) -> Iterator[Part]:
    group: list[tuple[int, int]] = []
    edges: list[list[tuple[int, int]]] = []
    limit = max(1, pages // _pages_a_stream(dump))
    for start, end in dump.streams:
        if group and (len(group) >= limit or end - group[0][0] > PART_BYTES):
            edges.append(group)
            group = []
        group.append((start, end))
    edges.append(group)
    for number, group in enumerate(edges):
        after = dump.streams.index(group[-1]) + 1 if number + 1 < len(edges) else len(dump.streams)
        yield Part(dump.path, dump.kind, group[0][0], group[-1][1], group, dump.streams[after : after + 50])


def _pages_a_stream(dump: Dump) -> int:
    """Pages in the fullest of the first streams; 100 in Wikimedia's dumps."""
    most = 1
    with open(dump.path, "rb") as f:
        for start, end in dump.streams[:4]:
            most = max(most, _decompress(f, start, end)[0].count(END))
    return most


def _range_parts(dump: Dump, pages: int) -> Iterator[Part]:
    with open(dump.path, "rb") as f:
        head = f.read(4 << 20)
    step = max(1 << 12, min(4 * PART_BYTES, len(head) * pages // max(1, head.count(END))))
    for start in range(0, dump.size, step):
        yield Part(dump.path, dump.kind, start, min(start + step, dump.size))


def _read_parts(dump: Dump, pages: int, damage_stops: bool) -> Iterator[Part]:
    """One reader for a file of one stream: whole pages cut off as they come out of the decompressor."""
    buffer, position, counted = bytearray(), 0, 0
    damage: list[Damage] = []  # filled while the loop runs
    for chunk, position in _decompressed(dump, damage):
        buffer += chunk
        counted += chunk.count(b"</page>")
        if counted >= pages or len(buffer) > 4 * PART_BYTES:
            edge = _nth_page_end(buffer, pages)
            if edge:
                yield Part(dump.path, dump.kind, 0, position, xml=bytes(buffer[:edge]))
                del buffer[:edge]
                counted = buffer.count(b"</page>")
    if damage and damage_stops:
        raise InputError(describe(dump.path, damage[0]))
    while (edge := _nth_page_end(buffer, pages)) and buffer.count(b"</page>") > pages:
        yield Part(dump.path, dump.kind, 0, position, xml=bytes(buffer[:edge]))
        del buffer[:edge]
    if not damage and not _is_end(bytes(buffer[-4096:])):
        damage.append(Damage(max(0, dump.size - READ), dump.size, "the dump ends before </mediawiki>"))
    yield Part(dump.path, dump.kind, 0, dump.size, xml=bytes(buffer), damage=damage)


def _nth_page_end(buffer: bytearray, pages: int) -> int:
    """Where the n-th page ends, or the last one of fewer; 0 if there is none."""
    edge = place = 0
    for _ in range(pages):
        place = buffer.find(b"</page>", place)
        if place < 0:
            break
        edge = place = place + len(b"</page>")
    return edge


def _decompressed(dump: Dump, damage: list[Damage]) -> Iterator[tuple[bytes, int]]:
    """All streams of a file one after the other -> (XML, bytes read so far); what cannot be read goes to `damage`."""
    decompressor, position, sound = _decompressor(dump.packing), 0, 0
    with open(dump.path, "rb") as f:
        while data := f.read(READ):
            position += len(data)
            try:
                while data:
                    if decompressor.eof:
                        data = data.lstrip(b"\0")
                        decompressor = _decompressor(dump.packing)
                        continue
                    if xml := decompressor.decompress(data):  # whole blocks, their checksums verified
                        sound = position - READ
                        yield xml, position
                    data = decompressor.unused_data if decompressor.eof else b""
            except Exception as error:  # each library has its own
                if isinstance(error, MemoryError):
                    raise
                reason = f"not valid {dump.packing}: a bit is wrong, and what follows hangs on it"
                damage.append(Damage(max(0, sound), dump.size, reason))
                return
    if not decompressor.eof:
        damage.append(Damage(max(0, sound), dump.size, f"the file ends inside a {dump.packing} stream"))


PAGE, END = b"<page>", b"</page>"
_OPENING = re.compile(rb"<page(?:\s[^<>]*)?>")


def _find_page(xml: bytes, place: int = 0) -> int:
    """Where the next <page> or <page ...> begins, -1 if there is none"""
    while (place := xml.find(b"<page", place)) >= 0:
        if xml[place + 5 : place + 6] in (b">", b" ", b"\t", b"\n"):
            return place
        place += 5
    return -1


def pages(part: Part, damage_stops: bool) -> tuple[list[bytes], list[Damage]]:
    """The XML of the pages that begin in a part, and what of the part could not be read."""
    if part.kind == "stream":
        found, damage = _split(part.xml)[0], [d._replace(after=page_id(_split(part.xml)[0][-1:])) for d in part.damage]
    elif part.kind == "xml":
        found, damage = _pages_of_range(part)
    else:
        found, damage = _pages_of_streams(part)
    if damage and damage_stops:
        raise InputError(describe(part.path, damage[0]))
    return found, damage


def describe(path: str, damage: Damage) -> str:
    return (
        f"{path}: bytes {damage.start:,} to {damage.end:,}: {damage.reason}; fetch the dump again "
        "(scripts/download_dump.sh checks it), or go on without these pages: extract.on_error=skip"
    )


def _split(xml: bytes) -> tuple[list[bytes], bytes]:
    """-> whole pages, the rest behind them"""
    found: list[bytes] = []
    place = 0
    while (start := _find_page(xml, place)) >= 0:
        end = xml.find(END, start)
        if end < 0:
            return found, xml[start:]
        place = end + len(END)
        found.append(xml[start:place])
    return found, xml[max(place, len(xml) - len(PAGE)) :]


def _pages_of_range(part: Part) -> tuple[list[bytes], list[Damage]]:
    with open(part.path, "rb") as f:
        f.seek(part.start)
        xml = f.read(part.end - part.start + len(PAGE) - 1)  # a tag on the border belongs to the part it begins in
        found, rest = _split(xml)
        while (start := _find_page(rest)) >= 0 and part.end - part.start > len(xml) - len(rest) + start:
            more = f.read(READ)
            if not more:
                cut = f.tell() - len(rest) + start
                return found, [Damage(cut, f.tell(), "the dump ends inside a page", page_id(found[-1:]))]
            end = (rest + more).find(END, max(0, len(rest) - len(END)))
            rest += more
            if end >= 0:
                found.append(rest[start : end + len(END)])
                break
    return found, []


def _pages_of_streams(part: Part) -> tuple[list[bytes], list[Damage]]:
    found: list[bytes] = []
    damage: list[Damage] = []
    rest = b""
    with open(part.path, "rb") as f:
        for start, end in part.streams:
            xml, problem, whole = _decompress(f, start, end)
            some, rest = _split(rest + xml if whole > start else b"")
            if some and damage and not damage[-1].before:
                damage[-1] = damage[-1]._replace(before=page_id(some[:1]))
            found += some
            if problem:
                damage.append(Damage(whole, end, problem, page_id(found[-1:])))
                rest = b""
        found += _page_that_goes_on(f, rest, part)
    return found, damage


def _page_that_goes_on(f, rest: bytes, part: Part) -> list[bytes]:
    """The page that begins at the end of a part and ends in a later one, if there is one."""
    begun = _find_page(rest)
    if begun < 0:
        begun = next((len(rest) - n for n in range(len(PAGE) - 1, 0, -1) if rest.endswith(PAGE[:n])), -1)
    if begun < 0:
        return []
    rest = rest[begun:]
    for start, end in part.later:
        xml, problem, _ = _decompress(f, start, end)
        if problem:
            break
        rest += xml
        if not _OPENING.match(rest) and not PAGE.startswith(rest[:6]):
            return []
        if (place := rest.find(END)) >= 0:
            return [rest[: place + len(END)]]
    return []


def _decompress(f, start: int, end: int) -> tuple[bytes, str, int]:
    """One stream -> its XML, what is wrong with it, up to which byte it is right."""
    f.seek(start)
    decompressor = bz2.BZ2Decompressor()
    try:
        xml = decompressor.decompress(f.read(end - start))
    except (OSError, ValueError):
        return b"", "not valid bz2: a bit is wrong", start
    if not decompressor.eof:
        return b"", "the bz2 stream is cut off", start
    if behind := len(decompressor.unused_data.lstrip(b"\0")):
        return xml, f"{behind:,} bytes behind a bz2 stream are not the beginning of another", end - behind
    return xml, "", end


def page_id(found: list[bytes]) -> int:
    """The id of the first of some pages, 0 if there is none."""
    if not found:
        return 0
    try:
        return parse(found[0]).id
    except MalformedPage:
        return 0


def parse(xml: bytes) -> Page:
    """One <page> element -> its newest revision; MalformedPage when something that a page must have is missing."""
    revision = xml.rfind(b"<revision>")
    if revision < 0:
        raise MalformedPage("no <revision>")
    head = xml[:revision]
    title = _text(_between(head, b"<title>", b"</title>") or b"").strip()
    if not title:
        raise MalformedPage("no <title>")
    number = _number(_between(head, b"<id>", b"</id>") or b"", "<id>")
    namespace = _between(head, b"<ns>", b"</ns>")
    redirect = _between(head, b'<redirect title="', b'"')
    start = xml.find(b"<text", revision)
    close = xml.find(b">", start)
    if start < 0 or close < 0:
        raise MalformedPage("no <text>")
    text = b""
    if xml[close - 1 : close] != b"/":
        cdata = xml[close + 1 :].lstrip().startswith(b"<![CDATA[")
        end = xml.find(b"</text>", xml.find(b"]]>", close) if cdata else close)
        if end < 0:
            raise MalformedPage("<text> is not closed")
        text = xml[close + 1 : end]
    middle = xml[revision:start]
    return Page(
        number,
        None if namespace is None else _number(namespace or b"0", "<ns>"),
        title,
        None if redirect is None else _text(redirect),
        _text(_between(middle, b"<timestamp>", b"</timestamp>") or b""),
        _text(_between(middle, b"<model>", b"</model>") or b"wikitext"),
        _text(text),
    )


def _number(digits: bytes, tag: str) -> int:
    if not re.fullmatch(rb"\s*-?[0-9]{1,18}\s*", digits):  # 64 bits
        raise MalformedPage(f"{tag} is {digits[:40].decode('utf-8', 'replace')!r}, not a number")
    return int(digits)


def _between(xml: bytes, before: bytes, after: bytes) -> bytes | None:
    start = xml.find(before)
    if start < 0:
        return None
    end = xml.find(after, start + len(before))
    return None if end < 0 else xml[start + len(before) : end]


def _text(xml: bytes) -> str:
    """XML text -> str; `&amp;` goes last, so that `&amp;lt;` stays the text `&lt;`."""
    if b"<![CDATA[" in xml:
        before, _, rest = xml.partition(b"<![CDATA[")
        inside, _, behind = rest.partition(b"]]>")
        return _text(before) + inside.decode("utf-8", "replace") + _text(behind)
    text = xml.decode("utf-8", "replace")
    if "&" in text:
        if "&#" in text:
            text = re.sub(r"&#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6});", lambda m: html.unescape(m[0]), text)
        text = (
            text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", '"')
            .replace("&apos;", "'")
            .replace("&amp;", "&")
        )
    return text


def site(dump: Dump) -> Site:
    """What <siteinfo> says; a dump without one gets its address from its file name, such as enwiki-..."""
    head = _head(dump)
    info = head[: head.find("</siteinfo>")] if "</siteinfo>" in head else ""
    spaces = {
        int(key): html.unescape(name)
        for key, name in re.findall(r'<namespace key="(-?\d+)"[^>]*>([^<]+)</namespace>', info)
    }
    base = re.search(r"<base>([^<]*)</base>", info)
    name = re.search(r"<dbname>([^<]*)</dbname>", info)
    named = re.match(
        r"([a-z][a-z_]*?)(wiki|wikivoyage|wikibooks|wikinews|wikiquote|wikisource|wikiversity|wiktionary)\b",
        Path(dump.path).name,
    )
    if base:
        address = html.unescape(base[1]).rpartition("/")[0] + "/"
    elif named:
        address = f"https://{named[1].replace('_', '-')}.{'wikipedia' if named[2] == 'wiki' else named[2]}.org/wiki/"
    else:
        address = ""
    return Site(address, name[1] if name else named[0] if named else "", spaces)


def _head(dump: Dump) -> str:
    """The first bytes of the XML, enough for <siteinfo>."""
    with open(dump.path, "rb") as f:
        data = f.read(READ)
    if dump.kind != "xml":
        decompressor, xml = _decompressor(dump.packing), b""
        for start in range(0, len(data), 1 << 16):
            piece = data[start : start + (1 << 16)]
            try:
                while piece and len(xml) < READ:
                    xml += decompressor.decompress(piece)
                    piece = decompressor.unused_data if decompressor.eof else b""
                    decompressor = _decompressor(dump.packing) if decompressor.eof else decompressor
            except Exception:
                break  # damage at the very beginning is met when it is read
        data = xml
    return data[:READ].decode("utf-8", "replace")


# MediaWiki's own names; a site's stand in its <siteinfo>
_NAMESPACES = {"Media": -2, "Special": -1, "Talk": 1, "User": 2, "Project": 4, "Wikipedia": 4, "File": 6, "Image": 6}
_NAMESPACES |= {"MediaWiki": 8, "Template": 10, "Help": 12, "Category": 14, "Portal": 100, "Book": 108, "Draft": 118}
_NAMESPACES |= {"TimedText": 710, "Module": 828}


def namespace_of(title: str, site: Site) -> int:
    """Of a page whose dump does not say: by the beginning of its title"""
    prefix, colon, _ = title.partition(":")
    known = {name.lower(): number for name, number in _NAMESPACES.items()}
    known |= {f"{name.lower()} talk": number + 1 for name, number in _NAMESPACES.items() if number > 1}
    known |= {name.lower(): number for number, name in site.namespaces.items() if name}
    return known.get(" ".join(prefix.replace("_", " ").lower().split()), 0) if colon else 0


def titles_at(index: Path, offset: int) -> list[str]:
    """Titles of the pages in the stream at `offset`, from the index beside a multistream dump (offset:id:title)."""
    wanted, found = f"{offset}:", []
    try:
        with bz2.open(index, "rt", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith(wanted):
                    found.append(line.rstrip("\n").split(":", 2)[2])
                elif found:
                    break
    except (OSError, EOFError, IndexError):
        return []
    return found


def index_of(path: Path) -> Path | None:
    """The index file that Wikimedia puts beside a multistream dump, if it is there."""
    name = Path(path).name
    for old, new in (
        (".xml.bz2", "-index.txt.bz2"),
        ("multistream.xml", "multistream-index.txt"),
        ("multistream", "multistream-index"),
    ):
        candidate = Path(path).with_name(name.replace(old, new))
        if candidate.name != name and candidate.exists():
            return candidate
    return None
