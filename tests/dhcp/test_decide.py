"""Whom pyxie answers, with what, and why not."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP

from pyxie.architectures import ARCHITECTURES, RASPBERRY
from pyxie.dhcp.decide import (
    LIMITED_BROADCAST,
    Answer,
    Boot,
    Destination,
    Port,
    Reason,
    Silence,
    decide,
    destination,
    is_netboot,
)
from pyxie.dhcp.message import (
    UNSPECIFIED,
    DhcpMessage,
    MessageType,
    Op,
    build,
    parse,
    size,
)
from pyxie.dhcp.reply import discovery_of, reply, vendor_of
from pyxie.errors import WireError
from pyxie.events.datagrams import Offered, SentOn
from pyxie.events.english import sentence
from pyxie.loaders.lanes import Chain, Lane, WhyNot
from pyxie.recognition.recognise import Contested, Recognised
from tests.dhcp.packets import (
    BIOS_FEATURES,
    BOOT,
    SERVER,
    UEFI_FEATURES,
    UUID,
    as_request,
    discover,
    ipxe,
)
from tests.recognised import CONTESTED, IGNORED, IN_BUILD, ended

SERVER_ID = SERVER.packed
SERVER_TEXT = b"192.168.7.1"
SKIP_DISCOVERY = b"\x06\x01\x08\xff"
SCRIPT = b"http://192.168.7.1:8080/ipxe/52-54-00-12-34-56"

GUID = "0002c9030009c6e1"


def answer(request: DhcpMessage, port: Port = 67, boot: Boot = BOOT) -> Answer:
    outcome = decide(request, port, boot)
    assert isinstance(outcome, Answer), outcome
    return outcome


def silence(request: DhcpMessage, port: Port = 67, boot: Boot = BOOT) -> Silence:
    outcome = decide(request, port, boot)
    assert isinstance(outcome, Silence), outcome
    return outcome


def file(request: DhcpMessage, port: Port = 67, boot: Boot = BOOT) -> bytes:
    return answer(request, port, boot).message.file


def to_pxe(loader: str, port: int) -> Offered:
    return Offered(
        what=loader, script=False, client="PXE", lacking="", architecture="BIOS", port=port
    )


class TestBiosClient:
    def test_gets_an_offer_with_everything_in_it(self) -> None:
        assert answer(discover(0)) == Answer(
            DhcpMessage(
                op=Op.REPLY,
                xid=0x01020304,
                chaddr=bytes.fromhex("525400123456"),
                flags=0x8000,
                siaddr=SERVER,
                sname=SERVER_TEXT,
                file=b"52-54-00-12-34-56/undionly.kpxe",
                options={
                    43: SKIP_DISCOVERY,
                    53: b"\2",
                    54: SERVER_ID,
                    60: b"PXEClient",
                    66: SERVER_TEXT + b"\0",
                    67: b"52-54-00-12-34-56/undionly.kpxe\0",
                    97: UUID,
                },
            ),
            to_pxe("undionly.kpxe", 67),
        )

    def test_is_acknowledged_on_port_4011(self) -> None:
        """danderson/netboot#132: Intel PXE-2.0 build 071 comes there with architecture 0."""
        request = replace(as_request(discover(0)), ciaddr=IPv4Address("192.168.7.50"))

        assert answer(request, 4011) == Answer(
            DhcpMessage(
                op=Op.REPLY,
                xid=0x01020304,
                chaddr=bytes.fromhex("525400123456"),
                ciaddr=IPv4Address("192.168.7.50"),
                siaddr=SERVER,
                sname=SERVER_TEXT,
                file=b"52-54-00-12-34-56/undionly.kpxe",
                options={
                    43: SKIP_DISCOVERY,
                    53: b"\5",
                    54: SERVER_ID,
                    60: b"PXEClient",
                    66: SERVER_TEXT + b"\0",
                    67: b"52-54-00-12-34-56/undionly.kpxe\0",
                    97: UUID,
                },
            ),
            to_pxe("undionly.kpxe", 4011),
        )


