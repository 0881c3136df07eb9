"""All checks at once, each with its own deadline: what was found, and what was looked at."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from pyxie.client import Client
from pyxie.config.build import BuildKeys
from pyxie.config.settings import Settings, load
from pyxie.doctor import host
from pyxie.doctor.checks import CHECKS, Check
from pyxie.doctor.footing import Footing
from pyxie.doctor.found import Finding, Severity, ordered
from pyxie.doctor.links import Links
from pyxie.doctor.printouts import UnseenError
from pyxie.errors import BusyError, ConfigError
from pyxie.probing.discover import SECONDS
from pyxie.refusals import RefusedError, UnreachableError
from pyxie.registry.folder import Folder
from pyxie.threads import Pool

_ASKED: Final = 2.0
"""Seconds for a daemon that may not be there."""
_READ: Final = 5.0
"""Seconds to read files, or the kernel's tables."""
_SERVICE_STATE: Final = Path("/var/lib/pyxie")
"""Where the state is as a systemd service, which tells it by $STATE_DIRECTORY."""
_MOST_DEFINED: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came out.

    Attributes:
        found: What is not as it should be, the worst first.
        looked_at: What was.
        unseen: What could not be looked at, and why.
    """

    found: list[Finding] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)
    unseen: dict[str, str] = field(default_factory=dict)


async def examine(
    file: Path | None, client: Client, *, outside: bool = True, wait: float = SECONDS
) -> Report:
    """Look at this host, and at its LANs.

    Args:
        file: ``config.yaml``; None if there is none.
        client: Of a daemon that may run here.
        outside: Ask others too: the LAN, and servers of images.
        wait: Seconds that offers of the LAN's servers are waited for.
    """
    footing, first = await _footing(file, client, wait)
    checks = [each for each in CHECKS if outside or not each.outside]
    ended = await asyncio.gather(*(_looked(each, footing) for each in checks))
    report = Report(found=first)
    for check, (found, why) in zip(checks, ended, strict=True):
        report.found.extend(found)
        if why:
            report.unseen[check.name] = why
        else:
            report.looked_at.append(check.name)
    return Report(found=ordered(report.found), looked_at=report.looked_at, unseen=report.unseen)


async def _looked(check: Check, footing: Footing) -> tuple[list[Finding], str]:
    """Return what a check finds, and why it could not look; whatever happens to it, it ends."""
    try:
        async with asyncio.timeout(check.seconds):
            return list(await check.look(footing)), ""
    except UnseenError as exc:
        return [], str(exc)
    except TimeoutError:
        return _hangs(check.name, check.seconds), f"it took longer than {check.seconds:g} s"
    except (BusyError, UnreachableError, RefusedError, OSError) as exc:
        return [], str(exc)
    except (KeyError, TypeError, AttributeError, ValueError) as exc:
        return [], f"what was answered is not understood ({type(exc).__name__}: {exc})"


def _hangs(name: str, seconds: float) -> list[Finding]:
    what = f"{name} could not be looked at within {seconds:g} s: something of this host hangs"
    return [
        Finding("hangs", Severity.LOOK, what, ("dmesg | tail     # what does the kernel say?",))
    ]


async def _footing(file: Path | None, client: Client, wait: float) -> tuple[Footing, list[Finding]]:
    found: list[Finding] = []
    settings, systems = Settings(), frozenset[str]()
    if file is not None:
        try:
            pool = Pool("settings", patience=_READ)
            settings, systems = await pool.run(_settings, file)
        except ConfigError as exc:
            found = [_mistakes(exc)]
        except BusyError as exc:
            found = [Finding("hangs", Severity.LOOK, str(exc))]
    daemon = await _daemon(client)
    if daemon is not None:
        settings = daemon
    try:
        pool = Pool("this host", patience=_READ)
        footing = await pool.run(_of_host, settings, systems)
    except (BusyError, OSError) as exc:
        found.append(Finding("hangs", Severity.LOOK, f"this host cannot be looked at: {exc}"))
        footing = Footing(settings=settings, links=Links(all=()))
    known = client if daemon is not None else None
    return replace(footing, file=file, daemon=known, wait=wait), found


def _of_host(settings: Settings, systems: frozenset[str]) -> Footing:
    """Return what the kernel knows of this host; blocks."""
    listeners = tuple(host.sockets())
    return Footing(
        settings=settings,
        state=_state(settings),
        links=host.links(settings.interfaces),
        listeners=listeners,
        owners=host.owners({each.inode for each in listeners}),
        systems=systems,
        root=os.geteuid() == 0,
        systemd=host.has_systemd(),
        effective=host.effective(),
        legacy=host.has_legacy_rules(),
    )


def _mistakes(exc: ConfigError) -> Finding:
    more = f" (and {len(exc.problems) - 1} more)" if len(exc.problems) > 1 else ""
    return Finding(
        "settings",
        Severity.STOPS,
        f"config.yaml has a mistake, with which pyxie does not start: {exc.problems[0]}{more}",
        ("pyxie check     # all of them",),
    )


def _settings(file: Path) -> tuple[Settings, frozenset[str]]:
    """Return the settings of a file, and which systems its machines boot."""
    settings = load(file)
    machines = list(Folder(settings.machinepath).scan().machines.values())[:_MOST_DEFINED]
    types = {each.build_type for each in machines}
    layers: list[BuildKeys] = [settings, *machines]
    layers += [each for name, each in settings.build_types.items() if name in types]
    return settings, frozenset(each.os for each in layers if each.os)


async def _daemon(client: Client) -> Settings | None:
    """Return the settings in force of the daemon that runs here; None if there is none."""
    with suppress(UnreachableError, RefusedError, TimeoutError):
        async with asyncio.timeout(_ASKED):
            answer = await client.call("GET", "settings")
            return _in_force(answer)
    return None


def _in_force(answer: Any) -> Settings:
    """Return settings as a daemon tells them; the usual ones if we do not understand them."""
    told = answer.get("settings") if isinstance(answer, dict) else None
    wanted: Iterable[str] = (
        *("interfaces", "http", "tftp", "dhcp", "limits", "state", "image_store"),
        *("machinepath", "ipxe", "secure_boot"),
    )
    known = {key: told[key] for key in wanted if key in told} if isinstance(told, dict) else {}
    try:
        return Settings.model_validate(known)
    except ValidationError:
        return Settings()


def _state(settings: Settings) -> Path | None:
    """Return the folder of the state: as the settings say, or the service's."""
    scheme, _, place = settings.state.partition(":///")
    if settings.state and not scheme.startswith("sqlite"):
        return None
    folder = Path(place.partition("?")[0]).parent if place else _SERVICE_STATE
    return _SERVICE_STATE if not folder.exists() and _SERVICE_STATE.exists() else folder
