"""One command line for all scripts: --config FILE, section.key=value ..., --help; one line for an error."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from pipeline.config import ROOT, InputError, full_name, load_config
from pipeline.ending import Parser, script_main


def stage_main(main: Callable, doc: str, sections: tuple[str, ...], arguments: Callable | None = None) -> None:
    """The command line of every stage: `--config FILE`, `section.key=value ...`, `--help`; then main(cfg).

    doc: the script's docstring, shown by --help with the config sections that drive it.
    arguments: adds the stage's own options to the argparse parser; main is then called main(cfg, args).
    Exits with main's return value (None: 0); 2 with the message on stderr for InputError; 130 on Ctrl-C.
    """

    def run() -> int | None:
        parser = _Parser(
            description=doc,
            epilog=_section_help(sections),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        parser.sections = sections
        parser.add_argument("--config", default="configs/base.yaml", metavar="FILE", help="default: configs/base.yaml")
        parser.add_argument("overrides", nargs="*", metavar="section.key=value", help="change single values")
        if arguments:
            arguments(parser)
        parser.check_options(sys.argv[1:])
        args = parser.parse_intermixed_args()
        cfg = load_config(args.config, args.overrides, sections)
        return main(cfg, args) if arguments else main(cfg)

    script_main(lambda: or_input_error(run))


def or_input_error(main: Callable[[], int | None]) -> int | None:
    """main's status; for an InputError its lines on stderr, and 2."""
    try:
        return main()
    except InputError as error:
        print("\n".join(f"error: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return 2


class _Parser(Parser):
    """One line instead of the usage text, and for an option that is a key of the config its right spelling."""

    sections: tuple[str, ...] = ()

    def check_options(self, words: list[str]) -> None:
        for place, word in enumerate(words):
            name, equals, value = word.partition("=")
            if name.startswith("--") and name != "--" and name not in self._option_string_actions:
                value = value if equals else next(iter(words[place + 1 : place + 2]), "VALUE")
                self.error(_spelling(name, value, self.sections))

    def error(self, message: str) -> NoReturn:
        print(f"error: {message}; --help shows the options and keys", file=sys.stderr)
        sys.exit(2)


def _spelling(option: str, value: str, sections: tuple[str, ...]) -> str:
    """'--lr', '1e-3' -> "no option --lr: write train.lr=1e-3". sections: the stage's own, whose keys come first."""
    found = full_name(option.lstrip("-").replace("-", "_"), sections)
    if not found:
        return f"no option {option}: values of the config are written section.key=value, such as train.lr=1e-3"
    if value.startswith("-") and not value[1:2].isdigit():  # the next option, not a value
        value = "VALUE"
    return f"no option {option}: write {found}={value}"


def _section_help(sections: tuple[str, ...]) -> str:
    """The given sections of base.yaml as they stand there, comments and all."""
    lines, keep = ["config sections that drive this stage, as configs/base.yaml has them:", ""], False
    for line in (ROOT / "configs/base.yaml").read_text(encoding="utf-8").splitlines():
        if line and not line[0].isspace() and not line.startswith("#"):
            keep = line.split(":")[0] in sections
        if keep:
            lines.append(line)
    return "\n".join(lines)
