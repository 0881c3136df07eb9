from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from pyxie.confined import OutsideError
from pyxie.errors import NotServedError
from pyxie.images.spec import (
    Image,
    Images,
    Local,
    OnMedium,
    Upstream,
    beside,
    check_ours,
    described,
    images_of,
    locate,
    served_name,
    source,
    verified_by,
    with_mirrors,
)
from pyxie.outbound.reach import Reach
from pyxie.registry.machine import Machine
from pyxie.registry.mirrors import mirror
from pyxie.verification.expected import Expected, Listed, OwnSignature, expected


def machine(**fields: object) -> Machine:
    return Machine.model_validate({"hostname": "web01", **fields})


class TestWhere:
    @pytest.mark.parametrize(
        ("base", "name", "image"),
        [
            ("http://m.example/deb/", "linux", Upstream("http://m.example/deb/linux")),
            ("http://m.example/deb", "linux", Upstream("http://m.example/deb/linux")),
            ("http://m.example/deb/", "/linux", Upstream("http://m.example/deb/linux")),
            ("http://m.example/", "https://n.example/l", Upstream("https://n.example/l")),
            (None, "https://n.example/l", Upstream("https://n.example/l")),
            (None, "deb/linux", Local("deb/linux")),
            (None, "/deb/linux", Local("deb/linux", path="/deb/linux")),
            (None, "media:fedora-40/images/linux", OnMedium("fedora-40", "images/linux")),
            (None, "file:///srv/my%20linux", Local("", path="/srv/my linux")),
            ("http://m.example/", "file:///srv/linux", Local("", path="/srv/linux")),
        ],
    )
    def test_an_image_is_from(self, base: str | None, name: str, image: Image) -> None:
        assert images_of(machine(image_url=base, kernel=name)) == Images(image, ())


class TestWhatItIsToBe:
    URL = "http://m.example/linux"

    def test_is_said_by_either_digest_or_a_signature(self) -> None:
        long = {"url": "linux", "sha512": "a1" * 64}
        signed = {"url": "linux", "signature": "linux.sig", "keyring": "k"}
        signature = OwnSignature(url=f"{self.URL}.sig", keyring="k")

        def kernel(of: dict[str, str]) -> Image:
            return images_of(machine(image_url="http://m.example", kernel=of)).kernel

        assert kernel(long) == Upstream(self.URL, expected=Expected(sha512="a1" * 64))
        assert kernel(signed) == Upstream(self.URL, expected=Expected(signature=signature))

    def test_of_a_file_of_ours_is_said_by_a_digest(self) -> None:
        local = images_of(machine(kernel={"url": "linux", "sha512": "a1" * 64})).kernel

        assert local == Local("linux", "a1" * 64)
        assert verified_by(local) == "its 'sha512'"
        with pytest.raises(NotServedError, match="has a 'signature', which only a file of another"):
            images_of(machine(kernel={"url": "linux", "signature": "linux.sig", "keyring": "k"}))

    @pytest.mark.parametrize(
        ("said", "listed"),
        [
            ({}, {}),
            ({"signature": "SUMS.gpg", "keyring": "k"}, {"signature": "http://m.example/SUMS.gpg"}),
            (
                {"release": "http://m.example/InRelease", "keyring": "k"},
                {"release": "http://m.example/InRelease", "signature": "inline"},
            ),
        ],
    )
    def test_is_said_by_a_list(self, said: dict[str, str], listed: dict[str, Any]) -> None:
        sums = {"url": "http://m.example/SUMS", **said}

        kernel = images_of(machine(kernel=self.URL, checksums=sums)).kernel

        known = Listed(url="http://m.example/SUMS", keyring=said.get("keyring", ""), **listed)
        assert kernel == Upstream(self.URL, expected=Expected(listed=known, name="linux"))

    def test_is_told_in_a_few_words_or_not_at_all(self) -> None:
        assert verified_by(Upstream(self.URL)) == ""
        assert verified_by(Upstream(self.URL, expected=Expected(sha256="a1" * 32))) == (
            "its 'sha256'"
        )
        assert verified_by(Local("linux", "a1" * 32)) == "its 'sha256'"
        assert verified_by(OnMedium("m", "linux")) == ""


