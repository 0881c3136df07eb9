"""What is of use in iPXE's release archive, and how little a hostile one can do."""

from __future__ import annotations

import gzip
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.loaders import ipxeboot
from pyxie.loaders.ipxeboot import ArchiveError, signed, useful
from tests.loaders.archives import FILES, LINKS, USEFUL, release, tar

SB = "x86_64-sb/ipxe.efi"


def special(name: str, kind: bytes, target: str = "", size: int = 0) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, target, size
    return member


def refused(packed: bytes) -> str:
    with pytest.raises(ArchiveError) as caught:
        useful(packed)
    return str(caught.value)


class TestARelease:
    def test_gives_the_loaders_that_pyxie_knows_and_all_that_is_signed(self) -> None:
        assert useful(release()) == USEFUL

    def test_may_lack_its_own_folder(self) -> None:
        assert useful(release({SB: b"signed"}, {"./x86_64-sb/ipxe-shim.efi": "ipxe.efi"})) == {
            SB: b"signed",
            "x86_64-sb/ipxe-shim.efi": b"signed",
        }

    def test_may_have_links_of_either_kind(self) -> None:
        hard = special("ipxeboot/x86_64-sb/ipxe-shim.efi", tarfile.LNKTYPE, f"ipxeboot/{SB}")

        assert useful(release({f"ipxeboot/{SB}": b"x"}, {}, [hard])) == {
            SB: b"x",
            "x86_64-sb/ipxe-shim.efi": b"x",
        }

    def test_is_signed_where_a_shim_has_its_ipxe(self) -> None:
        assert signed(USEFUL) == ["arm64-sb", "x86_64-sb"]
        assert signed({"x86_64-sb/snponly-shim.efi": b"", SB: b"", "x86_64/ipxe.efi": b""}) == []

    def test_is_pinned_by_its_digest(self) -> None:
        assert ipxeboot.URL.endswith(f"/v{ipxeboot.VERSION}/ipxeboot.tar.gz")
        assert len(bytes.fromhex(ipxeboot.SHA256)) == 32


class TestAnother:
    def test_is_no_archive(self) -> None:
        assert refused(b"<html>").startswith("is no tar.gz archive, or is cut short: ")
        assert refused(gzip.compress(b"<html>")).startswith("is a broken tar archive: ")

    def test_has_none_of_them(self) -> None:
        assert refused(release({"ipxeboot/README": b"x"}, {})) == (
            "has none of iPXE's loaders in it"
        )

    @pytest.mark.parametrize("most", [2, 3])
    def test_is_cut_short(self, most: int) -> None:
        packed = release()

        assert refused(packed[: len(packed) // most]).startswith("is no tar.gz archive, or is cut")

    def test_is_cut_short_within_a_file(self) -> None:
        plain = tar({f"ipxeboot/{SB}": b"x" * 5000})

        said = refused(gzip.compress(plain[:2000]))

        assert said.startswith(("is cut short within", "is a broken tar archive"))


class TestAHostileOne:
    def test_is_not_unpacked_beyond_a_bound(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ipxeboot, "MOST_UNPACKED", 1 << 20)

        assert refused(gzip.compress(bytes(2 << 20))) == "unpacks to more than 1 MiB"

    def test_has_more_entries_than_any_release(self) -> None:
        many = {f"ipxeboot/{at}": b"" for at in range(1001)}

        assert refused(release(many, {})) == "has more than 1000 entries"

    @pytest.mark.parametrize(
        "name", ["../etc/cron.d/x", "/etc/cron.d/x", "ipxeboot/../../x", "..", "a/../../b"]
    )
    def test_has_a_name_that_leads_out(self, name: str) -> None:
        assert refused(release({**FILES, name: b"x"})) == (
            f"has a name that leads out of it: {name!r}"
        )

    @pytest.mark.parametrize("target", ["/etc/shadow", "../../etc/shadow"])
    def test_has_a_link_that_leads_out(self, target: str) -> None:
        said = refused(release(FILES, {f"ipxeboot/{SB.replace('ipxe', 'evil')}": target}))

        assert said.startswith(("has a name that leads out of it", "has a link to what is not in"))

    def test_has_a_link_to_nothing_or_in_a_circle(self) -> None:
        assert refused(release({}, {SB: "gone"})) == f"has a link to what is not in it: {SB!r}"
        assert refused(release({}, {SB: "ipxe.efi"})) == (
            f"has under the name {SB!r} what is no file"
        )

    @pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.FIFOTYPE])
    def test_has_something_else_than_a_file(self, kind: bytes) -> None:
        assert refused(release({}, {}, [special(SB, kind)])) == (
            f"has under the name {SB!r} what is no file"
        )

    def test_has_a_folder_of_that_name(self) -> None:
        assert refused(release({}, {}, [special(SB, tarfile.DIRTYPE)])) == (
            "has none of iPXE's loaders in it"
        )

    def test_has_a_file_that_is_empty_or_huge(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ipxeboot, "_MOST_OF_A_FILE", 1 << 20)
        said = f"has under the name {SB!r} a file that is empty, or over 1 MiB"

        assert refused(release({SB: b""}, {})) == said
        assert refused(release({SB: bytes((1 << 20) + 1)}, {})) == said

    def test_says_that_a_file_is_larger_than_the_archive(self) -> None:
        member = special(SB, tarfile.REGTYPE, size=3000)

        said = refused(gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(512)))

        assert said.startswith(("is a broken tar archive", "is cut short within"))


class TestForAnyBytes:
    @given(st.data())
    def test_there_are_loaders_or_one_error(self, data: st.DataObject) -> None:
        plain = bytearray(tar({f"ipxeboot/{SB}": b"x" * 600}, LINKS))
        for at in data.draw(st.lists(st.integers(0, 4000), max_size=8)):
            plain[at % len(plain)] = data.draw(st.integers(0, 255))

        try:
            found = useful(gzip.compress(bytes(plain), 0))
        except ArchiveError:
            return

        assert all(".." not in name and not name.startswith("/") for name in found)

    @given(st.binary(max_size=2000))
    def test_it_is_an_error(self, packed: bytes) -> None:
        with pytest.raises(ArchiveError):
            useful(packed)
