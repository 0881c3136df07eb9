"""Nobody goes in circles: a machine's iPXE is replaced once a boot."""

from __future__ import annotations

from pyxie.dhcp.chain import ChainMemory

MAC = "52:54:00:12:34:56"


def chained(at: float = 0.0, xid: int = 1) -> ChainMemory:
    memory = ChainMemory()
    memory.remember(MAC, xid, at)
    return memory


def test_nobody_is_chained_at_first() -> None:
    assert not ChainMemory().chained(MAC, 1, 0.0)


def test_another_transaction_is_the_ipxe_it_was_chained_to() -> None:
    assert chained().chained(MAC, 2, 5.0)


def test_the_same_transaction_is_a_repetition() -> None:
    assert not chained().chained(MAC, 1, 5.0)


def test_the_same_transaction_much_later_is_a_new_start() -> None:
    """GPXE makes its transaction number from the MAC address."""
    memory = chained()

    assert [memory.chained(MAC, 1, now) for now in (19.9, 20.0, 59.9)] == [False, True, True]


def test_a_later_boot_may_be_chained_again() -> None:
    memory = chained()

    assert [memory.chained(MAC, 2, now) for now in (59.9, 60.0)] == [True, False]


def test_a_repetition_does_not_prolong_the_memory() -> None:
    memory = chained(at=0.0)
    memory.remember(MAC, 1, 15.0)

    assert memory.chained(MAC, 1, 20.0)
    assert not memory.chained(MAC, 2, 60.0)


def test_a_new_boot_is_remembered_anew() -> None:
    memory = chained(at=0.0)
    memory.remember(MAC, 3, 70.0)

    assert memory.chained(MAC, 4, 80.0)


def test_fetching_the_script_ends_it() -> None:
    memory = chained()
    memory.forget(MAC)
    memory.forget(MAC)

    assert not memory.chained(MAC, 2, 5.0)


def test_one_machines_chain_is_not_anothers() -> None:
    assert not chained().chained("52:54:00:00:00:01", 2, 5.0)


def test_memory_is_bounded() -> None:
    memory = ChainMemory(capacity=2)
    for number in range(3):
        memory.remember(f"52:54:00:00:00:0{number}", 1, 0.0)

    assert len(memory) == 2
    assert not memory.chained("52:54:00:00:00:00", 2, 1.0)
    assert memory.chained("52:54:00:00:00:02", 2, 1.0)


def test_made_up_clients_drive_out_no_known_machine() -> None:
    """It would be chained again and again, for as long as they go on."""
    memory = ChainMemory(capacity=2)
    memory.remember(MAC, 1, 0.0)
    for number in range(5):
        memory.remember(str(number), 1, 0.0, known=False)

    assert memory.chained(MAC, 2, 1.0)
    assert [memory.chained(str(number), 2, 1.0) for number in range(5)] == [
        False, False, False, True, True,
    ]  # fmt: skip
    assert len(memory) == 3
