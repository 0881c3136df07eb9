"""By which chain of loaders a client boots, and why by no better one."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from pyxie.architectures import ARCHITECTURES
from pyxie.config.values import SecureBootWish
from pyxie.loaders.lanes import PAIRS, Chain, Facts, Lane, SecureBoot, WhyNot, chain

SIGNED = Facts(code=0x07, usual="ipxe.efi", signed="shimx64.efi", from_us=True)
"""A client for which all is there, and of which nothing is known but its DHCP server."""
BY_GRUB = Chain(Lane.GRUB, "shimx64.efi", {})


def by_itself(why: WhyNot) -> Chain:
    return Chain(Lane.IPXE, "ipxe.efi", {Lane.GRUB: why})


class TestAuto:
    def test_offers_signed_grub_where_the_dhcp_server_gives_our_address(self) -> None:
        assert chain(SIGNED) == BY_GRUB

    @pytest.mark.parametrize(
        ("from_us", "why"), [(None, WhyNot.SERVER_UNKNOWN), (False, WhyNot.SERVER_ELSEWHERE)]
    )
    @pytest.mark.parametrize("state", [SecureBoot.UNKNOWN, SecureBoot.ON])
    def test_leaves_everybody_else_with_what_they_have_got_so_far(
        self, from_us: bool | None, why: WhyNot, state: SecureBoot
    ) -> None:
        assert chain(replace(SIGNED, from_us=from_us, state=state)) == by_itself(why)

    def test_does_not_send_a_machine_through_grub_that_is_known_to_need_none(self) -> None:
        assert chain(replace(SIGNED, state=SecureBoot.OFF)) == by_itself(WhyNot.SWITCHED_OFF)

    def test_sends_one_through_grub_that_needs_it(self) -> None:
        assert chain(replace(SIGNED, state=SecureBoot.ON)) == BY_GRUB

    def test_hands_out_what_loader_names(self) -> None:
        assert chain(replace(SIGNED, named=True)) == by_itself(WhyNot.NAMED)


class TestAlways:
    @pytest.mark.parametrize(
        ("state", "from_us", "named"), list(product(SecureBoot, (None, False, True), (False, True)))
    )
    def test_asks_for_nothing_but_that_a_shim_and_its_grub_are_there(
        self, state: SecureBoot, from_us: bool | None, named: bool
    ) -> None:
        facts = replace(SIGNED, wish="always", state=state, from_us=from_us, named=named)

        assert chain(facts) == BY_GRUB
        assert chain(replace(facts, signed=None)) == by_itself(WhyNot.NOT_THERE)


class TestNever:
    @pytest.mark.parametrize(("state", "from_us"), list(product(SecureBoot, (None, False, True))))
    def test_is_as_if_there_were_no_such_thing(
        self, state: SecureBoot, from_us: bool | None
    ) -> None:
        facts = replace(SIGNED, wish="never", state=state, from_us=from_us)

        assert chain(facts) == by_itself(WhyNot.NEVER)


class TestArchitectures:
    def test_with_signed_loaders_are_those_that_debian_signs_for(self) -> None:
        names = {ARCHITECTURES[code].name: pair.shim for code, pair in PAIRS.items()}

        assert names == {"x64 UEFI": "shimx64.efi", "arm64 UEFI": "shimaa64.efi"}

    @pytest.mark.parametrize("code", sorted({*ARCHITECTURES, 0xFF} - set(PAIRS)))
    @pytest.mark.parametrize("wish", ["auto", "always"])
    def test_of_all_others_get_what_they_have_got_so_far(
        self, code: int, wish: SecureBootWish
    ) -> None:
        facts = replace(SIGNED, code=code, wish=wish, signed=None)

        why = WhyNot.OVER_HTTP if code in (0x10, 0x13) else WhyNot.NOT_SIGNED
        assert chain(facts) == by_itself(why)

    def test_without_any_loader_are_handed_none(self) -> None:
        facts = replace(SIGNED, code=0x06, usual=None, signed=None)

        assert chain(facts) == Chain(Lane.IPXE, None, {Lane.GRUB: WhyNot.NOT_SIGNED})
