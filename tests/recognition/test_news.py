"""Who listens is told of whom something else may be known."""

from __future__ import annotations

from pyxie.recognition.news import News


def test_all_who_listen_are_told_of_one_client_or_of_any() -> None:
    news, one, other = News(), list[str | None](), list[str | None]()
    news.of("before anybody listens")
    news.follow(one.append)
    news.follow(other.append)

    news.of("52:54:00:12:34:56")
    news.of_anybody()

    assert one == other == ["52:54:00:12:34:56", None]
