"""One command line for all scripts: --config FILE, section.key=value ..., --help; one line for an error."""

import argparse
import os
import sys
from collections.abc import Callable

from pipeline.config import ROOT, InputError, load_config


def stage_main(main: Callable, doc: str, sections: tuple[str, ...], arguments: Callable | None = None) -> None:
    """The command line of every stage: `--config FILE`, `section.key=value ...`, `--help`; then main(cfg).

    doc: the script's docstring, shown by --help with the config sections that drive it.
    arguments: adds the stage's own options to the argparse parser; main is then called main(cfg, args).
    Exits with main's return value (None: 0); 2 with the message on stderr for InputError; 130 on Ctrl-C.
    """
    parser = argparse.ArgumentParser(
        description=doc, epilog=_section_help(sections), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="configs/base.yaml", metavar="FILE", help="default: configs/base.yaml")
    parser.add_argument("overrides", nargs="*", metavar="section.key=value", help="change single values")
    if arguments:
        arguments(parser)
    args = parser.parse_intermixed_args()
    try:
        cfg = load_config(args.config, args.overrides)
        status = main(cfg, args) if arguments else main(cfg)
    except InputError as error:
        print("\n".join(f"error: {line}" for line in str(error).splitlines()), file=sys.stderr)
        status = 2
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        status = 130
    except BrokenPipeError:  # `... | head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)


def _section_help(sections: tuple[str, ...]) -> str:
    """The given sections of base.yaml as they stand there, comments and all."""
    lines, keep = ["config sections that drive this stage, as configs/base.yaml has them:", ""], False
    for line in (ROOT / "configs/base.yaml").read_text(encoding="utf-8").splitlines():
        if line and not line[0].isspace() and not line.startswith("#"):
            keep = line.split(":")[0] in sections
        if keep:
            lines.append(line)
    return "\n".join(lines)
