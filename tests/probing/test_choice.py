"""Which answer a client's firmware goes by, and why."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.dhcp.message import MessageType
from pyxie.probing.choice import Question, Stuck, Taken, choose, vendor_options
from pyxie.probing.heard import Heard
from pyxie.probing.questions import CLIENTS, Firmware
from tests.probing.frames import offer

ROUTER, PROXY, THIRD = (IPv4Address(f"192.168.7.{last}") for last in (1, 2, 3))
LEASE = IPv4Address("192.168.7.50")
PXE = b"PXEClient"
SKIP = b"\x06\x01\x08\xff"
"""Option 43 that says: take the file from here."""
URL, NAMED_URL = b"http://192.168.7.2/boot.efi", b"http://boot.internal/boot.efi"


def heard(
    server: IPv4Address,
    *,
    lease: bool = False,
    file: bytes = b"",
    next_server: IPv4Address | None = None,
    after: float = 0.1,
    port: int = 67,
    **options: bytes,
) -> Heard:
    message = replace(
        offer(server, MessageType.OFFER, **options),
        yiaddr=LEASE if lease else IPv4Address(0),
        siaddr=next_server or IPv4Address(0),
        file=file,
    )
    return Heard(message, server, port, "02:00:00:00:00:01", after)


PLAIN = heard(ROUTER, lease=True)
WITH_FILE = heard(ROUTER, lease=True, file=b"pxelinux.0")
BINL = heard(PROXY, o60=PXE, file=b"ipxe.efi", next_server=PROXY)
FULL = heard(PROXY, o60=PXE, o43=SKIP, file=b"undionly.kpxe", next_server=PROXY)


def taken(firmware: Firmware, *offers: Heard) -> Taken:
    found = choose(CLIENTS[firmware], offers)
    assert isinstance(found, Taken), found
    return found


def stuck(firmware: Firmware, *offers: Heard) -> str:
    found = choose(CLIENTS[firmware], offers)
    assert isinstance(found, Stuck), found
    return f"{found.code}: {found.why}"


BY_PXE = pytest.mark.parametrize(
    "firmware", [Firmware.BIOS, Firmware.UEFI_X64, Firmware.UEFI_ARM64]
)


class TestOfNothing:
    @pytest.mark.parametrize("firmware", Firmware)
    def test_comes_nothing(self, firmware: Firmware) -> None:
        assert stuck(firmware) == "nobody: nobody answers a machine that asks for an address here"

    @pytest.mark.parametrize("firmware", Firmware)
    def test_but_an_address_none_boots(self, firmware: Firmware) -> None:
        assert stuck(firmware, PLAIN) == "no-boot-file: no server offers a boot file"

    @pytest.mark.parametrize("firmware", Firmware)
    def test_but_a_proxy_none_has_an_address(self, firmware: Firmware) -> None:
        assert stuck(firmware, BINL) == (
            "no-address: no DHCP server offers an address, without which no firmware goes on"
        )

    @pytest.mark.parametrize(
        ("firmware", "theirs", "ours"),
        [
            (Firmware.UEFI_X64, b"HTTPClient", "PXEClient"),
            (Firmware.BIOS, b"", "PXEClient"),
            (Firmware.HTTP, PXE, "HTTPClient"),
            (Firmware.IPXE, b"HTTPClient", "PXEClient"),
        ],
    )
    def test_for_this_firmware_its_option_60_is_named(
        self, firmware: Firmware, theirs: bytes, ours: str
    ) -> None:
        proxy = heard(PROXY, o60=theirs, file=b"http://192.168.7.2/a.efi")

        assert stuck(firmware, PLAIN, proxy) == (
            "no-boot-file: no answer with a boot file in it is for such firmware,"
            f" which wants option 60 {ours}"
        )


class TestPxe:
    """As EDK2's PxeBcSelectDhcp4Offer, from the first of its kinds to the last."""

    @BY_PXE
    def test_a_dhcp_server_with_all_of_pxe_comes_first(self, firmware: Firmware) -> None:
        whole = heard(THIRD, lease=True, o60=PXE, o43=SKIP, file=b"all.0")

        found = taken(firmware, WITH_FILE, FULL, BINL, whole)

        assert (found.lease, found.boot, found.questions) == (whole, whole, ())
        assert found.why.startswith("the DHCP server itself offers PXE")

    @BY_PXE
    def test_then_a_proxys_with_discovery_options(self, firmware: Firmware) -> None:
        bare = heard(THIRD, lease=True, o60=PXE)

        found = taken(firmware, bare, WITH_FILE, BINL, FULL)

        assert (found.lease, found.boot, found.questions) == (WITH_FILE, FULL, ())

    def test_which_old_uefi_firmware_drops(self) -> None:
        warned = "; UEFI firmware of before 2023 drops the first such answer"

        assert taken(Firmware.UEFI_X64, PLAIN, FULL).why.endswith(warned)
        assert not taken(Firmware.BIOS, PLAIN, FULL).why.endswith(warned)

    @BY_PXE
    def test_then_a_dhcp_server_that_only_says_pxeclient(self, firmware: Firmware) -> None:
        """Which is why option 60 of the DHCP server keeps machines from a proxy."""
        bare = heard(THIRD, lease=True, o60=PXE)

        found = taken(firmware, BINL, PLAIN, bare)

        assert (found.lease, found.boot, found.questions) == (bare, bare, (Question(THIRD),))

    @BY_PXE
    def test_then_proxies_that_are_asked_in_turn(self, firmware: Firmware) -> None:
        other = heard(THIRD, o60=PXE)

        found = taken(firmware, BINL, other, WITH_FILE)

        assert (found.lease, found.boot) == (WITH_FILE, BINL)
        assert found.questions == (Question(PROXY), Question(THIRD))

    @BY_PXE
    def test_then_a_boot_file_of_the_dhcp_servers(self, firmware: Firmware) -> None:
        found = taken(firmware, PLAIN, WITH_FILE)

        assert (found.lease, found.boot, found.questions) == (WITH_FILE, WITH_FILE, ())

    def test_by_multicast_is_no_answer(self) -> None:
        wfm = b"".join(bytes((code, 1, 0)) for code in (1, 2, 3, 4, 5))
        old = heard(PROXY, o60=PXE, o43=wfm, file=b"a.0")

        assert stuck(Firmware.BIOS, PLAIN, old).startswith("no-boot-file")

    def test_a_boot_server_is_asked_at_siaddr_before_option_54(self) -> None:
        elsewhere = heard(PROXY, o60=PXE, next_server=THIRD)

        assert taken(Firmware.UEFI_X64, PLAIN, elsewhere).questions == (Question(THIRD),)

    def test_an_option_43_that_cannot_be_read_is_none(self) -> None:
        broken = heard(PROXY, o60=PXE, o43=b"\x06\x09\x08", file=b"a.efi")

        assert vendor_options(broken) == {}
        assert taken(Firmware.UEFI_X64, PLAIN, broken).questions == (Question(PROXY),)