class TestUefiClient:
    @pytest.mark.parametrize("port", [67, 4011])
    def test_gets_no_option_43(self, port: Port) -> None:
        """tianocore/edk2#6944: old EDK2 drops the first proxy offer that has it."""
        request = discover(7) if port == 67 else as_request(discover(7))

        message = answer(request, port).message

        assert 43 not in message.options
        assert message.file == b"52-54-00-12-34-56/ipxe.efi"

    @pytest.mark.parametrize("asked", [discover(7), discover(0x10, o60=b"HTTPClient:Arch")])
    def test_is_told_of_by_which_lane_it_comes_and_why_by_no_better(
        self, asked: DhcpMessage
    ) -> None:
        chain = Chain(Lane.IPXE, "ipxe.efi", {Lane.GRUB: WhyNot.SERVER_UNKNOWN})

        what = answer(asked, boot=replace(BOOT, chains={7: chain, 0x10: chain})).what

        assert isinstance(what, Offered)
        assert (what.lane, what.why_not) == ("ipxe", "grub: server-unknown")

    @pytest.mark.parametrize(
        ("arch", "loader"),
        [(6, b"ipxe-i386.efi"), (7, b"ipxe.efi"), (9, b"ipxe.efi"), (0x0B, b"ipxe-arm64.efi")],
    )
    def test_gets_the_loader_of_its_architecture(self, arch: int, loader: bytes) -> None:
        assert file(discover(arch)) == b"52-54-00-12-34-56/" + loader


class TestARaspberryPi:
    PI = bytes.fromhex("dca632010203")
    BOOT = replace(BOOT, loaders={0x00: "undionly.kpxe", RASPBERRY: "start4.elf"})

    def test_is_offered_the_menu_that_it_looks_for(self) -> None:
        """raspberrypi/documentation#1686."""
        message = answer(replace(discover(0), chaddr=self.PI), boot=self.BOOT).message

        assert message.options[43] == (
            b"\x06\x01\x08\x09\x14\x00\x00\x11Raspberry Pi Boot\x0a\x04\x00PXE\xff"
        )
        assert (message.siaddr, message.options[60]) == (SERVER, b"PXEClient")
        assert message.file == b"dc-a6-32-01-02-03/start4.elf"

    def test_is_acknowledged_without_option_60(self) -> None:
        """raspberrypi/rpi-eeprom#82."""
        request = replace(as_request(discover(0, o60=None)), chaddr=self.PI)

        assert answer(request, 4011, self.BOOT).message.options[60] == b"PXEClient"

    def test_whose_firmware_is_not_there_is_not_handed_a_bios_loader(self) -> None:
        told = silence(replace(discover(0), chaddr=self.PI))

        assert told == Silence(
            Reason.NO_LOADER,
            "no boot loader for Raspberry Pi (client architecture 0x29): looked for bootcode.bin,"
            " start4.elf, start.elf, config.txt",
        )


class TestUBoot:
    def test_that_boots_efi_programs_finds_its_loader_in_the_header(self) -> None:
        """It says that it is UEFI (U-Boot's config_distro_bootcmd.h).

        It reads the header alone, and keeps the address that it has (siderolabs/booter#11).
        """
        asked = discover(0x0B, o60=b"PXEClient:Arch:00011:UNDI:003000", o97=None)

        message = answer(asked).message

        assert (message.siaddr, message.file, message.yiaddr) == (
            SERVER,
            b"52-54-00-12-34-56/ipxe-arm64.efi",
            UNSPECIFIED,
        )

    @pytest.mark.parametrize("arch", [0x15, 0x16])
    def test_that_says_it_is_u_boot_gets_nothing(self, arch: int) -> None:
        assert silence(discover(arch, o60=b"U-Boot.armv8")).reason is Reason.NO_LOADER


