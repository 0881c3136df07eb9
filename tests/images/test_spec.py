from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.errors import NotServedError
from pyxie.images.spec import Image, Images, Local, Upstream, check_local, images_of
from pyxie.registry.machine import Machine


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
            (None, "/deb/linux", Local("deb/linux")),
        ],
    )
    def test_an_image_is_from(self, base: str | None, name: str, image: Image) -> None:
        assert images_of(machine(image_url=base, kernel=name)) == Images(image, ())


class TestAMachine:
    def test_may_have_no_initrd(self) -> None:
        assert images_of(machine(kernel="linux", initrd=[])).initrds == ()

    def test_without_a_kernel_is_told_where_to_name_it(self) -> None:
        with pytest.raises(NotServedError) as caught:
            images_of(machine())

        assert str(caught.value) == (
            "kernel: not named: set 'kernel' in the machine's file or in config.yaml"
        )


class TestCheckLocal:
    def test_what_another_server_has_is_not_asked_for(self, tmp_path: Path) -> None:
        check_local(Images(Upstream("http://gone.invalid/linux"), ()), tmp_path)

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

        check_local(Images(Local("linux"), ()), served)
        with pytest.raises(NotServedError) as caught:
            check_local(Images(Local("linux"), (Local("linux"), Local(name))), served)

        assert (caught.value.what, caught.value.why) == (name, why)