MENU = b"\x09\x07\x80\x01\x04Boot"
"""Option 43.9: one entry, of type 0x8001."""
TYPE = b"\x80\x01"


class TestAMenu:
    @pytest.mark.parametrize(
        ("option_43", "asked"),
        [
            (MENU, (Question(PROXY, TYPE),)),
            (MENU + b"\x08\x07\x80\x01\x01\xc0\xa8\x07\x03", (Question(THIRD, TYPE),)),
            (
                MENU + b"\x08\x0e\x00\x07\x01\x01\x01\x01\x01\x80\x01\x01\xc0\xa8\x07\x03",
                (Question(THIRD, TYPE),),
            ),
            (MENU + b"\x08\x07\x80\x01\x02\xc0\xa8\x07\x03", (Question(PROXY, TYPE),)),
            (b"\x09\x07\x00\x00\x04Disk", (Question(PROXY),)),
            (b"\x06\x01\x03", (Question(PROXY),)),
            (SKIP, (Question(PROXY),)),
        ],
        ids=[
            "by whoever offers it",
            "by the server that is listed for it",
            "by none that is listed for another",
            "whose list is cut short",
            "whose first entry is the disk",
            "is none",
            "is none, nor a file",
        ],
    )
    def test_is_answered_on_port_4011(self, option_43: bytes, asked: tuple[Question, ...]) -> None:
        proxy = heard(PROXY, o60=PXE, o43=option_43)

        assert taken(Firmware.BIOS, PLAIN, proxy).questions == asked

    def test_is_left_out_where_the_answer_says_so_and_names_a_file(self) -> None:
        proxy = heard(PROXY, o60=PXE, o43=b"\x06\x01\x08" + MENU, file=b"a.0")

        assert taken(Firmware.BIOS, PLAIN, proxy).questions == ()
        assert taken(Firmware.IPXE, PLAIN, replace_next(proxy)).questions == ()

    def test_may_stand_beside_a_file_that_is_taken_where_its_entry_is_the_disk(self) -> None:
        proxy = heard(PROXY, o60=PXE, o43=b"\x09\x07\x00\x00\x04Disk", file=b"a.0")

        assert taken(Firmware.BIOS, PLAIN, proxy).questions == ()


