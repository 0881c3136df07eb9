"""What clients of each architecture are handed, of the loaders that there are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyxie.loaders.catalogue import Catalogue, Choice, Loader, Wanted
from pyxie.loaders.lanes import Facts, Lane
from pyxie.loaders.programs import codes_for
from tests.loaders.programs import ARM64, BIOS, IA32, X64


def of(name: str, head: bytes) -> Loader:
    return Loader(name, codes_for(name, head))


UNDIONLY, IPXE = of("undionly.kpxe", BIOS), of("ipxe.efi", X64)
SNPONLY, ARM = of("snponly.efi", X64), of("arm64-efi/snponly.efi", ARM64)
ALL = Catalogue([SNPONLY], [UNDIONLY, IPXE, ARM])


class TestUsually:
    def test_the_best_name_that_is_there_is_taken(self) -> None:
        usual = Catalogue([], [UNDIONLY, SNPONLY, IPXE, ARM]).usual

        assert usual == {
            **dict.fromkeys((0x00, 0x14), "undionly.kpxe"),
            **dict.fromkeys((0x07, 0x09, 0x10), "ipxe.efi"),
            **dict.fromkeys((0x0B, 0x13), "arm64-efi/snponly.efi"),
        }

    def test_whatever_the_operator_has_comes_before_a_distributions(self) -> None:
        assert ALL.usual[0x07] == "snponly.efi"
        assert ALL.usual[0x00] == "undionly.kpxe"

    def test_a_file_for_another_processor_is_passed_over(self) -> None:
        """Somebody on an arm64 host has copied its ``ipxe.efi``."""
        usual = Catalogue([of("ipxe.efi", ARM64)], [SNPONLY]).usual

        assert usual == dict.fromkeys((0x07, 0x09, 0x10), "snponly.efi")

    def test_is_what_those_get_for_whom_nothing_is_wanted(self) -> None:
        assert ALL.choice("") == ALL.choice({}) == Choice(ALL.usual)


SHIM, IPXE_SHIM = of("x86_64-sb/snponly-shim.efi", X64), of("x86_64-sb/ipxe-shim.efi", X64)
SIGNED = of("x86_64-sb/snponly.efi", X64)


class TestSigned:
    """An operator's signed iPXE, and the shim that starts it."""

    def test_comes_first_by_its_shim(self) -> None:
        there = Catalogue([SHIM, SIGNED, of("ipxe-x86_64.efi", X64)], [UNDIONLY, IPXE])

        assert there.signed_ipxe == dict.fromkeys((0x07, 0x09, 0x10), "x86_64-sb/snponly-shim.efi")
        assert there.usual == {**there.plain, **there.signed_ipxe}
        assert there.plain[0x07] == "ipxe-x86_64.efi"

    def test_is_none_without_what_its_shim_starts(self) -> None:
        """And no distribution's iPXE is taken for that: it is not signed."""
        there = Catalogue([SHIM, IPXE_SHIM, of("ipxe-shim.efi", X64)], [IPXE, SIGNED])

        assert there.signed_ipxe == {}

    @pytest.mark.parametrize(
        ("shim", "starts"),
        [
            ("arm64-sb/ipxe-shim.efi", "arm64-sb/ipxe.efi"),
            ("ipxeboot/arm64-sb/snponly-shim.efi", "ipxeboot/arm64-sb/snponly.efi"),
            ("snponly-shimaa64.efi", "snponly.efi"),
            ("ipxe-shim.efi", "ipxe.efi"),
        ],
    )
    def test_may_lie_in_the_releases_folders_or_in_the_root(self, shim: str, starts: str) -> None:
        there = Catalogue([of(shim, ARM64), of(starts, ARM64)], [])

        assert there.signed_ipxe == dict.fromkeys((0x0B, 0x13), shim)

    def test_is_for_the_processor_that_both_are_for(self) -> None:
        there = Catalogue([of("ipxe-shim.efi", X64), of("ipxe.efi", ARM64)], [])

        assert there.signed_ipxe == {}

    def test_gives_way_to_what_loader_names(self) -> None:
        there = Catalogue([SHIM, SIGNED], [IPXE])

        assert there.choice("ipxe.efi").by_architecture[0x07] == "ipxe.efi"


