"""What is known of the LAN's other servers, and of what they give whom."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.bounds import DHCP_LESSEES, DHCP_SERVERS
from pyxie.dhcp.message import UNSPECIFIED, DhcpMessage, MessageType
from pyxie.dhcp.others import DAY, HOUR, IPXE, Asking, Chosen, Others, sort_of
from tests.dhcp.packets import MAC, SERVER, discover, ipxe
from tests.dhcp.replies import ROUTER, overheard, reply, taking

NEXT = IPv4Address("192.168.7.9")
RIVAL = IPv4Address("192.168.7.66")
NETWORK = 2
UEFI = discover(7)


class Lan:
    """What is overheard of a LAN, at a time that is set."""

    def __init__(self) -> None:
        self.now = 0.0
        self.others = Others(lambda: self.now)

    def asks(
        self,
        request: DhcpMessage = UEFI,
        *,
        network: int | IPv4Address = NETWORK,
        known: bool = True,
    ) -> None:
        self.others.asked(request, network, known=known)

    def hears(self, message: DhcpMessage, *, interface: int = NETWORK, ours: bool = True) -> None:
        self.others.replied(overheard(message, at=self.now, interface=interface), ours=ours)

    def boots(
        self,
        request: DhcpMessage = UEFI,
        *,
        siaddr: IPv4Address,
        server: IPv4Address = ROUTER,
        network: int = NETWORK,
    ) -> None:
        """Let a client get its address."""
        offer = reply(request, server=server, siaddr=siaddr)
        self.asks(request, network=network)
        self.hears(offer, interface=network)
        self.others.requested(taking(offer, request))
        self.hears(reply(request, MessageType.ACK, server=server, siaddr=siaddr), interface=network)

    def boot_server(self, mac: str = MAC) -> IPv4Address | None:
        return self.others.boot_server(mac)


def of(number: int, arch: int = 7) -> DhcpMessage:
    """Return another machine's DISCOVER."""
    return replace(discover(arch), chaddr=b"\x02\0" + number.to_bytes(4), xid=0x5000_0000 + number)


@pytest.fixture
def lan() -> Lan:
    return Lan()


class TestTheBootServer:
    def test_is_not_known_of_a_client_that_never_asked(self, lan: Lan) -> None:
        assert lan.boot_server() is None

    def test_is_not_known_while_no_server_was_heard(self, lan: Lan) -> None:
        lan.asks()
        lan.asks(replace(UEFI, xid=UEFI.xid + 1))

        assert lan.boot_server() is None

    def test_is_what_the_clients_own_server_tells_it(self, lan: Lan) -> None:
        lan.boots(siaddr=SERVER)

        assert lan.boot_server() == SERVER

    def test_is_nothing_where_that_server_names_none(self, lan: Lan) -> None:
        """As udhcpd does: known, and none."""
        lan.boots(siaddr=UNSPECIFIED)

        assert lan.boot_server() == UNSPECIFIED

    def test_is_of_the_offer_that_it_takes_where_no_more_is_heard(self, lan: Lan) -> None:
        offer = reply(siaddr=SERVER)
        lan.asks()
        lan.hears(reply(server=RIVAL, siaddr=NEXT))
        lan.hears(offer)
        assert lan.boot_server() is None

        lan.others.requested(taking(offer))

        assert lan.boot_server() == SERVER

    def test_is_of_an_offer_that_was_heard_after_it_was_taken(self, lan: Lan) -> None:
        offer = reply(siaddr=SERVER)
        lan.asks()
        lan.others.requested(taking(offer))

        lan.hears(offer)

        assert lan.boot_server() == SERVER

    def test_is_not_of_a_proxys_offer(self, lan: Lan) -> None:
        lan.asks()
        lan.hears(reply(server=RIVAL, siaddr=NEXT, leased=UNSPECIFIED, o60=b"PXEClient"))

        assert lan.boot_server() is None

    def test_is_what_its_firmware_was_told_not_its_ipxe(self, lan: Lan) -> None:
        lan.boots(siaddr=SERVER)
        lan.boots(replace(ipxe(7), xid=77), siaddr=NEXT)

        assert lan.boot_server() == SERVER

    def test_is_not_what_an_installed_system_is_told(self, lan: Lan) -> None:
        """Its transaction is another, and servers give by what the client is."""
        lan.boots(siaddr=SERVER)

        lan.hears(reply(replace(UEFI, xid=99), MessageType.ACK, siaddr=NEXT))

        assert lan.boot_server() == SERVER

    def test_is_the_one_of_the_last_boot_while_it_asks_again(self, lan: Lan) -> None:
        lan.boots(siaddr=SERVER)

        lan.asks(replace(UEFI, xid=78))

        assert lan.boot_server() == SERVER

    def test_is_not_known_once_it_is_in_another_network(self, lan: Lan) -> None:
        lan.boots(siaddr=SERVER)

        lan.asks(network=3)

        assert lan.boot_server() is None


