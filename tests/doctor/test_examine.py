"""All checks at once: beside a daemon and without, and whatever becomes of one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

import pytest

from pyxie.client import Client
from pyxie.config.settings import Settings
from pyxie.dhcp.message import DhcpMessage, Op
from pyxie.doctor import checks, examine, host, neighbours
from pyxie.doctor.checks import Check, Found
from pyxie.doctor.footing import Footing
from pyxie.doctor.found import Finding, Severity
from pyxie.doctor.links import Link, Links
from pyxie.doctor.printouts import UnseenError
from pyxie.errors import BusyError
from pyxie.probing.discover import ProbeError
from pyxie.probing.heard import Heard
from pyxie.threads import Pool
from tests.fakedaemon import FakeDaemon, answered, fake_daemon, problem

FILES, IMAGES = "settings and machine files", "servers of kernels and initrds"
NOBODY = Client("http://127.0.0.1:1")
NOTE = Finding("note", Severity.NOTE, "good to know")
STOPS = Finding("stops", Severity.STOPS, "bad")


def looked(
    monkeypatch: pytest.MonkeyPatch,
    *these: Check,
    file: Path | None = None,
    client: Client = NOBODY,
) -> examine.Report:
    monkeypatch.setattr(examine, "CHECKS", these)
    return asyncio.run(examine.examine(file, client))


def check(name: str, *found: Finding, fails: Exception | None = None, **said: Any) -> Check:
    async def look(_: Footing) -> Found:
        if fails is not None:
            raise fails
        return found

    return Check(name, look, **said)


class TestReport:
    def test_has_all_that_checks_found_the_worst_first(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        report = looked(monkeypatch, check("one", NOTE), check("two", STOPS))

        assert report.found == [STOPS, NOTE]
        assert report.looked_at == ["one", "two"]
        assert report.unseen == {}

    @pytest.mark.parametrize(
        "error",
        [
            UnseenError("run it as root"),
            BusyError("a disk", "hangs"),
            OSError("no such device"),
            KeyError("events"),
            ValueError("bad"),
        ],
    )
    def test_says_what_could_not_be_looked_at_and_why(
        self, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        report = looked(monkeypatch, check("one", fails=error), check("two", NOTE))

        assert report.found == [NOTE]
        assert report.unseen.keys() == {"one"}
        assert str(error) in report.unseen["one"]

    def test_a_check_that_hangs_holds_no_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def hang(_: Footing) -> Found:
            await asyncio.Event().wait()
            return ()

        report = looked(monkeypatch, Check("one", hang, 0.05), check("two", NOTE))

        assert [each.code for each in report.found] == ["hangs", "note"]
        assert report.unseen == {"one": "it took longer than 0.05 s"}

    def test_others_are_asked_only_if_that_is_wanted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(examine, "CHECKS", (check("one"), check("two", outside=True)))

        report = asyncio.run(examine.examine(None, NOBODY, outside=False))

        assert report.looked_at == ["one"]


class TestSettings:
    def test_that_have_a_mistake_stop_the_start(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        file = tmp_path / "config.yaml"
        file.write_text("http: {port: 0}\nnonsense: 1\n")

        (found,) = looked(monkeypatch, file=file).found

        assert (found.code, found.severity) == ("settings", Severity.STOPS)
        assert "config.yaml:1:14: http.port: " in found.sentence
        assert found.sentence.endswith("(and 1 more)")

    def test_say_which_systems_machines_boot(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "machines").mkdir()
        (tmp_path / "machines/web01.yaml").write_text("os: debian-12\n")
        (tmp_path / "machines/web02.yaml").write_text("build_type: fedora\n")
        types = "build_types:\n  fedora: {os: fedora-42}\n  unused: {os: alpine-3.22}\n"
        (tmp_path / "config.yaml").write_text(types)
        seen: list[Footing] = []

        async def look(footing: Footing) -> Found:
            seen.append(footing)
            return ()

        monkeypatch.setattr(host, "owners", lambda _: {})  # one of another test's, say

        looked(monkeypatch, Check("one", look), file=tmp_path / "config.yaml")

        assert seen[0].systems == {"debian-12", "fedora-42"}
        assert seen[0].state == tmp_path / "state"
        assert not seen[0].running


SETTINGS = {"settings": {"http": {"port": 80}, "state": "postgresql://db/pyxie"}, "file": "x"}


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    answers = {
        "GET /api/v1/settings": answered(SETTINGS),
        "GET /health": answered(
            {
                "problems": ["no boot loader for BIOS machines: …", "web01.yaml:1:1: broken"],
                "not_in_force": ["http.port needs a restart"],
            }
        ),
        "POST /api/v1/recipes/debian-12/check": answered(
            {
                "recipe": "debian-12",
                "files": [
                    {"url": "http://m/linux", "state": "gone", "why": "404", "signature": "none"}
                ],
            }
        ),
        "POST /api/v1/recipes/gone/check": problem(409, "no such recipe"),
    }
    with fake_daemon(answers) as made:
        yield made


def footing(client: Client | None, **said: Any) -> Footing:
    return Footing(
        **{
            "settings": Settings(),
            "daemon": client,
            "links": Links(all=()),
            **said,
        }
    )


def found(name: str, footing: Footing) -> list[str]:
    (one,) = [each for each in checks.CHECKS if each.name == name]

    async def look() -> Found:
        return list(await one.look(footing))

    return [each.sentence for each in asyncio.run(look())]


class TestDaemon:
    def test_its_settings_are_those_that_count(
        self, monkeypatch: pytest.MonkeyPatch, daemon: FakeDaemon
    ) -> None:
        seen: list[Footing] = []

        async def look(footing: Footing) -> Found:
            seen.append(footing)
            return ()

        looked(monkeypatch, Check("one", look), client=Client(daemon.url))

        assert seen[0].settings.http.port == 80
        assert seen[0].state is None
        assert seen[0].running

    @pytest.mark.parametrize("told", [[], {"settings": 1}, {"settings": {"http": 1}}])
    def test_of_one_that_tells_nonsense_the_usual_ones_do(
        self, monkeypatch: pytest.MonkeyPatch, told: Any
    ) -> None:
        with fake_daemon({"GET /api/v1/settings": answered(told)}) as made:
            report = looked(monkeypatch, check("one", NOTE), client=Client(made.url))

        assert report.found == [NOTE]

    def test_what_it_says_of_itself_is_told(self, daemon: FakeDaemon) -> None:
        assert found(FILES, footing(Client(daemon.url))) == [
            "pyxie says: web01.yaml:1:1: broken",
            "http.port needs a restart",
        ]

    def test_it_asks_the_servers_of_images(self, daemon: FakeDaemon) -> None:
        asking = footing(Client(daemon.url), systems=frozenset(("debian-12", "gone")))

        assert found("servers of kernels and initrds", asking) == [
            "of the system debian-12, http://m/linux: 404",
            "the system gone cannot be looked at: no such recipe",
        ]

    @pytest.mark.parametrize("name", [FILES, IMAGES])
    def test_without_it_some_is_not_looked_at(self, name: str) -> None:
        with pytest.raises(UnseenError, match="no daemon answers"):
            found(name, footing(None))


class TestDisk:
    def test_a_file_system_that_hangs_is_told_and_holds_nobody(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        async def hang(self: Pool, *_: object) -> object:
            raise BusyError("x", "no answer")

        monkeypatch.setattr(Pool, "run", hang)

        sentences = found("disk", footing(None, state=tmp_path))

        assert sentences[0] == (
            f"the folder of the state, {tmp_path}, does not answer within 3 s: does its file"
            " system hang?"
        )


class TestLoaders:
    def test_that_were_missed_by_machines_are_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Told(Client):
            async def call(
                self, method: str, *path: str, body: Any = None, **where: str | None
            ) -> Any:
                if path == ("machines",):
                    return {"machines": []}
                silence = {"mac": "52:54:00:00:00:01", "text": "no loader for riscv64 UEFI"}
                return {
                    "events": [
                        {**silence, "data": {"reason": "no-loader"}},
                        {**silence, "data": {"reason": "unknown-machine"}},
                    ]
                }

        sentences = found("boot loaders", footing(Told("http://127.0.0.1:1")))

        assert (
            "a machine was not answered for want of a boot loader:"
            " 52:54:00:00:00:01: no loader for riscv64 UEFI"
        ) in sentences


HERE = Link(name="eth0", addresses=(IPv4Interface("192.0.2.10/24"),))
OVERHEARD = {
    "server": "192.0.2.1",
    "interface": "eth0",
    "addresses": True,
    "siaddr": "0.0.0.0",
    "file": "pxelinux.0",
    "options": {"43": "", "60": "PXEClient", "66": "", "67": ""},
}
LANS = "DHCP and boot servers on the LAN"


class TestLans:
    def test_what_the_daemon_has_overheard_counts_where_we_may_not_ask(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def forbidden(*_: object) -> object:
            raise ProbeError("asking needs raw sockets")

        monkeypatch.setattr(neighbours, "servers", forbidden)
        answers = {
            "GET /api/v1/machines": answered({"machines": []}),
            "GET /api/v1/dhcp/servers": answered({"servers": [OVERHEARD]}),
        }

        with fake_daemon(answers) as made:
            sentences = found(LANS, footing(Client(made.url), links=Links(all=[HERE])))

        assert sentences == [
            (
                'the DHCP server 192.0.2.1 on eth0 sends boot options of its own, 60 "PXEClient",'
                ' 67 "pxelinux.0": on most firmware they outrank pyxie\'s offer'
            )
        ]

    def test_without_either_the_lan_is_not_looked_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def forbidden(*_: object) -> object:
            raise ProbeError("asking needs raw sockets")

        monkeypatch.setattr(neighbours, "servers", forbidden)

        with pytest.raises(UnseenError, match="asking needs raw sockets"):
            found(LANS, footing(None, links=Links(all=[HERE])))

    def test_one_that_cannot_be_asked_hides_no_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def asked(interface: str, *_: object) -> list[object]:
            if interface == "eth1":
                raise ProbeError("eth1 is down")
            return []

        monkeypatch.setattr(neighbours, "servers", asked)
        other = Link(name="eth1", addresses=(IPv4Interface("10.0.0.1/8"),))

        sentences = found(LANS, footing(None, links=Links(all=[HERE, other])))

        assert sentences[0].startswith("no DHCP server has offered an address on eth0")
        assert sentences[1].endswith("asked who answers machines there: eth1 is down")

    @pytest.mark.parametrize(
        ("file", "ours"),
        [
            ("52-54-00-12-34-56/ipxe.efi", True),
            ("http://192.0.2.10:8090/ipxe/52-54-00-12-34-56", True),
            ("http://192.0.2.10:8090/loader/52-54-00-12-34-56/ipxe.efi", True),
            ("ipxe-x86_64.efi", False),
            ("", False),
        ],
    )
    def test_an_answer_of_pyxie_s_own_is_known_by_its_file(
        self, monkeypatch: pytest.MonkeyPatch, file: str, ours: bool
    ) -> None:
        message = DhcpMessage(
            op=Op.REPLY, xid=1, chaddr=bytes(6), options={54: bytes((192, 0, 2, 10))}
        )
        answer = Heard(replace(message, file=file.encode()), IPv4Address("192.0.2.10"), 67, "", 0.0)

        async def asked(*_: object) -> list[Heard]:
            return [answer]

        monkeypatch.setattr(neighbours, "servers", asked)

        sentences = found(LANS, footing(None, links=Links(all=[HERE])))

        assert [each.startswith("no DHCP server") for each in sentences] == [True, False][
            : 2 - ours
        ]

    def test_machines_with_secure_boot_on_make_next_server_matter(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def nobody(*_: object) -> list[object]:
            return []

        monkeypatch.setattr(neighbours, "servers", nobody)
        monkeypatch.setattr(neighbours, "packaged", lambda: {"shimx64.efi": Path("shim")})
        server = {**OVERHEARD, "file": "", "options": dict.fromkeys(("43", "60", "66", "67"), "")}
        machines = [
            {"hostname": "pc1", "build": {"state": "pending"}},
            {"hostname": "pc2", "build": {"state": "installed"}},
            {"hostname": "pc3", "build": None},
        ]
        answers = {
            "GET /api/v1/machines": answered({"machines": machines}),
            "GET /api/v1/machines/pc1": answered(
                {"hostname": "pc1", "secure_boot": [{"state": "on"}]}
            ),
            "GET /api/v1/dhcp/servers": answered({"servers": [server]}),
        }

        with fake_daemon(answers) as made:
            (sentence,) = found(LANS, footing(Client(made.url), links=Links(all=[HERE])))

        assert "gives no address as next-server" in sentence


class TestPrograms:
    """What nft and systemctl print is taken as it comes."""

    def test_what_is_no_json_is_not_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def printed(*_: object, **__: object) -> str:
            return "[" * 100_000

        monkeypatch.setattr(checks, "output", printed)

        with pytest.raises(UnseenError, match="nft prints no JSON that can be read"):
            found("firewall rules", footing(None))

    def test_rules_of_iptables_are_read_in_its_own_words(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []

        async def printed(program: str, *_: object, **__: object) -> str:
            asked.append(program)
            opaque = '{"xt": {"type": "match", "name": "conntrack"}}'
            of = '"family": "ip", "table": "filter"'
            return (
                f'{{"nftables": [{{"chain": {{{of}, "name": "INPUT", "hook": "input"}}}},'
                f'{{"rule": {{{of}, "chain": "INPUT", "expr": [{opaque}]}}}}]}}'
                if program == "nft"
                else ""
            )

        monkeypatch.setattr(checks, "output", printed)

        assert found("firewall rules", footing(None)) == []
        assert asked == ["nft", "iptables-nft-save"]

    def test_a_unit_is_asked_of_systemd_where_that_is(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def printed(*_: object, **__: object) -> str:
            return "LoadState=loaded\nActiveState=failed\n"

        monkeypatch.setattr(checks, "output", printed)

        assert found("the service", footing(None, systemd=True)) == [
            "the service pyxie does not run (failed)"
        ]
