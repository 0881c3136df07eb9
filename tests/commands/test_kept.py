"""`pyxie images`: the store, from the command line."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from tests.commandline import Ran, Runner, clean, pyxie
from tests.fakedaemon import FakeDaemon, answered, fake_daemon, problem

__all__ = ["clean", "pyxie"]

ONE: dict[str, Any] = {
    "id": "1" * 64,
    "url": "http://m.example/linux",
    "digest": "a" * 64,
    "size": 8_200_000,
    "content_type": "",
    "verified": "SHA256SUMS, signed by 4CB5",
    "fetched": 0.0,
    "checked": 0.0,
    "used": 60.0,
    "pinned": True,
}
OTHER = {**ONE, "id": "2" * 64, "url": "http://m.example/i", "digest": "b" * 64}
OTHER |= {"size": 700, "verified": "", "pinned": False}
STORE: dict[str, Any] = {
    "images": [ONE, OTHER],
    "fetching": [],
    "size": 8_200_700,
    "most": 20_000_000_000,
    "problem": "",
}
FETCH: dict[str, Any] = {
    "id": ONE["id"],
    "by": "debian-12 amd64",
    "part": "kernel",
    "url": ONE["url"],
    "state": "fetched",
    "there": 8_200_000,
    "size": 8_200_000,
    "why": "",
    "verified": ONE["verified"],
}


def asked(daemon: FakeDaemon) -> list[str]:
    return [f"{each.method} {each.path}".replace("/api/v1/", "") for each in daemon.asked]


def called(pyxie: Runner, answers: dict[str, Any], *words: str) -> tuple[Ran, list[str]]:
    """Call `pyxie images`; return how that ended, and what the daemon was asked."""
    told = {
        f"{key.partition(' ')[0]} /api/v1/{key.partition(' ')[2]}": (
            value if isinstance(value, tuple) else answered(value)
        )
        for key, value in answers.items()
    }
    with fake_daemon(told) as daemon:
        return pyxie("images", *words, "--url", daemon.url), asked(daemon)


class TestList:
    def test_says_of_each_copy_what_is_known(self, pyxie: Runner) -> None:
        ran, _ = called(pyxie, {"GET images": STORE}, "list")

        first, second = ran.out.splitlines()
        assert re.split(" {2,}", first) == [
            *("http://m.example/linux", "8.2 MB", "1970-01-01 00:01:00", "pinned"),
            *("SHA256SUMS, signed by 4CB5", "a" * 64),
        ]
        assert "  -       not verified  " in second
        assert ran.err == "pyxie: 8.2 MB of 20.0 GB are taken\n"

    def test_is_of_one_machine_if_that_is_named(self, pyxie: Runner) -> None:
        empty = {**STORE, "images": []}
        ran, _ = called(pyxie, {"GET images?of=web01": empty}, "list", "web01")

        assert ran == Ran(
            0, "", "pyxie: nothing of web01 is kept; to fetch it now: pyxie images fetch web01\n"
        )

    def test_shows_nothing_that_a_terminal_acts_upon(self, pyxie: Runner) -> None:
        """A server names its files, and says what they are."""
        hostile = {**ONE, "url": "http://m/\x1b[2Jx\n\u202e", "verified": "\x07[bold]"}
        ran, _ = called(pyxie, {"GET images": {**STORE, "images": [hostile]}}, "list")

        assert ran.out.startswith("http://m/\\x1b[2Jx\\n\\u202e  ")
        assert "  \\x07[bold]  " in ran.out

    def test_says_what_is_on_its_way_and_what_is_wrong(self, pyxie: Runner) -> None:
        coming = [
            {"url": "http://m.example/x", "there": 1000, "size": 4000},
            {"url": "http://m.example/y", "there": 1000, "size": None},
        ]
        store = {**STORE, "images": [], "fetching": coming, "problem": "the disk is full"}
        ran, _ = called(pyxie, {"GET images": store}, "list")

        assert ran.err.splitlines() == [
            "pyxie: on its way: http://m.example/x, 1 kB of 4 kB",
            "pyxie: on its way: http://m.example/y, 1 kB",
            "pyxie: the disk is full",
        ]

    def test_says_that_none_are_kept(self, pyxie: Runner) -> None:
        ran, _ = called(pyxie, {"GET images": {**STORE, "images": [], "most": 0}}, "list")

        assert ran.err == "pyxie: no images are kept: 'image_store.size' is 0\n"

    def test_of_recipes_says_who_has_seen_them_boot(self, pyxie: Runner) -> None:
        seen = {"date": "2026-11-20", "how": "installed in QEMU"}
        archs = [{"arch": "amd64", "verified": seen}, {"arch": "arm64", "verified": None}]
        good = {"name": "debian-12", "title": "Debian 12", "archs": archs, "problem": ""}
        bad = {"name": "own", "title": "", "archs": [], "problem": "own.yaml:4:1: no"}
        ran, _ = called(pyxie, {"GET recipes": {"recipes": [good, bad]}}, "list", "--recipes")

        assert [line.split() for line in ran.out.splitlines()] == [
            ["debian-12", "amd64", "2026-11-20,", "installed", "in", "QEMU", "Debian", "12"],
            ["debian-12", "arm64", "unverified", "Debian", "12"],
            ["own", "-", "broken", "own.yaml:4:1:", "no"],
        ]

    def test_of_recipes_takes_no_name(self, pyxie: Runner) -> None:
        ran, _ = called(pyxie, {}, "list", "x", "--recipes")

        assert ran.code == 2

    def test_is_json_for_scripts(self, pyxie: Runner) -> None:
        ran, _ = called(pyxie, {"GET images": STORE}, "list", "--json")

        assert json.loads(ran.out) == STORE


class TestFetch:
    def test_says_how_each_ended_and_nothing_else_off_a_terminal(self, pyxie: Runner) -> None:
        begun = {"fetches": [{**FETCH, "state": "waiting"}], "nothing": ["memtest86+"]}
        answers = {
            "POST images/fetch": answered(begun, 202),
            "GET images/fetches": {"fetches": [FETCH]},
        }
        ran, paths = called(pyxie, answers, "fetch", "debian-12", "memtest86+")

        assert ran == Ran(
            0,
            "http://m.example/linux: 8.2 MB, verified by SHA256SUMS, signed by 4CB5\n",
            "pyxie: memtest86+ names no file of another server's\n",
        )
        assert paths == ["POST images/fetch", "GET images/fetches"]

    def test_that_fails_ends_with_1(self, pyxie: Runner) -> None:
        failed = {**FETCH, "state": "failed", "why": "answered 404 Not Found"}
        begun = {"fetches": [failed, {**FETCH, "verified": ""}], "nothing": []}
        ran, _ = called(pyxie, {"POST images/fetch": answered(begun, 202)}, "fetch", "debian-12")

        assert ran == Ran(
            1,
            "http://m.example/linux: answered 404 Not Found\n"
            "http://m.example/linux: 8.2 MB, not verified\n",
            "",
        )

    def test_of_what_is_named_nowhere_is_refused(self, pyxie: Runner) -> None:
        ran, _ = called(pyxie, {"POST images/fetch": problem(404, "no such system")}, "fetch", "x")

        assert ran == Ran(5, "", "pyxie: no such system\n")

    def test_by_a_daemon_that_was_restarted_says_so(self, pyxie: Runner) -> None:
        answers = {
            "POST images/fetch": answered(
                {"fetches": [{**FETCH, "state": "waiting"}], "nothing": []}, 202
            ),
            "GET images/fetches": {"fetches": []},
        }
        ran, _ = called(pyxie, answers, "fetch", "debian-12")

        assert ran == Ran(
            1,
            "",
            "pyxie: the daemon was restarted while it fetched http://m.example/linux; call again\n",
        )


class TestCancel:
    NOTHING: ClassVar[dict[str, Any]] = {
        "GET images/fetches": {"fetches": []},
        "GET images": {**STORE, "fetching": []},
        "GET media": {"media": []},
    }

    def test_ends_those_of_a_system_that_have_not_ended(self, pyxie: Runner) -> None:
        fetching = {**FETCH, "state": "fetching"}
        answers = {
            **self.NOTHING,
            "GET images/fetches": {"fetches": [fetching, {**FETCH, "id": "3" * 64}]},
            f"DELETE images/fetches/{FETCH['id']}": {"id": FETCH["id"], "url": FETCH["url"]},
        }
        ran, asked = called(pyxie, answers, "cancel", "debian-12")

        assert ran == Ran(0, "http://m.example/linux is fetched no further\n", "")
        assert asked[-1] == f"DELETE images/fetches/{FETCH['id']}"

    def test_ends_what_a_machine_has_begun_by_its_url(self, pyxie: Runner) -> None:
        coming = {"id": "4" * 64, "url": "http://m.example/x", "there": 7, "size": None}
        answers = {
            **self.NOTHING,
            "GET images": {**STORE, "fetching": [coming]},
            f"DELETE images/fetches/{'4' * 64}": {"id": "4" * 64, "url": coming["url"]},
        }
        ran, _ = called(pyxie, answers, "cancel", "http://m.example/x", "--json")

        assert (ran.code, json.loads(ran.out)) == (0, {"cancelled": ["http://m.example/x"]})

    def test_ends_that_of_an_iso_image_by_its_name(self, pyxie: Runner) -> None:
        answers = {
            **self.NOTHING,
            "GET media": {"media": [{"name": "fedora-40"}]},
            "DELETE media/fedora-40/fetch": {"name": "fedora-40"},
        }
        ran, _ = called(pyxie, answers, "cancel", "fedora-40")

        assert ran == Ran(0, "fedora-40 is fetched no further\n", "")

    def test_of_what_is_not_fetched_says_so(self, pyxie: Runner) -> None:
        ran, _ = called(pyxie, self.NOTHING, "cancel", "debian-12")

        assert ran.code != 0
        assert "nothing of debian-12 is being fetched; what is: pyxie images list" in ran.err


class TestVerify:
    def test_says_both_digests_of_what_is_damaged(self, pyxie: Runner) -> None:
        of = {"id": ONE["id"], "url": ONE["url"], "digest": "a" * 64}
        answers = {
            "GET images": STORE,
            f"POST images/{ONE['id']}/verify": {**of, "found": "c" * 64, "whole": False},
            f"POST images/{OTHER['id']}/verify": {**of, "found": "a" * 64, "whole": True},
        }
        ran, _ = called(pyxie, answers, "verify")

        assert ran == Ran(
            1,
            f"http://m.example/linux is damaged, and removed: its SHA-256 is {'c' * 64}, "
            f"and was {'a' * 64}\n",
            "pyxie: 1 of 2 copies are as they were\n",
        )

    def test_reads_each_content_once_and_leaves_out_what_has_gone(self, pyxie: Runner) -> None:
        twin = {**ONE, "id": "3" * 64, "url": "http://n.example/linux"}
        sound = {"id": twin["id"], "url": twin["url"], "digest": "a" * 64, "found": "a" * 64}
        answers = {
            "GET images": {**STORE, "images": [ONE, OTHER, twin]},
            f"POST images/{twin['id']}/verify": {**sound, "whole": True},
        }
        ran, paths = called(pyxie, answers, "verify")

        assert ran == Ran(0, "", "pyxie: 1 of 1 copies are as they were\n")
        assert len(paths) == 3


class TestPrune:
    def test_is_of_what_was_not_wanted_for_long(self, pyxie: Runner) -> None:
        removed = {"POST images/prune": {"removed": [OTHER], "size": 700}}
        for words in ([], ["--older", "12h"], ["--all"]):
            ran, _ = called(pyxie, removed, "prune", *words)

            assert ran == Ran(
                0, "http://m.example/i is removed\n", "pyxie: 700 bytes are free again\n"
            )

    def test_takes_one_of_its_options(self, pyxie: Runner) -> None:
        assert called(pyxie, {}, "prune", "--all", "--older", "1d")[0].code == 2


class TestRemove:
    def test_is_of_what_is_named_and_says_what_stays_and_why(self, pyxie: Runner) -> None:
        answers = {
            "GET images": {**STORE, "images": []},
            "GET images?of=web01": STORE,
            f"DELETE images/{ONE['id']}": problem(409, "linux: it is pinned: unpin it first"),
            f"DELETE images/{OTHER['id']}": OTHER,
        }
        ran, _ = called(pyxie, answers, "remove", "web01")

        assert ran == Ran(
            1,
            "http://m.example/i is removed\n",
            "pyxie: linux: it is pinned: unpin it first\n",
        )

    def test_is_told_as_json(self, pyxie: Runner) -> None:
        answers = {"GET images": STORE, f"DELETE images/{OTHER['id']}": OTHER}
        ran, _ = called(pyxie, answers, "remove", "b" * 8, "--json")

        assert (ran.code, json.loads(ran.out)) == (0, {"removed": [OTHER], "kept": []})


class TestPins:
    def test_are_of_a_digest_a_url_or_what_a_system_names(self, pyxie: Runner) -> None:
        answers = {
            "GET images": STORE,
            "GET images?of=debian-12": {**STORE, "images": [ONE]},
            f"PUT images/{ONE['id']}/pin": ONE,
            f"DELETE images/{ONE['id']}/pin": {**ONE, "pinned": False},
        }
        for what in ("aaaaaaaa", ONE["url"], "debian-12"):
            ran, _ = called(pyxie, answers, "pin", what)
            assert ran == Ran(0, "http://m.example/linux is pinned\n", "")
        ran, _ = called(pyxie, answers, "unpin", "aaaaaaaa")
        assert ran.out == "http://m.example/linux is not pinned\n"

    def test_are_of_what_is_kept(self, pyxie: Runner) -> None:
        answers = {"GET images": STORE, "GET images?of=web01": {**STORE, "images": []}}
        for what in ("cccccccc", "web01"):
            ran, _ = called(pyxie, answers, "pin", what)
            assert ran == Ran(
                5, "", f"pyxie: nothing of {what} is kept; what is: pyxie images list\n"
            )