class TestOfAClientThatAsksForTheFirstTime:
    def test_it_is_what_the_only_server_tells_all_of_its_sort(self, lan: Lan) -> None:
        lan.boots(of(1), siaddr=SERVER)

        lan.asks()

        assert lan.boot_server() == SERVER

    def test_it_is_not_known_by_what_others_are_told(self, lan: Lan) -> None:
        lan.boots(of(1, arch=0), siaddr=SERVER)

        lan.asks()

        assert lan.boot_server() is None

    def test_it_is_not_known_where_two_give_addresses(self, lan: Lan) -> None:
        lan.boots(of(1), siaddr=SERVER)
        lan.boots(of(2), siaddr=SERVER, server=RIVAL)

        lan.asks()

        assert lan.boot_server() is None

    def test_a_server_that_was_silent_for_a_day_counts_no_more(self, lan: Lan) -> None:
        lan.boots(of(2), siaddr=NEXT, server=RIVAL)
        lan.now = DAY
        lan.boots(of(1), siaddr=SERVER)

        lan.asks()

        assert lan.boot_server() == SERVER

    def test_it_is_not_known_where_some_are_told_so_and_others_otherwise(self, lan: Lan) -> None:
        lan.boots(of(1), siaddr=NEXT)
        lan.now = HOUR - 1
        lan.boots(of(2), siaddr=SERVER)
        lan.asks()
        assert lan.boot_server() is None

    def test_it_is_the_new_one_an_hour_after_the_server_was_changed(self, lan: Lan) -> None:
        lan.boots(of(1), siaddr=NEXT)
        lan.boots(of(2), siaddr=SERVER)
        lan.now = HOUR

        lan.asks()

        assert lan.boot_server() == SERVER

    def test_it_is_not_known_by_another_network(self, lan: Lan) -> None:
        lan.boots(of(1), siaddr=SERVER, network=3)

        lan.asks()

        assert lan.boot_server() is None


class TestWhoseOfferItTook:
    def test_is_told_with_that_offer(self, lan: Lan) -> None:
        offer = reply(siaddr=NEXT, o67=b"grub.efi")
        lan.asks()
        lan.hears(offer)
        lan.now = 3.0

        took = lan.others.requested(taking(offer))

        assert took == Chosen(ROUTER, overheard(offer), 3.0)
        assert lan.others.chosen(MAC) == took

    def test_is_told_where_the_offer_was_not_overheard(self, lan: Lan) -> None:
        lan.asks()

        assert lan.others.requested(taking(reply())) == Chosen(ROUTER, None, 0.0)

    def test_is_known_by_the_acknowledgement_alone(self, lan: Lan) -> None:
        ack = reply(kind=MessageType.ACK)
        lan.asks()
        lan.hears(ack)

        assert lan.others.chosen(MAC) == Chosen(ROUTER, overheard(ack), 0.0)

    def test_is_not_known_before_and_of_strangers(self, lan: Lan) -> None:
        lan.asks()

        assert lan.others.chosen(MAC) is None
        assert lan.others.chosen("02:00:00:00:00:01") is None
        assert lan.others.told("02:00:00:00:00:01") == {}

    def test_no_request_that_renews_a_lease_tells_it(self, lan: Lan) -> None:
        lan.asks()

        assert lan.others.requested(replace(UEFI, options={53: b"\x03"})) is None

    def test_a_client_that_did_not_ask_takes_nothing(self, lan: Lan) -> None:
        assert lan.others.requested(taking(reply())) is None
        assert lan.others.requested(replace(taking(reply()), chaddr=b"")) is None

    def test_the_acknowledgement_is_of_the_requests_transaction(self, lan: Lan) -> None:
        lan.asks()
        request = replace(taking(reply()), xid=4711)
        lan.others.requested(request)

        lan.hears(reply(request, MessageType.ACK, siaddr=SERVER))

        assert lan.boot_server() == SERVER

    def test_all_that_it_was_told_is_there(self, lan: Lan) -> None:
        lan.asks()
        lan.asks()  # it repeats itself
        lan.hears(reply())
        lan.hears(reply(server=RIVAL))
        lan.asks()

        assert list(lan.others.told(MAC)) == [ROUTER, RIVAL]


