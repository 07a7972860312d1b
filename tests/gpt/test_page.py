"""The chat page in a real browser: type, stream, stop, regenerate, settings, reload, phone and dark."""

import json

import pytest

import browser
import serve
from browser import Browser
from gpt.engine import Engine
from gpt.lookup import Reader
from live import listening, running
from pipeline.config import load_config
from stub_search import StubSearch, passage
from tiny import Parrot, tiny_model, tiny_tokenizer

pytestmark = pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing()))

SLOW = 0.3  # seconds a token: the answer takes 20 s, long enough to be looked at in its midst
ANSWER = 'Gold is a chemical element. <img src=x onerror="document.title=1"> & <b>Zürich</b>'


@pytest.fixture(scope="module")
def parrot(tmp_path_factory):
    tokenizer = tiny_tokenizer(tmp_path_factory.mktemp("tiny") / "tokenizer.json")
    return Parrot(tokenizer, ANSWER), tokenizer


@pytest.fixture(scope="module")
def server(parrot):
    with running(tiny_model(block_size=512), parrot[1], parrot=parrot[0]) as (url, engine):
        yield url, engine


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as b:
        yield b


@pytest.fixture()
def page(chromium, server, parrot):
    parrot[0].delay = 0.0
    chromium.dark = False
    chromium.resize(1100, 800)
    chromium.open(server[0] + "/")
    chromium.run("sessionStorage.clear(); localStorage.clear()")
    chromium.run("addEventListener('pagehide', () => { sessionStorage.clear(); localStorage.clear(); })")
    chromium.reload()
    chromium.wait(lambda: chromium.text("#model") == "wikigpt", "the page did not find the server")
    return chromium


def finished(page, n: int = 1) -> bool:
    return page.run("return document.querySelectorAll('.assistant .foot').length") == n and not page.visible("#stop")


def test_types_streams_and_shows_markup_as_text(page, parrot):
    parrot[0].delay = SLOW
    page.type("#input", "What is gold?{Shift}{Enter}{Shift}Tell me.{Enter}")
    page.wait(
        lambda: 5 < len(page.text(".assistant .text") or "") < len(ANSWER) - 5, "nothing was shown while it was written"
    )
    assert page.visible("#stop") and not page.visible("#send")
    parrot[0].delay = 0.0
    page.wait(lambda: finished(page), "the answer did not end")
    assert page.text(".user .text") == "What is gold?\nTell me."
    assert page.text(".assistant .text") == ANSWER
    assert (
        page.run("return document.querySelectorAll('#talk img, #talk b').length + document.title")
        == "0wikigpt – wikillm"
    )
    assert page.text("#status") == ANSWER  # what a screen reader says, once
    assert "tokens" in page.text(".note") and page.visible("#send")
    assert page.run("return document.activeElement.id") == "input"


def test_stop_keeps_what_was_said_and_frees_the_model(page, parrot, server):
    parrot[0].delay, told = SLOW, server[1].answer_tokens
    page.type("#input", "What is gold?{Enter}")
    page.wait(lambda: len(page.text(".assistant .text") or "") > 3, "it did not begin")
    page.click("#stop")
    page.wait(lambda: finished(page), "it did not stop")
    said = page.text(".assistant .text")
    assert ANSWER.startswith(said) and said != ANSWER and page.text(".note") == "stopped"
    page.wait(lambda: not server[1].decoder.rows, "the answer does not end")
    assert server[1].answer_tokens - told < len(parrot[1].encode(ANSWER)), "the model went on decoding for nobody"


def test_regenerate_copy_new_chat_and_reload(page):
    page.type("#input", "What is gold?{Enter}")
    page.wait(lambda: finished(page), "no answer")
    page.run("window.copied = []; navigator.clipboard.writeText = async t => { copied.push(t); }")
    page.run("[...document.querySelectorAll('.foot button')].find(b => b.textContent === 'Copy').click()")
    page.wait(lambda: page.run("return copied") == [ANSWER], "not copied")
    page.run("[...document.querySelectorAll('.foot button')].find(b => b.textContent === 'Regenerate').click()")
    page.wait(lambda: finished(page), "no second answer")
    assert page.run("return document.querySelectorAll('article').length") == 2
    page.type("#input", "And iron?{Enter}")
    page.wait(lambda: finished(page, 2), "no answer to the second question")
    buttons = page.run(
        "return [...document.querySelectorAll('.foot')].map(f => "
        "[...f.querySelectorAll('button')].map(b => b.textContent))"
    )
    assert buttons == [["Copy"], ["Copy", "Regenerate"]]  # only the last answer can be regenerated
    page.reload()
    page.wait(
        lambda: page.run("return document.querySelectorAll('article').length") == 4, "the conversation was forgotten"
    )
    assert page.text("article.user:nth-of-type(3) .text") == "And iron?"
    page.wait(lambda: page.text("#model") == "wikigpt", "no server")
    page.click("#new")
    assert page.visible("#welcome") and page.run("return document.querySelectorAll('article').length") == 0
    page.reload()
    assert page.visible("#welcome")


