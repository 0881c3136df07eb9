"""Who a client is: by its NIC, by a build that has begun, by what it tells, by the settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from pyxie.adhoc.boots import AdHocBoot
from pyxie.bootapi.answer import Answer
from pyxie.bootapi.memory import Nothing
from pyxie.builds.life import Build, State
from pyxie.recognition.recognise import (
    AdHoc,
    Ambiguous,
    Broken,
    Client,
    Contested,
    Known,
    Mode,
    Policy,
    Recognised,
    Unidentified,
    Unknown,
    Unreadable,
    boots,
    concerns,
    host_of,
    recognise,
    settled,
    why_not,
)
from pyxie.registry.identity import ONE_BOOT, Identity
from pyxie.registry.machine import Machine
from pyxie.registry.match import Match
from pyxie.registry.select import Selectors, gathered
from pyxie.registry.selector import selector
from tests.recognised import CONTESTED

MAC = "52:54:00:12:34:56"
NOW = 1000.0


OTHER = "52:54:00:12:34:57"


def build(host: str = "web01", state: State = State.PENDING, mac: str | None = None) -> Build:
    return Build(
        host=host,
        token="t",
        state=state,
        begun=0.0,
        changed=0.0,
        macs=(),
        definition="{}",
        mac=mac,
    )


@dataclass
class FakeMachines:
    """Two machines in files, and what the rest of the files say."""

    nics: Mapping[str, str] = field(default_factory=dict)
    claims: frozenset[str] = frozenset()
    selectors: Selectors = field(default_factory=Selectors)
    blind: bool = False
    hosts: frozenset[str] = frozenset(("web01", "web02"))

    def host_of(self, mac: str) -> str | None:
        return self.nics.get(mac)

    def claimed(self, mac: str) -> bool:
        return mac in self.claims

    def __contains__(self, host: str) -> bool:
        return host in self.hosts


class FakeBuilds:
    """The newest builds; of those with a MAC, also by that."""

    def __init__(self, *builds: Build, nics: Mapping[str, Build] | None = None) -> None:
        self._builds = {each.host: each for each in builds}
        self._nics = nics or {}

    def of(self, host: str) -> Build | None:
        return self._builds.get(host)

    def by_mac(self, mac: str) -> Build | None:
        return self._nics.get(mac)

    def any_active(self, hosts: frozenset[str]) -> bool:
        return any(self._builds[host].active for host in hosts & self._builds.keys())


@dataclass
class FakeSettings:
    unknown: str = "ignore"
    build_types: Collection[str] = ("rescue",)
    boot_api: str | None = None


def who(
    machines: FakeMachines | None = None,
    builds: FakeBuilds | None = None,
    settings: FakeSettings | None = None,
    **client: Any,
) -> Recognised:
    return recognise(
        Client(MAC, **client),
        machines or FakeMachines(),
        builds or FakeBuilds(),
        settings or FakeSettings(),
        NOW,
    )


def matching(**hosts: dict[str, Any]) -> Selectors:
    return gathered(selector(host, Match(**match)) for host, match in hosts.items())


SERIAL = matching(web01={"serial": ["VM-17"]})
ARCH = matching(web01={"arch": ["BIOS"]})


class TestByItsNic:
    @pytest.mark.parametrize(
        ("newest", "mode"),
        [
            (None, Mode.IDLE),
            (build(), Mode.IN_BUILD),
            (build(state=State.STALE), Mode.IN_BUILD),
            (build(state=State.INSTALLED), Mode.IDLE),
        ],
    )
    def test_a_machine_is_known_and_in_build_or_idle(
        self, newest: Build | None, mode: Mode
    ) -> None:
        builds = FakeBuilds(*([newest] if newest else []))

        assert who(FakeMachines({MAC: "web01"}), builds) == Known("web01", mode, newest)

    def test_also_one_whose_file_has_gone_since_its_build_began(self) -> None:
        one = build("gone")

        found = who(builds=FakeBuilds(one, nics={MAC: one}))

        assert found == Known("gone", Mode.IN_BUILD, one)

    def test_nobody_is_told_apart_by_more_who_has_a_file(self) -> None:
        """Whatever `match` says: a NIC in a file is the better word."""
        machines = FakeMachines({MAC: "web02"}, selectors=SERIAL)
        builds = FakeBuilds(build("web01"))

        assert who(machines, builds) == Known("web02", Mode.IDLE)

    def test_nor_who_has_a_build(self) -> None:
        one = build("gone")
        builds = FakeBuilds(one, build("web01"), nics={MAC: one})

        assert who(FakeMachines(selectors=SERIAL), builds) == Known("gone", Mode.IN_BUILD, one)


class TestMistakesInFiles:
    def test_a_nic_that_only_a_broken_file_has_is_no_unknown_machines(self) -> None:
        machines = FakeMachines(claims=frozenset((MAC,)), selectors=SERIAL)

        assert who(machines, FakeBuilds(build()), FakeSettings("rescue")) == Broken()

    def test_while_a_file_cannot_be_read_nobody_is_unknown(self) -> None:
        assert who(FakeMachines(blind=True), settings=FakeSettings("rescue")) == Unreadable()

    def test_nor_matched(self) -> None:
        machines = FakeMachines(selectors=ARCH, blind=True)

        assert who(machines, identity=Identity(arch=0)) == Unreadable()

    def test_of_machines_that_cannot_be_told_apart_it_is_none(self) -> None:
        machines = FakeMachines(selectors=ARCH, hosts=frozenset())

        assert who(machines, identity=Identity(arch=0)) == Ambiguous("web01")


class TestByWhatItTells:
    def test_a_machine_is_known_whose_match_fits(self) -> None:
        one = build()

        found = who(FakeMachines(selectors=ARCH), FakeBuilds(one), identity=Identity(arch=0))

        assert found == Known("web01", Mode.IN_BUILD, one)

    @pytest.mark.parametrize("state", [State.PENDING, State.INSTALLING, State.STALE])
    def test_two_that_tell_the_same_are_not_both_that_machine(self, state: State) -> None:
        """The build is the first's."""
        builds = FakeBuilds(build(state=state, mac=OTHER))

        found = who(FakeMachines(selectors=ARCH), builds, identity=Identity(arch=0))

        assert found == Contested("web01", OTHER)

    @pytest.mark.parametrize("state", [State.INSTALLED, State.CANCELLED, State.FAILED])
    def test_a_build_that_has_ended_is_nobodys(self, state: State) -> None:
        ended = build(state=state, mac=OTHER)

        found = who(FakeMachines(selectors=ARCH), FakeBuilds(ended), identity=Identity(arch=0))

        assert found == Known("web01", Mode.IDLE, ended)

    def test_who_has_the_build_has_it_at_each_boot(self) -> None:
        mine = build(state=State.INSTALLING, mac=MAC)

        found = who(FakeMachines(selectors=ARCH), FakeBuilds(mine), identity=Identity(arch=0))

        assert found == Known("web01", Mode.IN_BUILD, mine)

    def test_a_nic_in_the_file_need_not_be_the_first(self) -> None:
        """So does an administrator say that both are NICs of one machine."""
        theirs = build(mac=OTHER)
        machines = FakeMachines({MAC: "web01"}, selectors=ARCH)

        found = who(machines, FakeBuilds(theirs), identity=Identity(arch=0))

        assert found == Known("web01", Mode.IN_BUILD, theirs)

    def test_one_that_ipxe_has_to_tell_is_asked_before_it_is_contested(self) -> None:
        builds = FakeBuilds(build(mac=OTHER))
        asked = Identity(serial="VM-17", asset="", asked=NOW)

        before = who(FakeMachines(selectors=SERIAL), builds)
        after = who(FakeMachines(selectors=SERIAL), builds, identity=asked)

        assert before == Unidentified(Mode.IN_BUILD, Unknown(Policy.IGNORE))
        assert after == Contested("web01", OTHER)

    def test_it_is_unknown_where_none_fits(self) -> None:
        found = who(FakeMachines(selectors=ARCH), identity=Identity(arch=7))

        assert found == Unknown(Policy.IGNORE)

    def test_what_only_ipxe_can_tell_is_to_be_asked(self) -> None:
        found = who(FakeMachines(selectors=SERIAL), FakeBuilds(build()))

        assert found == Unidentified(Mode.IN_BUILD, Unknown(Policy.IGNORE))

    def test_also_if_none_that_it_may_be_is_in_build_mode(self) -> None:
        found = who(FakeMachines(selectors=SERIAL), FakeBuilds(build("web02")))

        assert found == Unidentified(Mode.IDLE, Unknown(Policy.IGNORE))

    @pytest.mark.parametrize(("ago", "known"), [(0.0, True), (ONE_BOOT, False)])
    def test_once_it_has_told_that_counts_for_one_boot(self, ago: float, known: bool) -> None:
        asked = Identity(serial="VM-17", asset="", asked=NOW - ago)

        found = who(FakeMachines(selectors=SERIAL), FakeBuilds(build()), identity=asked)

        assert settled(found) == Known("web01", Mode.IN_BUILD, build())
        assert isinstance(found, Known) is known


