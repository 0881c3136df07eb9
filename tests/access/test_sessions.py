"""Who has signed in to the page, and until when."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyxie.access.sessions import Sessions
from pyxie.bounds import SESSION_AGE, SESSION_IDLE, SESSIONS, SESSIONS_OF_TOKEN

HOUR, DAY = 3600.0, 86_400.0


@pytest.fixture(autouse=True)
def fewer() -> Iterator[None]:
    """Have less room than there is, and put back what was counted."""
    bounds = SESSIONS, SESSIONS_OF_TOKEN, SESSION_AGE, SESSION_IDLE
    kept = [(each, each.most, each.times) for each in bounds]
    SESSIONS.most, SESSIONS_OF_TOKEN.most = 4, 2
    yield
    for each, most, times in kept:
        each.most, each.times = most, times


class At(Sessions):
    """Sessions at a time that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(lambda: self.now)

    def at(self, now: float) -> At:
        self.now = now
        return self


def begun(*of: tuple[str, str]) -> At:
    """Return sessions by secret and token, a second apart."""
    sessions = At()
    for now, each in enumerate(of):
        sessions.at(float(now)).begin(*each)
    return sessions


def found(sessions: Sessions, secrets: str) -> str:
    """Return those of the secrets, of one letter each, that are signed in."""
    return "".join(each for each in secrets if sessions.find(each) is not None)


class TestASession:
    def test_is_found_by_its_secret_alone_and_names_its_token(self) -> None:
        sessions = begun(("a", "ci"))

        assert sessions.find("a") == "ci"
        assert [sessions.find(each) for each in ("", "b", "ci", "\udcff")] == [None] * 4

    def test_does_not_keep_its_secret(self) -> None:
        sessions = begun(("a secret", "ci"))

        assert "a secret" not in repr(vars(sessions))

    def test_ends_where_nothing_is_asked_for(self) -> None:
        sessions = begun(("a", "ci"))

        assert sessions.at(SESSION_IDLE.most - 1).find("a") == "ci"
        assert sessions.at(SESSION_IDLE.most).find("a") is None
        assert SESSION_IDLE.times == 1

    def test_is_not_kept_by_being_looked_up(self) -> None:
        """As a stream does that goes on by itself."""
        sessions = begun(("a", "ci"))
        sessions.at(SESSION_IDLE.most - 1).find("a")

        assert sessions.at(SESSION_IDLE.most).find("a") is None

    def test_that_is_used_lasts_and_not_for_ever(self) -> None:
        sessions = begun(("a", "ci"))
        for now in range(0, int(SESSION_AGE.most), int(SESSION_IDLE.most / 2)):
            sessions.at(float(now)).use("a")

        assert sessions.at(SESSION_AGE.most - 1).find("a") == "ci"
        assert sessions.at(SESSION_AGE.most).find("a") is None
        assert SESSION_AGE.times == 1

    def test_that_has_ended_is_not_used_again(self) -> None:
        sessions = begun(("a", "ci"))
        sessions.at(SESSION_IDLE.most).use("a")
        sessions.use("nobody's")

        assert found(sessions, "a") == ""
        assert len(sessions) == 0

    def test_ends_when_its_person_signs_out(self) -> None:
        sessions = begun(("a", "ci"), ("b", "ci"))
        sessions.end("a")
        sessions.end("a")

        assert found(sessions, "ab") == "b"


class TestOfTooMany:
    def test_of_a_token_who_was_idle_for_longest_is_signed_out(self) -> None:
        sessions = begun(("a", "ci"), ("b", "ci"))
        sessions.at(3.0).use("a")
        sessions.at(4.0).begin("c", "ci")

        assert found(sessions, "abc") == "ac"
        assert SESSIONS_OF_TOKEN.times == 1

    def test_nobody_is_signed_out_by_who_has_another_token(self) -> None:
        """Or a token that may only look would end the sessions of those that may more."""
        sessions = begun(("a", "admin"), *((each, "read") for each in "bcdefgh"))

        assert found(sessions, "abcdefgh") == "agh"

    def test_in_all_the_token_with_most_of_them_loses_one(self) -> None:
        sessions = begun(("a", "1"), ("b", "2"), ("c", "2"), ("d", "3"), ("e", "4"))

        assert found(sessions, "abcde") == "acde"
        assert SESSIONS.times == 1

    def test_those_that_have_ended_anyway_make_room_first(self) -> None:
        sessions = begun(("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"))
        sessions.at(SESSION_AGE.most).begin("e", "5")

        assert (len(sessions), SESSIONS.times) == (1, 0)
