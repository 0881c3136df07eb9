"""What may be said of what a kernel is to be, and what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.config.checksums import Checksums, Kernel, kernel_url
from pyxie.config.initrd import Initrd
from pyxie.config.nodes import parse
from pyxie.config.validate import validate
from pyxie.errors import ConfigError
from pyxie.registry.machine import Machine

A = "a1" * 32
SUMS = "http://deb.example/d/SHA256SUMS"


def machine(text: str) -> Machine:
    return validate(parse(f"hostname: a\n{text}".encode(), Path("a.yaml")), Machine)


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        machine(text)
    return [str(problem) for problem in caught.value.problems]


class TestAFile:
    def test_may_have_the_digest_that_it_must_have(self) -> None:
        found = machine(f"kernel: {{url: linux, sha256: {A.upper()}}}\ninitrd: [{{url: i}}, j]")

        assert found.kernel == Kernel(url="linux", sha256=A)
        assert kernel_url(found.kernel) == "linux"
        assert found.initrd == (Initrd(url="i"), "j")

    def test_may_have_the_longer_one_or_a_signature_of_its_own(self) -> None:
        found = machine(
            f"kernel: {{url: linux, sha512: {A}{A}}}\n"
            "initrd: {url: i, signature: i.sig, keyring: flatcar}"
        )

        assert found.kernel == Kernel(url="linux", sha512=A + A)
        assert found.initrd == (Initrd(url="i", signature="i.sig", keyring="flatcar"),)

    def test_may_be_a_name_alone(self) -> None:
        assert kernel_url(machine("kernel: linux").kernel) == "linux"
        assert machine("").kernel == ""

    def test_is_the_same_after_it_was_stored(self) -> None:
        """A build keeps its machine as JSON."""
        before = machine(
            f"kernel: {{url: linux, sha256: {A}}}\ninitrd: {{url: i, sha256: {A}}}\n"
            f"checksums: {{url: {SUMS}}}"
        )

        assert Machine.model_validate_json(before.model_dump_json()) == before


class TestAList:
    @pytest.mark.parametrize(
        ("written", "signature"),
        [
            (f"url: {SUMS}", ""),
            (f"url: {SUMS}, keyring: a, signature: SHA256SUMS.gpg", f"{SUMS}.gpg"),
            (f"url: {SUMS}, keyring: /k.gpg, signature: http://b.example/s", "http://b.example/s"),
            (f"url: {SUMS}, keyring: a, signature: inline", "inline"),
            (f"url: {SUMS}, keyring: a, release: http://deb.example/InRelease", "inline"),
            (
                f"url: {SUMS}, keyring: a, release: http://deb.example/Release",
                "http://deb.example/Release.gpg",
            ),
            (
                f"url: {SUMS}, keyring: a, release: http://deb.example/R, signature: R.sig",
                "http://deb.example/R.sig",
            ),
        ],
    )
    def test_is_signed_beside_it_or_inside(self, written: str, signature: str) -> None:
        found = machine(f"checksums: {{{written}}}").checksums

        assert isinstance(found, Checksums)
        assert found.signed_by == signature


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            (
                "kernel: {url: linux, sha256: abc}",
                (
                    "a.yaml:2:30: kernel.sha256: 'abc' is no SHA-256: 64 hexadecimal digits, as"
                    " `sha256sum FILE` prints"
                ),
            ),
            (
                "kernel: {url: linux, sha512: abc}",
                (
                    "a.yaml:2:30: kernel.sha512: 'abc' is no SHA-512: 128 hexadecimal digits, as"
                    " `sha512sum FILE` prints"
                ),
            ),
            (
                "kernel: {url: linux, signature: ../x, keyring: k}",
                (
                    "a.yaml:2:33: kernel.signature: '../x' is neither a URL, nor a file beside"
                    " this one"
                ),
            ),
            (
                "kernel: {url: linux, signature: linux.sig}",
                "a.yaml:2:9: kernel: 'signature' and 'keyring' go together",
            ),
            (
                f"initrd: {{url: i, sha256: {A}, sha512: {A}{A}}}",
                "a.yaml:2:9: initrd: say one of 'sha256', 'sha512' and 'signature'",
            ),
            ("kernel: {sha256: x}", "a.yaml:2:9: kernel.url: missing"),
            (
                "kernel: {url: a, sha265: b}",
                "a.yaml:2:18: kernel.sha265: unknown key; did you mean 'sha256'?",
            ),
            ("kernel: [a]", "a.yaml:2:9: kernel: must be text, not a list"),
            ("checksums: {keyring: a}", "a.yaml:2:12: checksums.url: missing"),
            (
                "checksums: {url: SHA256SUMS}",
                "a.yaml:2:18: checksums.url: 'SHA256SUMS' is not a URL like http://192.0.2.1:8090",
            ),
            (
                f"checksums: {{url: {SUMS}, signature: x.gpg}}",
                "a.yaml:2:12: checksums: a signature needs a 'keyring', by which it is checked",
            ),
            (
                f"checksums: {{url: {SUMS}, keyring: debian-archive}}",
                (
                    "a.yaml:2:12: checksums: a 'keyring' needs a 'signature' or a 'release', which"
                    " it checks"
                ),
            ),
            (
                f"checksums: {{url: {SUMS}, keyring: k, signature: ../x}}",
                (
                    "a.yaml:2:74: checksums.signature: '../x' is neither a URL, nor a file beside"
                    " the list, nor 'inline'"
                ),
            ),
            (
                f"checksums: {{url: {SUMS}, keyring: ../x, signature: inline}}",
                (
                    "a.yaml:2:60: checksums.keyring: '../x' is neither a keyring's name, as"
                    " debian-archive, nor a file's whole path"
                ),
            ),
        ],
    )
    def test_is_told_in_a_sentence_with_its_place(self, text: str, told: str) -> None:
        assert told in problems(text)
