"""Where names lead without a look: always to where a look finds them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyxie.bounds import LOADERS_KNOWN
from pyxie.errors import NotServedError
from pyxie.loaders.folders import Loaders
from pyxie.loaders.knownplaces import Given, deciding, is_after_mac, is_like
from pyxie.tftp.source import Found
from tests.support import Clock

MAC = "52-54-00-12-34-56"
OURS, PEER = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.9")
MOUNTED = "22 1 8:1 / / rw - {kind} /dev/sda1 rw\n"
NAMES = ("snponly.efi", "own.efi", "sub/own.efi", "debian/grubx64.efi", "OWN.EFI", "none.efi")


class Site:
    """The operator's folder, a package's, and what finds loaders in them."""

    def __init__(self, top: Path, kind: str = "ext4") -> None:
        self.own, self.package, self.clock = top / "ipxe", top / "lib", Clock()
        self.settings = [self.own]
        for folder in (self.own / "sub", self.package):
            folder.mkdir(parents=True)
        (self.own / "own.efi").write_text("own")
        (self.own / "sub" / "own.efi").write_text("below")
        (self.package / "snponly.efi").write_text("packaged")
        (self.package / "grub").write_text("grub")
        mounts = top / "mountinfo"
        mounts.write_text(MOUNTED.format(kind=kind))
        self.loaders = Loaders(
            lambda: self.settings[0],
            (self.package,),
            pairs=lambda: {"debian/grubx64.efi": self.package / "grub"},
            clock=self.clock,
            mounts=mounts,
        )

    def ready(self, name: str, peer: IPv4Address = PEER) -> Found | None:
        return self.loaders.ready(name, str(peer))

    def open(self, name: str, peer: IPv4Address = PEER) -> Found | None:
        try:
            found = self.loaders.open(name, OURS, peer)
        except NotServedError:
            return None
        return found if found.path is not None else None


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def what(found: Found | None) -> tuple[object, ...]:
    assert found is not None
    return found.path, found.mac, found.what


class TestNames:
    @pytest.mark.parametrize("name", ["own.efi", "snponly.efi", "debian/grubx64.efi"])
    def test_are_known_once_they_were_looked_for_with_a_mac_and_without(
        self, site: Site, name: str
    ) -> None:
        assert site.ready(name) is None
        found = site.open(name)

        for spelt, mac in ((name, None), (f"//{MAC}/{name}", "52:54:00:12:34:56")):
            assert what(site.ready(spelt)) == (what(found)[0], mac, name)

    def test_of_a_folder_of_the_operators_are_known_without_a_mac(self, site: Site) -> None:
        site.open("sub/own.efi")

        assert what(site.ready("sub/own.efi"))[0] == site.own / "sub" / "own.efi"
        assert site.ready(f"{MAC}/sub/own.efi") is None

    @pytest.mark.parametrize("name", ["OWN.EFI", "SNPONLY.efi", "none.efi", "../own.efi", ""])
    def test_that_anybody_makes_up_are_not(self, site: Site, name: str) -> None:
        site.open(name)

        assert site.ready(name) is None
        assert len(site.loaders._places) == 0

    def test_that_a_link_leads_to_are_not(self, site: Site) -> None:
        (site.own / "link.efi").symlink_to("own.efi")
        assert site.open("link.efi") is not None

        assert site.ready("link.efi") is None

    def test_are_not_where_nothing_is_told_of_changes(self, tmp_path: Path) -> None:
        site = Site(tmp_path, "nfs4")
        assert site.open("own.efi") is not None

        assert site.ready("own.efi") is None

    def test_of_shims_are_not_nor_what_those_mean_who_were_given_one(self, site: Site) -> None:
        (site.own / "shimx64.efi").write_text("shim")
        site.loaders._shims.give(str(PEER), "sub/shimx64.efi", None, site.clock())
        other = IPv4Address("192.0.2.10")
        for name in ("shimx64.efi", "own.efi"):
            site.open(name, other)

        assert site.ready("shimx64.efi", other) is None
        assert what(site.ready("own.efi", other))[0] == site.own / "own.efi"
        assert site.ready("own.efi") is None

    def test_go_on_to_be_known_while_they_are_asked_for(self, site: Site) -> None:
        site.open("own.efi")
        ready = 0
        for _ in range(50):
            site.clock.now += 0.1
            if site.ready("own.efi") is None:
                site.open("own.efi")
            else:
                ready += 1

        assert ready > 35

    def test_are_known_in_bounded_number(self, site: Site) -> None:
        many = LOADERS_KNOWN.whole + 3
        for number in range(many):
            (site.own / f"{number}.efi").write_text("x")
        for number in range(many):
            site.open(f"{number}.efi")

        assert len(site.loaders._places) == LOADERS_KNOWN.whole
        assert len(site.loaders._places._not_before) == LOADERS_KNOWN.whole


def replaced(site: Site) -> None:
    new = site.own / ".new"
    new.write_text("new")
    new.rename(site.own / "own.efi")


def removed(site: Site) -> None:
    (site.own / "own.efi").unlink()


def unreadable(site: Site) -> None:
    (site.own / "own.efi").chmod(0)


def linked(site: Site) -> None:
    (site.own / "own.efi").unlink()
    (site.own / "own.efi").symlink_to("sub/own.efi")


def of_a_mac(site: Site) -> None:
    (site.own / MAC.upper()).mkdir()


def reconfigured(site: Site) -> None:
    site.settings[0] = site.package


def moved(site: Site) -> None:
    site.own.rename(site.own.with_name("old"))


def overwritten(site: Site) -> None:
    (site.own / "own.efi").write_text("own, but longer")


def shadowed(site: Site) -> None:
    (site.own / "SNPonly.efi").write_text("mine")


def in_a_folder(site: Site) -> None:
    (site.own / "Debian").mkdir()


def updated(site: Site) -> None:
    (site.package / "snponly.efi").unlink()
    (site.package / "grub").unlink()


CHANGES = (
    *(replaced, removed, unreadable, linked, of_a_mac, reconfigured, moved, overwritten),
    *(shadowed, in_a_folder, updated),
)


class TestChanges:
    @pytest.mark.parametrize("change", CHANGES)
    def test_are_seen_by_the_next_request(self, site: Site, change: Callable[[Site], None]) -> None:
        names = [*NAMES, *(f"{MAC}/{each}" for each in NAMES)]
        for name in names:
            site.open(name)

        change(site)

        assert [site.ready(each) for each in names] == [None] * len(names)

    def test_of_where_a_link_in_a_name_leads_are_seen(self, site: Site) -> None:
        one, two = site.own / "one", site.own / "two"
        for each in (one, two):
            each.mkdir()
            (each / "a.efi").write_text(each.name)
        (site.own / "now").symlink_to("one")
        site.open("now/a.efi")

        (site.own / "now").unlink()
        (site.own / "now").symlink_to("two")

        assert site.ready("now/a.efi") is None
        assert what(site.open("now/a.efi"))[0] == two / "a.efi"

    def test_between_two_looks_are_seen(self, site: Site) -> None:
        """A thread found it, and then another file took the name before the folder was watched."""
        path = site.own / "sub" / "own.efi"

        there = Given(site.own, (path,))
        site.loaders._places.learn("snponly.efi", there, path, site.loaders.find)

        assert len(site.loaders._places) == 0


class TestForAnyCourseOfThings:
    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from(("ask", "change", "wait")), st.integers(0, 11)), max_size=25
        )
    )
    def test_a_name_leads_at_once_to_where_a_look_finds_it(
        self, steps: list[tuple[str, int]]
    ) -> None:
        top = Path(os.path.realpath(tempfile.mkdtemp()))
        try:
            site = Site(top)
            names = [*NAMES, *(f"{MAC}/{each}" for each in NAMES)]
            for step, at in steps:
                if step == "wait":
                    site.clock.now += at / 10
                elif step == "change" and at < len(CHANGES):
                    try:
                        CHANGES[at](site)
                    except OSError:
                        continue  # there is nothing to change any more
                else:
                    ready, found = site.ready(names[at]), site.open(names[at])
                    if ready is not None:
                        assert what(ready) == what(found)
                        assert ready.state is not None
                        assert ready.path is not None
                        about = ready.path.stat()
                        assert ready.state[:3] == (about.st_mtime_ns, about.st_size, about.st_ino)
        finally:
            shutil.rmtree(top)


class TestWhatDecides:
    def test_is_the_operators_file_alone(self) -> None:
        there = Given(Path("/ipxe"), (Path("/lib/a"),))

        assert deciding("a", Path("/ipxe/a"), there) == ("/ipxe/a",)

    def test_is_every_place_before_a_packages(self) -> None:
        there = Given(Path("/ipxe"), (Path("/lib/a"), Path("/share/a"), Path("/more/a")))

        assert deciding("a", Path("/share/a"), there) == ("/ipxe/a", "/lib/a", "/share/a")

    def test_is_not_known_of_any_other(self) -> None:
        assert deciding("A", Path("/ipxe/a"), Given(Path("/ipxe"), ())) == ()

    def test_a_mac_may_be_a_folder_of_the_operators(self) -> None:
        assert is_after_mac("a", ["b"], own=True)
        assert is_after_mac("d/a", ["b"], own=False)
        assert not is_after_mac("d/a", ["b"], own=True)
        assert not is_after_mac("a", ["b", MAC.upper()], own=True)

    def test_letter_case_makes_no_difference(self) -> None:
        assert is_like("debian/grub", ["x", "DEBIAN"])
        assert not is_like("debian/grub", ["grub"])
