"""Whether anything that a build serves ends it."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.advice.ending import ending
from pyxie.advice.served import Advice, Served
from pyxie.registry.machine import Machine

BASE = "http://192.0.2.10:8090"
TOKEN = "00000000-0000-0000-0000-000000000000"
OWN = f"web01.example.org/{TOKEN}"
DONE = f"{BASE}/done/{OWN}"
IDLE = (
    "nothing in this build calls 'urls.done': the machine boots it again at every network boot, "
    "until `pyxie done` or `pyxie cancel`"
)
NO_TEMPLATE = (
    "this build has no template, so nothing ends it: the machine boots it at every network boot, "
    "until `pyxie done` or `pyxie cancel`"
)


SCRIPT = f"curl {DONE}"


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def served(
    *,
    cmdline: str = "",
    texts: dict[str, str] | None = None,
    hooks: tuple[str, ...] = (),
    **keys: object,
) -> Served:
    machine = Machine.model_validate({"hostname": "web01.example.org", **keys})
    return Served(
        machine=machine,
        base_url=BASE,
        token=TOKEN,
        cmdline=cmdline,
        texts=texts or {},
        hooks=hooks,
    )


class TestEnding:
    @pytest.mark.parametrize(
        "ends",
        [
            served(texts={"preseed": f"late: wget {DONE}"}),
            served(texts={"preseed": "x", "finish": f"curl -X POST {DONE}"}),
            served(texts={"preseed": f"wget http://proxy.example/pxe/done/{OWN}"}),
            served(texts={"preseed": f"wget {BASE}/cancel/{OWN}"}),
            served(cmdline=f"tell={DONE}"),
            served(texts={"preseed": ""}, hooks=(f"/bin/sh -c sleep 90; curl {DONE}",)),
            served(texts={"a": f"curl -X POST {BASE}/api/v1/builds/web01.example.org/done"}),
            served(texts={"a": f"curl -X DELETE {BASE}/api/v1/builds/web01.example.org"}),
        ],
        ids=[
            *("preseed", "finish", "another base", "cancel", "command line", "hook"),
            *("API", "API, cancelled"),
        ],
    )
    def test_is_looked_for_in_all_that_is_served_or_run(self, ends: Served) -> None:
        assert list(ending(ends)) == []

    @pytest.mark.parametrize(
        "text",
        [
            f"data:,{quote(SCRIPT, safe='')}",
            f"source: data:;base64,{base64(SCRIPT)}",
            base64(f"x {SCRIPT}; reboot").rstrip("="),
        ],
        ids=["percent", "base64", "base64 without its end"],
    )
    def test_is_found_where_it_is_encoded(self, text: str) -> None:
        assert list(ending(served(texts={"ignition": text}))) == []

    @pytest.mark.parametrize(
        "ends",
        [
            served(cmdline=f"site.token={TOKEN} site.pxe={BASE}"),
            served(texts={"preseed": f'TOKEN="{TOKEN}"\ncurl {BASE}/done/$HOST/$TOKEN'}),
        ],
    )
    def test_may_be_put_together_from_the_token(self, ends: Served) -> None:
        assert list(ending(ends)) == []

    @pytest.mark.parametrize(
        ("idle", "about", "said"),
        [
            (
                served(preseed="p.j2", texts={"preseed": f"{BASE}/done/other/{TOKEN}"}),
                ("preseed",),
                IDLE,
            ),
            (
                served(templates={"answer": "a.j2"}, texts={"answer": ""}),
                ("templates", "answer"),
                IDLE,
            ),
            (
                served(
                    preseed="p.j2",
                    cmdline=f"url={BASE}/template/preseed/{OWN}",
                    texts={"preseed": f"{BASE}/template/finish/{OWN} {BASE}/failed/{OWN}?reason="},
                ),
                ("preseed",),
                IDLE,
            ),
            (
                served(
                    preseed="p.j2",
                    texts={
                        "preseed": f"curl {BASE}/api/v1/builds/web01.example.org/log {'A' * 61}"
                    },
                ),
                ("preseed",),
                IDLE,
            ),
            (served(kernel="memtest.efi"), ("kernel",), NO_TEMPLATE),
        ],
        ids=["another's", "template", "other addresses", "a log", "no template"],
    )
    def test_that_is_nowhere_is_advice_on_what_is_served(
        self, idle: Served, about: tuple[str, ...], said: str
    ) -> None:
        assert list(ending(idle)) == [Advice(about, said)]


class TestForAnyText:
    @given(st.text(), st.text(alphabet="ABCDabcd0123+/=", min_size=40))
    def test_there_is_an_answer(self, text: str, letters: str) -> None:
        assert len(list(ending(served(texts={"a": text, "b": f"%2F{letters}"})))) <= 1
