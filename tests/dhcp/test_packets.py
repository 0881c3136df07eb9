"""Packets of kinds that are known are read as the datagrams in them would be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.dhcp.alike import layout
from pyxie.dhcp.many import ANCILLARY, ROOM, Came
from pyxie.dhcp.message import build
from pyxie.dhcp.packets import Kind, Packets, kind
from pyxie.dhcp.received import Received, of_packets
from tests.dhcp.packets import discover, ipxe
from tests.dhcp.sockets import came

KINDS = (
    build(discover(7)),
    build(discover(7, o97=None)),
    build(discover(7, o61=b"\1\2\3\4\5\6\7")),
    build(ipxe(7)),
    build(replace(discover(0), options={53: b"\1"})),
)
NOBODY = bytes(4)


def kind_of(data: bytes, interface: int = 2, listens: float = 2.0) -> Kind[bytes]:
    cut = layout(data)
    assert cut is not None
    return kind(data, cut.shape(data), cut.cuts, cut.uuid, interface, listens)


def known(packets: Packets, *kinds: Kind[bytes]) -> list[tuple[bytes, bytes, int, bytes] | None]:
    return list(packets.known({each.key: each for each in kinds}))


def another(data: bytes, mac: bytes, xid: int, secs: int, uuid: bytes) -> bytes:
    """Return what another machine of a kind asks."""
    cut = layout(data)
    assert cut is not None
    made = bytearray(data)
    made[4:10] = xid.to_bytes(4) + secs.to_bytes(2)
    made[31:34] = mac
    made[cut.uuid] = uuid[: len(data[cut.uuid])]
    return bytes(made)


_REQUESTS = st.builds(
    another, st.sampled_from(KINDS), st.binary(min_size=3, max_size=3), st.integers(0, 2**32 - 1),
    st.integers(0, 2**16 - 1), st.binary(min_size=16, max_size=16),
)  # fmt: skip
_RECEIVED = st.builds(
    Received, _REQUESTS, st.sampled_from((NOBODY, NOBODY, b"\n\0\0\1")), st.sampled_from((68, 67)),
    st.sampled_from((2, 3)), st.sampled_from((0.0, 0.0, 1.5, 5.0)),
)  # fmt: skip
_SPOILT = st.tuples(st.integers(0, ROOM - 1), st.integers(0, 255))


class TestWhatIsKnown:
    @given(
        st.lists(_RECEIVED, min_size=1, max_size=6),
        st.sets(st.sampled_from(KINDS)),
        st.lists(_SPOILT, max_size=4),
    )
    def test_is_what_the_datagrams_say(
        self, together: list[Received], kinds: set[bytes], spoilt: list[tuple[int, int]]
    ) -> None:
        whole = came(together)
        data = bytearray(whole.data)
        for at, value in spoilt:
            data[at] = value
        whole = whole._replace(data=bytes(data))

        found = known(Packets(whole), *map(kind_of, kinds))

        for received, own in zip(of_packets(whole), found, strict=True):
            if own is None:
                continue
            assert isinstance(received, Received)
            assert received.source == NOBODY
            assert (received.interface, received.waited < 2.0) == (2, True)
            what, mac, xid, uuid = own
            cut = layout(what)
            assert cut is not None
            assert cut.shape(received.data) == cut.shape(what)
            assert cut.own(received.data) == (mac, uuid)
            assert received.data[4:8] == xid.to_bytes(4)

    @pytest.mark.parametrize("asked", KINDS)
    def test_is_all_that_asks_so(self, asked: bytes) -> None:
        others = [another(asked, bytes([at] * 3), at, at, bytes([at] * 16)) for at in range(5)]
        together = [Received(each, NOBODY, 68, 2, 0.0) for each in others]

        assert None not in known(Packets(came(together)), kind_of(asked))

    @pytest.mark.parametrize("asked", KINDS)
    def test_is_the_machines_own_also_behind_what_is_not_known(self, asked: bytes) -> None:
        mac, uuid = b"\1\2\3", bytes(range(16))
        mine = Received(another(asked, mac, 0x01020304, 7, uuid), NOBODY, 68, 2, 0.0)
        elsewhere = Received(mine.data, NOBODY, 68, 3, 0.0)  # of no kind that is known
        from_another_port = Received(mine.data, NOBODY, 67, 2, 0.0)
        together = [elsewhere, mine, from_another_port, mine]

        found = known(Packets(came(together)), kind_of(asked))

        cut = layout(asked)
        assert cut is not None
        own = (asked, asked[28:31] + mac, 0x01020304, uuid if asked[cut.uuid] else b"")
        assert found == [None, own, None, own]

    @pytest.mark.parametrize(
        "other",
        [
            Received(KINDS[0], b"\n\0\0\1", 68, 2, 0.0),
            Received(KINDS[0], NOBODY, 68, 3, 0.0),
            Received(KINDS[0], NOBODY, 68, 2, 3.5),
            Received(KINDS[1], NOBODY, 68, 2, 0.0),
            Received(KINDS[0] + b"\0", NOBODY, 68, 2, 0.0),
            Received(KINDS[0][:60] + b"\1" + KINDS[0][61:], NOBODY, 68, 2, 0.0),
        ],
    )
    def test_is_nothing_else(self, other: Received) -> None:
        assert known(Packets(came([other])), kind_of(KINDS[0])) == [None]

    def test_is_nothing_that_was_cut_off_or_is_told_otherwise_of(self) -> None:
        whole = came([Received(KINDS[0], NOBODY, 68, 2, 0.0)])
        [(room, _, length)] = whole.each
        spoilt: list[Came] = [
            whole._replace(each=((room, 0x20, length),)),
            whole._replace(each=((room - 1, 0, length),)),
            whole._replace(ancillary=bytes(ANCILLARY)),
        ]

        for each in spoilt:
            assert known(Packets(each), kind_of(KINDS[0])) == [None]


class TestPackets:
    def test_are_the_datagrams_in_them(self) -> None:
        together = [Received(each, NOBODY, 68, 2, 0.0) for each in KINDS]

        packets = Packets(came(together))

        assert len(packets) == len(KINDS)
        assert [each.data for each in packets] == list(KINDS)
        assert [each.data for each in packets[1:3]] == list(KINDS[1:3])
        assert packets.key(0) == kind_of(KINDS[0]).key
        assert packets[0] is packets[0]
