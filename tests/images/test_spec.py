from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.config.settings import Settings
from pyxie.errors import NotServedError
from pyxie.images.spec import Image, Images, Local, Upstream, check_local, images_of
from pyxie.registry.machine import Machine


def machine(**fields: object) -> Machine:
    return Machine.model_validate({"hostname": "web01", **fields})


def settings(**fields: object) -> Settings:
    return Settings.model_validate(fields)


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
        assert images_of(machine(image_url=base, kernel=name), Settings()) == Images(image, ())


class TestDefaults:
    def test_the_settings_stand_in_for_what_a_machine_does_not_say(self) -> None:
        defaults = settings(
            default_kernel="linux",
            default_initrd="initrd.gz",
            default_image_url="http://m.example/",
        )

        assert images_of(machine(), defaults) == Images(
            Upstream("http://m.example/linux"), (Upstream("http://m.example/initrd.gz"),)
        )
        assert images_of(
            machine(kernel="vmlinuz", initrd=["a", "b"], image_url="http://n.example"), defaults
        ) == Images(
            Upstream("http://n.example/vmlinuz"),
            (Upstream("http://n.example/a"), Upstream("http://n.example/b")),
        )

    def test_a_machine_may_have_no_initrd(self) -> None:
        assert images_of(machine(kernel="linux", initrd=[]), Settings()).initrds == ()

    def test_a_machine_without_a_kernel_is_told_where_to_name_it(self) -> None:
        with pytest.raises(NotServedError) as caught:
            images_of(machine(), Settings())

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
