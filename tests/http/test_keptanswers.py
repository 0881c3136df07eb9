"""Which answers are sent again as they were, and which are not."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.bounds import HTTP_READY, HTTP_READY_HEADS
from pyxie.builds.life import Build, State
from pyxie.http.keptanswers import Kept, KeptAnswers

VIA = "192.0.2.1 8090"
HEADS = [b"GET /one", b"GET /two", b"GET /three"]


def a_build(host: str = "web01", number: int = 1) -> Build:
    return Build(
        host=host,
        token=f"t{number}",
        state=State.PENDING,
        begun=1.0,
        changed=1.0,
        macs=(),
        definition="{}",
        number=number,
    )


def answer(build: Build, text: bytes = b"text") -> Kept[str]:
    return Kept(build, "/ipxe/{mac}", "/ipxe/one", b"HTTP", text, lambda _client: None)


@dataclass
class Site:
    """What answers rest on."""

    basis: tuple[object, ...] | None = field(default_factory=lambda: (object(), object()))
    builds: dict[str, Build] = field(default_factory=dict)

    def kept(self) -> KeptAnswers[str]:
        return KeptAnswers(lambda: self.basis, self.builds.get)

    def building(self, host: str = "web01", number: int = 1) -> Build:
        self.builds[host] = a_build(host, number)
        return self.builds[host]


@pytest.fixture
def site() -> Site:
    return Site()


class TestAnAnswer:
    def test_is_found_by_the_head_and_the_address_it_came_by(self, site: Site) -> None:
        kept, build = site.kept(), site.building()
        made = answer(build)
        kept.keep(VIA, HEADS[0], made)

        assert kept.find(VIA, HEADS[0]) is made
        assert kept.find(VIA, HEADS[1]) is None
        assert kept.find("198.51.100.1 8090", HEADS[0]) is None

    def test_is_replaced_by_one_to_the_same_head(self, site: Site) -> None:
        kept, build = site.kept(), site.building()
        kept.keep(VIA, HEADS[0], answer(build))
        newer = answer(build)

        kept.keep(VIA, HEADS[0], newer)

        assert kept.find(VIA, HEADS[0]) is newer
        assert len(kept) == 1

    @pytest.mark.parametrize("which", [0, 1])
    def test_is_forgotten_once_what_all_rest_on_is_another(self, site: Site, which: int) -> None:
        kept = site.kept()
        kept.keep(VIA, HEADS[0], answer(site.building()))
        assert site.basis is not None
        now = list(site.basis)
        now[which] = object()
        site.basis = tuple(now)

        assert kept.find(VIA, HEADS[0]) is None
        assert len(kept) == 0

    def test_is_not_found_while_that_cannot_be_told(self, site: Site) -> None:
        kept = site.kept()
        made = answer(site.building())
        kept.keep(VIA, HEADS[0], made)
        before, site.basis = site.basis, None
        assert kept.find(VIA, HEADS[0]) is None

        site.basis = before

        assert kept.find(VIA, HEADS[0]) is made

    def test_that_was_kept_while_that_could_not_be_told_is_not_found(self, site: Site) -> None:
        kept, before, site.basis = site.kept(), site.basis, None
        kept.keep(VIA, HEADS[0], answer(site.building()))

        site.basis = before

        assert kept.find(VIA, HEADS[0]) is None

    def test_is_forgotten_with_all_of_its_machine_once_the_build_is_another(
        self, site: Site
    ) -> None:
        kept, build = site.kept(), site.building()
        other = answer(site.building("web02"))
        for head in HEADS[:2]:
            kept.keep(VIA, head, answer(build))
        kept.keep(VIA, HEADS[2], other)
        site.building(number=2)

        assert kept.find(VIA, HEADS[0]) is None
        assert len(kept) == 1
        assert kept.find(VIA, HEADS[2]) is other

    def test_is_forgotten_once_there_is_no_build(self, site: Site) -> None:
        kept = site.kept()
        kept.keep(VIA, HEADS[0], answer(site.building()))
        site.builds.clear()

        assert kept.find(VIA, HEADS[0]) is None


class TestAsManyAsMayBe:
    def test_are_one_machines_of_which_the_oldest_goes(self, site: Site) -> None:
        """Who spells a machine's head in many ways takes no room from other machines."""
        kept, build, before = site.kept(), site.building(), HTTP_READY_HEADS.times
        other = answer(site.building("web02"))
        kept.keep(VIA, b"of web02", other)

        for at in range(1000):
            kept.keep(VIA, b"GET %d" % at, answer(build))

        assert len(kept) == 1 + HTTP_READY_HEADS.whole
        assert kept.find(VIA, b"of web02") is other
        assert kept.find(VIA, b"GET 999") is not None
        assert kept.find(VIA, b"GET 0") is None
        assert HTTP_READY_HEADS.times == before + 1000 - HTTP_READY_HEADS.whole

    def test_are_all_machines(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(HTTP_READY, "most", 3)
        kept, before = site.kept(), HTTP_READY.times

        for at in range(5):
            kept.keep(VIA, b"GET %d" % at, answer(site.building(f"web{at}")))

        assert len(kept) == 3
        assert [kept.find(VIA, b"GET %d" % at) is None for at in range(5)] == [True] * 2 + [
            False
        ] * 3
        assert HTTP_READY.times == before + 2

    def test_are_all_machines_where_the_oldest_is_the_one_that_asks(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(HTTP_READY, "most", 2)
        kept, build = site.kept(), site.building()
        for head in HEADS:
            kept.keep(VIA, head, answer(build))

        assert kept.find(VIA, HEADS[2]) is not None
        assert len(kept) == 1


class TestForAnyOrderOfChanges:
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["ask", "ask", "ask", "basis", "unsure", "build", "end"]),
                st.integers(0, 2),
                st.integers(0, 2),
            ),
            max_size=60,
        )
    )
    def test_what_is_found_is_what_would_be_made(self, steps: list[tuple[str, int, int]]) -> None:
        site, revision, number = Site(), object(), 0
        site.basis = (revision,)
        kept = site.kept()
        for what, machine, head in steps:
            host = f"web{machine}"
            match what:
                case "basis":
                    revision = object()
                    site.basis = (revision,)
                case "unsure":
                    site.basis = None if site.basis else (revision,)
                case "build":
                    number += 1
                    site.building(host, number)
                case "end":
                    site.builds.pop(host, None)
                case _:
                    build, asked = site.builds.get(host), b"%d %d" % (machine, head)
                    text = b"%d %d" % (id(revision), build.number if build else 0)
                    found = kept.find(VIA, asked)
                    assert found is None or (build and site.basis and found.rest == text)
                    if found is None and build and site.basis:
                        kept.keep(VIA, asked, answer(build, text))