def replace_next(proxy: Heard) -> Heard:
    return replace(proxy, message=replace(proxy.message, siaddr=PROXY))


class TestHttpBoot:
    """As EDK2's HttpBootSelectDhcpOffer."""

    OWN = heard(ROUTER, lease=True, o60=b"HTTPClient", o67=URL)
    OWN_NAMED = heard(ROUTER, lease=True, o60=b"HTTPClient", o67=NAMED_URL)
    BY_PROXY = heard(PROXY, o60=b"HTTPClient", o67=URL)
    NAMED_BY_PROXY = heard(PROXY, o60=b"HTTPClient", o67=NAMED_URL)
    RESOLVING = heard(THIRD, lease=True, o6=ROUTER.packed)

    def test_a_url_of_the_dhcp_servers_comes_first(self) -> None:
        found = taken(Firmware.HTTP, self.BY_PROXY, PLAIN, self.OWN)

        assert (found.lease, found.boot) == (self.OWN, self.OWN)

    def test_one_with_a_name_in_it_needs_a_dns_server(self) -> None:
        own = heard(ROUTER, lease=True, o60=b"HTTPClient", o67=NAMED_URL, o6=ROUTER.packed)

        assert taken(Firmware.HTTP, self.BY_PROXY, PLAIN, own).boot is own
        assert taken(Firmware.HTTP, self.BY_PROXY, PLAIN, self.OWN_NAMED).boot is self.BY_PROXY

    def test_then_a_proxys(self) -> None:
        found = taken(Firmware.HTTP, self.RESOLVING, self.BY_PROXY, PLAIN)

        assert (found.lease, found.boot, found.questions) == (PLAIN, self.BY_PROXY, ())
        assert taken(Firmware.HTTP, self.BY_PROXY, self.RESOLVING).lease is self.RESOLVING

    def test_then_a_proxys_with_a_name_in_it_by_a_dns_server(self) -> None:
        found = taken(Firmware.HTTP, PLAIN, self.NAMED_BY_PROXY, self.RESOLVING)

        assert (found.lease, found.boot) == (self.RESOLVING, self.NAMED_BY_PROXY)

    def test_then_another_dhcp_servers_with_a_name_in_it(self) -> None:
        found = taken(Firmware.HTTP, self.OWN_NAMED, self.RESOLVING)

        assert (found.lease, found.boot) == (self.RESOLVING, self.OWN_NAMED)

    @pytest.mark.parametrize("file", [b"boot.efi", b"ftp://192.168.7.2/boot.efi", b""])
    def test_what_is_no_url_is_no_answer(self, file: bytes) -> None:
        proxy = heard(PROXY, o60=b"HTTPClient", o67=file)

        assert stuck(Firmware.HTTP, PLAIN, proxy).startswith("no-boot-file")

    def test_a_name_that_nobody_can_look_up_is_no_answer(self) -> None:
        assert stuck(Firmware.HTTP, PLAIN, self.NAMED_BY_PROXY).startswith("no-boot-file")


