"""The keys that every layer of a build has, where pydantic's own types do not say it all."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pyxie.config.build import BuildKeys
from pyxie.config.validate import sentence_of


class TestLoader:
    @pytest.mark.parametrize(
        "value",
        ["snponly.efi", "arm64-efi/snponly.efi", {"x64 UEFI": "a.efi", "BIOS": "b/c.kpxe"}],
    )
    def test_is_a_name_or_one_for_each_of_some_architectures(self, value: Any) -> None:
        keys = BuildKeys.model_validate({"loader": value})

        assert keys.loader == value
        assert BuildKeys.model_validate_json(keys.model_dump_json()).loader == value

    @pytest.mark.parametrize("value", ["", None])
    def test_may_be_left_to_the_layers_before(self, value: Any) -> None:
        assert BuildKeys.model_validate({"loader": value}).loader == ""

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            ("../x.efi", "'../x.efi' is not a boot loader's name like snponly.efi"),
            ("a b.efi", "'a b.efi' is not a boot loader's name like snponly.efi"),
            ("/a.efi", "'/a.efi' is not a boot loader's name like snponly.efi"),
            ("http://x/a.efi", "'http://x/a.efi' is not a boot loader's name like snponly.efi"),
            ("x" * 101, f"{'x' * 80!r} is not a boot loader's name like snponly.efi"),
            (["a.efi"], "must be a file's name, or a mapping of architectures to names"),
            ({"BIOS": None}, "must be a file's name, or a mapping of architectures to names"),
            ({"BIOS": ".."}, "'..' is not a boot loader's name like snponly.efi"),
            (
                {"toaster": "a.efi"},
                (
                    "'toaster' is no client architecture that pyxie knows; BIOS, UEFI and "
                    "'x64 UEFI' are"
                ),
            ),
            (
                {"x64 UEFI": "a.efi", "x86_64-efi": "b.efi"},
                "'x64 UEFI' and 'x86_64-efi' are the same architecture; keep one",
            ),
        ],
    )
    def test_that_cannot_be_one_is_refused_in_a_sentence(self, value: Any, said: str) -> None:
        with pytest.raises(ValidationError) as caught:
            BuildKeys.model_validate({"loader": value})

        assert [sentence_of(error) for error in caught.value.errors()] == [said]
