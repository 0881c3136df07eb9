"""Hooks as they are told of."""

from __future__ import annotations

import pytest

from pyxie.config.build import Hook
from pyxie.store.pending import spelt


class TestAHookIsTold:
    @pytest.mark.parametrize(
        ("hook", "told"),
        [
            (Hook(command="echo {{ MAC }}"), "echo {{ MAC }}"),
            (Hook(command=("echo", "a b")), "echo a b"),
        ],
    )
    def test_as_its_file_has_it(self, hook: Hook, told: str) -> None:
        assert spelt(hook) == told

    def test_without_the_secrets_of_a_webhook(self) -> None:
        hook = Hook(url="http://user:s3cret@127.0.0.1:9/{{ MAC }}?token=s3cret")
        assert spelt(hook) == "http://127.0.0.1:9/{{ MAC }}?…"