class TestUnknown:
    """`unknown:` in the settings says what it gets."""

    @pytest.mark.parametrize(
        ("setting", "chosen", "expected"),
        [
            ("ignore", "", Unknown(Policy.IGNORE)),
            ("ignore", "rescue", Unknown(Policy.IGNORE)),
            ("local", "", Unknown(Policy.LOCAL)),
            ("discover", "", Unknown(Policy.DISCOVER)),
            ("menu", "", Unknown(Policy.MENU)),
            ("menu", "rescue", Unknown(Policy.MENU, "rescue")),
            ("menu", "gone", Unknown(Policy.MENU)),
            ("rescue", "", Unknown(Policy.BUILD_TYPE, "rescue")),
        ],
    )
    def test_it_gets_what_the_settings_say(
        self, setting: str, chosen: str, expected: Unknown
    ) -> None:
        assert who(settings=FakeSettings(setting), chosen=chosen) == expected

    def test_what_an_api_server_has_comes_before_the_settings(self) -> None:
        asks, answer = FakeSettings("rescue", boot_api="http://api"), Answer(kernel="k")

        assert who(settings=asks, boot_api=answer) == Unknown(
            Policy.BOOT_API, "rescue", answer, asks_api=True
        )

    def test_but_not_that_it_has_nothing(self) -> None:
        asks, nothing = FakeSettings("rescue", boot_api="http://api"), Nothing("answers 404")

        assert who(settings=asks, boot_api=nothing) == Unknown(
            Policy.BUILD_TYPE, "rescue", nothing, asks_api=True
        )

    def test_what_it_once_had_does_not_count_without_the_server(self) -> None:
        assert who(boot_api=Answer(kernel="k")) == Unknown(Policy.IGNORE)