class TestHttpBootClient:
    URL = b"http://192.168.7.1:8080/loader/52-54-00-12-34-56/ipxe.efi"

    def test_gets_a_url_and_its_own_vendor_class(self) -> None:
        """EDK2 HttpBootDhcp4.c takes no offer without HTTPClient in option 60."""
        assert answer(discover(0x10, o60=b"HTTPClient:Arch:00016:UNDI:003000")) == Answer(
            DhcpMessage(
                op=Op.REPLY,
                xid=0x01020304,
                chaddr=bytes.fromhex("525400123456"),
                flags=0x8000,
                siaddr=SERVER,
                file=self.URL,
                options={
                    53: b"\2",
                    54: SERVER_ID,
                    60: b"HTTPClient",
                    66: SERVER_TEXT + b"\0",
                    67: self.URL + b"\0",
                    97: UUID,
                },
            ),
            Offered(
                what=self.URL.decode(),
                script=False,
                client="HTTP",
                lacking="",
                architecture="x64 UEFI HTTP",
                port=67,
            ),
        )

    def test_is_known_by_its_architecture_where_option_60_is_missing(self) -> None:
        assert file(discover(0x10, o60=None)) == self.URL

    def test_that_calls_itself_pxeclient_is_one(self) -> None:
        message = answer(discover(0x10, o60=b"PXEClient:Arch:00016")).message

        assert (message.file, message.options[60]) == (
            b"52-54-00-12-34-56/ipxe.efi",
            b"PXEClient",
        )

    def test_of_a_bios_gets_a_url_and_no_option_43(self) -> None:
        message = answer(discover(0x14, o60=b"HTTPClient:Arch:00020")).message

        assert message.file.endswith(b"/loader/52-54-00-12-34-56/undionly.kpxe")
        assert 43 not in message.options

    def test_a_url_too_long_for_the_header_is_in_option_67_alone(self) -> None:
        loader = "x" * 100 + ".efi"
        boot = replace(BOOT, loaders={0x10: loader})

        message = answer(discover(0x10, o60=b"HTTPClient"), boot=boot).message

        assert message.file == b""
        assert message.options[67].endswith(b"/" + loader.encode() + b"\0")
        assert parse(build(message)) == message


class TestSize:
    """No answer is longer than the client takes: option 57, or 576 bytes with IP's and UDP's."""

    PORT = b"\1\xfa" + b"p" * 250

    def test_of_an_answer_to_who_says_nothing_is_548_bytes(self) -> None:
        message = answer(discover(0, o82=self.PORT)).message

        assert len(build(message)) <= 548
        assert message.options[82] == self.PORT

    def test_is_kept_by_saying_once_what_the_header_says(self) -> None:
        """Firmware reads the header where options 66 and 67 are missing."""
        short, long = answer(discover(7, o82=self.PORT)), answer(discover(7))

        assert {66, 67} <= long.message.options.keys()
        assert not {66, 67} & short.message.options.keys()
        assert short.message.file == b"52-54-00-12-34-56/ipxe.efi"
        assert short.message.sname == b"192.168.7.1"

    def test_is_what_the_client_asks_for(self) -> None:
        request = discover(7, o57=(1260).to_bytes(2), o82=self.PORT)

        message = answer(request).message

        assert {66, 67, 82} <= message.options.keys()
        assert 548 < len(build(message)) <= 1232

    def test_of_a_long_url_is_kept_by_options_in_the_header(self) -> None:
        boot = replace(BOOT, loaders={0x10: "x" * 100 + ".efi"})

        request = discover(0x10, o60=b"HTTPClient", o82=self.PORT[:100])

        message = answer(request, boot=boot).message
        data = build(message)

        assert len(message.options[67]) > 128
        assert len(data) <= 548
        assert parse(data) == message
        assert message.options[67].startswith(b"http://192.168.7.1:8080/loader/")


class TestAReply:
    """What is seen of `pyxie.dhcp.reply` by those who ask it alone."""

    @staticmethod
    def replied(name: str, request: DhcpMessage | None = None) -> DhcpMessage:
        return reply(request or discover(7), 67, SERVER, b"PXEClient", name)

    def test_has_a_name_of_127_bytes_in_the_header_and_none_of_128(self) -> None:
        assert self.replied("x" * 127).file == b"x" * 127
        assert self.replied("x" * 128).file == b""

    def test_says_all_twice_up_to_the_last_byte_that_the_client_takes(self) -> None:
        whole = self.replied("x" * 100, discover(7, o57=(1500).to_bytes(2)))
        room = 548 - size(whole.options)
        filled = self.replied("x" * 100, discover(7, o82=bytes(room - 2)))
        over = self.replied("x" * 100, discover(7, o82=bytes(room - 1)))

        assert size(filled.options) == 548
        assert {66, 67} <= filled.options.keys()
        assert not {66, 67} & over.options.keys()

    def test_leaves_out_nothing_that_the_header_does_not_say(self) -> None:
        url = "http://192.168.7.1:8080/" + "x" * 160
        request = discover(0x10, o82=bytes(200))

        assert size(self.replied(url, request).options) > 548
        assert {66, 67} <= self.replied(url, request).options.keys()

    def test_to_uefi_has_no_option_43(self) -> None:
        assert discovery_of(ARCHITECTURES[7]) == b""

    def test_is_of_the_vendor_class_that_was_asked_for_though_it_says_no_more(self) -> None:
        assert vendor_of(discover(7, o60=b"HTTPClient"), ARCHITECTURES[7]) == b"HTTPClient"
        assert vendor_of(discover(7, o60=b"PXEClient"), ARCHITECTURES[0x10]) == b"PXEClient"