class TestServers:
    def test_are_told_by_their_latest_reply(self, lan: Lan) -> None:
        lan.hears(reply(siaddr=NEXT))
        lan.hears(reply(server=RIVAL))
        lan.now = 9.0
        lan.hears(reply(siaddr=SERVER))

        assert [(each.server, each.siaddr) for each in lan.others.servers()] == [
            (RIVAL, UNSPECIFIED),
            (ROUTER, SERVER),
        ]
        assert [lan.others.age(each.moment) for each in lan.others.servers()] == [9.0, 0.0]

    def test_are_told_by_what_they_say_to_firmware(self, lan: Lan) -> None:
        lan.asks()
        lan.hears(reply(file=b"pxelinux.0"))
        lan.now = 60.0

        lan.hears(reply(of(1), MessageType.ACK))

        assert [(each.file, each.moment) for each in lan.others.servers()] == [("pxelinux.0", 60.0)]

    def test_that_give_addresses_do_though_not_in_each_reply(self, lan: Lan) -> None:
        """An INFORM is acknowledged without one."""
        lan.hears(reply())

        lan.hears(reply(kind=MessageType.ACK, leased=UNSPECIFIED))

        assert [each.addresses for each in lan.others.servers()] == [True]

    def test_that_give_addresses_are_also_those_whose_offers_clients_took(self) -> None:
        """A switch sends an offer to the client alone, and its REQUEST to all."""
        lan = Lan()
        lan.boots(siaddr=NEXT)
        lan.asks(of(2))
        lan.others.requested(taking(reply(of(2), server=RIVAL), of(2)))
        lan.asks(of(3))

        assert lan.others.givers() == {ROUTER, RIVAL}

    def test_of_a_network_that_is_not_ours_count_for_who_has_asked_us(self, lan: Lan) -> None:
        lan.asks()

        lan.hears(reply(of(1)), interface=9, ours=False)
        assert lan.others.servers() == []

        lan.hears(reply(), interface=9, ours=False)
        assert [each.network for each in lan.others.servers()] == [NETWORK]

    def test_that_are_made_up_drive_out_none_that_a_machine_has_chosen(self, lan: Lan) -> None:
        before = DHCP_SERVERS.times
        lan.boots(siaddr=SERVER)

        for at in range(DHCP_SERVERS.whole * 2):
            lan.hears(reply(of(1), server=IPv4Address(0x0A000000 + at)))

        found = [each.server for each in lan.others.servers()]
        assert len(found) == DHCP_SERVERS.whole
        assert ROUTER in found
        assert DHCP_SERVERS.times == before + DHCP_SERVERS.whole + 1

    def test_are_forgotten_in_their_order_where_all_were_chosen(self, lan: Lan) -> None:
        for at in range(DHCP_SERVERS.whole + 1):
            lan.boots(of(at), siaddr=SERVER, server=IPv4Address(0x0A000000 + at))

        assert lan.others.servers()[0].server == IPv4Address(0x0A000001)


class TestClients:
    def test_without_an_ethernet_address_are_nobody(self, lan: Lan) -> None:
        lan.asks(replace(UEFI, chaddr=b""))
        lan.hears(replace(reply(), chaddr=b""))

        assert [each.mac for each in lan.others.servers()] == [None]

    def test_that_are_unknown_drive_out_none_that_is_known(self, lan: Lan) -> None:
        before = DHCP_LESSEES.times
        lan.boots(siaddr=SERVER)

        for at in range(DHCP_LESSEES.whole + 1):
            lan.asks(of(at), known=False)

        assert DHCP_LESSEES.times == before + 1
        assert lan.boot_server() == SERVER
        lan.asks(of(0), known=False)
        assert lan.boot_server("02:00:00:00:00:00") == SERVER


