"""A machine in any situation, made of what was heard of it; times are seconds since its build."""

from __future__ import annotations

from typing import Any, Final

from pyxie.builds.life import Build, State
from pyxie.diagnosis.diagnose import diagnose
from pyxie.diagnosis.finding import Diagnosis
from pyxie.diagnosis.situation import Service, Situation
from pyxie.events import datagrams, kinds
from pyxie.events.event import Event
from pyxie.events.kind import Kind
from pyxie.recognition.recognise import Known, Mode

MAC: Final = "00:25:90:12:34:56"
HOST: Final = "web01.example.org"
BEGUN: Final = 1_800_000_000.0
PEER: Final = "192.0.2.50"
URL: Final = "http://192.0.2.1:8090"
SERVICE: Final = Service(interfaces="eth0 192.0.2.1/24", base_url=URL)

BEGIN: Final = kinds.BuildChanged(build=7, state="pending", cause="PUT /build")


def build(state: State = State.PENDING, **more: Any) -> Build:
    """Return its build, begun at `BEGUN`."""
    said = {"token": "t", "begun": BEGUN, "changed": BEGUN, "macs": (MAC,), "definition": "{}"}
    return Build(**{"host": HOST, "state": state, **said, **more})


def known(state: State | None = State.PENDING, **more: Any) -> Known:
    """Return who it is: a machine whose build is in that state; None for one without a build."""
    found = None if state is None else build(state, **more)
    mode = Mode.IN_BUILD if found is not None and found.active else Mode.IDLE
    return Known(HOST, mode, found)


def heard(*what: tuple[float, Kind], begins: bool = True) -> tuple[Event, ...]:
    """Return events, each so many seconds after the build began, that one first."""
    first = ((0.0, BEGIN),) if begins else ()
    return tuple(
        Event(at=BEGUN + at, what=each, mac=MAC, host=HOST, peer=PEER) for at, each in first + what
    )


def situation(at: float, *what: tuple[float, Kind], **more: Any) -> Situation:
    """Return what is known of it, ``at`` seconds after its build began, of which it is."""
    said = {"client": known(), "host": HOST, "macs": (MAC,), "service": SERVICE}
    return Situation(**{"now": BEGUN + at, "events": heard(*what), **said, **more})


def found(at: float, *what: tuple[float, Kind], **more: Any) -> Diagnosis:
    """Return what is found of it then."""
    return diagnose(situation(at, *what, **more))


def offered(
    what: str = "ipxe.efi",
    client: str = "PXE",
    *,
    uefi: bool = True,
    port: int = 67,
    lacking: str = "",
    script: bool = False,
    observed: bool = False,
    why_not: str = "",
) -> Kind:
    """Return an offer; of a loader to UEFI firmware, if nothing else is said."""
    return datagrams.Offered(
        what=what,
        script=script,
        client=client,
        lacking=lacking,
        architecture="x64 UEFI" if uefi else "BIOS",
        port=port,
        observed=observed,
        why_not=why_not,
    )


def script_offered(lacking: str = "") -> Kind:
    """Return an offer of a script to iPXE."""
    return offered(f"{URL}/ipxe/00-25-90-12-34-56", "iPXE", script=True, lacking=lacking)


def sent(name: str = "00-25-90-12-34-56/ipxe.efi") -> Kind:
    """Return a loader that was sent whole."""
    return datagrams.SentOverTftp(name=name, size=1_000_000, seconds=0.5)


def fetching(
    part: str = "kernel", source: str | None = None, total: int | None = 9_000_000
) -> Kind:
    """Return an image that is fetched."""
    return kinds.ImageFetching(part=part, source=source, total=total)


BOOTED: Final = (
    (30.0, offered()),
    (33.0, offered(port=4011)),
    (35.0, sent()),
    (40.0, script_offered()),
    (42.0, kinds.ScriptSent()),
    (43.0, fetching()),
    (44.0, fetching("initrd 1")),
    (48.0, kinds.Booting()),
)
"""A boot that goes on to its kernel."""
