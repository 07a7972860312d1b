"""The benchmark of {{convert}} against Wikipedia's own module: a stand-in module in Lua, judged call by call."""

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bench():
    sys.path.append(str(ROOT / "scripts/bench"))
    yield importlib.import_module("templates")
    sys.path.remove(str(ROOT / "scripts/bench"))


@pytest.mark.parametrize(
    "html, text",
    [
        ("5 [[metre]]s (16&nbsp;ft)", "5 metres (16 ft)"),
        ("2 [[Square mile|sq&nbsp;mi]] (5.2&nbsp;km<sup>2</sup>)", "2 sq mi (5.2 km2)"),
        (
            '<span class="frac nowrap">5<span class="visualhide">&nbsp;</span><sup>3</sup>&frasl;<sub>8</sub></span>'
            "&nbsp;in",
            "5 3/8 in",
        ),
        ('<span class="frac nowrap">−<sup>1</sup>&frasl;<sub>2</sub></span>&nbsp;in', "−½ in"),
        ('6.2<span style="margin:0 .15em 0 .25em">×</span>10<sup>−11</sup>&nbsp;mi', "6.2×10⁻¹¹ mi"),
        ("12&nbsp;l (3 US&nbsp;gal)", "12 L (3 US gal)"),
    ],
)
def test_html_becomes_the_text_that_we_write(bench, html, text):
    assert bench.plain(html) == text


def test_calls_are_counted_as_alike_or_left_out(bench, tmp_path, capsys):
    pytest.importorskip("lupa")
    (tmp_path / "Convert_data.lua").write_text("return {}")
    (tmp_path / "Convert_text.lua").write_text("return {}")
    (tmp_path / "Convert.lua").write_text(
        """return {convert = function (frame)
            local args = frame:getParent().args
            if args[2] == 'zork' then error('unknown') end
            if args.abbr then return args[1] .. '&nbsp;km (wrong)' end
            return args[1] .. ' kilometres (3.1&nbsp;mi)'
        end}"""
    )
    judge = bench.module(tmp_path)
    assert bench.alike(["5|km|mi", "5|km|mi|abbr=on", "5|zork", "5e1|km"], judge, 1) == (3, 1, 1)
    shown = capsys.readouterr().out
    assert "'5|km|mi|abbr=on'" in shown and "'5 km (wrong)'" in shown and "'5 km (3.1 mi)'" in shown


def test_the_grid_is_always_the_same_one(bench):
    calls = list(bench.grid(500))
    assert calls == list(bench.grid(500)) and len(set(calls)) > 450


def test_without_the_module_there_is_nothing_to_compare_with(bench, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["templates.py", str(tmp_path)])
    bench.main()
    assert "no Convert.lua there" in capsys.readouterr().out