class TestIpxe:
    @pytest.mark.parametrize(
        "request_",
        [
            ipxe(0, o175=BIOS_FEATURES),
            ipxe(0, o77=b"\4iPXE", o175=BIOS_FEATURES),
            ipxe(7, o175=UEFI_FEATURES),
            ipxe(0x10, o60=b"HTTPClient:Arch:00016", o175=UEFI_FEATURES),
            ipxe(0x27, o175=UEFI_FEATURES),
            ipxe(0, o77=b"pixiecore"),
            ipxe(7, o77=b"\x09pixiecore"),
        ],
    )
    def test_that_can_boot_a_kernel_goes_straight_to_its_script(
        self, request_: DhcpMessage
    ) -> None:
        """It listens to PXEClient only, whatever its firmware is."""
        bios = request_.options[93] == b"\0\0"
        expected = DhcpMessage(
            op=Op.REPLY,
            xid=0x01020304,
            chaddr=bytes.fromhex("525400123456"),
            flags=0x8000,
            siaddr=SERVER,
            file=SCRIPT,
            options={
                53: b"\2",
                54: SERVER_ID,
                60: b"PXEClient",
                66: SERVER_TEXT + b"\0",
                67: SCRIPT + b"\0",
                97: UUID,
                **({43: b"\x06\x01\x08\xff"} if bios else {}),
            },
        )

        outcome = answer(request_)

        assert outcome.message == expected
        assert not outcome.chain
        assert sentence(outcome.what).startswith(f"offered: {SCRIPT.decode()} for iPXE (")

    @pytest.mark.parametrize(
        ("request_", "lacking", "loader"),
        [
            (ipxe(0), "HTTP and bzImage", "undionly.kpxe"),
            (ipxe(0, o175=b"\x13\1\1"), "bzImage", "undionly.kpxe"),
            (ipxe(0, o175=UEFI_FEATURES), "bzImage", "undionly.kpxe"),
            (ipxe(0, o175=b"\x13\1\1\x18"), "HTTP and bzImage", "undionly.kpxe"),
            (ipxe(7, o175=BIOS_FEATURES), "EFI", "ipxe.efi"),
            (ipxe(0x10, o60=b"HTTPClient"), "HTTP and EFI", "ipxe.efi"),
        ],
    )
    def test_that_cannot_is_handed_a_better_one(
        self, request_: DhcpMessage, lacking: str, loader: str
    ) -> None:
        outcome = answer(request_)

        assert outcome.chain
        assert outcome.message.file == f"52-54-00-12-34-56/{loader}".encode()
        assert outcome.message.options[60] == b"PXEClient"
        assert sentence(outcome.what).startswith(
            f"offered: {loader} for an iPXE without {lacking} ("
        )

    def test_chained_once_is_not_chained_again(self) -> None:
        """Pixiecore lets a stock iPXE go in circles for ever."""
        outcome = answer(ipxe(0), boot=replace(BOOT, chained=True))

        assert outcome.message.file == SCRIPT
        assert not outcome.chain
        assert sentence(outcome.what) == (
            f"offered: {SCRIPT.decode()} for iPXE without HTTP and bzImage,"
            " for which there is no better loader (BIOS)"
        )

    def test_without_a_loader_to_chain_gets_its_script_at_once(self) -> None:
        outcome = answer(ipxe(0x0A), boot=BOOT)

        assert (outcome.message.file, outcome.chain) == (SCRIPT, False)

    def test_is_acknowledged_on_port_4011(self) -> None:
        outcome = answer(as_request(ipxe(0, o175=BIOS_FEATURES)), 4011)

        assert outcome.message.options[53] == b"\5"
        assert (
            sentence(outcome.what) == f"confirmed on port 4011: {SCRIPT.decode()} for iPXE (BIOS)"
        )

    def test_chained_by_bios_skips_boot_server_discovery(self) -> None:
        assert answer(ipxe(0)).message.options[43] == SKIP_DISCOVERY
        assert 43 not in answer(ipxe(7)).message.options


