"""The screen Machines, as a browser is given it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.http.site import HOST, Answer, Served, serving
from tests.http.test_bulk import more

PATH = "/page/machines"


async def shown(served: Served, query: str = "", **headers: str) -> Answer:
    answer = await served.get(f"{PATH}{query}", Accept="text/html", **headers)
    assert answer.status == 200, answer.text
    return answer


def hosts(answer: Answer) -> list[str]:
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', answer.text)


class TestTheList:
    async def test_has_each_machine_with_its_state_and_build_type(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            more(tmp_path, web01="", broken="kernle: x\n")
            await served.build()

            answer = await shown(served)

            assert hosts(answer) == ["broken", HOST, "web01"]
            assert f'<a href="{PATH}/web01">web01</a>' in answer.text
            assert '<span class="state is-idle">pending</span>' in answer.text
            assert "broken.yaml:4:1: kernle: unknown key" in answer.text
            assert '<a href="/page/machines" aria-current="page">Machines</a>' in answer.text

    async def test_says_when_a_machine_booted_last(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert "none yet" in (await shown(served)).text

            await served.build()
            await served.get("/ipxe/00:de:ad:90:74:60")

            assert "none yet" not in (await shown(served)).text

    async def test_is_filtered_and_ordered_by_what_its_url_says(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            more(tmp_path, web01="", web02="", db01="")
            await served.build("web02")

            assert hosts(await shown(served, "?name=web*")) == ["web01", "web02"]
            assert hosts(await shown(served, "?name=web&order=-hostname")) == ["web02", "web01"]
            assert hosts(await shown(served, "?state=active")) == ["web02"]
            assert hosts(await shown(served, "?group=internal")) == [HOST]
            none = await shown(served, "?name=x9")
            assert (hosts(none), "None of 4 machines fits." in none.text) == ([], True)

    async def test_of_a_form_leads_to_what_it_means(self, tmp_path: Path) -> None:
        """Without a script a browser sends all fields of a form, filled in or not."""
        async with serving(tmp_path) as served:
            sent = "?name=linux&group=&build_type=&state=&order=hostname"

            answer = await served.get(f"{PATH}{sent}", Accept="text/html")

            assert (answer.status, answer.headers["Location"]) == (303, f"{PATH}?name=linux")
            assert hosts(await shown(served, "?name=linux")) == [HOST]

    async def test_of_htmx_is_the_region_and_its_url(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            sent = "?name=linux&group=&state=&order=-state"

            answer = await shown(served, sent, HX_Request="true")

            assert answer.text.startswith('<section id="machines"')
            assert answer.headers["HX-Push-Url"] == f"{PATH}?name=linux&order=-state"
            assert hosts(answer) == [HOST]

    @pytest.mark.parametrize("query", ["?state=x", "?page=0", "?order=size", "?name=a&name=b"])
    async def test_of_what_makes_no_sense_is_refused(self, tmp_path: Path, query: str) -> None:
        async with serving(tmp_path) as served:
            answer = await served.get(f"{PATH}{query}", Accept="text/html")

            assert answer.status == 400

    async def test_without_machines_says_how_there_comes_one(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            (tmp_path / f"machines/{HOST}.yaml").unlink()

            answer = await shown(served)

            assert "No machine has a file yet." in answer.text
            assert "<form method" not in answer.text

    async def test_shows_nothing_that_somebody_made_up_as_it_is(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            hostile = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27"

            answer = await shown(served, f"?name={hostile}&group={hostile}&build_type={hostile}")

            assert "<script>alert" not in answer.text
            assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;" in answer.text

    async def test_is_for_those_who_may_look(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            answer = await served.get(PATH)

            assert answer.status == 403