class TestFitting:
    def test_is_what_is_called_as_a_loader_or_is_a_program_of_that_firmware(self) -> None:
        there = Catalogue([of("grubx64.efi", X64), of("notes.txt", BIOS), ARM], [UNDIONLY, IPXE])

        assert there.fitting(0x07) == ["grubx64.efi", "ipxe.efi"]
        assert there.fitting(0x00) == ["undionly.kpxe"]
        assert there.fitting(0x06) == []


class TestWanted:
    def test_a_name_counts_for_those_who_can_run_it(self) -> None:
        choice = Catalogue([SNPONLY, ARM], [UNDIONLY, IPXE]).choice("snponly.efi")

        assert choice.by_architecture == {
            **dict.fromkeys((0x00, 0x14), "undionly.kpxe"),
            **dict.fromkeys((0x07, 0x09, 0x10), "snponly.efi"),
            **dict.fromkeys((0x0B, 0x13), "arm64-efi/snponly.efi"),
        }
        assert choice.absent == {}

    def test_a_distributions_can_be_wanted_although_the_operator_has_one(self) -> None:
        assert ALL.choice("IPXE.EFI").by_architecture[0x07] == "ipxe.efi"

    def test_one_for_each_of_some_architectures_leaves_the_others(self) -> None:
        choice = ALL.choice({"x86_64-efi": "ipxe.efi"})

        assert choice.by_architecture[0x10] == "ipxe.efi"
        assert choice.by_architecture[0x0B] == "arm64-efi/snponly.efi"
        assert choice.by_architecture[0x00] == "undionly.kpxe"

    @pytest.mark.parametrize("turned", [False, True])
    def test_the_more_specific_word_wins(self, turned: bool) -> None:
        words = [("UEFI", "snponly.efi"), ("0x0010", "ipxe.efi")]
        choice = ALL.choice(dict(reversed(words) if turned else words))

        assert choice.by_architecture[0x07] == "snponly.efi"
        assert choice.by_architecture[0x10] == "ipxe.efi"
        assert choice.by_architecture[0x0B] == "arm64-efi/snponly.efi"  # which cannot run it

    def test_a_name_that_is_not_there_leaves_nothing_but_the_name(self) -> None:
        everywhere = ALL.choice("gone.efi")
        for_some = ALL.choice({"UEFI": "gone.efi", "x64 UEFI": "ipxe.efi"})

        assert everywhere.by_architecture == {}
        assert everywhere.absent[0x00] == everywhere.absent[0x07] == "gone.efi"
        assert set(for_some.by_architecture) == {0x00, 0x07, 0x09, 0x10, 0x14}
        assert for_some.absent[0x0B] == "gone.efi"
        assert 0x07 not in for_some.absent

    def test_the_same_is_thought_about_once_but_not_remembered_without_end(self) -> None:
        assert ALL.choice("ipxe.efi") is ALL.choice("ipxe.efi")
        catalogue = Catalogue([], [])
        for number in range(1001):
            catalogue.choice(f"{number}.efi")
        assert len(catalogue._choices) == 1