def by_hand(*macs: str) -> AdHocBoot:
    return AdHocBoot(
        id="1", begun=0.0, macs=frozenset(macs), machine=Machine(hostname="boot", kernel="linux")
    )


class TestByHand:
    def test_whoever_is_not_known_gets_it_whatever_the_settings_say(self) -> None:
        boot = by_hand()

        for unknown in ("ignore", "menu", "rescue"):
            found = who(settings=FakeSettings(unknown), ad_hoc=boot)
            assert isinstance(found, AdHoc)
            assert (found.boot, found.otherwise) == (boot, who(settings=FakeSettings(unknown)))

    def test_who_has_a_file_gets_it_only_by_name(self) -> None:
        machines = FakeMachines({MAC: "web01"})

        assert who(machines, ad_hoc=by_hand()) == Known("web01", Mode.IDLE)
        assert who(machines, ad_hoc=by_hand(MAC)) == AdHoc(by_hand(MAC), Known("web01", Mode.IDLE))

    def test_another_than_is_named_does_not_get_it(self) -> None:
        assert who(ad_hoc=by_hand(OTHER)) == Unknown(Policy.IGNORE)

    @pytest.mark.parametrize(
        ("machines", "found"),
        [
            (FakeMachines(claims=frozenset((MAC,))), Broken()),
            (FakeMachines(blind=True), Unreadable()),
        ],
    )
    def test_who_may_have_a_file_gets_it_only_by_name(
        self, machines: FakeMachines, found: Broken | Unreadable
    ) -> None:
        assert who(machines, ad_hoc=by_hand()) == found
        assert who(machines, ad_hoc=by_hand(MAC)) == AdHoc(by_hand(MAC), found)

    def test_who_is_in_build_mode_goes_on_with_that(self) -> None:
        machines, builds = FakeMachines({MAC: "web01"}), FakeBuilds(build())

        assert who(machines, builds, ad_hoc=by_hand(MAC)) == Known("web01", Mode.IN_BUILD, build())

    def test_who_is_named_is_not_asked_what_it_is(self) -> None:
        machines = FakeMachines(selectors=SERIAL)

        assert isinstance(who(machines, ad_hoc=by_hand()), Unidentified)
        assert who(machines, ad_hoc=by_hand(MAC)) == AdHoc(by_hand(MAC), Unknown(Policy.IGNORE))


