"""Hooks under load."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.daemon import Home
from tests.http.site import MACHINE, Answer
from tests.support import until

CLIENTS, BUILDS = 4, 40


def machines(home: Home, hooks: str) -> list[str]:
    """Write a machine with these hooks for each client; return their names."""
    names = [f"m{at}.internal" for at in range(CLIENTS)]
    for at, name in enumerate(names):
        text = MACHINE.replace("linux001.internal", name).replace("90:74:60", f"90:74:0{at}")
        (home.folder / "machines" / f"{name}.yaml").write_text(text + hooks)
    return names


def test_of_very_many_builds_each_is_run_once(tmp_path: Path) -> None:
    """What is owed was read before it was looked who is busy: of 100 builds 29 ran twice."""
    home, ran = Home(tmp_path), tmp_path / "ran"
    hook = f"""postbuild_commands: [{{command: [sh, -c, 'echo "$PYXIE_TOKEN" >> {ran}']}}]\n"""
    names = machines(home, hook)

    def client(name: str) -> list[str]:
        tokens = []
        for _ in range(BUILDS):
            tokens.append(home.build(name))
            assert home.get(f"/done/{name}/{tokens[-1]}") == Answer(200, b"OK")
        return tokens

    with home.running(), ThreadPoolExecutor(CLIENTS) as clients:
        tokens = [token for each in clients.map(client, names) for token in each]
        until(lambda: ran.read_text().count("\n") >= len(tokens), "all hooks", seconds=60)
        time.sleep(1)  # for those that there must not be

    assert Counter(ran.read_text().split()) == Counter(tokens)
