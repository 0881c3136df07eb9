"""Whether anybody will be able to log in to what is installed."""

from __future__ import annotations

import pytest

from pyxie.advice.entering import entering
from pyxie.advice.served import Advice, Served
from pyxie.registry.machine import Machine

SHUT = "d-i passwd/root-password-crypted password *\nd-i passwd/make-user boolean false\n"
FINISH = "#!/bin/sh\n# Runs in the new system.\nset -eu\n"
NOBODY = "nobody will be able to log in: there is neither an SSH key nor a password; set "


def served(texts: dict[str, str], cmdline: str = "", **keys: object) -> Served:
    machine = Machine.model_validate({"hostname": "web01", **keys})
    return Served(machine=machine, base_url="", token="0" * 36, texts=texts, cmdline=cmdline)


class TestAnInstallationThatIsShut:
    def test_by_debians_preseed_is_told_with_the_key_that_opens_it(self) -> None:
        texts = {"preseed": SHUT, "finish": FINISH}
        found = served(texts, preseed="debian.preseed.j2", finish="finish.sh.j2", os="debian-12")

        assert list(entering(found)) == [Advice(("os",), f"{NOBODY}'params.ssh_key'")]

    def test_as_no_finish_script_writes_the_key_is_told(self) -> None:
        found = served({"preseed": SHUT}, preseed="debian12.preseed.j2")

        ways = "'params.ssh_key' and 'finish: finish.sh.j2', which writes it"
        assert list(entering(found)) == [Advice(("preseed",), f"{NOBODY}{ways}")]

    def test_by_an_empty_key_is_told_at_that(self) -> None:
        texts = {"preseed": "rootpw --lock\n", "finish": FINISH}
        params = {"ssh_key": ""}
        found = served(texts, preseed="rocky.ks.j2", finish="finish.sh.j2", params=params)

        assert [each.about for each in entering(found)] == [("params", "ssh_key")]

    def test_by_another_template_is_told_at_its_name(self) -> None:
        text = 'root-password-hashed = "$6$pyxie$..."\nroot-ssh-keys = []\n'
        found = served({"answer": text}, templates={"answer": "proxmox.answer.toml.j2"})

        ways = "'params.ssh_key' or 'params.root_password_hash'"
        assert list(entering(found)) == [Advice(("templates", "answer"), f"{NOBODY}{ways}")]


class TestNothingIsSaid:
    @pytest.mark.parametrize(
        "found",
        [
            served(
                {"preseed": SHUT, "finish": f"{FINISH}printf x > /root/.ssh/authorized_keys\n"},
                preseed="debian.preseed.j2",
                finish="finish.sh.j2",
            ),
            served(
                {"preseed": SHUT, "finish": f"{FINISH}curl x | sh\n"},
                preseed="debian.preseed.j2",
                finish="finish.sh.j2",
            ),
            served(
                {"preseed": SHUT, "finish": FINISH}, preseed="debian.preseed.j2", finish="own.j2"
            ),
            served({"preseed": SHUT}, preseed="own.j2"),
            served({"preseed": "rootpw secret\n"}, preseed="rocky.ks.j2"),
            served(
                {"preseed": SHUT}, preseed="debian.preseed.j2", cmdline="passwd/root-password=x"
            ),
            served({}),
        ],
        ids=["key", "changed finish", "own finish", "own", "password", "cmdline", "none"],
    )
    def test_where_it_is_not_certain(self, found: Served) -> None:
        assert list(entering(found)) == []