class TestWhatIsEchoed:
    def test_the_relay_agents_option(self) -> None:
        """RFC 3046 section 2.2."""
        request = replace(discover(7, o82=b"\1\4port"), giaddr=IPv4Address("10.1.0.1"), hops=1)

        message = answer(request).message

        assert (message.giaddr, message.options[82]) == (IPv4Address("10.1.0.1"), b"\1\4port")
        assert message.hops == 0
        assert build(message).rstrip(b"\0").endswith(b"\x52\x06\1\4port\xff")

    def test_the_hardware_type(self) -> None:
        assert answer(replace(discover(7), htype=6)).message.htype == 6

    def test_no_uuid_where_none_was_sent(self) -> None:
        """danderson/netboot#21."""
        assert 97 not in answer(discover(7, o97=None)).message.options

    @pytest.mark.parametrize("port", [67, 4011])
    def test_whom_to_ask_on_port_4011_is_told_twice(self, port: Port) -> None:
        """EDK2 asks whom the header's siaddr names, or else option 54."""
        request = discover(7) if port == 67 else as_request(discover(7))

        message = answer(request, port).message

        assert message.siaddr == IPv4Address(message.options[54]) == SERVER

    def test_option_94_is_not_asked_for(self) -> None:
        """By smee a client without it is taken for none that boots from the network."""
        assert file(discover(7, o94=None)) == b"52-54-00-12-34-56/ipxe.efi"

    @pytest.mark.parametrize("arch", [0, 6, 7, 0x0B, 0x10])
    def test_nothing_is_padded_before_the_end(self, arch: int) -> None:
        """raspberrypi/rpi-eeprom#82; WDS's wdsmgfw reads padding badly (iPXE's efi_pxe.c)."""
        written = build(answer(discover(arch)).message)

        codes, at = [], 240
        while written[at] != 255:
            codes.append(written[at])
            at += 2 + written[at + 1]
        assert 0 not in codes
        assert set(written[at + 1 :]) <= {0}

    @pytest.mark.parametrize(
        ("vendor_class", "answered"),
        [
            (b"PXEClient:Arch:00007:UNDI:003016", b"PXEClient"),
            (b"HW-Client:Arch:00007:UNDI:003016", b"HW-Client"),
            (b"something", b"PXEClient"),
            (b":Arch:00007", b"PXEClient"),
            (None, b"PXEClient"),
        ],
    )
    def test_the_vendor_class_that_the_client_goes_by(
        self, vendor_class: bytes | None, answered: bytes
    ) -> None:
        """As dnsmasq's --dhcp-pxe-vendor: some vendors' firmware expects its own name."""
        assert answer(discover(7, o60=vendor_class)).message.options[60] == answered

    def test_an_offer_has_no_client_address_and_asks_for_broadcast(self) -> None:
        """RFC 2131 table 3; a relay would unicast to yiaddr, which is 0."""
        request = replace(discover(7), ciaddr=IPv4Address("192.168.7.50"), flags=1, secs=9)

        message = answer(request).message

        assert (message.ciaddr, message.yiaddr) == (UNSPECIFIED, UNSPECIFIED)
        assert (message.flags, message.secs) == (0x8001, 0)


