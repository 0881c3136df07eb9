"""What is booted by hand, for whom, and for how long."""

from __future__ import annotations

import pytest

from pyxie.adhoc.boots import AdHocBoot, AdHocBoots, TakenError
from pyxie.bounds import AD_HOC_BOOTS, AD_HOC_LEASE, AD_HOC_ONCE
from pyxie.registry.machine import Machine
from tests.support import Clock

MAC, OTHER = "52:54:00:12:34:56", "52:54:00:00:00:07"


class Site:
    """Those in force, by a clock that the test sets; and how often they changed."""

    def __init__(self) -> None:
        self.clock, self.changes = Clock(), 0
        self.boots = AdHocBoots(self.clock, self._changed)

    def _changed(self) -> None:
        self.changes += 1

    def begin(self, name: str, *macs: str, once: bool = False) -> AdHocBoot:
        machine = Machine(hostname="boot", kernel="linux")
        boot = AdHocBoot(id=name, begun=0.0, macs=frozenset(macs), machine=machine, once=once)
        self.boots.begin(boot)
        return boot


@pytest.fixture
def site() -> Site:
    return Site()


class TestBoot:
    def test_is_each_nics_own_under_the_name_of_its_mac(self, site: Site) -> None:
        machine = site.begin("one").machine_of(MAC)

        assert (machine.hostname, machine.macs, machine.kernel) == (
            "52-54-00-12-34-56",
            (MAC,),
            "linux",
        )


class TestWhom:
    def test_nobody_is_booted_while_there_is_none(self, site: Site) -> None:
        assert site.boots.of(MAC) is None
        assert not site.boots.names(MAC)

    def test_one_without_macs_is_for_any(self, site: Site) -> None:
        boot = site.begin("any")

        assert site.boots.of(MAC) is boot
        assert not site.boots.names(MAC)

    def test_one_that_names_it_comes_first(self, site: Site) -> None:
        anybody, named = site.begin("any"), site.begin("named", MAC)

        assert site.boots.of(MAC) is named
        assert site.boots.of(OTHER) is anybody
        assert site.boots.names(MAC)
        assert site.boots.macs() == (MAC,)

    def test_one_for_others_is_none_for_it(self, site: Site) -> None:
        site.begin("named", OTHER)

        assert site.boots.of(MAC) is None


class TestBegin:
    def test_a_second_for_the_same_nic_is_refused(self, site: Site) -> None:
        site.begin("one", MAC)

        with pytest.raises(TakenError, match=f"^{MAC} is booted by another `pyxie boot` already$"):
            site.begin("two", OTHER, MAC)

    def test_a_second_for_any_is_refused(self, site: Site) -> None:
        site.begin("one")

        with pytest.raises(TakenError, match="is for any machine already; end that, or use --mac"):
            site.begin("two")

    def test_no_more_are_taken_than_there_may_be(self, site: Site) -> None:
        before = AD_HOC_BOOTS.times
        for at in range(AD_HOC_BOOTS.whole):
            site.begin(str(at), f"52:54:00:00:01:{at:02x}")

        with pytest.raises(TakenError, match="16 boots by hand are under way already"):
            site.begin("another", MAC)
        assert AD_HOC_BOOTS.times == before + 1


class TestEnd:
    def test_is_at_once(self, site: Site) -> None:
        site.begin("one")

        assert site.boots.end("one")
        assert site.boots.of(MAC) is None
        assert not site.boots.end("one")
        assert not site.boots.renew("one")

    def test_comes_by_itself_where_nobody_renews_it(self, site: Site) -> None:
        before = AD_HOC_LEASE.times
        site.begin("one")
        site.clock.now += AD_HOC_LEASE.most

        assert site.boots.of(MAC) is None
        assert len(site.boots) == 0
        assert AD_HOC_LEASE.times == before + 1

    def test_does_not_while_it_is_renewed(self, site: Site) -> None:
        boot = site.begin("one")
        for _ in range(3):
            site.clock.now += AD_HOC_LEASE.most - 1
            assert site.boots.renew("one")

        assert site.boots.all() == (boot,)

    def test_who_listens_is_told_of_each_change(self, site: Site) -> None:
        site.begin("one")
        site.begin("two", MAC)
        site.boots.end("two")
        site.boots.renew("one")
        assert site.changes == 3

        site.clock.now += AD_HOC_LEASE.most

        assert site.boots.all() == ()
        assert site.changes == 4


class TestOnce:
    def test_is_over_for_each_machine_that_has_loaded_it(self, site: Site) -> None:
        site.begin("one", MAC, OTHER, once=True)

        site.boots.loaded("one", MAC)
        assert site.boots.of(MAC) is None
        assert site.boots.names(OTHER)
        site.boots.loaded("one", OTHER)
        assert len(site.boots) == 0
        assert site.changes == 3

    def test_is_for_a_quarter_of_an_hour_and_nobody_renews_it(self, site: Site) -> None:
        before = AD_HOC_ONCE.times
        site.begin("one", MAC, once=True)
        site.clock.now += 899
        assert site.boots.renew("one")
        assert site.boots.left("one") == 1
        site.clock.now += 1

        assert site.boots.of(MAC) is None
        assert site.boots.left("one") == 0
        assert AD_HOC_ONCE.times == before + 1

    def test_a_second_is_told_of_the_first(self, site: Site) -> None:
        site.begin("one", MAC, once=True)

        with pytest.raises(TakenError, match=r"is booted once by somebody else's choice already$"):
            site.begin("two", MAC, once=True)

    def test_what_is_renewed_goes_on_for_machines_that_have_loaded_it(self, site: Site) -> None:
        boot = site.begin("one", MAC)
        once = site.begin("two", OTHER, once=True)

        site.boots.loaded("one", MAC)
        site.boots.loaded("two", MAC)
        site.boots.loaded("three", MAC)

        assert site.boots.all() == (boot, once)
