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
NONE_SIGNED = {Lane.SIGNED_IPXE: WhyNot.NOT_THERE, Lane.OWN: WhyNot.NOT_THERE}
BY_GRUB = Chain(Lane.GRUB, "shimx64.efi", NONE_SIGNED)


def by_itself(why: WhyNot) -> Chain:
    return Chain(Lane.IPXE, "ipxe.efi", {**NONE_SIGNED, Lane.GRUB: why})


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

    @pytest.mark.parametrize("wish", ["auto", "always"])
    def test_leaves_what_only_an_ipxe_boots_to_one_unless_that_would_be_refused(
        self, wish: SecureBootWish
    ) -> None:
        facts = replace(SIGNED, wish=wish, by_grub=False)

        assert chain(facts) == by_itself(WhyNot.NEEDS_IPXE)
        assert chain(replace(facts, state=SecureBoot.ON)) == BY_GRUB

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

        never = dict.fromkeys((Lane.SIGNED_IPXE, Lane.OWN, Lane.GRUB), WhyNot.NEVER)
        assert chain(facts) == Chain(Lane.IPXE, "ipxe.efi", never)
        facts = replace(facts, signed_ipxe="snponly-shim.efi", own="boot/x/shim/shimx64.efi")
        assert chain(facts) == Chain(Lane.IPXE, "ipxe.efi", never)


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
        ipxe = WhyNot.NOT_THERE if code in (0x10, 0x13) else WhyNot.NOT_SIGNED
        assert chain(facts).loader == "ipxe.efi"
        assert chain(facts).why_not == {
            Lane.SIGNED_IPXE: ipxe,
            Lane.OWN: WhyNot.NOT_THERE,
            Lane.GRUB: why,
        }

    def test_without_any_loader_are_handed_none(self) -> None:
        facts = replace(SIGNED, code=0x06, usual=None, signed=None)

        assert (chain(facts).lane, chain(facts).loader) == (Lane.IPXE, None)


SHIM = "x86_64-sb/snponly-shim.efi"


class TestASignedIpxe:
    """An operator's, with its shim."""

    @pytest.mark.parametrize("wish", ["auto", "always"])
    @pytest.mark.parametrize("code", [0x07, 0x10])
    @pytest.mark.parametrize("state", list(SecureBoot))
    def test_comes_first_whatever_is_known(
        self, wish: SecureBootWish, code: int, state: SecureBoot
    ) -> None:
        facts = replace(SIGNED, signed_ipxe=SHIM, wish=wish, code=code, state=state, own="x")

        assert chain(facts) == Chain(Lane.SIGNED_IPXE, SHIM, {})

    def test_gives_way_to_what_loader_names_unless_it_is_wished_always(self) -> None:
        facts = replace(SIGNED, signed_ipxe=SHIM, named=True, signed=None)

        assert chain(facts).loader == "ipxe.efi"
        assert chain(facts).why_not[Lane.SIGNED_IPXE] is WhyNot.NAMED
        assert chain(replace(facts, wish="always")).loader == SHIM

    @pytest.mark.parametrize("wish", ["auto", "always"])
    def test_may_be_named_by_its_shim(self, wish: SecureBootWish) -> None:
        facts = replace(SIGNED, named=True, usual="my/ipxe-shim.efi", wish=wish, signed_ipxe=SHIM)

        assert chain(facts) == Chain(Lane.SIGNED_IPXE, "my/ipxe-shim.efi", {})


class TestTheSystemsOwn:
    """The shim and GRUB of what is to be installed."""

    OWN = replace(SIGNED, own="boot/web01/shim/shimx64.efi", foreign=True)
    BY_OWN = Chain(Lane.OWN, "boot/web01/shim/shimx64.efi", {Lane.SIGNED_IPXE: WhyNot.NOT_THERE})

    def test_is_for_who_wishes_it_or_is_known_to_need_it(self) -> None:
        assert chain(replace(self.OWN, wish="always")) == self.BY_OWN
        assert chain(replace(self.OWN, state=SecureBoot.ON)) == self.BY_OWN

    @pytest.mark.parametrize("state", [SecureBoot.OFF, SecureBoot.UNKNOWN])
    def test_is_not_tried_where_secure_boot_is_not_known_to_be_on(self, state: SecureBoot) -> None:
        found = chain(replace(self.OWN, state=state, signed=None))

        assert found.loader == "ipxe.efi"
        assert found.why_not[Lane.OWN] is WhyNot.NOT_NEEDED

    @pytest.mark.parametrize("wish", ["auto", "always"])
    def test_is_not_needed_where_debians_shim_trusts_the_kernel(self, wish: SecureBootWish) -> None:
        facts = replace(self.OWN, foreign=False, state=SecureBoot.ON, wish=wish)

        assert chain(facts).lane is Lane.GRUB
        assert chain(replace(facts, signed=None)) == self.BY_OWN

    def test_gives_way_to_what_loader_names(self) -> None:
        found = chain(replace(self.OWN, named=True, state=SecureBoot.ON))

        assert (found.loader, found.why_not[Lane.OWN]) == ("ipxe.efi", WhyNot.NAMED)

    @pytest.mark.parametrize("code", [0x10, 0xFF])
    def test_does_not_go_over_http(self, code: int) -> None:
        found = chain(replace(self.OWN, code=code, wish="always", signed=None))

        assert (found.loader, found.why_not[Lane.OWN]) == ("ipxe.efi", WhyNot.OVER_HTTP)
