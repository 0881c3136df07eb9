"""One boot, as a row of the screen Now."""

from __future__ import annotations

import re

import pytest

from pyxie.builds.life import State
from pyxie.diagnosis.course import course
from pyxie.diagnosis.finding import Diagnosis
from pyxie.diagnosis.findings import OtherOffer, Waiting
from pyxie.diagnosis.situation import Server
from pyxie.events import kinds
from pyxie.events.event import Event
from pyxie.http.page.bootrow import Seen, ShownStep, boot_id, boot_row, machine_path, stands_still
from pyxie.http.page.spokentimes import ago, since
from tests.diagnosis.situations import BEGUN, BOOTED, HOST, MAC, build, found, heard

NEVER = found(400.0)
"""Nothing was heard of it in time."""


class TestARow:
    def test_says_who_how_far_and_for_how_long(self) -> None:
        moving = Event(
            at=BEGUN + 50,
            what=kinds.ImageProgress(part="initrd 1", sent=5_000_000, total=20_000_000),
        )
        way = course(heard(*BOOTED[:7]), BEGUN)
        seen = Seen(mac=MAC, way=way, host=HOST, build=build(build_type="debian12"), moving=moving)

        row = boot_row(seen, BEGUN + 60)

        assert (row.name, row.path, row.what) == (HOST, f"/page/machines/{HOST}", "debian12")
        assert (row.state, row.look) == ("pending", "is-idle")
        assert row.at == ShownStep("initrd 1", "is-busy", "under way", "5.0 MB of 20.0 MB", 25)
        assert row.since == since(BEGUN + 44, BEGUN + 60)
        assert row.begun == since(BEGUN, BEGUN + 60)
        assert [(step.name, step.how) for step in row.steps[-3:]] == [
            ("initrd 1", "under way"),
            ("installer", "to come"),
            ("done", "to come"),
        ]
        assert row.trouble is None

    def test_of_one_that_stands_still_says_why_and_what_to_try(self) -> None:
        seen = Seen(mac=MAC, way=course(()), host=HOST, build=build(), found=NEVER)

        row = boot_row(seen, BEGUN + 400)

        assert (row.state, row.look) == ("pending", "is-idle")  # as on the machine's own screen
        assert row.at == ShownStep("DISCOVER", "is-bad", "stands still")
        assert row.trouble is not None
        assert row.trouble.sentence.startswith(f"Nothing of {MAC} has reached pyxie")
        assert row.trouble.next
        assert row.trouble.more
        assert row.trouble.command == f"pyxie why {HOST}"
        assert row.trouble.since == since(BEGUN, BEGUN + 400)

    def test_of_one_whose_server_is_to_be_changed_says_what_tells_the_lines(self) -> None:
        rival = Diagnosis(
            what=OtherOffer(server=Server("192.0.2.3", leases=True, file="pxelinux.0"))
        )
        seen = Seen(mac=MAC, way=course(()), host=HOST, build=build(), found=rival)

        trouble = boot_row(seen, BEGUN + 400).trouble

        assert trouble is not None
        assert trouble.next.endswith(f"The lines are told by `pyxie why {HOST}`")

    def test_of_one_that_waits_says_nothing_of_it(self) -> None:
        waits = Diagnosis(what=Waiting(step="discover", seconds=1.0, patience=9.0))
        seen = Seen(mac=MAC, way=course(()), host=HOST, build=build(), found=waits)

        assert boot_row(seen, BEGUN + 1).trouble is None

    def test_says_what_was_advised_when_its_build_began(self) -> None:
        way = course(
            heard((1.0, kinds.BuildAdvised(advice="nobody can log in\x1b")), *BOOTED), BEGUN
        )
        row = boot_row(Seen(mac=MAC, way=way, host=HOST, build=build()), BEGUN + 60)
        over = boot_row(Seen(mac=MAC, way=way, host=HOST, build=build(State.CANCELLED)), BEGUN + 60)

        assert (row.advice, over.advice) == (("nobody can log in\ufffd",), ())

    def test_of_a_build_that_has_ended_says_how(self) -> None:
        ended = build(State.FAILED, changed=BEGUN + 300)
        way = course(heard(*BOOTED), BEGUN)
        row = boot_row(Seen(mac=MAC, way=way, host=HOST, build=ended, found=NEVER), BEGUN + 400)

        assert (row.state, row.look, row.trouble) == ("failed", "is-bad", None)

    def test_of_a_build_that_has_ended_counts_on_no_more(self) -> None:
        over = build(State.CANCELLED)
        row = boot_row(
            Seen(mac=MAC, way=course(heard(*BOOTED[:7]), BEGUN), host=HOST, build=over), BEGUN + 500
        )

        assert row.begun is None
        assert row.ended == ago(over.changed, BEGUN + 500)

    def test_of_a_finding_since_no_known_time_says_so_without(self) -> None:
        bare = Diagnosis(what=NEVER.what)
        seen = Seen(mac=MAC, way=course(()), host=HOST, build=build(), found=bare)

        trouble = boot_row(seen, BEGUN).trouble
        assert trouble is not None
        assert trouble.since is None

    def test_of_an_unknown_machine_has_its_mac_for_a_name(self) -> None:
        way = course(heard(*BOOTED[:4], begins=False))
        row = boot_row(Seen(mac=MAC, way=way), BEGUN + 60)

        assert (row.name, row.path, row.what, row.begun) == (MAC, "", "", None)
        assert (row.state, row.look) == ("booting", "is-busy")

    def test_of_one_that_waits_leads_to_where_it_is_adopted_and_says_what_it_boots(self) -> None:
        seen = Seen(mac=MAC, way=course(()), path="/page/waiting/x", gets="debian-12")
        row = boot_row(seen, BEGUN)

        assert (row.name, row.path, row.what) == (MAC, "/page/waiting/x", "debian-12")

    def test_of_a_boot_by_hand_ends_with_its_kernel(self) -> None:
        row = boot_row(Seen(mac=MAC, way=course(heard(*BOOTED, begins=False))), BEGUN + 60)

        assert (row.state, row.look, row.at.name) == ("started", "is-ok", "started")

    def test_of_one_of_which_nothing_was_heard_has_no_time(self) -> None:
        assert boot_row(Seen(mac=MAC, way=course(())), BEGUN).since is None

    def test_of_a_file_of_unknown_length_tells_how_much_there_is(self) -> None:
        what = kinds.ImageProgress(part="kernel", sent=700, total=None)
        way = course(heard(*BOOTED[:6]), BEGUN)
        moving = Event(at=BEGUN + 50, what=what)

        row = boot_row(Seen(mac=MAC, way=way, build=build(), moving=moving), BEGUN + 60)

        assert (row.at.amount, row.at.percent) == ("700 bytes", None)


class TestABoot:
    def test_stands_still_by_its_diagnosis(self) -> None:
        waits = Diagnosis(what=Waiting(step="discover", seconds=1.0, patience=9.0))

        assert [stands_still(each) for each in (NEVER, waits, None)] == [True, False, False]


class TestItsElement:
    def test_has_an_id_that_needs_no_quoting_and_is_of_no_other(self) -> None:
        names = [HOST, MAC, "web-1.a", "web.1-a", "web-2e-1", "web.1", "ü.example"]
        ids = [boot_id(name) for name in names]

        assert len(set(ids)) == len(names)
        assert all(re.fullmatch("boot-[A-Za-z0-9-]+", each) for each in ids)

    @pytest.mark.parametrize(
        ("host", "path"),
        [
            ("web01.example.org", "/page/machines/web01.example.org"),
            ("a/../b?c#d", "/page/machines/a%2F..%2Fb%3Fc%23d"),
        ],
    )
    def test_leads_to_its_machine(self, host: str, path: str) -> None:
        assert machine_path(host) == path
