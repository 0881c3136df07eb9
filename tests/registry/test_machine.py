"""A machine file as a model."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.config.nodes import parse
from pyxie.config.validate import validate
from pyxie.errors import ConfigError
from pyxie.registry.machine import Machine, hostname
from pyxie.registry.nic import Nic


def machine(text: str) -> Machine:
    return validate(parse(text.encode(), Path("web01.yaml")), Machine)


def complaint(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        machine(text)
    return str(caught.value).splitlines()


class TestMachine:
    @pytest.mark.parametrize("key", ["shortname", "domain"])
    @pytest.mark.parametrize("text", ["a b", "a\\nb", "$(reboot)", "x..y", "-a", "grüß"])
    def test_its_names_are_those_of_hosts(self, key: str, text: str) -> None:
        said = complaint(f'hostname: web01\n{key}: "{text}"\n')

        assert len(said) == 1
        assert said[0].startswith(f"web01.yaml:2:{len(key) + 3}: {key}: ")
        assert "is not a hostname like" in said[0]

    def test_every_key_is_read(self) -> None:
        text = """
            hostname: Web01.Example.org
            shortname: web
            domain: example.net
            operatingsystem: Debian 12
            preseed: a.j2
            finish: b.j2
            params: {static: True, empty: ~}
            cmdline: quiet
            kernel: linux
            initrd: [a.gz, b.gz]
            image_url: http://mirror.example/
            network:
            - {name: eth0, macaddress: 52-54-00-AB-CD-EF, ipaddress: 192.0.2.7,
               netmask: 255.255.255.0, gateway: 192.0.2.1}
            - {name: ipmi}
        """

        assert machine(text) == Machine(
            hostname="web01.example.org",
            shortname="web",
            domain="example.net",
            operatingsystem="Debian 12",
            preseed="a.j2",
            finish="b.j2",
            params={"static": "True", "empty": ""},
            cmdline="quiet",
            kernel="linux",
            initrd=("a.gz", "b.gz"),
            image_url="http://mirror.example/",
            network=(
                Nic(
                    name="eth0",
                    macaddress="52:54:00:ab:cd:ef",
                    ipaddress="192.0.2.7",
                    netmask="255.255.255.0",
                    gateway="192.0.2.1",
                ),
                Nic(name="ipmi"),
            ),
        )

    def test_its_macs_are_those_of_its_nics_in_order(self) -> None:
        text = (
            "hostname: a\nnetwork:\n- macaddress: 525400000002\n- name: ipmi\n"
            "- macaddress: 5254.0000.0001\n- macaddress: ''\n"
        )

        assert machine(text).macs == ("52:54:00:00:00:02", "52:54:00:00:00:01")

    def test_one_initrd_needs_no_list_and_an_empty_one_is_none(self) -> None:
        assert machine("hostname: a\ninitrd: x.gz\n").initrd == ("x.gz",)
        assert machine("hostname: a\ninitrd: ''\n").initrd == ()

    def test_it_survives_its_own_json_as_the_state_keeps_it(self) -> None:
        before = machine("hostname: a\nnetwork: [{macaddress: 525400000001}, {name: b}]\n")

        assert Machine.model_validate_json(before.model_dump_json()) == before

    @pytest.mark.parametrize(
        ("written", "said"),
        [
            ("52:54:00:12:34", "'52:54:00:12:34' is not a MAC address like 52:54:00:12:34:56"),
            ("ff:ff:ff:ff:ff:ff", "'ff:ff:ff:ff:ff:ff' is no address of a single NIC"),
            ("01:00:5e:00:00:01", "'01:00:5e:00:00:01' is no address of a single NIC"),
            ("00:00:00:00:00:00", "'00:00:00:00:00:00' is no address of a single NIC"),
        ],
    )
    def test_a_nics_address_is_one_of_a_nic(self, written: str, said: str) -> None:
        assert complaint(f"hostname: a\nnetwork:\n- macaddress: {written}\n") == [
            f"web01.yaml:3:15: network[0].macaddress: {said}"
        ]

    def test_unknown_keys_are_told_at_every_level(self) -> None:
        assert complaint("hostname: a\nhostnam: b\nnetwork:\n- {macadress: 1, vlan_ids: 7}\n") == [
            "web01.yaml:2:1: hostnam: unknown key; did you mean 'hostname'?",
            "web01.yaml:4:4: network[0].macadress: unknown key; did you mean 'macaddress'?",
            "web01.yaml:4:18: network[0].vlan_ids: unknown key; did you mean 'vlan_id'?",
        ]


class TestHostname:
    """RFC 1123 section 2.1, and underscores, which are in use."""

    @pytest.mark.parametrize(
        ("written", "name"),
        [
            ("web01", "web01"),
            ("Web01.Example.ORG", "web01.example.org"),
            (" a ", "a"),
            ("3com", "3com"),
            ("a_b", "a_b"),
            ("x" * 63, "x" * 63),
        ],
    )
    def test_is_held_in_lower_case(self, written: str, name: str) -> None:
        assert hostname(written) == name

    @pytest.mark.parametrize(
        "written",
        [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "-a",
            "a-",
            "a b",
            "a/b",
            "../a",
            "a\nb",
            "a;b",
            "${a}",
            "a&&b",
            "bücher",
            "x" * 64,
            ".".join(["x" * 60] * 5),
        ],
    )
    def test_that_is_none_is_refused(self, written: str) -> None:
        with pytest.raises(ValueError, match="is not a hostname") as caught:
            hostname(written)

        assert str(caught.value) == (f"{written[:80]!r} is not a hostname like web01.example.org")

    @given(st.text(st.sampled_from("aZ0.-_ \n/$;&|#\\'\"é\x00"), max_size=8))
    def test_for_any_text_it_can_do_no_harm_in_a_script_a_path_or_a_url(self, text: str) -> None:
        try:
            name = hostname(text)
        except ValueError:
            return
        assert set(name) <= set("az0.-_")
        assert ".." not in name
        assert name[0] not in ".-"