class TestWhoAsksAgain:
    def test_is_noted_when_it_is_looked_up(self) -> None:
        lan, offer = Lan(), reply(UEFI, siaddr=NEXT)
        lan.asks()
        lan.hears(offer)

        lan.others.ask_again([(MAC, 7), (MAC, 9)])

        assert lan.others.told(MAC) == {}
        lan.hears(reply(replace(UEFI, xid=9), siaddr=NEXT))
        assert list(lan.others.told(MAC)) == [ROUTER]

    def test_has_taken_nobodys_offer_yet(self) -> None:
        lan = Lan()
        lan.boots(siaddr=NEXT)

        lan.others.ask_again([(MAC, 9)])

        assert lan.others.givers() == {ROUTER}  # which was overheard
        assert lan.others.chosen(MAC) is None

    def test_is_kept_within_bounds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(DHCP_LESSEES, "most", 2)
        lan = Lan()
        for number in range(3):
            lan.asks(of(number))

        lan.others.ask_again([(of(number).mac or "", 9) for number in range(3)])

        assert lan.others.told(of(0).mac or "") == {}

    def test_makes_no_other_boot_server_and_a_reply_does(self) -> None:
        lan = Lan()
        lan.asks()
        before = lan.others.learnt

        lan.others.ask_again([(MAC, 9)])

        assert lan.others.learnt == before
        lan.hears(reply(replace(UEFI, xid=9), siaddr=NEXT))
        assert lan.others.learnt > before


_UEFI_HERE, _IPXE_HERE = Asking("0007", NETWORK), Asking(IPXE, NETWORK)
_ASKINGS = st.sampled_from((_UEFI_HERE, _IPXE_HERE, Asking("0007", 3)))
_MACS = st.sampled_from(("52:54:00:00:00:01", "52:54:00:00:00:02"))
_HAPPENS = st.one_of(
    st.tuples(st.just("asks"), _MACS, _ASKINGS),
    st.tuples(st.sampled_from(("offered", "takes", "looks")), _MACS, st.just(_UEFI_HERE)),
)


