"""Programs for the kernel, as bytes."""

from __future__ import annotations

from pyxie.dhcp.bpf import HALF_AT, IF_EQUAL, INSTRUCTION, RETURN, Instruction, compiled


def test_a_program_is_an_array_of_what_the_kernel_calls_sock_filter() -> None:
    program = compiled(
        [Instruction(HALF_AT, k=2), Instruction(IF_EQUAL, 1, 2, 68), Instruction(RETURN)]
    )

    assert program == bytes.fromhex("280000000200000015000102440000000600000000000000")
    assert len(program) == 3 * INSTRUCTION
