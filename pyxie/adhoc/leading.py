"""What a command line of `pyxie boot` leads to, by ``{{ ID "…" }}`` as pixiecore has it. Pure."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from pyxie.syntax.golexer import actions, tokens
from pyxie.syntax.tokenizer import UnreadableError


def led_to(text: str) -> tuple[str, list[str]]:
    """Return a command line as pyxie's template, and the files that it leads to.

    Args:
        text: With ``{{ ID "FILE or URL" }}`` where the URL is to stand that pyxie serves it
            under. All else between braces is left as it is: it may be Jinja2.

    Returns:
        The template, in which each stands by its number; and their names, as they are written.
    """
    files: list[str] = []
    pieces, at = [], 0
    for action in actions(text):
        name = _named(action.inner, action.inner_at)
        if name is None:
            continue
        before = text[at : action.at]
        pieces.append(before.rstrip() if action.left else before)
        url = f"{{{{ BaseURL }}}}/boot/{{{{ Hostname }}}}/file/{len(files)}/{quote(own_name(name))}"
        pieces.append(url)
        files.append(name)
        at = action.at + len(action.source)
    return "".join([*pieces, text[at:]]), files


def own_name(name: str) -> str:
    """Return the last part of a path, or of a URL's, by which it is served."""
    path = urlsplit(name).path if name.startswith(("http://", "https://")) else name
    return path.rpartition("/")[2] or "file"


def _named(inner: str, at: int) -> str | None:
    try:
        found = [(each.kind, each.value) for each in tokens(inner, at)]
    except UnreadableError:
        return None
    match found:
        case [("name", "ID" | "URL"), ("string", name)] if name:
            return name
        case _:
            return None
