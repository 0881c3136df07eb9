"""Which operation a plain path is of."""

from __future__ import annotations

import pytest

from pyxie.http.paths import Found, Paths


@pytest.fixture
def paths() -> Paths[str]:
    made = Paths[str]()
    made.add("/boot/{hostname}/kernel/{name:.+}", "a kernel")
    made.add("/booting/{mac}/{token}", "a report")
    return made


class TestAPath:
    def test_is_of_the_operation_whose_pattern_it_fits(self, paths: Paths[str]) -> None:
        found = paths.find("/boot/web01/kernel/linux")

        words = {"hostname": "web01", "name": "linux"}
        assert found == Found("/boot/{hostname}/kernel/{name}", "a kernel", words)
        assert found.shown("/boot/web01/kernel/linux") == "/boot/web01/kernel/linux"

    def test_is_shown_without_its_token(self, paths: Paths[str]) -> None:
        found = paths.find("/booting/00-11/secret")

        assert found is not None
        assert found.shown("/booting/00-11/secret") == "/booting/00-11/***"

    @pytest.mark.parametrize(
        "path",
        ["/boot/web01/kernel/a/linux", "/boot/web01/initrd/linux", "/boot//kernel/linux", "/"],
    )
    def test_is_of_none_other(self, paths: Paths[str], path: str) -> None:
        assert paths.find(path) is None