class TestSilence:
    def test_a_reply_is_not_a_request(self) -> None:
        reply = replace(discover(0), op=Op.REPLY)

        assert silence(reply) == Silence(Reason.NOT_A_REQUEST, "a server's reply")

    @pytest.mark.parametrize("kind", set(MessageType) - {MessageType.DISCOVER})
    def test_only_a_discover_is_answered_on_port_67(self, kind: MessageType) -> None:
        """A REQUEST there is for the LAN's DHCP server."""
        assert silence(as_request(discover(0), kind)) == Silence(
            Reason.NOT_A_DISCOVER, f"DHCP{kind.name}, not a DISCOVER"
        )

    @pytest.mark.parametrize(
        ("kind", "name"), [(None, "BOOTP"), (b"\x0d", "message type 13"), (b"", "BOOTP")]
    )
    def test_odd_message_types_are_named(self, kind: bytes | None, name: str) -> None:
        assert silence(discover(0, o53=kind)) == Silence(
            Reason.NOT_A_DISCOVER, f"{name}, not a DISCOVER"
        )

    @pytest.mark.parametrize(
        ("kind", "answered"), [(kind, kind in {1, 3, 8}) for kind in MessageType]
    )
    def test_port_4011_acknowledges_whoever_asks(self, kind: MessageType, answered: bool) -> None:
        outcome = decide(as_request(discover(7), kind), 4011, BOOT)

        if answered:
            assert isinstance(outcome, Answer)
            assert outcome.message.type == MessageType.ACK
        else:
            text = f"DHCP{kind.name}, not a REQUEST"
            assert outcome == Silence(Reason.NOT_A_BOOT_REQUEST, text)

    @pytest.mark.parametrize("vendor_class", [None, b"d-i", b"MSFT 5.0", b"udhcp 1.36", b"PXE"])
    @pytest.mark.parametrize("port", [67, 4011])
    def test_a_client_that_does_not_netboot_is_left_alone(
        self, vendor_class: bytes | None, port: Port
    ) -> None:
        """The installer's own DHCP client above all."""
        request = discover(0, o60=vendor_class, o93=None)
        request = request if port == 67 else as_request(request)

        assert silence(request, port).reason is Reason.NOT_NETBOOT

    def test_a_hardware_address_of_another_size_is_not_ours(self) -> None:
        assert silence(replace(discover(0), chaddr=bytes(8))) == Silence(
            Reason.NOT_ETHERNET, "a hardware address of 8 bytes, not six"
        )

    @pytest.mark.parametrize(
        ("chaddr", "client_id", "guid"),
        [
            (b"", f"ff000000000002000002c900{GUID}", True),  # FlexBoot's
            (b"", f"20{GUID}", True),
            (bytes.fromhex(GUID), "", True),  # iPXE's
            (b"", "", False),
            (b"", "ff00", False),
        ],
    )
    def test_an_infiniband_port_is_refused_by_that_name(
        self, chaddr: bytes, client_id: str, guid: bool
    ) -> None:
        """RFC 4390: hardware type 32, no hardware address, and a client identifier."""
        asked = discover(7, **({"o61": bytes.fromhex(client_id)} if client_id else {}))
        told = ", GUID 00:02:c9:03:00:09:c6:e1" if guid else ""

        assert silence(replace(asked, htype=32, chaddr=chaddr)) == Silence(
            Reason.NOT_ETHERNET,
            f"an InfiniBand port (hardware type 32{told}), by which pyxie boots no machine: let it"
            " boot by an Ethernet port",
        )

    def test_an_infiniband_port_that_has_made_itself_a_mac_is_answered(self) -> None:
        """As UEFI's and newer iPXEs do (warewulf3#312)."""
        assert answer(replace(discover(7), htype=32)).message.htype == 32

    @pytest.mark.parametrize(
        ("client", "why", "reason"),
        [
            (IGNORED, "not in the registry", Reason.UNKNOWN_MACHINE),
            (ended("web01"), "installed", Reason.NOT_IN_BUILD),
            (
                Contested("web01", "02:00:00:00:00:01"),
                CONTESTED.format("02:00:00:00:00:01"),
                Reason.CONTESTED,
            ),
        ],
    )
    @pytest.mark.parametrize("port", [67, 4011])
    def test_a_machine_not_in_build_mode_is_told_nothing(
        self, client: Recognised, why: str, reason: Reason, port: Port
    ) -> None:
        request = discover(0) if port == 67 else as_request(discover(0))
        boot = replace(BOOT, client=client)

        assert silence(request, port, boot) == Silence(reason, why)

    @pytest.mark.parametrize(
        ("client", "why"), [(IGNORED, "not in the registry"), (ended("web01"), "installed")]
    )
    @pytest.mark.parametrize("arch", [0, 7])
    def test_is_not_kept_for_one_that_is_to_go_on(
        self, client: Recognised, why: str, arch: int
    ) -> None:
        outcome = answer(discover(arch), boot=replace(BOOT, client=client, goes_on=True))

        assert outcome.message.file == b"52-54-00-12-34-56/boot-from-disk"
        assert (43 in outcome.message.options) is (arch == 0)
        assert isinstance(outcome.what, SentOn)
        assert outcome.what.why == why

    @pytest.mark.parametrize("options", [{"o93": b"\xff\xff"}, {"o93": b"\0\x0e"}])
    def test_is_kept_for_one_that_nobody_knows_how_to_send_on(
        self, options: dict[str, bytes | None]
    ) -> None:
        boot = replace(BOOT, client=ended("web01"), goes_on=True)

        assert silence(discover(0, **options), boot=boot) == Silence(
            Reason.NOT_IN_BUILD, "installed"
        )

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"o93": None, "o60": b"PXEClient"}, Reason.NO_ARCHITECTURE),
            ({"o93": b"\7"}, Reason.MALFORMED_ARCHITECTURE),
            ({"o93": b"\xff\xff"}, Reason.UNKNOWN_ARCHITECTURE),
        ],
    )
    def test_an_architecture_that_cannot_be_told(
        self, options: dict[str, bytes | None], reason: Reason
    ) -> None:
        assert silence(discover(0, **options)).reason is reason

    @pytest.mark.parametrize(
        ("arch", "text"),
        [
            (
                0x0A,
                (
                    "no boot loader for arm32 UEFI (client architecture 0x0a): looked for"
                    " ipxe-arm32.efi, snponly-arm32.efi, ipxe-snponly-arm32.efi, snp-arm32.efi"
                    " and 6 other names"
                ),
            ),
            (0x21, "no boot loader for mips32 UEFI (client architecture 0x21)"),
        ],
    )
    def test_a_missing_loader_is_named(self, arch: int, text: str) -> None:
        assert silence(discover(arch)) == Silence(Reason.NO_LOADER, text)

    def test_a_loader_that_is_wanted_and_missing_is_named(self) -> None:
        """Nothing else is offered: the usual one may be what hangs there."""
        without = replace(BOOT, loaders={}, absent={0x07: "snponly.efi"})

        assert silence(discover(0x07), boot=without) == Silence(
            Reason.NO_LOADER,
            "no boot loader for x64 UEFI (client architecture 0x07): there is no snponly.efi,"
            " which 'loader' names",
        )


