"""Wikipedia's Lua modules, run by lupa outside MediaWiki: what templates.py and modules.py compare our text with."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

# What of MediaWiki's library the modules use. mw.ustring is Lua's string library but for lengths and parts: their
# patterns have no letters outside ASCII. now(), utf8len, utf8sub, calculate, format_date and read_module are Python's.
LIBRARY = """
string.gfind = string.gmatch
local ustring = {len = utf8len, sub = utf8sub}
setmetatable(ustring, {__index = string})
local function trim(s) return s:match('^%s*(.-)%s*$') end
local function split(text, pattern)
    local parts, start = {}, 1
    while true do
        local first, last = text:find(pattern, start)
        if not first then break end
        table.insert(parts, text:sub(start, first - 1))
        start = last + 1
    end
    table.insert(parts, text:sub(start))
    return parts
end
local content = {}
function content:plural(n, forms) return n == 1 and forms[1] or forms[2] end
function content:formatDate(pattern, text) return format_date(pattern, text) end
function content:formatNum(n, options)
    local text = type(n) == 'number' and string.format('%.14g', n) or n
    if options and options.noCommafy then return text end
    local whole, rest = text:match('^(%-?%d+)(.*)$')
    if not whole then return text end
    local more
    repeat whole, more = whole:gsub('^(%-?%d+)(%d%d%d)', '%1,%2') until more == 0
    return whole .. rest
end
local element = {}
element.__index = element
local function create(name) return setmetatable({name = name, style = '', parts = {}}, element) end
function element:tag(name) local new = create(name) table.insert(self.parts, new) return new end
function element:css(key, value) self.style = self.style .. key .. ':' .. value .. ';' return self end
function element:attr() return self end
function element:wikitext(text) table.insert(self.parts, text or '') return self end
function element:__tostring()
    local text = {}
    for i, part in ipairs(self.parts) do text[i] = tostring(part) end
    text = table.concat(text)
    if not self.name then return text end
    return '<' .. self.name .. ' style="' .. self.style .. '">' .. text .. '</' .. self.name .. '>'
end
local title = {namespace = 0, inNamespaces = function () return true end}
mw = {
    ustring = ustring,
    text = {trim = trim, split = split, nowiki = function (s) return s end},
    title = {getCurrentTitle = function () return title end,
             new = function (name) return {prefixedText = name} end},
    language = {getContentLanguage = function () return content end},
    getContentLanguage = function () return content end,
    html = {create = create},
    ext = {ParserFunctions = {expr = calculate}},
    message = {newRawMessage = function (text, ...)
        local values = {...}
        return {plain = function () return (text:gsub('%$(%d)', function (i) return values[tonumber(i)] end)) end}
    end},
}
os.date = function () return now() end
local loaded = {strict = {}, libraryUtil = {checkType = function () end}}
function require(name)
    if loaded[name] == nil then
        loaded[name] = assert(loadstring(read_module(name), name))()
    end
    return loaded[name]
end
mw.loadData = require
"""
RUN = """
function (module, name, template, given, of_the_template)
    local parent = {args = given, getTitle = function () return 'Template:' .. template end}
    local frame = {args = of_the_template, getTitle = function () return 'Module:' .. module end,
                   getParent = function () return parent end, preprocess = function () return '' end}
    mw.getCurrentFrame = function () return frame end
    local result = require('Module:' .. module)[name](frame)
    return result ~= nil and tostring(result) or ''
end
"""
# The wiki that a copy comes from may write numbers in its own way: they are set to English.
IN_ENGLISH = {
    "Convert": [("local numdot = ','", "local numdot = '.'"), ("local numsep = '&nbsp;'", "local numsep = ','")]
    + [("numsep_remove = '&#32;'", "numsep_remove = ','"), ("numsep_remove2 = '%s'", "numsep_remove2 = nil")]
}
Judge = Callable[[str, str, str, dict, dict], str]


def judge(folder: Path, now: datetime) -> Judge:
    """-> (module, function, template, the call's arguments, the arguments that the template adds) -> wikitext

    `folder` holds Age.lua, Convert.lua, Convert_data.lua ...; what the module refuses raises lupa's LuaError.
    """
    from lupa.lua51 import LuaRuntime

    lua = LuaRuntime()
    parts = {"year": now.year, "month": now.month, "day": now.day, "hour": now.hour, "min": now.minute, "sec": 0}
    names = lua.globals()
    names.utf8len, names.utf8sub = len, lambda text, start, end=None: text[start - 1 : end]
    names.now = lambda: lua.table_from(parts)
    names.calculate = lambda text: text
    names.format_date = lambda pattern, text=None: _format_date(pattern, text, now)
    names.read_module = lambda name: _source(folder, name)
    lua.execute(LIBRARY)
    run = lua.eval(RUN)
    return lambda module, name, template, given, added: run(
        module, name, template, lua.table_from(given), lua.table_from(added)
    )


def _source(folder: Path, name: str) -> str:
    name = name.split(":", 1)[-1]
    path = folder / f"{name.replace('/', '_')}.lua"
    if not path.exists():
        raise FileNotFoundError(path)
    text = path.read_text("utf-8")
    for local, english in IN_ENGLISH.get(name, ()):
        text = text.replace(local, english)
    return text


def _format_date(pattern: str, text: str | None, now: datetime) -> str | int:
    """Scribunto's formatDate for the two patterns that are asked: xnU, seconds, and Y-m-d H:i:s"""
    moment = now if text is None else None
    for form in ("%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%Y-%m-%d %H:%M"):
        try:
            moment = moment or datetime.strptime(text or "", form)
        except ValueError:
            continue
    if moment is None:
        raise ValueError(text)
    return int((moment - datetime(1970, 1, 1)).total_seconds()) if pattern == "xnU" else f"{moment:%Y-%m-%d %H:%M:%S}"


def with_gaps(text: str) -> str:
    """A margin that separates digits is a space among the whole ones, and no character among decimals"""
    text = re.sub(r'<span [^>]*margin-left: ?0?\.25em;?">([\d.]*)</span>', "\x07\\1", text)
    return re.sub(r"(?<=\.)[\d\x07]+", lambda m: m[0].replace("\x07", ""), text).replace("\x07", " ")


def without_hidden(wikitext: str) -> str:
    """The module's HTML without what no reader sees, with a space for a margin that separates digits"""
    text = re.sub(r'<span style="display:none">(?:[^<]|<span[^>]*>[^<]*</span>)*</span>', "", wikitext)
    text = re.sub(r'<span class="(?:chemf )?nowrap">', "", text)
    text = with_gaps(text)
    line = r'<span style="text-decoration:overline;">(\w*)</span>'
    text = re.sub(line, lambda m: "".join(letter + "\u0305" for letter in m[1]), text)
    stacked = r'<span style="display:inline-block;( ?)[^"]*">([^<]*)<br ?/>([^<]*)</span>'
    return re.sub(stacked, lambda m: m[3] + (f"<sup>{m[2]}</sup>" if m[2] else "") if m[1] else m[2] + m[3], text)
