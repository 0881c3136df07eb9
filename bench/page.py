"""The table in the documents, written anew."""

from __future__ import annotations

BEGIN, END = "<!-- make bench writes from here -->", "<!-- to here -->"


def written(page: str, caption: str, table: str) -> str:
    """Return a page with the table, and above it when and where it was measured.

    Raises:
        ValueError: It has no place for that.
    """
    before, begun, rest = page.partition(f"{BEGIN}\n")
    _, ended, after = rest.partition(f"{END}\n")
    if not begun or not ended:
        raise ValueError(f"the page has no lines {BEGIN!r} and {END!r}")
    return f"{before}{begun}{caption}\n\n{table}{ended}{after}"