class TestIpxe:
    """As src/net/udp/dhcp.c."""

    URL = heard(PROXY, o60=PXE, file=b"http://192.168.7.2/ipxe", next_server=PROXY)

    def test_a_proxys_answer_is_waited_for(self) -> None:
        found = taken(Firmware.IPXE, PLAIN, replace(self.URL, after=1.9))

        assert (found.lease, found.boot, found.questions) == (
            *(PLAIN, replace(self.URL, after=1.9)),
            (),
        )

    def test_but_not_for_ever(self) -> None:
        """It looks whether two seconds are over at the third."""
        late, early = replace(self.URL, after=3.1), replace(self.URL, after=2.9)

        assert taken(Firmware.IPXE, PLAIN, early).boot is early
        assert stuck(Firmware.IPXE, PLAIN, late).startswith("no-boot-file")

    def test_while_there_is_no_address_it_waits_on(self) -> None:
        late = replace(PLAIN, after=4.0)

        assert taken(Firmware.IPXE, self.URL, late).boot is self.URL

    def test_the_last_proxy_before_the_address_counts_and_the_first_after_it(self) -> None:
        first, second = (replace(self.URL, source=each, after=0.0) for each in (PROXY, THIRD))
        lease = replace(PLAIN, after=0.1)

        assert taken(Firmware.IPXE, first, second, lease).boot is second
        assert taken(Firmware.IPXE, PLAIN, replace(first, after=0.2), second).boot is second

    def test_an_answer_without_file_and_siaddr_is_asked_on_port_4011(self) -> None:
        bare = heard(PROXY, o60=PXE, file=b"a.efi")

        assert taken(Firmware.IPXE, PLAIN, bare).questions == (Question(PROXY),)

    def test_a_menu_comes_first(self) -> None:
        """QEMU's ROM took it where the DHCP server named a file, and dnsmasq was the proxy."""
        proxy = heard(PROXY, o60=PXE, o43=b"\x06\x01\x03" + MENU)

        found = taken(Firmware.IPXE, WITH_FILE, proxy)

        assert (found.boot, found.questions) == (proxy, (Question(PROXY, TYPE),))

    def test_a_file_of_the_dhcp_servers_comes_before_a_proxys(self) -> None:
        """QEMU's ROM took it where pyxie was the proxy."""
        found = taken(Firmware.IPXE, WITH_FILE, self.URL)

        assert (found.lease, found.boot) == (WITH_FILE, WITH_FILE)

    def test_a_file_of_the_dhcp_servers_is_taken_where_there_is_no_proxy(self) -> None:
        found = taken(Firmware.IPXE, WITH_FILE)

        assert found.boot is WITH_FILE
        assert found.why == "no proxy's answer was there when iPXE had waited for it"

    def test_a_dhcp_server_that_says_pxeclient_is_not_waited_beyond(self) -> None:
        own = heard(ROUTER, lease=True, o60=PXE, file=b"a.efi", next_server=ROUTER)

        found = taken(Firmware.IPXE, own, self.URL)

        assert (found.lease, found.boot, found.questions) == (own, own, ())
        assert found.why.startswith("the DHCP server says PXEClient")

    def test_the_dhcp_server_may_forbid_proxies(self) -> None:
        own = heard(ROUTER, lease=True, file=b"a.efi", o175=b"\xb0\x01\x01")

        assert taken(Firmware.IPXE, self.URL, own).boot is own
        assert taken(Firmware.IPXE, own, self.URL).why == (
            "the DHCP server tells iPXE to listen to no proxy (option 175.176)"
        )

    def test_priorities_count_more_than_who_is_later(self) -> None:
        high = replace(self.URL, after=0.0)
        high = replace(
            high, message=replace(high.message, options={**high.options, 175: b"\1\1\5"})
        )
        low = replace(self.URL, source=THIRD, after=0.05)

        assert taken(Firmware.IPXE, high, low, replace(PLAIN, after=0.1)).boot is high

    def test_an_address_from_another_port_is_none(self) -> None:
        odd = heard(ROUTER, lease=True, port=4011)

        assert stuck(Firmware.IPXE, odd, self.URL).startswith("no-boot-file")

    def test_an_option_175_that_cannot_be_read_is_none(self) -> None:
        own = heard(ROUTER, lease=True, file=b"a.efi", o175=b"\xb0\x09")

        assert taken(Firmware.IPXE, own).boot is own


OFFERS = st.lists(
    st.builds(
        heard,
        st.sampled_from([ROUTER, PROXY, THIRD]),
        lease=st.booleans(),
        file=st.binary(max_size=30),
        after=st.floats(0, 5),
        o60=st.sampled_from([b"", PXE, b"HTTPClient"]),
        o43=st.binary(max_size=30),
        o67=st.one_of(st.binary(max_size=30), st.sampled_from([URL, NAMED_URL, b"http://"])),
        o175=st.binary(max_size=8),
    ),
    max_size=5,
)


class TestForAnyOffers:
    @given(OFFERS)
    def test_each_firmware_takes_one_or_is_told_why_not(self, offers: list[Heard]) -> None:
        for client in CLIENTS.values():
            found = choose(client, offers)
            assert isinstance(found, Stuck) or _is_of(found, offers), client


def _is_of(found: Taken, offers: list[Heard]) -> bool:
    return found.lease in offers and found.boot in offers and found.lease.lease is not None
