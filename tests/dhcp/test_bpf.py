"""Programs for the kernel, as bytes."""

from __future__ import annotations

import pytest

from pyxie.dhcp import bpf
from pyxie.dhcp.bpf import HALF_AT, IF_EQUAL, INSTRUCTION, RETURN, Instruction, compiled

# linux/bpf_common.h: classes, sizes, modes, operations and sources.
LD, LDX, ST, STX, ALU, JMP, RET, MISC = range(8)
W, H, B = 0x00, 0x08, 0x10
IMM, ABS, IND, MEM, LEN, MSH = 0x00, 0x20, 0x40, 0x60, 0x80, 0xA0
SUB, MUL, OR, AND, LSH, RSH, XOR = 0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0xA0
JA, JEQ, JGE, JSET = 0x00, 0x10, 0x30, 0x40
K, X = 0x00, 0x08
TAX = 0x00
CODES = {
    "LOAD_HEADER": LDX | B | MSH,
    "LOAD_LENGTH": LD | W | LEN,
    "LOAD": LD | IMM,
    "LOAD_MEMORY": LD | MEM,
    "TO_X": MISC | TAX,
    "LOAD_X": LDX | IMM,
    "X_OF_MEMORY": LDX | MEM,
    "STORE_X": STX,
    "BYTE_AT": LD | B | ABS,
    "HALF_AT": LD | H | ABS,
    "WORD_AT": LD | W | ABS,
    "LOAD_BYTE": LD | B | IND,
    "LOAD_HALF": LD | H | IND,
    "LOAD_WORD": LD | W | IND,
    "STORE": ST,
    "AND": ALU | AND | K,
    "RIGHT": ALU | RSH | K,
    "LEFT_BY_X": ALU | LSH | X,
    "TIMES": ALU | MUL | K,
    "MINUS_X": ALU | SUB | X,
    "XOR_X": ALU | XOR | X,
    "OR_X": ALU | OR | X,
    "GO": JMP | JA,
    "IF_EQUAL": JMP | JEQ | K,
    "IF_AT_LEAST": JMP | JGE | K,
    "IF_BIT": JMP | JSET | K,
    "IF_ANY_OF_X": JMP | JSET | X,
    "RETURN": RET | K,
}
# linux/filter.h: SKF_AD_OFF, and what is told from there on.
BESIDE = (1 << 32) - 0x1000
TOLD = {"PROTOCOL": BESIDE, "PACKET_TYPE": BESIDE + 4, "VLAN_TAG": BESIDE + 48}


@pytest.mark.parametrize(("name", "number"), (CODES | TOLD).items())
def test_a_word_of_the_program_has_the_kernels_number(name: str, number: int) -> None:
    assert getattr(bpf, name) == number


def test_a_packet_is_passed_as_whole_as_libpcap_has_it() -> None:
    assert bpf.WHOLE == 262_144


def test_a_program_is_an_array_of_what_the_kernel_calls_sock_filter() -> None:
    program = compiled(
        [Instruction(HALF_AT, k=2), Instruction(IF_EQUAL, 1, 2, 68), Instruction(RETURN)]
    )

    assert program == bytes.fromhex("280000000200000015000102440000000600000000000000")
    assert len(program) == 3 * INSTRUCTION