class TestWhatIsNotedLater:
    @given(st.lists(_HAPPENS, max_size=20))
    def test_is_seen_as_if_it_had_been_noted_at_once(
        self, steps: list[tuple[str, str, Asking]]
    ) -> None:
        def lived(*, later: bool) -> object:
            others, seen = Others(lambda: 0.0), list[object]()
            last = dict[str, Asking]()
            for xid, (what, mac, asking) in enumerate(steps, 1):
                chaddr = bytes.fromhex(mac.replace(":", ""))
                request = replace(UEFI, chaddr=chaddr, xid=xid)
                match what:
                    case "asks" if not later:
                        others.asks(mac, asking.sort, xid, asking.network, known=True)
                    case "asks" if last.get(mac) == asking:
                        others.ask_again([(mac, xid)])
                    case "asks":
                        others.ask_later([(mac, xid)], asking)
                        last[mac] = asking
                    case "offered":
                        others.replied(overheard(reply(replace(request, xid=xid - 1))))
                    case "takes":
                        asked = replace(request, xid=xid - 1)
                        others.requested(taking(reply(asked), asked))
                    case _:
                        seen.append((others.boot_server(mac), others.told(mac)))
            for mac in ("52:54:00:00:00:01", "52:54:00:00:00:02"):
                seen += others.boot_server(mac), others.told(mac), others.chosen(mac)
            return seen, others.givers()

        assert lived(later=True) == lived(later=False)

    @given(st.lists(st.tuples(st.lists(_MACS), _ASKINGS), max_size=6))
    def test_is_of_several_as_of_each(self, steps: list[tuple[list[str], Asking]]) -> None:
        def lived(*, together: bool) -> object:
            others, xid = Others(lambda: 0.0), 0
            for macs, asking in steps:
                asked = [(mac, xid := xid + 1) for mac in macs]
                for some in [asked] if together else [[each] for each in asked]:
                    others.ask_later(some, asking)
            for number in range(xid + 1):
                for mac in ("52:54:00:00:00:01", "52:54:00:00:00:02"):
                    chaddr = bytes.fromhex(mac.replace(":", ""))
                    others.replied(overheard(reply(replace(UEFI, chaddr=chaddr, xid=number))))
            return [others.told(f"52:54:00:00:00:0{number}") for number in (1, 2)]

        assert lived(together=True) == lived(together=False)

    def test_is_another_kind_of_request_each_time(self) -> None:
        others = Others(lambda: 0.0)

        others.ask_later([(MAC, 1)], _UEFI_HERE)
        others.ask_later([(MAC, 2)], _IPXE_HERE)
        others.replied(overheard(replace(reply(UEFI), xid=2)))

        assert [each.kind for each in others.told(MAC).values()] == ["OFFER"]

    def test_is_noted_at_once_where_there_is_too_much(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(DHCP_LESSEES, "most", 2)
        others = Others(lambda: 0.0)
        for at in range(4):
            others.ask_later([(f"52:54:00:00:00:0{at}", 7)], _UEFI_HERE)

        chaddr = bytes.fromhex("525400000000")
        asked = replace(UEFI, chaddr=chaddr, xid=7)
        assert others.replied(overheard(reply(asked))) is not None
        asked = replace(asked, chaddr=b"\x52\x54\0\0\0\x04")  # which never asked
        assert others.replied(overheard(reply(asked)), ours=False) is None

    def test_says_whether_a_client_was_told_anything_of_its_own(self, lan: Lan) -> None:
        assert lan.others.is_new(MAC)
        lan.asks()
        assert lan.others.is_new(MAC)
        lan.boots(siaddr=NEXT)
        assert not lan.others.is_new(MAC)


class TestHowOftenSomethingWasLearnt:
    def test_is_by_replies_and_by_who_takes_one(self, lan: Lan) -> None:
        offer = reply(siaddr=SERVER)
        assert lan.others.learnt == 0
        lan.asks()
        assert lan.others.learnt == 0

        lan.hears(offer)
        assert lan.others.learnt == 1
        lan.others.requested(taking(offer))
        assert lan.others.learnt == 2


class TestWhatIsKeptOfIt:
    def test_is_known_late_where_it_was_taken_before_it_was_read(self, lan: Lan) -> None:
        offer = reply(siaddr=SERVER)
        lan.asks()
        lan.others.requested(taking(offer))
        assert lan.others.chosen(MAC) == Chosen(ROUTER, None, 0.0)

        lan.hears(offer)
        took = lan.others.chosen(MAC)
        assert took == Chosen(ROUTER, overheard(offer), 0.0)
        assert took is not None
        assert took.late

        lan.hears(reply(kind=MessageType.ACK, siaddr=SERVER))
        took = lan.others.chosen(MAC)
        assert took is not None
        assert not took.late

    def test_is_late_by_the_acknowledgement_too(self, lan: Lan) -> None:
        lan.asks()
        lan.others.requested(taking(reply()))

        lan.hears(reply(kind=MessageType.ACK))

        took = lan.others.chosen(MAC)
        assert took is not None
        assert took.late

    def test_is_not_late_where_it_was_read_first(self, lan: Lan) -> None:
        lan.boots(siaddr=SERVER)

        took = lan.others.chosen(MAC)
        assert took is not None
        assert not took.late
        assert not Chosen(ROUTER, None, 0.0).late
        assert took == replace(took, late=True)

    def test_is_not_what_another_offers_after_that(self, lan: Lan) -> None:
        lan.asks()
        lan.others.requested(taking(reply()))

        lan.hears(reply(server=RIVAL))

        assert lan.others.chosen(MAC) == Chosen(ROUTER, None, 0.0)

    def test_is_of_so_many_servers_a_client(self, lan: Lan) -> None:
        lan.asks()

        for at in range(9):
            lan.hears(reply(server=IPv4Address(0x0A000000 + at)))

        assert list(lan.others.told(MAC)) == [IPv4Address(0x0A000001 + at) for at in range(8)]

    def test_is_of_so_many_sorts_a_server(self, lan: Lan) -> None:
        for arch in range(17):
            lan.boots(of(arch, arch), siaddr=SERVER)

        for arch in (0, 1):
            lan.asks(of(100 + arch, arch))

        assert lan.boot_server("02:00:00:00:00:64") is None
        assert lan.boot_server("02:00:00:00:00:65") == SERVER

    def test_is_not_alike_until_an_hour_after_the_last_that_was_otherwise(self, lan: Lan) -> None:
        lan.now = 100.0
        lan.boots(of(1), siaddr=NEXT)
        lan.now = 200.0
        lan.boots(of(2), siaddr=SERVER)
        lan.asks()

        lan.now = HOUR + 99
        assert lan.boot_server() is None
        lan.now = HOUR + 100
        assert lan.boot_server() == SERVER
        assert (HOUR, DAY) == (3600.0, 86400.0)


class TestAnotherTransaction:
    def test_forgets_what_was_told_in_the_last(self, lan: Lan) -> None:
        again = replace(UEFI, xid=78)
        lan.asks()
        lan.hears(reply())

        lan.asks(again)
        assert lan.others.told(MAC) == {}

        lan.hears(reply(again))
        assert list(lan.others.told(MAC)) == [ROUTER]

    def test_is_one_where_it_asks_as_another_sort_by_the_same_number(self, lan: Lan) -> None:
        lan.asks()
        lan.hears(reply())

        lan.asks(replace(ipxe(7), xid=UEFI.xid))

        assert lan.others.told(MAC) == {}

    def test_that_is_not_the_last_says_nothing_of_the_client(self, lan: Lan) -> None:
        lan.asks()

        lan.hears(reply(replace(UEFI, xid=99)), interface=9)

        assert lan.others.told(MAC) == {}
        assert [each.network for each in lan.others.servers()] == [9]

    @pytest.mark.parametrize("known", [True, False])
    def test_is_told_of_who_was_known_and_is_no_more_or_the_other_way(
        self, lan: Lan, known: bool
    ) -> None:
        again = replace(ipxe(7), xid=78)
        lan.asks(known=known)
        lan.others.requested(taking(reply(server=RIVAL)))

        lan.asks(again, known=not known)

        assert lan.others.givers() == frozenset()
        lan.hears(reply(again))
        assert list(lan.others.told(MAC)) == [ROUTER]


def test_a_reply_counts_as_heard_where_we_serve(lan: Lan) -> None:
    assert lan.others.replied(overheard(reply())) is None

    assert [each.server for each in lan.others.servers()] == [ROUTER]


def test_who_has_no_ethernet_address_drives_out_nobody(
    lan: Lan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DHCP_LESSEES, "most", 1)
    lan.boots(siaddr=SERVER)

    lan.asks(replace(UEFI, chaddr=b""))

    assert not lan.others.is_new(MAC)


class TestWhoIsForgottenFirst:
    @pytest.mark.parametrize("known", [True, False])
    def test_is_who_has_not_asked_for_the_longest(
        self, lan: Lan, monkeypatch: pytest.MonkeyPatch, known: bool
    ) -> None:
        monkeypatch.setattr(DHCP_LESSEES, "most", 2)
        one, other = of(1), of(2)
        lan.asks(one, known=known)
        lan.asks(other, known=known)

        lan.others.ask_again([(one.mac or "", 9)])
        assert lan.others.told(one.mac or "") == {}  # it is looked up
        lan.asks(of(3), known=known)

        for asked, is_there in ((replace(one, xid=9), True), (other, False)):
            heard = lan.others.replied(overheard(reply(asked)), ours=False)
            assert (heard is not None) == is_there

    def test_is_no_machine_that_was_noted_later(
        self, lan: Lan, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(DHCP_LESSEES, "most", 2)
        lan.others.ask_later([(MAC, UEFI.xid)], _UEFI_HERE)
        assert lan.others.told(MAC) == {}  # it is looked up

        for at in range(3):
            lan.asks(of(at), known=False)

        assert lan.others.replied(overheard(reply()), ours=False) is not None


def test_who_asks_again_has_taken_nothing_though_nobody_has_looked(lan: Lan) -> None:
    lan.asks()
    lan.others.requested(taking(reply(server=RIVAL)))
    assert lan.others.givers() == {RIVAL}

    lan.others.ask_again([(MAC, 9)])

    assert lan.others.givers() == frozenset()


def test_who_was_elsewhere_in_between_is_new_though_nobody_has_looked(lan: Lan) -> None:
    lan.boots(siaddr=SERVER)

    lan.others.ask_later([(MAC, 8)], Asking("0007", 3))
    lan.others.ask_later([(MAC, 9)], _UEFI_HERE)

    assert lan.others.chosen(MAC) is None
    assert lan.others.is_new(MAC)


class TestTheSort:
    def test_is_the_architecture_or_else_the_beginning_of_the_vendor_class(self) -> None:
        assert sort_of(discover(7)) == "0007"
        assert sort_of(discover(7, o60=None)) == "0007"
        assert sort_of(discover(7, o93=None)) == b"PXEClient:Arch:00007".hex()
        assert sort_of(discover(7, o93=None, o60=None)) == ""