def test_settings_reach_the_server(page):
    page.run(
        "window.sent = []; const real = fetch; "
        "window.fetch = (u, o) => { if (o) sent.push(o.body); return real(u, o); }"
    )
    assert not page.visible("#settings")
    page.click("#open-settings")
    assert page.visible("#settings")
    page.run(
        "for (const [id, v] of [['temperature', 0.1], ['length', 16], ['top_p', 0.5], ['system', 'Be brief.']]) {"
        " const e = document.getElementById(id); e.value = v; e.dispatchEvent(new Event('input')); }"
    )
    page.type("#input", "What is gold?{Enter}")
    page.wait(lambda: finished(page), "no answer")
    sent = json.loads(page.run("return sent")[0])
    assert sent == {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is gold?"}],
        "temperature": 0.1,
        "top_p": 0.5,
        "max_tokens": 16,
    }
    assert "cut off" in page.text(".note") and ANSWER.startswith(page.text(".assistant .text"))
    page.type("#input", "{Escape}")
    assert not page.visible("#settings")


def test_a_failure_is_said_and_can_be_tried_again(page):
    page.run(
        "window.real = fetch; window.fetch = async () => new Response("
        "JSON.stringify({error: {message: 'the queue is full'}}), {status: 429})"
    )
    page.click("#examples button")
    page.wait(lambda: "the queue is full" in (page.text(".problem") or ""), "the error is not shown")
    page.run("window.fetch = real; document.querySelector('.foot button').click()")
    page.wait(lambda: page.text(".assistant .text") == ANSWER and finished(page), "trying again did not help")


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone_and_in_the_dark(page, dark, tmp_path):
    page.dark = dark
    page.resize(360, 640)
    page.type("#input", "What is gold?{Enter}")
    page.wait(lambda: finished(page), "no answer")
    assert page.run("return document.documentElement.scrollWidth") == 360
    small = page.run(
        "return [...document.querySelectorAll('button')].filter(b => b.checkVisibility()).map("
        "b => b.getBoundingClientRect()).filter(r => r.height < 36 || r.width < 36).length"
    )
    assert small == 0  # fingers
    assert page.run("return document.querySelector('#composer').getBoundingClientRect().bottom") < 640
    for selector in ("body", ".assistant .text", ".user .text", "#model", ".note", ".caution"):
        assert contrast(page, selector) >= 4.5, selector  # WCAG AA
    page.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 10_000


def contrast(page, selector: str) -> float:
    """WCAG 2's contrast ratio of an element's text and what lies behind it."""
    colours = page.run(
        """
        const e = document.querySelector(arguments[0]); let behind = e;
        while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
        const colours = [getComputedStyle(e).color, getComputedStyle(behind).backgroundColor];
        return colours.map(c => c.match(/[0-9.]+/g).map(Number));
        """,
        selector,
    )

    def luminance(rgb: list[float]) -> float:
        linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb[:3]]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    a, b = sorted(map(luminance, colours))
    return (b + 0.05) / (a + 0.05)


def test_nothing_is_fetched_from_elsewhere(page, server):
    page.click("#examples button")
    page.wait(lambda: finished(page), "no answer")
    fetched = page.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert fetched and all(name.startswith(server[0]) for name in fetched)
    assert (
        page.run(
            "return [...document.querySelectorAll('button, input, textarea')].filter("
            "e => !(e.textContent.trim() || e.ariaLabel || e.labels?.length)).length"
        )
        == 0
    )  # all have names


def says(parrot, answer: str) -> None:
    """From now on the model says this."""
    import torch

    parrot[0].script = torch.tensor([*parrot[1].encode(answer), parrot[1].end_id])


def test_a_conversation_survives_reload_in_the_midst_of_an_answer(page, parrot):
    parrot[0].delay = SLOW
    page.type("#input", "What is gold?{Enter}")
    page.wait(lambda: len(page.text(".assistant .text") or "") > 10, "it did not begin")
    page.reload()
    page.wait(lambda: page.text(".note") == "interrupted", "what was said is lost")
    said = page.text(".assistant .text")
    assert len(said) > 3 and ANSWER.startswith(said) and said != ANSWER
    assert page.text(".user .text") == "What is gold?"
    parrot[0].delay = 0.0
    page.run(
        "window.sent = []; const real = fetch; "
        "window.fetch = (u, o) => { if (o) sent.push(o.body); return real(u, o); }"
    )
    page.run("[...document.querySelectorAll('.foot button')].find(b => b.textContent === 'Continue').click()")
    page.wait(lambda: page.text(".assistant .text") == said + ANSWER, "it did not go on")  # a parrot begins anew
    assert json.loads(page.run("return sent")[0])["messages"][-1] == {"role": "assistant", "content": said}