SAME = "3604c0a80701 3c09505845436c69656e74 611100 30313233343536373839616263646566"


class TestAgainstPixiecore:
    """The values pixiecore put on the wire, which firmware was seen to take.

    pyxie differs where it says so: another file name, options 66 and 67, the padding.
    """

    HEADER = bytes.fromhex(
        "0201060001020304 0000 8000 00000000 00000000 c0a80701 00000000 525400123456".replace(
            " ", ""
        )
    ) + bytes(10)

    @pytest.mark.parametrize("arch", [0, 7])
    def test_the_offers_header_is_the_same(self, arch: int) -> None:
        assert build(answer(discover(arch)).message)[:44] == self.HEADER

    @pytest.mark.parametrize(
        ("request_", "port", "options"),
        [
            (
                discover(0),
                67,
                f"2b04060108ff 350102 {SAME}",
            ),
            (
                discover(7),
                67,
                "350102 3604c0a80701 3c09505845436c69656e74611100 30313233343536373839616263646566",
            ),
            (
                as_request(discover(7)),
                4011,
                "350105 3604c0a80701 3c09505845436c69656e74611100 30313233343536373839616263646566",
            ),
        ],
    )
    def test_so_are_its_options(self, request_: DhcpMessage, port: Port, options: str) -> None:
        golden = parse(self.HEADER + bytes(192) + bytes.fromhex(f"63825363 {options} ff"))

        ours = dict(answer(request_, port).message.options)

        del ours[66], ours[67]
        assert ours == dict(golden.options)


class TestAgainstScapy:
    def test_scapy_reads_the_offer(self) -> None:
        packet = BOOTP(build(answer(discover(0)).message))

        assert (packet.op, packet.siaddr, packet.yiaddr) == (2, "192.168.7.1", "0.0.0.0")
        assert packet.sname.rstrip(b"\0") == SERVER_TEXT
        assert [each for each in packet[DHCP].options if each not in ("end", "pad")] == [
            ("message-type", 2),
            ("vendor_specific", SKIP_DISCOVERY),
            ("server_id", "192.168.7.1"),
            ("vendor_class_id", b"PXEClient"),
            ("tftp_server_name", SERVER_TEXT + b"\0"),
            ("boot-file-name", b"52-54-00-12-34-56/undionly.kpxe\0"),
            ("pxe_client_machine_identifier", UUID),
        ]


