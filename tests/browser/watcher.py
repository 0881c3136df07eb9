"""Somebody on another host who watches a screen while a test does something else."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.async_api import async_playwright

from tests import needs
from tests.browser.people import ARGUMENTS, People
from tests.support import until

_WATCH = """() => {
    let before = "";
    const plain = text => (text ?? "").replace(/\\s+/g, " ").trim();
    const words = (row, of) => plain(row.querySelector(of)?.textContent);
    const look = () => {
        const now = [...document.querySelectorAll(".boot")].map(row => [".state",
            ".track [aria-current=step]", ".notice.is-bad"].map(of => words(row, of)).join("; "));
        if (now.join() !== before) saw(before = now.join());
    };
    document.addEventListener("DOMContentLoaded", () => {
        look();
        const kinds = {subtree: true, childList: true, characterData: true};
        new MutationObserver(look).observe(document, kinds);
    });
}"""
_START = 30.0
"""Seconds until the browser shows the screen."""


class Watcher:
    """A browser in a thread of its own, inside a ``with`` block.

    Attributes:
        seen: What stood on the screen Now, each time that it changed: of each boot its state, the
            step that it is at, and why it stands still.

    Args:
        url: Of the page.
        namespace: The network namespace that the browser is in.
        folder: For what starts it there.
    """

    def __init__(self, url: str, namespace: str, folder: Path) -> None:
        self.seen: list[str] = []
        self._url = url
        self._program = folder / "chromium"
        ip, chromium = needs.program("ip", "iproute2"), needs.program("chromium", "chromium")
        self._program.write_text(f'#!/bin/sh\nexec {ip} netns exec {namespace} {chromium} "$@"\n')
        self._program.chmod(0o755)
        self._shown: Future[None] = Future()
        self._loop = asyncio.new_event_loop()
        self._enough = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="watcher")
        self._fault: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._shown.result(_START)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._enough.set)
        self._thread.join()
        self._loop.close()
        if kind is None and self._fault is not None:
            raise self._fault

    def waits_for(self, *said: str) -> None:
        """Wait until the last of these was seen; and fail if they did not come in this order."""
        until(lambda: any(said[-1] in each for each in self.seen), said[-1], seconds=30)
        rest = iter(self.seen)
        for each in said:
            assert any(each in one for one in rest), f"{each} did not come: {self.seen}"

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._watch())
        except BaseException as exc:  # noqa: BLE001  (it is raised where the block is left)
            self._fault = exc
            if not self._shown.done():
                self._shown.set_exception(exc)

    def _saw(self, said: str) -> None:
        self.seen.append(said)

    async def _watch(self) -> None:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=self._program, args=ARGUMENTS
            )
            try:
                people = People(browser)
                page = await people.comes(self._url)
                await page.context.expose_function("saw", self._saw)
                await page.context.add_init_script(f"({_WATCH})()")
                await page.goto("/")
                self._shown.set_result(None)
                await self._enough.wait()
                await people.leave()
                people.assert_content()
            finally:
                await browser.close()
