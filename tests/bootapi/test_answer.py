"""What an API server has for a machine."""

from __future__ import annotations

from pyxie.bootapi.answer import Answer, AnswerError


class TestCommandLine:
    def test_leads_to_where_pyxie_serves_what_it_names(self) -> None:
        answer = Answer(
            kernel="http://a/k",
            cmdline=("url=", 0, " other=", 1, " quiet"),
            others=("http://a/preseed", "http://a/x"),
        )

        line = answer.command_line(lambda at: f"http://pyxie/other/{at}")

        assert line == "url=http://pyxie/other/0 other=http://pyxie/other/1 quiet"


class TestAnswerError:
    def test_names_the_place_if_it_is_not_the_whole(self) -> None:
        assert str(AnswerError("initrd[1]", "must be text")) == "initrd[1]: must be text"
        assert str(AnswerError("", "is not JSON")) == "is not JSON"