def test_a_question_is_edited_and_asked_again(page):
    for question in ("What is gold?", "And iron?"):
        page.type("#input", question + "{Enter}")
        page.wait(lambda: page.text("article:last-child .note"), "no answer")
    page.run("document.querySelector('.user .tools button').click()")
    assert page.run("return document.activeElement.value") == "What is gold?"
    page.run("document.activeElement.value = ''")
    page.type(".user textarea", "What is silver?{Enter}")
    page.wait(lambda: finished(page), "no answer")
    assert page.text(".user .text") == "What is silver?"
    assert page.run("return document.querySelectorAll('article').length") == 2  # what came after it is gone
    page.type("#input", "\ue013")  # arrow up: the last question again
    assert page.run("return document.activeElement.value") == "What is silver?"
    page.type(".user textarea", "{Escape}")
    assert page.text(".user .text") == "What is silver?"


def test_past_chats_are_listed_opened_and_forgotten(page):
    for question in ("What is gold?", "What is iron?"):
        page.type("#input", question + "{Enter}")
        page.wait(lambda: finished(page), "no answer")
        page.click("#new")
    page.click("#open-chats")
    titles = "return [...document.querySelectorAll('#chats li button:first-child')].map(b => b.textContent)"
    assert page.run(titles) == ["What is iron?", "What is gold?"]
    page.run("document.querySelectorAll('#chats li button')[2].click()")
    assert page.text(".user .text") == "What is gold?" and page.text(".assistant .text") == ANSWER
    page.run("document.querySelectorAll('#chats li button')[1].click()")  # forget the first of them
    assert page.run(titles) == ["What is gold?"]
    page.type("#input", "{Escape}")
    assert not page.visible("#chats")


def test_enter_that_chooses_a_character_sends_nothing(page):
    page.type("#input", "kin")
    press = (
        "document.getElementById('input').dispatchEvent(new KeyboardEvent('keydown', "
        "{key: 'Enter', keyCode: arguments[0], isComposing: arguments[1], bubbles: true, cancelable: true}))"
    )
    page.run(press, 229, False)  # Safari
    page.run(press, 13, True)
    assert page.visible("#welcome")
    page.run(press, 13, False)
    page.wait(lambda: finished(page), "Enter alone sends")


def test_markdown_is_shown_and_can_do_no_harm(page, parrot):
    hostile = "<img src=x onerror=document.title=1>"
    text = (
        f"## Gold\nA **heavy** and *soft* metal, `Au`.\n\n- one {hostile}\n- two\n\n```\na < b\n```\n3. three\n4. four"
    )
    says(parrot, text)
    try:
        page.type("#input", "What is gold?{Enter}")
        page.wait(lambda: finished(page), "no answer")
        assert page.run(
            "return [...document.querySelectorAll('.marked > *')].map(e => e.tagName + ':' + e.textContent)"
        ) == ["H4:Gold", "P:A heavy and soft metal, Au.", f"UL:one {hostile}two", "PRE:a < b", "OL:threefour"]
        assert (
            page.run("return [...document.querySelectorAll('.marked strong, .marked em, .marked p code')].length") == 3
        )
        assert page.run("return document.querySelector('.marked ol').start") == 3
        assert page.run("return document.querySelectorAll('#talk img').length + document.title") == "0wikigpt – wikillm"
        page.click("#open-settings")
        page.click("#plain")
        assert page.text(".assistant .text") == text
    finally:
        says(parrot, ANSWER)


def test_two_models_side_by_side_and_a_key(chromium, parrot):
    settings = load_config("configs/base.yaml").serve
    engines = {}
    for name, said in (("small", "I am small."), ("large", "I am **large**.")):
        engines[name] = Engine(tiny_model(block_size=256), parrot[1], 2, 2)
        engines[name].decoder = Parrot(parrot[1], said).decoder(tiny_model(block_size=256), parrot[1])
    with listening(serve.create_app(engines, settings, key="sesame"), engines.values()) as url:
        page = chromium
        page.resize(1100, 800)
        page.open(url)
        page.wait(lambda: page.text("#model") == "small", "no server")
        page.click("#examples button")
        page.wait(lambda: "asks for a key" in (page.text(".problem") or ""), "it does not say that a key is needed")
        page.click("#open-settings")
        page.type("#key", "sesame")
        page.run(
            "const c = document.getElementById('other-choice'); c.value = 'large'; c.dispatchEvent(new Event('change'))"
        )
        page.run("document.querySelector('.foot button').click()")
        texts = "return [...document.querySelectorAll('.pair .text')].map(e => e.textContent)"
        page.wait(lambda: page.run(texts) == ["I am small.", "I am large."], "not both answers")
        assert page.run("return [...document.querySelectorAll('.column > h4')].map(e => e.textContent)") == [
            "small",
            "large",
        ]
        page.resize(360, 640)
        assert page.run("return document.documentElement.scrollWidth") == 360


