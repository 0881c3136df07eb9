"""The daemon's first steps: its workers are forked off before that is loaded which it alone needs.

What a process has in memory when it forks, the two share until one of them writes to it, and Python
writes to whatever it uses: it counts references. So the less is there the less there is twice.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pyxie.bounds import DESCRIPTORS
from pyxie.config.nodes import Document
from pyxie.config.settings import Limits, Settings
from pyxie.descriptors import wanted
from pyxie.errors import ConfigError
from pyxie.launched import Launched
from pyxie.lines import Lines
from pyxie.logs import configure
from pyxie.outbound.proxies import Proxies, problem, proxies_of
from pyxie.tftp.carrying import carry
from pyxie.workers.forkserver import ForkServer

if TYPE_CHECKING:
    from pyxie.registry.earlyread import EarlyRead
    from pyxie.service import Service

log = logging.getLogger(__name__)

GRACE: Final = 5.0
"""Seconds at the end for what is in hand."""


def run(
    file: Path,
    settings: Settings,
    *,
    strict: bool = False,
    document: Document | None = None,
    beside: Sequence[Service] = (),
    grace: float = GRACE,
    by_address: bool = True,
    own: Sequence[Path] = (),
) -> None:
    """Run the daemon until SIGTERM or SIGINT.

    Args:
        file: Where ``settings`` were read from.
        settings: What to run.
        strict: Refuse to start while a machine file is broken.
        document: ``file`` with its marks.
        beside: What is to run as long as it, and ends it with what it raises.
        grace: Seconds at the end for what is in hand.
        by_address: Whether this host may manage it without a token.
        own: Folders that become the user's with all in them, beside those of ``settings``.

    Raises:
        StartError: It cannot start; the text says what to do.
        ConfigError: ``strict``, and a machine file is broken; or the environment names a proxy
            that is none.
        ExceptionGroup: A service died.
    """
    lines = Lines()
    configure(settings.log, lines)
    proxies = _proxies()
    files = _allow_files(settings.limits)
    gc.freeze()  # what is loaded by now, forked processes share for as long as none writes to it
    with ForkServer(carry) as forks, _early(settings) as early:
        gc.disable()  # it would go through all libraries over and over while they are loaded
        from pyxie.outbound.certificates import none_read

        with none_read():
            from pyxie.daemon import serve

        serve(
            file,
            settings,
            document,
            Launched(forks, lines, proxies, files, early),
            strict=strict,
            beside=beside,
            grace=grace,
            by_address=by_address,
            own=own,
        )


def _early(settings: Settings) -> EarlyRead:
    """Have machine files be read from now on, beside what is loaded next."""
    from pyxie.registry.earlyread import EarlyRead

    return EarlyRead(settings.machinepath)


def _proxies() -> Proxies:
    """Return the proxies of the environment; log what goes where, and what does not count.

    Raises:
        ConfigError: A variable names none.
    """
    proxies = proxies_of(os.environ)
    wrong = [problem(each) for each in proxies.mistakes if each.fatal]
    if wrong:
        raise ConfigError(wrong)
    for mistake in proxies.mistakes:
        log.warning("%s", problem(mistake))
    if str(proxies):
        log.info("images, the boot API and webhooks: %s", proxies)
    return proxies


def _allow_files(limits: Limits) -> int:
    """Raise the soft limit of open files, as shells set 1,024; return how many there may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = max(DESCRIPTORS.whole, wanted(limits))
    if hard != resource.RLIM_INFINITY:
        enough = min(hard, enough)
    if soft == resource.RLIM_INFINITY or soft >= enough:
        return enough if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
    return enough
