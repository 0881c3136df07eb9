"""The command line. The only place that ends the process, and that turns errors to codes."""

from __future__ import annotations

import sys
from typing import Final, NoReturn

import click

from pyxie import __version__, output
from pyxie.commands.ondemand import OnDemand
from pyxie.commands.options import FAILED, MISTAKEN, code_of
from pyxie.errors import ConfigError, PyxieError
from pyxie.refusals import RefusedError, UnreachableError

UNREACHABLE: Final = 3
"""No daemon answers."""
INTERRUPTED: Final = 130
"""Ctrl-C, as a shell tells it."""
UNREAD: Final = 141
"""Whoever read the output has left, as a shell tells SIGPIPE."""


ONDEMAND: Final = OnDemand(
    {
        "serve": "serve",
        "check": "check",
        **dict.fromkeys(("build", "show", "cancel", "done", "failed", "log"), "builds"),
        "boot": "adhoc",
        **dict.fromkeys(("status", "machines"), "status"),
        "wait": "waiting",
        "events": "events",
        "why": "why",
        "render": "render",
        **dict.fromkeys(("token", "audit"), "access"),
        **dict.fromkeys(("discovered", "adopt"), "discovered"),
        **dict.fromkeys(("add", "edit", "remove"), "machines"),
        "set": "machines:set_",
        "backup": "saving",
        "restore": "saving:restore_",
        "schema": "schema",
        "doctor": "doctor",
        "import": "importing:import_files",
        "images": "images",
        "loaders": "loaders",
        "leases": "leases",
        "probe": "probe",
    }
)


def main() -> NoReturn:
    """Run the command line; the entry point of the ``pyxie`` program."""
    output.prepare()
    try:
        # Without its standalone mode, click returns the code of a click.exceptions.Exit.
        code = commands(prog_name="pyxie", standalone_mode=False)
    except click.ClickException as exc:
        if not _wants_json():
            exc.show()
            sys.exit(MISTAKEN)
        _end(MISTAKEN, exc.format_message())
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except output.ReaderGoneError:
        sys.exit(UNREAD)
    except RefusedError as exc:
        _end(code_of(exc.status, exc.code), f"pyxie: {exc}", exc.problems, exc.status, exc.code)
    except UnreachableError as exc:
        _end(UNREACHABLE, f"pyxie: {exc}")
    except ConfigError as exc:
        _end(MISTAKEN, str(exc), tuple(map(str, exc.problems)))
    except PyxieError as exc:
        _end(FAILED, f"pyxie: {exc}")
    sys.exit(code if isinstance(code, int) else 0)


def _wants_json() -> bool:
    # Also of a call that is so wrong that its options are not known.
    return "--json" in sys.argv


def _end(
    exit_code: int,
    text: str,
    problems: tuple[str, ...] = (),
    status: int = 0,
    code: str | None = None,
) -> NoReturn:
    """Say why the command ends, in lines or, for scripts, as a problem (RFC 9457); end it."""
    if _wants_json():
        detail = text.removeprefix("pyxie: ")
        output.problem(exit_code, detail, problems=problems, status=status, code=code)
    else:
        output.error(text)
    sys.exit(exit_code)


@click.group(
    commands=ONDEMAND,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 the daemon refused or died; 2 a mistake in the files or in "
    "the call; 3 no daemon answers; 4 it is so already; 5 not found; 6 not allowed; 7 time is up; "
    "130 Ctrl-C.",
)
@click.version_option(__version__, message="pyxie %(version)s")
def commands() -> None:
    """Boot machines over the network, and install them.

    A first boot: describe the machine in machines/NAME.yaml, look for mistakes with `pyxie
    check`, start `pyxie serve`, say `pyxie build NAME`, switch the machine on, and watch it
    with `pyxie events --follow`.
    """