INSTALLED = Known("web01", Mode.IDLE, build(state=State.INSTALLED))


class TestWhatFollows:
    """What DHCP and the screen of a machine are told, of each kind."""

    @pytest.mark.parametrize(
        ("found", "host", "booted", "why"),
        [
            (Known("web01", Mode.IN_BUILD, build()), "web01", True, "not in build mode"),
            (Known("web01", Mode.IDLE), "web01", False, "not in build mode"),
            (INSTALLED, "web01", False, "installed"),
            (
                Known("web01", Mode.IDLE, build(state=State.FAILED)),
                *("web01", False, "out of build mode: its installer said that it failed"),
            ),
            (
                Known("web01", Mode.IDLE, build(state=State.CANCELLED)),
                *("web01", False, "out of build mode: its build was cancelled"),
            ),
            (Ambiguous("web01"), None, False, "in a file with mistakes: see pyxie check"),
            (Broken(), None, False, "in a file with mistakes: see pyxie check"),
            (
                Contested("web01", OTHER),
                None,
                False,
                CONTESTED.format(OTHER),
            ),
            (Unreadable(), None, False, "perhaps in a file that cannot be read: see pyxie check"),
            (Unknown(Policy.IGNORE), None, False, "not in the registry"),
            (Unknown(Policy.LOCAL), None, False, "not in the registry"),
            (Unknown(Policy.DISCOVER), None, True, "not in the registry"),
            (Unknown(Policy.MENU), None, True, "not in the registry"),
            (Unknown(Policy.BUILD_TYPE, "rescue"), None, True, "not in the registry"),
            (
                Unknown(Policy.IGNORE, "", None, asks_api=True),
                *(None, False, "not in the registry; waiting for the boot API's answer"),
            ),
            (
                Unknown(Policy.IGNORE, "", Nothing("answers 404"), asks_api=True),
                *(None, False, "not in the registry, and the boot API answers 404"),
            ),
            (Unidentified(Mode.IN_BUILD, INSTALLED), "web01", True, "installed"),
            (Unidentified(Mode.IDLE, INSTALLED), "web01", False, "installed"),
            (
                Unidentified(Mode.IDLE, Unknown(Policy.DISCOVER)),
                *(None, True, "not in the registry"),
            ),
            (AdHoc(by_hand(), Unknown(Policy.IGNORE)), None, True, "not in the registry"),
            (AdHoc(by_hand(MAC), INSTALLED), "web01", True, "installed"),
        ],
    )
    def test_is_told_of_each(
        self, found: Recognised, host: str | None, booted: bool, why: str
    ) -> None:
        assert (host_of(found), boots(found), why_not(found)) == (host, booted, why)

    @pytest.mark.parametrize(
        ("found", "host"),
        [
            (Known("web01", Mode.IDLE), "web01"),
            (Unidentified(Mode.IDLE, INSTALLED), "web01"),
            (Contested("web02", OTHER), "web02"),
            (Ambiguous("web01"), None),
            (Unknown(Policy.IGNORE), None),
            (AdHoc(by_hand(MAC), INSTALLED), "web01"),
        ],
    )
    def test_it_stands_on_the_trace_of_the_machine_that_it_is_taken_for(
        self, found: Recognised, host: str | None
    ) -> None:
        assert concerns(found) == host

    def test_a_client_is_all_that_it_has_told(self) -> None:
        assert replace(Client(MAC), chosen="rescue") == Client(MAC, Identity(), "rescue", None)