class TestReach:
    """Who may only build names servers of the internet and no others."""

    CALLED: ClassVar = frozenset(filter(None, [mirror("http://m.example/")]))

    def test_is_the_internet_for_a_server_that_the_call_alone_names(self) -> None:
        sums = {"url": "http://m.example/SUMS"}
        signed = {
            "url": "http://n.example/linux",
            "signature": "http://m.example/l",
            "keyring": "k",
        }

        one = images_of(machine(kernel="http://m.example/linux"), self.CALLED).kernel
        by_list = images_of(machine(kernel="http://n.example/l", checksums=sums), self.CALLED)
        by_own = images_of(machine(kernel=signed), self.CALLED).kernel

        assert one == Upstream("http://m.example/linux", Reach.PUBLIC)
        assert by_list.kernel == Upstream("http://n.example/l")
        assert isinstance(by_own, Upstream)
        assert by_own.reach is Reach.ANYWHERE
        assert by_own.expected is not None
        assert by_own.expected.signature is not None
        assert by_own.expected.signature.reach is Reach.PUBLIC

    def test_is_anywhere_for_those_of_the_machines_file(self) -> None:
        for called in (self.CALLED, frozenset[Any]()):
            found = images_of(machine(kernel="http://n.example/linux"), called).kernel
            assert found == Upstream("http://n.example/linux")

    def test_of_a_list_is_that_of_all_that_it_is_checked_by(self) -> None:
        url = "http://n.example/d/linux"
        sums = {"url": "http://n.example/d/SUMS", "signature": "http://m.example/s", "keyring": "k"}

        found = images_of(machine(kernel=url, checksums=sums), self.CALLED).kernel

        assert isinstance(found, Upstream)
        assert found.expected is not None
        assert found.expected.listed is not None
        assert found.expected.listed.reach is Reach.PUBLIC


class TestAName:
    """Under which an image is served."""

    @pytest.mark.parametrize(
        ("image", "name"),
        [
            (Local("linux"), "linux"),
            (Local("deb/my linux?"), "my linux?"),
            (Upstream("http://m.example/deb/linux?sig=1/2#x/y"), "linux"),
            (Upstream("http://m.example/a%2fb%20c"), "a%2fb%20c"),
            (Upstream("http://m.example/get/?file=linux"), "file"),
            (Upstream("http://m.example"), "file"),
        ],
    )
    def test_is_the_last_part_of_its_path(self, image: Image, name: str) -> None:
        assert served_name(image) == name


class TestBeside:
    @pytest.mark.parametrize(
        ("image", "name", "found"),
        [
            (Local("shim"), "grub", Local("grub")),
            (Local("deb/shim"), "/efi//boot/grub", Local("deb/efi/boot/grub")),
            (Local("deb/shim"), "efi\\grub", Local("deb/efi/grub")),
            (
                Upstream("http://u:p@m.example/d/shim?x=1#y"),
                "g",
                Upstream("http://u:p@m.example/d/g"),
            ),
            (Upstream("http://m.example/shim"), "a b?", Upstream("http://m.example/a%20b%3F")),
            (Upstream("http://m.example"), "%2e%2e/x", Upstream("http://m.example/%252e%252e/x")),
        ],
    )
    def test_an_image_is_what_is_in_its_folder(self, image: Image, name: str, found: Image) -> None:
        assert beside(image, name)[1] == found

    def test_an_image_is_judged_by_the_same_list(self) -> None:
        listed = Listed(url="http://m.example/d/SUMS")
        url = "http://m.example/d/shim"

        _, found = beside(Upstream(url, expected=expected(url, "", listed)), "grub")

        at = "http://m.example/d/grub"
        assert found == Upstream(at, expected=expected(at, "", listed))

    def test_an_image_of_a_medium_is_on_it_and_by_no_digest(self) -> None:
        shim = OnMedium("m", "efi/shim", "a1" * 32)

        assert beside(shim, "grub") == ("grub", OnMedium("m", "efi/grub"))

    def test_a_name_has_255_letters_at_most(self) -> None:
        assert beside(Local("shim"), "x" * 255) == ("x" * 255, Local("x" * 255))
        with pytest.raises(NotServedError) as caught:
            beside(Local("shim"), "y" * 256)
        assert caught.value.what == repr("y" * 80)

    @pytest.mark.parametrize("name", ["", "/", "\r\n", "x" * 256, "\0", "."])
    def test_there_is_nothing_of_a_name_that_is_none(self, name: str) -> None:
        with pytest.raises(NotServedError):
            beside(Local("deb/shim"), name)

    @pytest.mark.parametrize("image", [Local("deb/shim"), Upstream("http://m.example/d/shim")])
    def test_is_never_above(self, image: Image) -> None:
        with pytest.raises(OutsideError):
            beside(image, "efi/../../secret")


