"""An iPXE that runs the scripts that pyxie writes: each command of theirs, and no other."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from tests.dialogue.wires import Answer
from tests.render.ipxe import lines, split

_INNERMOST = re.compile(r"\$\{([\w/]+)(?::\w+)?\}")


@dataclass(frozen=True)
class Ran:
    """What became of a script.

    Attributes:
        ended: ``boot``, ``next device``, or ``as without a script``.
        screen: What stood on the machine's screen.
        loaded: The images, by name.
        cmdline: The kernel's.
    """

    ended: str
    screen: tuple[str, ...] = ()
    loaded: Mapping[str, bytes] = field(default_factory=dict)
    cmdline: str = ""


class Ipxe:
    """Runs one script, and those that it leads to.

    Args:
        gets: Gets a URL.
        sleeps: Lets seconds pass.
        settings: What ``${name}`` stands for.
    """

    def __init__(
        self,
        gets: Callable[[str], Awaitable[Answer]],
        sleeps: Callable[[float], None],
        settings: Mapping[str, str],
    ) -> None:
        self._gets, self._sleeps, self._settings = gets, sleeps, dict(settings)
        self._screen: list[str] = []
        self._images: dict[str, bytes] = {}
        self._lines: list[str] = []
        self._at = 0
        self._cmdline = self._ended = ""

    async def run(self, url: str) -> Ran:
        """Fetch a script and run it to its end."""
        assert await self._chain("--replace", "--autofree", url), f"no script at {url}"
        return await self._to_its_end()

    async def runs(self, text: str) -> Ran:
        """Run a script that was got by other ways."""
        self._lines, self._at = lines(text), 1
        return await self._to_its_end()

    async def _to_its_end(self) -> Ran:
        while not self._ended:
            line = self._lines[self._at]
            self._at += 1
            if not line.startswith(":"):
                await self._line(line)
        return Ran(self._ended, tuple(self._screen), self._images, self._cmdline)

    async def _line(self, line: str) -> None:
        """Do a line: a command is passed over by how the last one that ran went."""
        here, went_well, then = self._at, True, ";"
        for words, ends in split(line):
            if then == ";" or (then == "&&") == went_well:
                went_well = not words or await self._command(*map(self._expanded, words))
            if self._at != here or self._ended:
                return
            then = ends
        assert went_well, f"this ends the script: {line}"

    async def _command(self, name: str, *words: str) -> bool:
        """Do one command; tell whether it went well."""
        if name in ("kernel", "initrd", "imgfetch"):
            return await self._fetch(*words)
        if name == "shim":
            return await self._fetch("--name", "shim", *words)
        if name == "chain":
            return await self._chain(*words)
        if name == "iseq":
            return words[0] == words[1]
        if name == "isset":
            return bool(words[0])
        if name in ("set", "inc"):
            self._set(name, *words)
        else:
            self._do(name, *words)
        return True

    def _set(self, name: str, setting: str, value: str = "") -> None:
        setting, _, _kind = setting.partition(":")
        self._settings[setting] = value if name == "set" else str(int(self._settings[setting]) + 1)

    def _do(self, name: str, *words: str) -> None:
        match name, *words:
            case "echo", *said:
                self._screen += [" ".join(said)] if said else []
            case "goto", label:
                self._at = self._lines.index(f":{label}")
            case "sleep", seconds:
                self._sleeps(float(seconds))
            case "imgargs", "kernel", *arguments:
                self._cmdline = " ".join(arguments)
            case "imgfree", *which:
                for each in which or list(self._images):
                    del self._images[each]
            case "dhcp", _:
                pass
            case "autoboot", *_:
                self._ended = "as without a script"
            case "boot", "kernel":
                self._ended = "boot"
            case "exit", "1":
                self._ended = "next device"
            case _:
                raise AssertionError(f"iPXE does not know: {name} {' '.join(words)}")

    async def _fetch(self, option: str, name: str, url: str) -> bool:
        assert option == "--name"
        answer = await self._gets(url)
        if answer.status == 200:
            self._images[name] = answer.body
        return answer.status == 200

    async def _chain(self, replace: str, autofree: str, url: str) -> bool:
        assert (replace, autofree) == ("--replace", "--autofree")
        answer = await self._gets(url)
        if answer.status == 200:
            assert answer.text.startswith("#!ipxe\n"), answer.text
            self._lines, self._at = lines(answer.text), 1
        return answer.status == 200

    def _expanded(self, word: str) -> str:
        while (found := _INNERMOST.search(word)) is not None:
            word = word[: found.start()] + self._settings.get(found[1], "") + word[found.end() :]
        return word