class TestDestination:
    ANY = UNSPECIFIED
    CLIENT = IPv4Address("192.168.7.50")

    def test_a_client_without_an_address_hears_a_broadcast(self) -> None:
        assert destination(discover(0), 67, self.ANY, 68) == Destination(LIMITED_BROADCAST, 68)

    def test_a_relay_hears_on_its_server_port(self) -> None:
        """RFC 2131 section 4.1."""
        request = replace(discover(0), giaddr=IPv4Address("10.1.0.1"))

        assert destination(request, 67, IPv4Address("10.9.9.9"), 67) == Destination(
            IPv4Address("10.1.0.1"), 67, routed=True
        )

    @pytest.mark.parametrize(
        "giaddr", ["127.0.0.1", "224.0.0.1", "255.255.255.255", "0.1.2.3", "240.0.0.1"]
    )
    def test_a_relay_that_cannot_be_is_not_answered(self, giaddr: str) -> None:
        """Or anyone could make pyxie send where he likes."""
        request = replace(discover(0), giaddr=IPv4Address(giaddr))

        assert destination(request, 67, self.CLIENT, 67) == Silence(
            Reason.BAD_RELAY, f"{giaddr} is no relay agent's address"
        )

    @pytest.mark.parametrize("giaddr", ["1.0.0.1", "126.0.0.1", "128.0.0.1", "223.255.255.254"])
    def test_a_relay_may_be_anywhere_else(self, giaddr: str) -> None:
        request = replace(discover(0), giaddr=IPv4Address(giaddr))

        assert destination(request, 67, self.CLIENT, 67) == Destination(
            IPv4Address(giaddr), 67, routed=True
        )

    def test_whoever_says_0_0_0_0_says_none(self) -> None:
        request = replace(discover(0), giaddr=IPv4Address("0.0.0.0"))

        assert destination(request, 67, self.ANY, 68) == Destination(LIMITED_BROADCAST, 68)

    def test_a_client_that_has_its_address_is_answered_there(self) -> None:
        request = replace(discover(0), ciaddr=self.CLIENT)
        found = destination(request, 67, self.CLIENT, 5000)

        assert found == Destination(self.CLIENT, 68)
        assert isinstance(found, Destination)
        assert not found.routed

    @pytest.mark.parametrize(
        ("ciaddr", "source"),
        [("8.8.8.8", "192.168.7.50"), ("8.8.8.8", "0.0.0.0"), ("127.0.0.1", "127.0.0.1")],
    )
    def test_a_forged_client_address_gets_nothing(self, ciaddr: str, source: str) -> None:
        request = replace(discover(0), ciaddr=IPv4Address(ciaddr))

        assert destination(request, 67, IPv4Address(source), 68) == Destination(
            LIMITED_BROADCAST, 68
        )

    def test_port_4011_answers_where_the_question_came_from(self) -> None:
        request = replace(as_request(discover(0)), giaddr=IPv4Address("10.1.0.1"))

        assert destination(request, 4011, self.CLIENT, 4011) == Destination(self.CLIENT, 4011)

    @pytest.mark.parametrize(("source", "port"), [("0.0.0.0", 68), ("192.168.7.50", 0)])
    def test_port_4011_broadcasts_where_it_came_from_nowhere(self, source: str, port: int) -> None:
        request = as_request(discover(0))

        assert destination(request, 4011, IPv4Address(source), port) == Destination(
            LIMITED_BROADCAST, 68
        )


interesting = st.dictionaries(
    st.sampled_from([43, 52, 53, 54, 60, 77, 82, 93, 97, 175]),
    st.binary(max_size=40)
    | st.sampled_from([b"\1", b"\3", b"PXEClient:Arch:00007", b"HTTPClient", b"iPXE"])
    | st.sampled_from([b"\4iPXE", b"\0\7", b"\0\0", b"\0\x10", BIOS_FEATURES, UEFI_FEATURES]),
)


class TestForAnyRequest:
    @given(
        options=interesting,
        port=st.sampled_from([67, 4011]),
        chained=st.booleans(),
        client=st.sampled_from([IN_BUILD, IGNORED]),
        chaddr=st.binary(min_size=6, max_size=6) | st.binary(max_size=16),
        addresses=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    )
    def test_there_is_an_answer_that_can_be_sent_or_a_reason(
        self,
        options: dict[int, bytes],
        port: Port,
        chained: bool,
        client: Recognised,
        chaddr: bytes,
        addresses: tuple[int, int],
    ) -> None:
        sent = DhcpMessage(
            op=Op.REQUEST,
            xid=1,
            chaddr=chaddr,
            giaddr=IPv4Address(addresses[0]),
            ciaddr=IPv4Address(addresses[1]),
            options=options,
        )
        try:
            request = parse(build(sent))
        except WireError:
            return

        boot = replace(BOOT, chained=chained, client=client, goes_on=True)

        outcome = decide(request, port, boot)

        match outcome:
            case Answer(message):
                assert parse(build(message)) == message
                assert len(build(message)) <= 1472
                assert is_netboot(request)
                assert message.yiaddr == UNSPECIFIED
            case Silence(reason, detail):
                assert reason in Reason
                assert detail
        to = destination(request, port, request.ciaddr, 68)
        assert isinstance(to, Silence) or to.port in {67, 68}