class TestAMachine:
    def test_may_have_no_initrd(self) -> None:
        assert images_of(machine(kernel="linux", initrd=[])).initrds == ()

    def test_has_a_kernel_and_initrds_by_their_numbers(self) -> None:
        found = images_of(machine(kernel="linux", initrd=["a.gz", "b.gz"]))

        assert found.parts == [
            ("kernel", Local("linux")),
            ("initrd 0", Local("a.gz")),
            ("initrd 1", Local("b.gz")),
        ]

    def test_has_initrds_by_names_where_any_is_written(self) -> None:
        named = images_of(machine(kernel="k", initrd=[{"url": "d/a.gz", "name": "one"}, "b.gz"]))
        plain = images_of(machine(kernel="k", initrd=["d/a.gz", "b.gz"]))

        assert named.names == ("one", "")
        assert named.named_initrds == [("one", "a.gz"), ("", "b.gz")]
        assert plain.names == ()
        assert plain.named_initrds == [("", "a.gz"), ("", "b.gz")]

    @pytest.mark.parametrize(
        ("image", "told"),
        [
            (Upstream("http://u:p@m.example/linux?sig=x"), "http://m.example/linux?…"),
            (Local("d/linux"), "d/linux"),
            (Local("", path="/srv/linux"), "/srv/linux"),
            (OnMedium("fedora-40", "d/linux"), "media:fedora-40/d/linux"),
        ],
    )
    def test_has_its_files_from_where_it_may_be_told(self, image: Image, told: str) -> None:
        assert source(image) == told

    def test_without_a_kernel_is_told_where_to_name_it(self) -> None:
        with pytest.raises(NotServedError) as caught:
            images_of(machine())

        assert str(caught.value) == (
            "kernel: not named: write 'os: debian-12', or another system's name, into the machine's"
            " file; or set 'kernel' there or in config.yaml"
        )


class TestMirrors:
    def test_are_asked_after_the_place_itself(self) -> None:
        assert Upstream("http://a/l", mirrors=("http://b/l",)).urls == ("http://a/l", "http://b/l")

    MIRRORS: ClassVar = {
        "debian": ("http://a.example/debian", "http://b.example/d", "http://c.example/x/y"),
        "fedora": ("http://a.example/fedora",),
    }

    @pytest.mark.parametrize(
        ("url", "others"),
        [
            (
                "http://a.example/debian/linux",
                ("http://b.example/d/linux", "http://c.example/x/y/linux"),
            ),
            (
                "http://b.example/d/linux",
                ("http://a.example/debian/linux", "http://c.example/x/y/linux"),
            ),
            ("http://a.example/fedora/linux", ()),
            ("http://a.example/debianx/linux", ()),
        ],
    )
    def test_are_where_else_a_file_is(self, url: str, others: tuple[str, ...]) -> None:
        assert with_mirrors(Upstream(url), self.MIRRORS).mirrors == others

    def test_have_the_list_with_its_signature_or_release_as_well(self) -> None:
        a, b, c = (f"{each}/dists" for each in self.MIRRORS["debian"])
        listed = Listed(url=f"{a}/SUMS", signature=f"{a}/SUMS.gpg", release=f"{a}/InRelease")
        source = Upstream(f"{a}/linux", expected=expected(f"{a}/linux", "", listed))

        known = with_mirrors(source, self.MIRRORS).expected
        assert known == source.expected
        assert known is not None
        assert known.listed is not None
        assert known.listed.elsewhere == tuple(
            Listed(url=f"{at}/SUMS", signature=f"{at}/SUMS.gpg", release=f"{at}/InRelease")
            for at in (b, c)
        )

    def test_have_no_list_that_is_nowhere_below_them(self) -> None:
        url, listed = "http://a.example/debian/linux", Listed(url="http://a.example/SUMS")
        source = Upstream(url, expected=expected(url, "", listed))

        known = with_mirrors(source, self.MIRRORS).expected
        assert known is not None
        assert known.listed is not None
        assert known.listed.elsewhere == ()

    def test_are_asked_for_nobody_who_may_only_build(self) -> None:
        source = Upstream("http://a.example/debian/linux", Reach.PUBLIC)

        assert with_mirrors(source, self.MIRRORS) == source


