"""What a machine's GRUB goes on by: its kernel over TFTP, Secure Boot or not. TFTP's `/ipxe/MAC`.

It goes on to no iPXE: started by a GRUB of 2.06, ``ipxe.efi`` stops as it initialises the card, and
``snponly.efi`` finds none (netboot.xyz#639, ipxe#492, ipxe#508).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from pyxie.builds.assigning import assigned
from pyxie.builds.builds import Builds, InvalidTokenError
from pyxie.builds.definitions import Definitions
from pyxie.builds.life import Build
from pyxie.builds.unasked import check, is_spared
from pyxie.config.values import mac as canonical
from pyxie.confined import normalise
from pyxie.errors import BusyError, NotServedError, RenderError
from pyxie.events.event import Recorder
from pyxie.events.kinds import (
    Booting,
    GrubConfigured,
    ScriptFailed,
    ScriptRefused,
    ScriptSentOn,
)
from pyxie.grub.texts import local, notice
from pyxie.hooks.netboots import Netboots
from pyxie.loaders.lanes import SecureBoot
from pyxie.loaders.securestates import SecureStates
from pyxie.net.baseurl import BaseUrl
from pyxie.recognition.recognise import (
    AdHoc,
    Known,
    Recognised,
    Unidentified,
    concerns,
    host_of,
    why_not,
)
from pyxie.recognition.recogniser import Recogniser
from pyxie.render.context import build_context
from pyxie.tftp.source import Found, ProbeError
from pyxie.workers.jobs import Judged
from pyxie.workers.renders import Renders

_CPUS: Final = ("x86_64", "arm64")
"""GRUB's ``$grub_cpu``, of those that are signed."""
_STATES: Final = {"on.cfg": SecureBoot.ON, "off.cfg": SecureBoot.OFF}
_BY_IPXE: Final = {
    SecureBoot.ON: "booted by iPXE alone, which Secure Boot refuses; switch Secure Boot off,"
    " or name its MAC address",
    SecureBoot.OFF: "booted by iPXE, which it gets at its next attempt",
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks, by which way."""

    mac: str
    peer: str
    local: IPv4Address


class GrubConfigs:
    """Gives each machine its own.

    Args:
        recogniser: Tells who asks.
        definitions: What machines are built from.
        builds: Those in force.
        rendering: Renders.
        base_url: How clients reach us.
        http_port: Where our HTTP server listens.
        recorder: Takes the events.
        netboots: Has the hooks of a boot run.
        states: Is told what this tells of a machine's Secure Boot.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        definitions: Definitions,
        builds: Builds,
        rendering: Renders,
        base_url: BaseUrl,
        http_port: Callable[[], int],
        recorder: Recorder,
        netboots: Netboots,
        states: SecureStates,
    ) -> None:
        self._recogniser = recogniser
        self._definitions = definitions
        self._builds = builds
        self._rendering = rendering
        self._base_url = base_url
        self._http_port = http_port
        self._recorder = recorder
        self._netboots = netboots
        self._states = states

    async def find(self, name: str, peer: str, local: IPv4Address) -> Found | None:
        """Return a machine's configuration; None if the name is of none.

        Args:
            name: As GRUB asks, ``grub/52:54:00:12:34:56/x86_64/on.cfg``.
            peer: The client's address.
            local: The address of ours that it asked.

        Raises:
            NotServedError: The name has no MAC address in it.
            ProbeError: The token in it is of no build.
        """
        match normalise(name).split("/"):
            case ["grub", who, cpu, ("on.cfg" | "off.cfg") as of] if cpu in _CPUS:
                pass
            case ["grub", who, "booting", token]:
                return await self._booting(_mac(who), token, peer)
            case _:
                return None
        asked, state = _Asked(_mac(who), peer, local), _STATES[of]
        self._states.learn(asked.mac, state, "GRUB")
        text = await self._for(asked, self._recogniser.of(asked.mac), state)
        return Found(data=text.encode(), mac=asked.mac, what=of)

    async def _for(self, asked: _Asked, found: Recognised, state: SecureBoot) -> str:
        by_ipxe = _BY_IPXE[state]
        match found:
            case Known(build=Build(active=True) as build):
                return await self._of_build(asked, build, state)
            case Unidentified() | AdHoc():
                return self._refused(asked, found, by_ipxe)
            case _ if self._recogniser.goes_on(found):
                why = why_not(found)
                self._record(ScriptSentOn(why=why), asked, found)
                return local(f"{host_of(found) or asked.mac} is {why}")
            case _:
                return self._refused(asked, found, why_not(found))

    async def _of_build(self, asked: _Asked, build: Build, state: SecureBoot) -> str:
        definitions = self._definitions
        machine = await assigned(self._builds, definitions, build, asked.mac, asked.peer)
        found = self._recogniser.of(asked.mac)
        if machine is None:
            return self._refused(asked, found, why_not(found))
        base_url = self._base_url(asked.local, self._http_port())
        context = build_context(build, machine, base_url, asked.mac)
        try:
            judged: Judged = "build" if is_spared(build, machine) else "no"
            made = await self._rendering.grub(machine, context, judged=judged)
            check(build, machine, made.forecast)
        except (BusyError, NotServedError, RenderError) as exc:
            # Known to be off, it gets an iPXE the next time, which may well be able to.
            return self._failed(asked, found, str(exc), again=state is SecureBoot.ON)
        is_on = state is SecureBoot.ON
        self._record(GrubConfigured(secure_boot=is_on), asked, found)
        await self._netboots.note(build, asked.mac)
        return made.text

    async def _booting(self, mac: str, token: str, peer: str) -> Found:
        """Note that kernel and initrds are loaded."""
        try:
            build = self._builds.admit(self._recogniser.host_of(mac) or "", token)
        except InvalidTokenError as exc:  # and nobody is told the token, which was one once
            raise ProbeError("booting", str(exc)) from exc
        self._recorder.record(Booting(loader="GRUB"), mac=mac, host=build.host, peer=peer)
        await self._builds.installing(build, "booting", peer, mac)
        return Found(data=b"# booting\n", mac=mac, what="booting")

    def _refused(self, asked: _Asked, found: Recognised, why: str) -> str:
        who = host_of(found) or asked.mac
        self._record(ScriptRefused(machine=who, why=why), asked, found)
        return notice(f"{who} is {why}", again=False)

    def _failed(self, asked: _Asked, found: Recognised, why: str, *, again: bool) -> str:
        self._record(ScriptFailed(why=why), asked, found)
        return notice(f"{host_of(found) or asked.mac}: {why}", again=again)

    def _record(
        self,
        what: GrubConfigured | ScriptRefused | ScriptFailed | ScriptSentOn,
        asked: _Asked,
        found: Recognised,
    ) -> None:
        self._recorder.record(what, mac=asked.mac, host=concerns(found), peer=asked.peer)


def _mac(text: str) -> str:
    try:
        return canonical(text)
    except ValueError as exc:
        raise NotServedError(text, "is no MAC address") from exc
