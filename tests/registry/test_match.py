"""Which machine it is, by what it tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, ip_address
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pyxie.config.nodes import parse
from pyxie.config.validate import validate
from pyxie.errors import ConfigError
from pyxie.registry.identity import Identity
from pyxie.registry.match import Match
from pyxie.registry.registry import Registry
from pyxie.registry.select import Selectors, gathered, ties
from pyxie.registry.selector import Selector, selector
from tests.registry.test_registry import said, scan, write

U1 = "4c4c4544-0042-3510-8058-b4c04f333732"
U2 = "4c4c4544-0042-3510-8058-b4c04f333733"
FIRST = IPv4Address("192.0.2.7")

WHO = Identity(
    uuids=frozenset((U1,)),
    serial="VM-17",
    asset="R2D2",
    circuit_id=b"ge-0/0/1",
    remote_id=b"\0\1sw",
    options={60: b"PXEClient:Arch:00007", 61: b"\1abc", 77: b"iPXE\0"},
    hostname="web07.example.org",
    address=FIRST,
    arch=7,
    asked=1.0,
)


def of(host: str, **said: Any) -> Selector:
    return selector(host, Match.model_validate(said))


def chosen(who: Identity, *selectors: Selector) -> str | None:
    found = gathered(selectors).of(who)
    return found.host if found else None


class TestConditions:
    def test_of_networks_fit_addresses_of_their_kind_alone(self) -> None:
        six = Identity(address=ip_address("2001:db8::7"))

        assert chosen(WHO, of("a", subnet="2001:db8::/64")) is None
        assert chosen(six, of("a", subnet=["192.0.2.0/24", "2001:db8::/64"])) == "a"

    @pytest.mark.parametrize(
        "said",
        [
            {"uuid": U1.upper()},
            {"serial": "vm-17"},
            {"serial": ["other", "VM-17"]},
            {"asset": "R2D2"},
            {"circuit_id": "ge-0/0/1"},
            {"circuit_id": "0x67652d302f302f31"},
            {"remote_id": "0x00017377"},
            {"options": {"60": "PXEClient:*:00007"}},
            {"options": {"61": "0x01616263", "77": "iPXE"}},
            {"hostname": "WEB0?.example.org"},
            {"hostname": "web07.example.org"},
            {"subnet": "192.0.2.0/24"},
            {"subnet": ["2001:db8::/32", "192.0.2.7/32"]},
            {"arch": "UEFI"},
            {"arch": "x64 uefi"},
            {"arch": "0x0007"},
            {"uuid": U1, "arch": ["BIOS", "UEFI"], "subnet": "192.0.0.0/16"},
        ],
    )
    def test_fit_what_was_told(self, said: Mapping[str, Any]) -> None:
        assert chosen(WHO, of("web01", **said)) == "web01"

    @pytest.mark.parametrize(
        "said",
        [
            {"uuid": U2},
            {"serial": "VM-1"},
            {"asset": "R2D2 "},
            {"circuit_id": "ge-0/0/10"},
            {"options": {"60": "PXEClient"}},
            {"options": {"12": "*"}},
            {"options": {"12": "web07"}},
            {"options": {"60": "PXE*", "61": "0x02"}},
            {"hostname": "web07"},
            {"subnet": "192.0.3.0/24"},
            {"subnet": "2001:db8::/32"},
            {"arch": "BIOS"},
            {"uuid": U1, "serial": "VM-18"},
        ],
    )
    def test_all_have_to_fit(self, said: Mapping[str, Any]) -> None:
        assert chosen(WHO, of("web01", **said)) is None

    def test_who_told_nothing_fits_nothing(self) -> None:
        several = [
            *(of(f"a{at}", **{name: "1"}) for at, name in enumerate(("serial", "asset"))),
            of("b", hostname="*?"),
            of("c", arch="BIOS"),
            of("d", subnet="0.0.0.0/0"),
        ]
        assert chosen(Identity(), *several) is None
        assert chosen(Identity(serial="", asset="", hostname=""), *several) is None

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("match: {uuid: x}", "match.uuid: 'x' is not a UUID like"),
            (f"match: {{uuid: {'0' * 32}}}", "is no machine's own UUID"),
            (
                "match: {uuid: 03000200-0400-0500-0006-000700080009}",
                "is no machine's own UUID, but one that many boards have",
            ),
            ("match: {serial: To be filled by O.E.M.}", "is no machine's own"),
            ("match: {asset: [A17, Default string]}", "'Default string' is no machine's own"),
            ("match: {hostname: localhost.localdomain}", "is no machine's own name"),
            ("match: {circuit_id: '0x000000000000'}", "is no port's or switch's own"),
            ("match: {remote_id: unknown}", "'unknown' is no port's or switch's own"),
            (
                "match: {options: {97: '0x0000000000000000000000000000000000'}}",
                "97: '0x0000000000000000000000000000000000' is no machine's own",
            ),
            ("match: {options: {12: (none)}}", "12: '(none)' is no machine's own"),
            ("match: {arch: x64 UEF}", "did you mean 'x64 uefi'?"),
            ("match: {subnet: 192.0.2.1/24}", "is not a subnet like 192.0.2.0/24"),
            ("match: {options: {255: x}}", "is not the number of a DHCP option"),
            ("match: {serial: []}", "match: must say something"),
            ("match: {seriel: x}", "unknown key; did you mean 'serial'?"),
        ],
    )
    def test_what_makes_no_sense_is_told_with_its_place(
        self, tmp_path: Path, text: str, told: str
    ) -> None:
        write(tmp_path, "a.yaml", f"{text}\n")

        (one,) = said(scan(tmp_path))

        assert one.startswith("machines/a.yaml:1:")
        assert told in one

    def test_are_the_same_after_they_were_stored(self) -> None:
        written = Match.model_validate(
            {"uuid": U1, "options": {"60": "a*"}, "subnet": "192.0.2.0/24", "arch": "BIOS"}
        )
        assert Match.model_validate_json(written.model_dump_json()) == written

    def test_a_body_does_not_change_them(self) -> None:
        registry = Registry()
        document = parse(b"hostname: a\n", Path("a.yaml"))
        from pyxie.registry.define import define

        with pytest.raises(ConfigError, match="is for the machine's file"):
            define(registry.shared, document, None, parse(b"match: {serial: x}", Path("body")))


ORDER: list[dict[str, Any]] = [
    {"uuid": U1},
    {"serial": "VM-17", "asset": "R2D2"},
    {"serial": "VM-17"},
    {"asset": "R2D2"},
    {"circuit_id": "ge-0/0/1", "remote_id": "0x00017377"},
    {"circuit_id": "ge-0/0/1"},
    {"remote_id": "0x00017377"},
    {"options": {"60": "PXE*", "77": "iPXE"}},
    {"options": {"77": "iPXE"}},
    {"options": {"60": "PXE*"}},
    {"hostname": "web07.example.org"},
    {"hostname": "web*", "arch": "UEFI"},
    {"hostname": "web*"},
    {"subnet": "192.0.2.0/25"},
    {"subnet": "192.0.2.0/24", "arch": "UEFI"},
    {"subnet": "192.0.2.0/24"},
    {"arch": "UEFI"},
]


class TestTheMostSpecificWins:
    @pytest.mark.parametrize("at", range(len(ORDER) - 1))
    def test_in_this_order(self, at: int) -> None:
        several = [of(f"m{n}", **each) for n, each in enumerate(ORDER)]

        assert chosen(WHO, *several[at:]) == f"m{at}"
        assert chosen(WHO, *reversed(several[at:])) == f"m{at}"
        assert list(ties(several)) == []

    @given(st.sets(st.sampled_from(range(len(ORDER)))), st.sets(st.sampled_from(range(len(ORDER)))))
    def test_after_a_change_as_if_they_had_been_so_from_the_start(
        self, before: set[int], after: set[int]
    ) -> None:
        old = gathered(of(f"m{n}", **ORDER[n]) for n in before)
        come = [of(f"m{n}", **ORDER[n]) for n in after - before]
        new = old.amended([f"m{n}" for n in before - after], come)

        assert new is not None
        found = new.of(WHO)
        assert (found.host if found else None) == (f"m{min(after)}" if after else None)
        assert new.by_host.keys() == {f"m{n}" for n in after}
        assert new.smbios is any("serial" in ORDER[n] or "asset" in ORDER[n] for n in after)
        tied = [of("tied", **ORDER[n]) for n in after]
        assert all(new.amended([], [each]) is None for each in tied)

    def test_without_those_that_went_and_with_those_that_came(self) -> None:
        several = {n: of(f"m{n}", **ORDER[n]) for n in (2, 3, 12, 15, 16)}
        old = gathered(several[n] for n in (2, 3, 12))

        new = old.amended(["m2", "m12", "nobody"], [several[15], several[16]])

        assert new == gathered(several[n] for n in (3, 15, 16))
        assert old == gathered(several[n] for n in (2, 3, 12))

    def test_one_of_two_under_a_key_leaves_the_other(self) -> None:
        one, other = of("a", serial="x"), of("b", serial="x", asset="y")

        assert gathered([one, other]).amended(["a"], []) == gathered([other])

    def test_those_that_nothing_is_known_by_beforehand_come_and_go_as_well(self) -> None:
        one, other = of("a", hostname="web*"), of("b", hostname="db*")
        both = gathered([one, other])

        assert both.amended(["a"], []) == gathered([other])
        assert gathered([one]).amended([], [other]) == both

    def test_two_that_nothing_tells_apart_are_not_taken(self) -> None:
        one, other, third = (of(host, serial="x") for host in "abc")
        selectors = gathered([one, other])

        assert selectors.amended([], [third]) is None
        assert selectors.amended([], [one]) is None
        assert list(selectors.rivals(third)) == [one, other]

    def test_no_selectors_are_false(self) -> None:
        assert not gathered([])
        assert gathered([of("a", serial="x")])
        assert not Selectors().asks(Identity())

    @given(st.lists(st.sampled_from(range(len(ORDER))), unique=True, min_size=1))
    def test_of_any_set_and_as_going_through_all_would_find(self, which: list[int]) -> None:
        several = [of(f"m{n}", **ORDER[n]) for n in which]

        assert chosen(WHO, *several) == f"m{min(which)}"


class TestTies:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({"serial": "a"}, {"serial": ["b", "A"]}),
            ({"hostname": "web*"}, {"hostname": "*1"}),
            ({"subnet": "192.0.2.0/24"}, {"subnet": ["192.0.2.0/24", "198.51.100.0/24"]}),
            ({"arch": "UEFI"}, {"arch": "x64 UEFI"}),
            ({"options": {"60": "a*"}}, {"options": {"61": "b*"}}),
            ({"options": {"60": "a"}}, {"options": {"61": "b"}}),
            ({"options": {"60": "a*"}}, {"options": {"60": "*b"}}),
            ({"options": {"60": "a", "61": "b*"}}, {"options": {"60": "*a", "61": "b"}}),
            ({"options": {"60": "0x61"}}, {"options": {"60": "a"}}),
        ],
    )
    def test_are_two_of_one_rank_that_a_client_could_fit(
        self, one: dict[str, Any], other: dict[str, Any]
    ) -> None:
        found = {frozenset((a.host, b.host)) for a, b in ties([of("a", **one), of("b", **other)])}
        assert found == {frozenset("ab")}

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({"serial": "a"}, {"serial": "b"}),
            ({"hostname": "web*"}, {"hostname": "db*"}),
            ({"subnet": "192.0.2.0/25"}, {"subnet": "192.0.2.128/25"}),
            ({"arch": "BIOS"}, {"arch": "UEFI"}),
            ({"options": {"60": "a*"}}, {"options": {"60": "b*"}}),
            ({"options": {"60": "a"}, "arch": "BIOS"}, {"options": {"61": "b"}, "arch": "UEFI"}),
            ({"serial": "a", "arch": "BIOS"}, {"serial": "a", "arch": "UEFI"}),
        ],
    )
    def test_are_not_those_that_no_client_could_fit_both(
        self, one: dict[str, Any], other: dict[str, Any]
    ) -> None:
        assert list(ties([of("a", **one), of("b", **other)])) == []

    def test_take_out_both_machines_and_name_both_places(self, tmp_path: Path) -> None:
        write(tmp_path, "a.yaml", "match:\n  arch: BIOS\n")
        write(tmp_path, "b.yaml", "description: x\nmatch: {arch: BIOS}\n")
        write(tmp_path, "c.yaml", "match: {arch: BIOS, serial: x}\n")

        found = scan(tmp_path)

        assert list(found.machines) == ["c"]
        tied = "{0}: match: fits machines that {1} fits as well, and neither is the more specific"
        one, other = "machines/a.yaml:2:3", "machines/b.yaml:2:8"
        assert said(found) == [tied.format(one, other), tied.format(other, one)]
        assert found.selectors.of(Identity(arch=0)) is not None  # so it is not unknown

    def test_a_uuid_is_one_machines(self, tmp_path: Path) -> None:
        write(tmp_path, "a.yaml", f"match: {{uuid: {U1}, arch: BIOS}}\n")
        write(tmp_path, "b.yaml", f"match:\n  uuid: [{U2}, {U1.upper()}]\n")

        found = scan(tmp_path)

        assert not found.machines
        assert said(found) == [
            f"machines/a.yaml:1:15: match.uuid: the UUID {U1} is also at machines/b.yaml:2:48",
            f"machines/b.yaml:2:48: match.uuid[1]: the UUID {U1} is also at machines/a.yaml:1:15",
        ]

    @given(
        st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "serial": st.sampled_from(["a", "b"]),
                    "hostname": st.sampled_from(["w*", "*w", "w", "x?"]),
                    "options": st.dictionaries(
                        st.sampled_from(["60", "61"]), st.sampled_from(["a", "a*", "*b"])
                    ),
                    "arch": st.sampled_from(["BIOS", "UEFI"]),
                },
            ).filter(lambda said: any(said.values())),
            max_size=6,
        )
    )
    def test_are_found_as_by_comparing_each_with_each(self, said: list[dict[str, Any]]) -> None:
        several = [of(f"m{at}", **each) for at, each in enumerate(said)]
        slow = {
            each.host
            for each in several
            for other in several
            if each is not other and each.rank == other.rank and each.meets(other)
        }
        found = {each.host for pair in ties(several) for each in pair}
        assert found == slow

    ALL: tuple[dict[str, Any], ...] = (
        *({"serial": "a"}, {"serial": "a", "options": {"60": "a"}}),
        *({"serial": "a", "options": {"61": "a"}}, {"serial": ["a", "b"]}, {"serial": "b"}),
        *({"serial": "a", "options": {"60": "a*"}}, {"serial": "a", "arch": "BIOS"}),
        *({"hostname": "w"}, {"hostname": "w*"}, {"hostname": "*w"}, {"hostname": ["x", "w"]}),
        *({"options": {"60": "a"}}, {"options": {"60": "a*"}}, {"options": {"61": "a"}}),
        *({"options": {"60": "a", "61": "b*"}}, {"options": {"60": "a*", "61": "b"}}),
        *({"options": {"60": "*a", "61": "*b"}}, {"options": {"60": "a", "77": "b"}}),
        *({"options": {"61": "b", "77": "b"}}, {"subnet": "192.0.2.0/24"}, {"arch": "UEFI"}),
        *({"subnet": ["192.0.2.0/24", "198.51.100.0/24"]}, {"arch": "x64 UEFI"}),
    )

    @pytest.mark.parametrize("many", [2, 3])
    def test_of_any_few_are_found_as_by_comparing_each_with_each(self, many: int) -> None:
        for few in combinations([of(f"m{at}", **told) for at, told in enumerate(self.ALL)], many):
            slow = {
                each.host
                for each in few
                for other in few
                if each is not other and each.rank == other.rank and each.meets(other)
            }

            assert {each.host for pair in ties(few) for each in pair} == slow, few


def may_be(selectors: Selectors, who: Identity) -> set[str]:
    return set().union(*selectors.may_be(who))


class TestWhatIsNotTold:
    def test_may_still_be_told_by_ipxe_but_not_against_what_is_known(self) -> None:
        all_of_them = gathered([of("a", serial="x", arch="BIOS"), of("b", uuid=U2)])
        firmware = Identity(uuids=frozenset((U1,)), arch=0)

        assert all_of_them.asks(firmware)
        assert may_be(all_of_them, firmware) == {"a"}
        assert may_be(all_of_them, replace(firmware, arch=7)) == set()
        assert may_be(all_of_them, replace(firmware, uuids=frozenset((U2,)))) == {"a", "b"}
        assert may_be(all_of_them, Identity()) == {"b"}
        assert may_be(all_of_them, replace(firmware, serial="y", asked=0.0)) == set()
        assert may_be(all_of_them, replace(firmware, serial="x", asked=0.0)) == {"a"}

    def test_may_be_more_of_what_firmware_has_told_a_part_of(self) -> None:
        both = gathered([of("a", uuid=U1, serial="x")])

        assert may_be(both, Identity(uuids=frozenset((U1,)))) == {"a"}

    def test_is_nothing_that_is_looked_for(self) -> None:
        any_of_them = gathered(
            [of("a", hostname="web"), of("b", arch="BIOS"), of("c", subnet="192.0.2.0/24")]
        )

        assert list(any_of_them.near(Identity())) == []
        assert list(any_of_them.near(Identity(address=ip_address("2001:db8::1")))) == []

    def test_is_one_set_for_all_that_differ_in_nothing_else(self) -> None:
        alike = [of(f"m{at}", serial=f"s{at}", arch="BIOS") for at in range(9)]
        all_of_them = gathered([*alike, of("n", serial="s9", arch="UEFI")])

        assert list(all_of_them.may_be(Identity(arch=0))) == [{each.host for each in alike}]
        assert list(all_of_them.may_be(Identity())) == []

    @given(
        st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "uuid": st.sampled_from([U1, U2]),
                    "serial": st.sampled_from(["a", "b"]),
                    "circuit_id": st.sampled_from(["a", "b"]),
                    "hostname": st.sampled_from(["w*", "w"]),
                    "options": st.dictionaries(st.just("60"), st.sampled_from(["a", "a*"])),
                    "arch": st.sampled_from(["BIOS", "UEFI"]),
                },
            ).filter(lambda said: any(said.values())),
            max_size=6,
        ),
        st.builds(
            Identity,
            uuids=st.sampled_from([frozenset(), frozenset((U1,))]),
            serial=st.sampled_from([None, "a"]),
            circuit_id=st.sampled_from([None, b"a"]),
            hostname=st.sampled_from(["", "w", "web"]),
            options=st.sampled_from([{}, {60: b"a"}, {60: b"ab"}]),
            arch=st.sampled_from([None, 0, 7]),
            asked=st.sampled_from([None, 0.0]),
        ),
    )
    def test_is_found_as_by_looking_at_each(
        self, said: list[dict[str, Any]], who: Identity
    ) -> None:
        several = [of(f"m{at}", **each) for at, each in enumerate(said)]

        slow = {each.host for each in several if each.fits(who, perhaps=True)}

        assert may_be(gathered(several), who) == slow

    def test_a_uuid_that_firmware_told_need_not_be_asked_for(self) -> None:
        only = gathered([of("b", uuid=U2)])

        assert only.asks(Identity())
        assert not only.asks(Identity(uuids=frozenset((U1,))))
        assert not gathered([of("c", arch="BIOS")]).asks(Identity())
        assert may_be(only, Identity()) == {"b"}

    def test_what_was_told_and_does_not_fit_need_not_be_asked_for_either(self) -> None:
        db = Identity(hostname="db")

        assert may_be(gathered([of("c", hostname="web*")]), db) == set()
        assert may_be(gathered([of("c", serial="x", hostname="web*")]), db) == set()
        assert not of("b", uuid=U2).fits(Identity(uuids=frozenset((U1,))), perhaps=True)
        assert of("b", uuid=U2).fits(Identity(), perhaps=True)


def test_the_model_alone_refuses_too() -> None:
    with pytest.raises(ValidationError):
        Match.model_validate({"arch": "toaster"})
    assert validate(parse(b"arch: BIOS", Path("m")), Match).arch == ("BIOS",)
    assert ip_address("192.0.2.7") == FIRST