HOSTILE = '<img src=x onerror="document.title=1">Gold & <b>co</b>'
READ = [
    passage(
        HOSTILE,
        "It is soft. Gold is a chemical element with the symbol Au. It shines.",
        0.91,
        "Uses <i>x</i>",
        "https://x.org/?curid=1&a=2#b",
    ),
    passage("Silver", "Silver is a metal.", 0.7, "", "javascript:document.title=2"),
]


@pytest.fixture()
def reading_page(chromium, parrot):
    parrot[0].delay = 0.0
    search = StubSearch(*READ)
    with running(tiny_model(block_size=512), parrot[1], parrot=parrot[0], reader=Reader(search, 2)) as (url, _):
        chromium.resize(1100, 800)
        chromium.open(url + "/")
        chromium.run("sessionStorage.clear(); localStorage.clear()")
        chromium.run("addEventListener('pagehide', () => { sessionStorage.clear(); localStorage.clear(); })")
        chromium.reload()
        chromium.wait(lambda: chromium.text("#model") == "wikigpt", "the page did not find the server")
        yield chromium, search


def test_the_switch_looks_things_up_and_shows_what_was_read(reading_page):
    page, search = reading_page
    page.type("#input", "What is gold?{Enter}")
    page.wait(lambda: finished(page), "no answer")
    assert search.calls == [] and not page.visible(".sources")  # from memory, as the server's default is
    page.click("#lookup")
    assert page.run("return document.getElementById('lookup').getAttribute('aria-pressed')") == "true"
    behind = "return getComputedStyle(document.querySelector(arguments[0])).backgroundColor"
    assert page.run(behind, "#lookup") == page.run(behind, ".user .text")  # on is to be seen under the mouse, too
    page.type("#input", "And its symbol?{Enter}")
    page.wait(lambda: finished(page, 2), "no second answer")
    assert search.calls == [("And its symbol?", ["What is gold?", ANSWER], 2)]
    titles = page.run("return [...document.querySelectorAll('.sources summary')].map(e => e.textContent)")
    assert titles == [f"Read: {HOSTILE} › Uses <i>x</i>", "Read: Silver"]
    assert page.run("return [...document.querySelectorAll('.sources a')].map(a => a.getAttribute('href'))") == [
        "https://x.org/?curid=1&a=2#b"  # of Silver none: it would run
    ]
    assert page.run("return document.querySelectorAll('#talk img, #talk b, #talk i').length + document.title") == (
        "0wikigpt – wikillm"
    )
    marked = page.run("return [...document.querySelectorAll('.sources mark')].map(e => e.textContent.trim())")
    assert marked[0] == "Gold is a chemical element with the symbol Au."  # of the answer's words it has most
    page.click(".sources summary")
    assert page.visible(".sources p")
    page.resize(360, 640)
    assert page.run("return document.documentElement.scrollWidth") == 360
    page.resize(1100, 800)


def test_nothing_found_is_said(reading_page):
    page, search = reading_page
    search.passages = []
    page.click("#lookup")
    page.type("#input", "What is gold?{Enter}")
    page.wait(lambda: finished(page), "no answer")
    assert page.text(".sources") == "No article was found for this: from memory."


def test_from_memory_and_looked_up_side_by_side(reading_page):
    page, search = reading_page
    page.click("#open-settings")
    page.run(
        "const c = document.getElementById('other-choice'); c.value = 'from memory and looked up';"
        "c.dispatchEvent(new Event('change'))"
    )
    page.type("#input", "What is gold?{Enter}")
    page.wait(lambda: page.run("return document.querySelectorAll('.pair .text').length") == 2, "not both")
    page.wait(lambda: not page.visible("#stop"), "it did not end")
    heads = page.run(
        "return [...document.querySelectorAll('.column')].map("
        "e => e.querySelector('h4').textContent + !!e.querySelector('.sources'))"
    )
    assert heads == ["From memoryfalse", "Looked uptrue"] and len(search.calls) == 1


def test_without_an_index_there_is_no_switch(page):
    assert not page.visible("#lookup")