class TestAWholePath:
    def folders(self, tmp_path: Path) -> tuple[Path, Path]:
        images, named = tmp_path / "images", tmp_path / "srv"
        for folder in (images / "srv", named / "deep"):
            folder.mkdir(parents=True)
            (folder / "linux").touch()
        (tmp_path / "secret").touch()
        (named / "out").symlink_to(tmp_path / "secret")
        return images, named

    def test_leads_below_a_folder_that_the_settings_name(self, tmp_path: Path) -> None:
        images, named = self.folders(tmp_path)

        for path in (f"{named}/deep/linux", f"{named}/deep/../deep/linux".replace("/deep/..", "")):
            for image in (Local("", path=path), Local(path.lstrip("/"), path=path)):
                assert locate(image, images, (tmp_path / "other", named)) == named / "deep/linux"

    def test_is_one_below_images_where_no_folder_has_it(self, tmp_path: Path) -> None:
        images, _ = self.folders(tmp_path)

        assert locate(Local("srv/linux", path="/srv/linux"), images) == images / "srv/linux"

    @pytest.mark.parametrize("name", ["../secret", "deep/../../secret", "out"])
    def test_never_leads_out(self, tmp_path: Path, name: str) -> None:
        images, named = self.folders(tmp_path)

        with pytest.raises(OutsideError):
            locate(Local("", path=f"{named}/{name}"), images, (named,))

    @pytest.mark.parametrize("path", ["/etc/passwd", "//etc/passwd", "etc/passwd", ""])
    def test_of_no_such_folder_is_refused_with_the_setting(self, tmp_path: Path, path: str) -> None:
        images, named = self.folders(tmp_path)

        with pytest.raises(NotServedError) as caught:
            locate(Local("", path=path), images, (named,))

        assert caught.value.why == "is below none of 'image_store.folders'"

    def test_has_its_neighbours_beside_it(self) -> None:
        assert beside(Local("", path="/srv/shim"), "grub") == ("grub", Local("", path="/srv/grub"))
        assert served_name(Local("", path="/srv/shim")) == "shim"


class TestCheckingOurs:
    def test_what_another_server_has_is_not_asked_for(self, tmp_path: Path) -> None:
        check_ours(Images(Upstream("http://gone.invalid/linux"), ()), tmp_path, tmp_path)

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("gone", "no such file"),
            ("../secret", "leads out of the folder that is served"),
            ("folder", "is not a file"),
        ],
    )
    def test_what_we_must_serve_ourselves_is(self, tmp_path: Path, name: str, why: str) -> None:
        (tmp_path / "secret").touch()
        served = tmp_path / "images"
        (served / "folder").mkdir(parents=True)
        (served / "linux").touch()

        check_ours(Images(Local("linux"), ()), served, tmp_path)
        with pytest.raises(NotServedError) as caught:
            check_ours(Images(Local("linux"), (Local("linux"), Local(name))), served, tmp_path)

        assert (caught.value.what, caught.value.why) == (name, why)

    def test_a_medium_is_there_under_its_name_or_where_it_belongs_is_told(
        self, tmp_path: Path
    ) -> None:
        isos = tmp_path / "isos"
        images = Images(OnMedium("fedora-40", "vmlinuz"), ())

        for _ in range(2):  # without the folder, and with another image in it
            with pytest.raises(NotServedError) as caught:
                check_ours(images, tmp_path, isos)
            assert str(caught.value) == (
                f"media:fedora-40/vmlinuz: there is no fedora-40.iso in {isos};"
                " put it there by `pyxie images import`"
            )
            isos.mkdir(exist_ok=True)
            (isos / "fedora-41.iso").touch()
        (isos / "Fedora 40.ISO").touch()
        check_ours(images, tmp_path, isos)

    def test_a_folder_of_media_that_cannot_be_read_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "isos").touch()

        with pytest.raises(NotServedError, match=r"isos: cannot be read: Not a directory$"):
            check_ours(Images(OnMedium("a", "b"), ()), tmp_path, tmp_path / "isos")


class TestAShim:
    LIST: ClassVar[dict[str, str]] = {"url": "http://m.example/os/.treeinfo"}

    def test_and_its_grub_come_behind_what_is_booted(self) -> None:
        found = images_of(machine(kernel="k", initrd="i", shim="efi/shim.efi", grub="grub.efi"))

        assert found.parts == [
            ("kernel", Local("k")),
            ("initrd 0", Local("i")),
            ("shim", Local("efi/shim.efi")),
            ("grub", Local("grub.efi")),
        ]
        assert images_of(machine(kernel="k")).parts == [("kernel", Local("k"))]

    def test_is_judged_by_no_list_which_would_hardly_name_it(self) -> None:
        at = "http://m.example/os/EFI/BOOT/BOOTX64.EFI"
        found = images_of(machine(kernel="k", shim=at, checksums=self.LIST))

        assert found.shim == Upstream(at)

    def test_is_judged_by_its_own_digest_or_else_by_firmware(self) -> None:
        digest = "a1" * 32
        plain = machine(kernel="k", shim="s", grub={"url": "http://m.example/g", "sha256": digest})

        assert [(each["part"], each["verified"]) for each in described(plain)] == [
            ("kernel", None),
            ("shim", "Secure Boot alone"),
            ("grub", "its 'sha256'"),
        ]
