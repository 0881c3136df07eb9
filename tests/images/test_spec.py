from __future__ import annotations

from pathlib import Path
from typing import ClassVar

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
    verified_by,
    with_mirrors,
)
from pyxie.outbound.reach import Reach
from pyxie.registry.machine import Machine
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

    def test_without_a_kernel_is_told_where_to_name_it(self) -> None:
        with pytest.raises(NotServedError) as caught:
            images_of(machine())

        assert str(caught.value) == (
            "kernel: not named: write 'os: debian-12', or another system's name, into the machine's"
            " file; or set 'kernel' there or in config.yaml"
        )


class TestMirrors:
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
