"""What the screen Health shows."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from pyxie import bounds
from pyxie.bounds import Bound
from pyxie.config.settings import Settings
from pyxie.dhcp.overheard import Other
from pyxie.errors import Problem
from pyxie.http.page.healthview import (
    Disk,
    Limit,
    Mistake,
    Nic,
    Running,
    limits,
    nics,
    problems,
    servers,
    services,
)


class TestProblems:
    def test_have_their_places(self) -> None:
        found = problems(
            ["no boot loader"],
            [
                Problem(Path("m/a.yaml"), 3, 5, "kernel", "is empty"),
                Problem(Path("m/b.yaml"), 0, 0, "", "cannot be read"),
            ],
            ["http takes a restart"],
        )

        assert found.mistakes == (
            Mistake(place="m/a.yaml:3:5", sentence="kernel: is empty"),
            Mistake(place="m/b.yaml", sentence="cannot be read"),
        )
        assert (found.sentences, found.not_in_force) == (
            ("no boot loader",),
            ("http takes a restart",),
        )
        assert not found.are_none

    def test_of_very_many_files_are_told_some_and_how_many_more(self) -> None:
        many = [Problem(Path(f"{at}.yaml"), 1, 1, "", "x") for at in range(10_000)]

        found = problems((), many, ())

        assert (len(found.mistakes), found.more) == (100, 9_900)

    def test_may_be_none(self) -> None:
        assert problems((), (), ()).are_none


class TestInterfaces:
    def test_are_those_served_in_their_order_those_missing_and_the_others(self) -> None:
        present = {"eth0": ("192.0.2.1/24",), "eth1": (), "lo": ("127.0.0.1/8",)}

        assert nics(present, ("eth1", "eth0"), ("eth7",), named=True) == (
            Nic(name="eth1", said="has no IPv4 address: nobody is answered there", look="is-bad"),
            Nic(name="eth0", addresses=("192.0.2.1/24",)),
            Nic(name="eth7", said="is not there: 'interfaces' names it", look="is-bad"),
            Nic(
                name="lo",
                addresses=("127.0.0.1/8",),
                served=False,
                said="not served",
                look="is-idle",
            ),
        )

    def test_without_an_address_are_in_order_beside_one_that_has_one(self) -> None:
        present = {"br0": ("192.0.2.1/24",), "tap0": ()}

        assert [each.look for each in nics(present, tuple(present), (), named=False)] == [
            "is-ok",
            "is-idle",
        ]
        (alone,) = nics({"tap0": ()}, ("tap0",), (), named=False)
        assert alone.look == "is-bad"


def running(told: dict[str, Any] | None = None, **wrong: Any) -> dict[str, Running]:
    settings = Settings.model_validate(
        {"state": "sqlite:////var/lib/pyxie/pyxie.sqlite", **(told or {})}
    )
    said = {"state": "", "unsaved": 0, "store": "", "folder": "/var/lib/pyxie/store", **wrong}
    return {each.name: each for each in services(settings, **said)}


class TestServices:
    def test_say_their_ports_and_what_they_do(self) -> None:
        found = running()

        assert [(each.name, each.where) for each in found.values()] == [
            ("DHCP", "UDP 67 and 4011"),
            ("TFTP", "UDP 69"),
            ("HTTP", "TCP 8090, all addresses"),
            ("State", "/var/lib/pyxie/pyxie.sqlite"),
            ("Image store", "/var/lib/pyxie/store"),
        ]
        assert {each.look for each in found.values()} == {"is-ok"}

    @pytest.mark.parametrize(
        ("dhcp", "where", "said", "look"),
        [
            ({"mode": "observe"}, "UDP 67 and 4011", "looks on", "is-idle"),
            ({"mode": "off"}, "", "is off", "is-idle"),
            (
                {"mode": "serve", "range": "192.0.2.100-192.0.2.199"},
                "UDP 67 and 4011",
                "gives addresses, 192.0.2.100-192.0.2.199, and answers",
                "is-ok",
            ),
        ],
    )
    def test_say_in_which_way_dhcp_is_answered(
        self, dhcp: dict[str, Any], where: str, said: str, look: str
    ) -> None:
        found = running({"dhcp": dhcp})["DHCP"]

        assert (found.where, found.look) == (where, look)
        assert found.said.startswith(said)

    def test_say_where_they_listen(self) -> None:
        found = running(
            {
                "http": {"port": 80, "listen": ["192.0.2.1", "::1"]},
                "tftp": {"port": 6969, "single_port": True},
            }
        )

        assert found["HTTP"].where == "TCP 80, 192.0.2.1, ::1"
        assert found["TFTP"].where == "UDP 6969"
        assert found["TFTP"].said == "boot loaders, all from that port"

    def test_say_what_is_wrong_with_the_state_and_the_store(self) -> None:
        found = running(state="the disk is full", unsaved=3, store="an image was not kept: x")

        state, store = found["State"], found["Image store"]
        assert (state.wrong, state.look) == ("the disk is full", "is-bad")
        assert state.said.endswith("; 3 changes wait to be stored")
        assert (store.wrong, store.look) == ("an image was not kept: x", "is-bad")

    def test_show_no_password_of_a_database(self) -> None:
        found = running({"state": "postgresql+asyncpg://pyxie:sesame@db.example/pyxie"})

        assert found["State"].where == "postgresql"

    def test_that_are_off_say_so(self) -> None:
        store = running({"image_store": {"size": 0}})["Image store"]

        assert (store.where, store.look) == ("", "is-idle")
        assert store.said == "is off: 'image_store.size' is 0"

    def test_are_with_another_server_one_more(self) -> None:
        found = running({"boot_api": "http://me:sesame@192.0.2.9:8090"})

        assert "sesame" not in repr(found["Boot API"])


def other(server: str, **more: Any) -> Other:
    told = {
        "server": IPv4Address(server),
        "source": IPv4Address(server),
        "network": 2,
        "interface": "eth0",
        "here": False,
        "kind": "OFFER",
        "mac": None,
        "xid": 7,
        "addresses": True,
        "siaddr": IPv4Address("0.0.0.0"),
    }
    return Other(**{**told, **more})


class TestOtherServers:
    def test_say_what_they_offer_and_when_they_were_heard(self) -> None:
        offers = other(
            "192.0.2.9",
            here=True,
            addresses=False,
            siaddr=IPv4Address("192.0.2.7"),
            file="<script>",
            vendor_class="PXEClient",
            tftp_server="tftp.example",
            bootfile="b.efi",
            vendor_options="0601",
        )
        plain, loud = servers([(offers, 60.0), (other("192.0.2.1"), 3.0)], 1000.0)

        assert (plain.address, plain.what, plain.offers) == ("192.0.2.1", "DHCP server", ())
        assert (loud.what, loud.last.said) == ("PXE server of this host", "60 s ago")
        assert loud.offers == (
            "next server 192.0.2.7",
            "boot file <script>",
            "option 66, the boot server tftp.example",
            "option 67, the boot file b.efi",
            "option 60 PXEClient",
            "option 43 0601",
        )


class TestADisk:
    @pytest.mark.parametrize(
        ("free", "size", "percent", "look"),
        [
            (8_000_000_000, 10_000_000_000, 20, "is-ok"),
            (0, 10_000_000_000, 100, "is-bad"),
            (None, 0, None, "is-bad"),
            (300_000_000, 0, None, "is-ok"),
        ],
    )
    def test_says_how_full_it_is(
        self, free: int | None, size: int, percent: int | None, look: str
    ) -> None:
        disk = Disk(what="the state", path="/var", free=free, size=size)

        assert (disk.percent, disk.look) == (percent, look)


class TestLimits:
    @pytest.mark.parametrize(
        ("bound", "is_usual"),
        [
            (bounds.PREFETCHES_AT_ONCE, True),
            (bounds.PAGE_LINGERS, True),
            (bounds.PAGE_SAID, True),
            (bounds.HTTP_TOTAL, False),
            (bounds.DESCRIPTORS, False),
            (bounds.HTTP_STILL, False),
        ],
    )
    def test_are_no_alarm_where_more_only_waits_or_is_told_later(
        self, bound: Bound, is_usual: bool
    ) -> None:
        (found,) = limits([(bound, None)], 1000.0)

        assert found.is_usual is is_usual

    def test_say_how_often_they_were_reached_and_when(self) -> None:
        one = Bound("http_total", 4096, "connections of machines", "closed", "limits.x", times=3)
        other = Bound("a", 0.2, "tracebacks a second", "left out", times=1)

        found = limits([(one, 940.0), (other, None)], 1000.0)

        assert found[0].last is not None
        assert found[0].last.said == "60 s ago"
        assert (found[0].most, found[0].setting) == ("4,096 connections of machines", "limits.x")
        assert found[1] == Limit(
            name="a",
            most="0.2 tracebacks a second",
            beyond="left out",
            setting="",
            times=1,
            last=None,
        )
