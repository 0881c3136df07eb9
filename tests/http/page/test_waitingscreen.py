"""The screen Waiting: machines are adopted there, or booted once."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from pyxie.access.scope import Scope
from pyxie.events import datagrams
from pyxie.http.page.waitinglive import WaitingLive
from pyxie.recognition.discovered import Whereabouts
from tests.http.page.test_nowlive import WHO, shown
from tests.http.page.test_signing import strange, token
from tests.http.site import CONFIG, Answer, Served, _app, serving

MAC, OTHER = "00:25:90:12:34:56", "00:25:90:00:00:07"
ONE = "/page/waiting/00-25-90-12-34-56"
TYPED = f"{CONFIG}build_types: {{debian12: {{}}, rescue: {{}}}}\n"
EVIL = '"><script>alert(1)</script>'


def hear(served: Served, mac: str = MAC, **told: str) -> None:
    """Have a machine heard over DHCP."""
    served.parts.discovery.note(mac, told, Whereabouts("eth0", "192.0.2.0/24"))


async def send(served: Served, path: str, *fields: tuple[str, str]) -> Answer:
    """Send a form, as a browser does."""
    kind = "application/x-www-form-urlencoded"
    return await served.ask("POST", path, urlencode(fields).encode(), Content_Type=kind)


async def page(served: Served, path: str = "/page/waiting") -> str:
    """Return a screen's HTML."""
    answer = await served.get(path, Accept="text/html")
    assert answer.status == 200
    return answer.text


def rows(html: str) -> list[str]:
    """Return the machines in it."""
    return re.findall(r'<li id="waits-[^"]*".*?<a [^>]*>([^<]*)</a>', html, re.DOTALL)


