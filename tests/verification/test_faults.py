"""What is said of a file that is not what it should be."""

from __future__ import annotations

from pyxie.verification.faults import ListError, MismatchError, UncheckedError


class TestAMismatch:
    def test_names_both_digests_and_who_says_so(self) -> None:
        fault = MismatchError("http://u:p@a.example/linux", "a" * 64, "b" * 64, "SHA256SUMS")

        assert str(fault) == (
            f"http://a.example/linux: its SHA-256 is {'b' * 64}, and should be {'a' * 64}"
            " by SHA256SUMS"
        )
        assert (fault.wanted, fault.found, fault.by) == ("a" * 64, "b" * 64, "SHA256SUMS")

    def test_is_told_with_its_algorithm_and_what_others_gave(self) -> None:
        fault = MismatchError("linux", "a" * 128, "b" * 128, "x", ["one", "two"])

        assert str(fault) == (
            f"linux: its SHA-512 is {'b' * 128}, and should be {'a' * 128} by x; one; two"
        )
        assert fault.also == "one; two"


class TestAList:
    def test_is_told_of_with_its_line(self) -> None:
        assert str(ListError("SHA256SUMS", 3, "is odd")) == "SHA256SUMS:3: is odd"
        assert str(ListError("SHA256SUMS", 0, "is odd")) == "SHA256SUMS: is odd"


class TestWhatCannotBeChecked:
    def test_shows_no_secret_of_a_url(self) -> None:
        assert str(UncheckedError("http://u:p@a.example/x?key=1", "is not to be had")) == (
            "http://a.example/x?…: is not to be had"
        )