class TestFaults:
    @pytest.mark.parametrize(
        ("wanted", "said"),
        [
            ("", []),
            ("snponly.efi", []),
            ("SNPONLY.efi", []),
            ({"BIOS": "undionly.kpxe", "UEFI": "snponly.efi"}, []),
            (
                "snponly.ef",
                ["there is no boot loader 'snponly.ef' in /ipxe; did you mean 'snponly.efi'?"],
            ),
            ("x", ["there is no boot loader 'x' in /ipxe"]),
            (
                {"arm64 UEFI": "snponly.efi", "x64 UEFI": "undionly.kpxe"},
                [
                    "'undionly.kpxe' is for BIOS, not for x64 UEFI",
                    "'snponly.efi' is for x64 UEFI, not for arm64 UEFI",
                ],
            ),
        ],
    )
    def test_are_told_for_each_name(self, wanted: Wanted, said: list[str]) -> None:
        assert list(ALL.faults(wanted, "/ipxe")) == said

    def test_of_what_only_its_name_tells_name_the_family(self) -> None:
        catalogue = Catalogue([of("own.efi", b"?"), of("own.kpxe", IA32)], [])

        assert list(catalogue.faults({"BIOS": "own.efi"}, "/ipxe")) == [
            "'own.efi' is for UEFI, not for BIOS"
        ]
        assert list(catalogue.faults({"BIOS": "own.kpxe"}, "/ipxe")) == [
            "'own.kpxe' is for ia32 UEFI, not for BIOS"
        ]


SHIMX64, GRUBX64 = of("shimx64.efi", X64), of("grubx64.efi", X64)


class TestSignedGrub:
    @pytest.mark.parametrize(
        ("own", "distribution", "there"),
        [
            ([SHIMX64, GRUBX64], [], True),
            ([], [SHIMX64, GRUBX64], True),
            ([SHIMX64, GRUBX64], [SHIMX64, GRUBX64], True),
            ([], [], False),
            ([], [SHIMX64], False),
            ([], [GRUBX64], False),
            ([SHIMX64], [SHIMX64, GRUBX64], False),
            ([GRUBX64], [SHIMX64, GRUBX64], False),
            ([], [SHIMX64, of("grubx64.efi", ARM64)], False),
        ],
    )
    def test_is_a_shim_with_its_grub_of_the_same_folder(
        self, own: list[Loader], distribution: list[Loader], there: bool
    ) -> None:
        signed = Catalogue(own, distribution).signed

        assert signed == (dict.fromkeys((0x07, 0x09), "shimx64.efi") if there else {})

    def test_is_not_what_is_handed_out_by_itself(self) -> None:
        assert Catalogue([], [SHIMX64, GRUBX64]).usual == {}


class TestNamed:
    def test_are_the_architectures_that_a_name_counts_for(self) -> None:
        assert ALL.choice("").named == frozenset()
        assert ALL.choice("snponly.efi").named == {0x07, 0x09, 0x10}
        assert ALL.choice({"x86_64-efi": "none.efi", "BIOS": "undionly.kpxe"}).named == {
            *(0x00, 0x07, 0x09, 0x10, 0x14)
        }


class TestByLanes:
    THERE = Catalogue([], [UNDIONLY, SNPONLY, SHIMX64, GRUBX64])
    GIVES_US = Facts(code=0, usual=None, from_us=True)

    def test_firmware_is_handed_a_shim_where_a_lane_has_one_and_else_the_usual(self) -> None:
        choice = self.THERE.by_lanes("", self.GIVES_US, "", frozenset())

        assert choice.by_architecture == {
            **dict.fromkeys((0x00, 0x14), "undionly.kpxe"),
            **dict.fromkeys((0x07, 0x09), "shimx64.efi"),
            0x10: "snponly.efi",
        }
        assert choice.chains[0x07].lane is Lane.GRUB
        assert choice.chains[0x0B].loader is None

    def test_a_systems_own_shim_is_for_its_architectures(self) -> None:
        facts = replace(self.GIVES_US, wish="always", foreign=True)

        choice = self.THERE.by_lanes("", facts, "own/bootx64.efi", frozenset((0x07,)))

        assert choice.by_architecture[0x07] == "own/bootx64.efi"
        assert choice.by_architecture[0x09] == "shimx64.efi"

    def test_machines_that_are_alike_have_one_answer(self) -> None:
        first = self.THERE.by_lanes("", self.GIVES_US, "", frozenset())

        assert self.THERE.by_lanes("", replace(self.GIVES_US), "", frozenset()) is first
        assert self.THERE.by_lanes("snponly.efi", self.GIVES_US, "", frozenset()) is not first