class TestWhoMayOnlyLook:
    @pytest.mark.parametrize("scope", [Scope.READ, Scope.BUILD])
    async def test_is_told_which_scope_adopts(self, tmp_path: Path, scope: Scope) -> None:
        async with strange(tmp_path) as (served, browser):
            hear(served)
            await browser.signs_in(await token(served, scope))

            html = (await browser.sees(ONE)).text

            assert "takes a token with the scope <code>admin</code>" in html
            assert f"yours has <code>{scope}</code>." in html
            assert "<form" not in html.partition("<main")[2].partition("</main>")[0]

    async def test_is_not_told_so_who_may(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            hear(served)

            assert "takes a token" not in await page(served, ONE)


class TestTheList:
    async def test_says_what_to_do_while_there_is_none(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert "No machine waits." in await page(served)

    async def test_has_each_machine_that_no_file_knows(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            hear(served, serial="S1", architecture="x64 UEFI")
            served.clock.now += 1
            hear(served, OTHER)

            html = await page(served)

            assert rows(html) == [MAC, OTHER]
            assert "<dt>Serial number</dt><dd>S1</dd>" in html
            assert "<dt>Network</dt><dd>192.0.2.0/24</dd>" in html
            assert "unknown: discover" in html

    async def test_is_of_a_hundred_a_page(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=f"{CONFIG}unknown: discover\n") as served:
            for at in range(101):
                served.clock.now += 1
                hear(served, f"00:25:90:00:01:{at:02x}")

            first, second = await page(served), await page(served, "/page/waiting?page=2")

            assert (len(rows(first)), rows(second)) == (100, ["00:25:90:00:01:64"])
            assert "1 to 100 of 101" in first
            assert rows(await page(served, "/page/waiting?page=x")) == rows(first)
            assert "unknown: discover" not in first

    async def test_writes_what_strangers_say_as_text(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            hear(served, hostname=EVIL, serial=EVIL, vendor=EVIL)

            for html in (await page(served), await page(served, ONE)):
                assert "<script>alert" not in html
                assert html.count("<script") == html.count('<script src="/page/assets/')


class TestAdopt:
    async def test_writes_the_machines_file(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=TYPED) as served:
            hear(served, vendor="Supermicro", serial="S1")
            html = await page(served, ONE)
            assert "<option>debian12</option>" in html

            answer = await send(
                *(served, f"{ONE}/adopt", ("hostname", "web07.internal")),
                ("build_type", "debian12"),
            )

            assert (answer.status, answer.headers["Location"]) == (
                303,
                "/page/machines/web07.internal?done=adopted",
            )
            text = (tmp_path / "machines/web07.internal.yaml").read_text()
            assert f"macaddress: {MAC}" in text
            assert "build_type: debian12" in text
            assert "description: Supermicro, serial S1" in text
            assert "adopted" in await page(served)
            served.clock.now += 901
            assert rows(await page(served)) == []

    async def test_with_a_system_can_be_built_and_without_one_leads_to_its_file(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path, config="") as served:
            hear(served, architecture="arm64 UEFI")
            hear(served, OTHER)
            html = await page(served, ONE)
            assert '<option value="debian-13">' in html.partition('id="build_type"')[0]

            fields = ("hostname", "web07.internal"), ("os", "debian-13")
            with_one = await send(served, f"{ONE}/adopt", *fields)
            without = await send(
                served, "/page/waiting/00-25-90-00-00-07/adopt", ("hostname", "web08.internal")
            )

            assert (with_one.status, without.status) == (303, 303)
            text = (tmp_path / "machines/web07.internal.yaml").read_text()
            assert "os: debian-13\narch: arm64\n" in text
            html = await page(served, "/page/machines/web07.internal/build")
            assert "It cannot be built" not in html
            html = await page(served, "/page/machines/web08.internal")
            assert "web08.internal has no system yet" in html
            assert "no system yet" not in await page(served, "/page/machines/web07.internal")
            html = await page(served, "/page/machines/web08.internal/build")
            assert "It cannot be built: kernel: not named: write &#39;os: debian-12&#39;" in html
            assert 'href="/page/machines/web08.internal/file"' in html

    async def test_in_groups(self, tmp_path: Path) -> None:
        for name in ("web", "rack1"):
            (tmp_path / "groups").mkdir(exist_ok=True)
            (tmp_path / f"groups/{name}.yaml").write_text("params: {a: b}\n")
        async with serving(tmp_path, config=f"{CONFIG}grouppath: groups\n") as served:
            hear(served)
            assert '<input type="checkbox" name="groups" value="rack1">' in await page(served, ONE)

            answer = await send(
                *(served, f"{ONE}/adopt", ("hostname", "web07.internal")),
                *(("groups", "web"), ("groups", "rack1")),
            )

            assert answer.status == 303
            machine = served.parts.machines().find("web07.internal")
            assert machine is not None
            assert machine.groups == ("web", "rack1")

    @pytest.mark.parametrize(
        ("fields", "status", "field", "says"),
        [
            ({"hostname": "a b"}, 422, "hostname", "a b"),
            ({"hostname": ""}, 422, "hostname", ""),
            ({"hostname": "linux001.internal"}, 409, "hostname", "there is a machine"),
            ({"hostname": "a.b", "os": "debain-12"}, 422, "os", "debain-12"),
            ({"hostname": "a.b", "build_type": "nixos"}, 422, "build_type", "nixos"),
            ({"hostname": "a.b", "groups": "nobody"}, 422, "groups", "nobody"),
            ({"hostname": f"{'a' * 254}"}, 422, "hostname", ""),
            ({"hostname": EVIL}, 422, "hostname", "script"),
        ],
    )
    async def test_says_what_is_wrong_beside_its_field_and_keeps_what_was_typed(
        self, tmp_path: Path, fields: dict[str, str], status: int, field: str, says: str
    ) -> None:
        async with serving(tmp_path, config=TYPED) as served:
            hear(served)

            answer = await send(served, f"{ONE}/adopt", *fields.items())

            assert answer.status == status
            found = re.search(rf'id="mistake-{field}" role="alert">([^<]*)<', answer.text)
            assert found is not None
            assert says in found[1]
            assert "<script>alert" not in answer.text
            if status == 409:
                assert f'value="{fields["hostname"]}"' in answer.text
            assert not (tmp_path / "machines/a.b.yaml").exists()

    async def test_by_two_at_once_is_by_one_and_the_other_is_told(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            hear(served)

            answers = await asyncio.gather(
                *(
                    send(served, f"{ONE}/adopt", ("hostname", name))
                    for name in ("web01.internal", "web02.internal")
                )
            )

            first, second = sorted(answers, key=lambda answer: answer.status)
            assert (first.status, second.status) == (303, 422)
            assert f"Somebody was faster: {MAC} is in the file of " in second.text
            known = served.parts.machines()
            assert sum(known.find(f"web{at:02}.internal") is not None for at in (1, 2)) == 1

    async def test_by_two_with_one_name_is_told_as_well(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            hear(served)
            await send(served, f"{ONE}/adopt", ("hostname", "web01.internal"))

            answer = await send(served, f"{ONE}/adopt", ("hostname", "web01.internal"))

            assert answer.status == 409
            assert "Somebody was faster" in answer.text
            assert '<a href="/page/machines/web01.internal">' in answer.text

    async def test_says_why_nothing_can_be_written(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            hear(served)
            (tmp_path / "machines").rename(tmp_path / "gone")
            (tmp_path / "machines").write_text("")

            answer = await send(served, f"{ONE}/adopt", ("hostname", "web01.internal"))

            assert answer.status == 500
            assert re.search(r'role="alert">[^<]*machines[^<]*cannot be', answer.text)
            assert 'value="web01.internal"' in answer.text

    async def test_of_a_machine_that_was_not_heard_is_refused(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert (await served.get(ONE, Accept="text/html")).status == 404
            assert (await send(served, f"{ONE}/adopt", ("hostname", "a.b"))).status == 404
            assert (await served.get("/page/waiting/x", Accept="text/html")).status == 404


class TestBootOnce:
    async def test_has_it_until_it_has_loaded_it_and_it_can_be_taken_back(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            hear(served)
            assert f'data-command="pyxie boot --mac {MAC} debian-12"' in await page(served, ONE)

            answer = await send(served, f"{ONE}/boot", ("system", "debian-12"))

            assert (answer.status, answer.headers["Location"]) == (303, ONE)
            (boot,) = served.parts.adhoc.all()
            assert (boot.macs, boot.once, boot.machine.os) == (frozenset({MAC}), True, "debian-12")
            assert "boots once" in await page(served)
            assert "boots debian-12, for 15 min yet" in await page(served, ONE)

            again = await send(served, f"{ONE}/boot", ("system", "rescue"))
            assert again.status == 409
            assert (await send(served, f"{ONE}/leave")).status == 303
            assert served.parts.adhoc.all() == ()
            assert (await send(served, f"{ONE}/leave")).status == 303

    async def test_stays_in_the_list_and_is_heard_meanwhile(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            hear(served)
            await send(served, f"{ONE}/boot", ("system", "debian-12"))
            served.clock.now += 60

            hear(served)

            html = await page(served)
            assert "boots once" in html
            assert "Adopt, or take back what it boots" in html
            found = served.parts.discovered.of(MAC)
            assert found is not None
            assert found.last == served.clock.now

    @pytest.mark.parametrize(
        ("system", "status", "says"),
        [
            ("", 422, "choose what it is to boot"),
            ("debain-12", 400, "debain-12"),
            ("x" * 65, 422, "os"),
        ],
    )
    async def test_says_why_it_is_not_to_be(
        self, tmp_path: Path, system: str, status: int, says: str
    ) -> None:
        async with serving(tmp_path) as served:
            hear(served)

            answer = await send(served, f"{ONE}/boot", ("system", system))

            assert answer.status == status
            found = re.search(r'id="mistake-system" role="alert">([^<]*)<', answer.text)
            assert found is not None
            assert says in found[1]


class TestTheForm:
    async def test_proposes_the_system_of_the_settings(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=f"{CONFIG}os: debian-12\n") as served:
            hear(served)

            assert '<option value="debian-12" selected>' in await page(served, ONE)
            refused = await send(served, f"{ONE}/adopt", ("hostname", "a b"), ("os", ""))
            assert '<option value="debian-12" selected>' not in refused.text


class TestOneThatWasAdopted:
    async def test_is_behind_those_that_wait(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            hear(served)
            served.clock.now += 1
            hear(served, OTHER)

            await send(served, f"{ONE}/adopt", ("hostname", "web01.internal"))

            assert rows(await page(served)) == [OTHER, MAC]

    async def test_keeps_its_place_while_one_looks(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            hear(served)
            live = WaitingLive(_app(served.server), 1)
            await shown(live, ["waiting"])
            await send(served, f"{ONE}/adopt", ("hostname", "web01.internal"))
            served.clock.now += 1
            hear(served, OTHER)

            assert rows((await shown(live, ["waiting"]))["waiting"]) == [MAC, OTHER]

    async def test_is_heard_on_its_way_on(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            hear(served)
            await send(served, f"{ONE}/adopt", ("hostname", "web01.internal"))
            live = WaitingLive(_app(served.server), 1)
            await shown(live, ["waiting"])
            before = live.watched()
            served.clock.now += 60

            served.parts.trace.record(datagrams.NotAnswered(reason="x", detail="x"), mac=MAC)

            assert live.watched() != before
            said = re.findall(r"heard</dt><dd><time [^>]*>([^<]*)<", await page(served))
            assert said == ["60 s ago", "now"]

    async def test_was_heard_before_it_was(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            hear(served)
            said = datagrams.NotAnswered(reason="not-in-registry", detail="not in the registry")
            served.parts.trace.record(said, mac=MAC)

            await send(served, f"{ONE}/adopt", ("hostname", "web01.internal"))

            html = await page(served, "/page/machines/web01.internal")
            assert "It has asked" in html
            assert "Nothing of it was heard" not in html
            assert "not in the registry" in html


class TestWhoMayNot:
    async def test_is_shown_no_form_and_refused(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            hear(served)

            assert (await send(served, f"{ONE}/adopt", ("hostname", "a.b"))).status in (401, 403)
            assert (await send(served, f"{ONE}/boot", ("system", "rescue"))).status in (401, 403)
            assert served.parts.adhoc.all() == ()


class TestLive:
    async def test_a_machine_that_comes_is_at_the_end_of_the_list(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            hear(served)
            live = WaitingLive(_app(served.server), 1)
            before = live.watched()
            assert rows((await shown(live, ["waiting"]))["waiting"]) == [MAC]
            served.clock.now += 1
            hear(served, OTHER)

            after = live.watched()

            assert after["waiting"] != before["waiting"]
            found = await shown(live, [*live.regions(), "waits-00-25-90-12-34-56"])
            assert rows(found["waiting"]) == [MAC, OTHER]
            assert all(html.count("hx-swap-oob") == 1 for html in found.values())

    async def test_one_that_is_heard_again_or_adopted_is_another(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            hear(served)
            live = WaitingLive(_app(served.server), 1)
            await shown(live, ["waiting"])
            before = live.watched()
            served.clock.now += 5
            hear(served)
            again = live.watched()
            await send(served, f"{ONE}/adopt", ("hostname", "web01.internal"))
            adopted = live.watched()

            name = "waits-00-25-90-12-34-56"
            assert before["waiting"] == again["waiting"] == adopted["waiting"]
            assert len({before[name], again[name], adopted[name]}) == 3
            assert list(await shown(live, [name])) == [name]
            served.parts.discovered._once.clear()
            served.parts.discovered._again.clear()
            assert live.watched()[name] != adopted[name]
            await live.ready(frozenset({name}))
            assert live.render(frozenset({name}), WHO) == {}
