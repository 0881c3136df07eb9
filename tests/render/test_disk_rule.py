"""The rule by which shipped templates find the disk to install on, by the shells that run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.render.judges import by_a_shell
from tests.render.machines import PCI, SCSI, SHELLS, USB, Machine, functions

shells = pytest.mark.parametrize("shell", SHELLS)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


class TestTheFunctions:
    def test_are_ones_that_a_shell_takes(self) -> None:
        """SC2034: $disk is for who uses them."""
        assert by_a_shell(f"{functions()}\n", "SC2034") == ""

    def test_can_be_joined_into_one_line(self) -> None:
        """As in a preseed; there a line's backslash or a comment would be another thing."""
        assert by_a_shell(f"{functions()}\n".replace("\n", " "), "SC2034") == ""
        assert "\\" not in functions()
        assert "\n#" not in functions().replace(" ", "")


class TestWithoutAName:
    @shells
    @pytest.mark.parametrize("joined", [False, True])
    def test_the_first_disk_is_found_that_is_no_stick(
        self, machine: Machine, shell: str, joined: bool
    ) -> None:
        machine.disk("sda", USB, removable="1", number="8:0")
        machine.disk("vda", f"{PCI}/virtio0", ro="1", number="254:0")
        machine.disk("vdb", f"{PCI}/virtio1", size="0", number="254:16")
        machine.disk("vdc", f"{PCI}/virtio2", number="254:32")
        machine.disk("vdd", f"{PCI}/virtio3", number="254:48")

        assert machine.found(shell=shell, joined=joined) == "/dev/vdc"

    @shells
    def test_none_is_found_where_none_is_fit_and_each_is_told_of(
        self, machine: Machine, shell: str
    ) -> None:
        machine.disk("sda", USB, removable="1", number="8:0")
        machine.disk("vda", f"{PCI}/virtio0", ro="1", number="254:0")
        machine.disk("vdb", f"{PCI}/virtio1", size="0", number="254:16")

        assert machine.found(shell=shell) == (
            "none: there is no disk to install on; sda is removable; vda is read-only; vdb is empty"
        )

    def test_none_is_found_where_there_is_none(self, machine: Machine) -> None:
        machine.virtual("loop0")

        assert machine.found() == "none: there is no disk to install on"

    @pytest.mark.parametrize(
        ("name", "on"),
        [
            ("sda", SCSI),
            ("hda", f"{PCI}/ide0/0.0"),
            ("vda", f"{PCI}/virtio0"),
            ("xvda", "vbd-51712"),
            ("nvme0n1", f"{PCI}/nvme/nvme0"),
            ("nvme0n1", "virtual/nvme-subsystem/nvme-subsys0"),
            ("dasda", "css0/0.0.0000/0.0.0100"),
        ],
    )
    def test_a_disk_of_any_make_is_found(self, machine: Machine, name: str, on: str) -> None:
        machine.disk(name, on)

        assert machine.found() == f"/dev/{name}"

    def test_a_disk_in_a_folder_of_dev_is_found(self, machine: Machine) -> None:
        machine.disk("cciss!c0d0", PCI)

        assert machine.found() == "/dev/cciss/c0d0"

    def test_an_emmc_is_found_by_itself_and_its_boot_partitions_are_not(
        self, machine: Machine
    ) -> None:
        machine.disk("mmcblk0boot0", f"{PCI}/mmc0:1/boot0", number="179:8")
        machine.disk("mmcblk0rpmb", f"{PCI}/mmc0:1/rpmb", number="179:16")
        machine.disk("mmcblk0", f"{PCI}/mmc0:1", number="179:0", attributes={"device/type": "MMC"})

        assert machine.found() == "/dev/mmcblk0"

    @pytest.mark.parametrize(
        "name", ["loop0", "ram0", "zram0", "dm-0", "md0", "nbd0", "zd0", "bcache0", "sda"]
    )
    def test_what_has_no_hardware_is_none(self, machine: Machine, name: str) -> None:
        machine.virtual(name)

        assert machine.found() == "none: there is no disk to install on"

    @pytest.mark.parametrize("name", ["sr0", "fd0", "mtdblock0", "nvme0c0n1", "pmem0", "rbd0"])
    def test_what_is_no_disk_by_its_name_is_none(self, machine: Machine, name: str) -> None:
        machine.disk(name)

        assert machine.found() == "none: there is no disk to install on"

    @pytest.mark.parametrize(
        ("name", "on", "attributes", "why"),
        [
            ("sda", SCSI, {"removable": "1"}, "removable"),
            ("sda", USB, {"removable": "0"}, "on USB or FireWire"),
            ("sda", f"{PCI}/fw1/fw1.0/host3/target3:0:0/3:0:0:0", {}, "on USB or FireWire"),
            ("sda", "platform/host3/session1/target3:0:0/3:0:0:1", {}, "on a network"),
            ("sda", f"{PCI}/host4/rport-4:0-1/target4:0:0/4:0:0:0", {}, "on a network"),
            ("nvme0n1", "virtual/nvme-fabrics/ctl/nvme0", {}, "on a network"),
            ("nvme0n1", f"{PCI}/nvme/nvme0", {"device/transport": "tcp"}, "on a network"),
            (
                "nvme0n1",
                "virtual/nvme-subsystem/nvme-subsys0",
                {"device/nvme0/transport": "rdma"},
                "on a network",
            ),
            ("mmcblk0", f"{PCI}/mmc0:1", {"device/type": "SD"}, "a memory card"),
            ("sda", SCSI, {"device/type": "7"}, "no disk"),
            ("sda", SCSI, {"ro": "1"}, "read-only"),
            ("sda", SCSI, {"size": "0"}, "empty"),
        ],
    )
    def test_what_is_not_the_machines_own_is_not_taken(
        self, machine: Machine, name: str, on: str, attributes: dict[str, str], why: str
    ) -> None:
        machine.disk(name, on, attributes=attributes)

        assert machine.found() == f"none: there is no disk to install on; {name} is {why}"

    def test_what_is_outside_of_the_machine_is_removable(self, machine: Machine) -> None:
        """Behind Thunderbolt; the drive itself does not say so."""
        machine.disk("nvme0n1", f"{PCI}/0000:05:00.0/nvme/nvme0")
        machine.attribute(f"{PCI}/0000:05:00.0/removable", "removable")

        assert machine.found() == "none: there is no disk to install on; nvme0n1 is removable"

    def test_a_local_drive_of_a_subsystem_is_found(self, machine: Machine) -> None:
        machine.disk(
            "nvme0n1",
            "virtual/nvme-subsystem/nvme-subsys0",
            attributes={"device/nvme0/transport": "pcie"},
        )

        assert machine.found() == "/dev/nvme0n1"


class TestTheMediumBootedFrom:
    USED = "none: there is no disk to install on; sda is in use by the installer"

    @shells
    def test_is_not_taken(self, machine: Machine, shell: str) -> None:
        machine.disk("sda")
        machine.partition("sda", "sda1")
        machine.mount("/dev/sda1", "8:1")

        assert machine.found(shell=shell) == self.USED

    def test_is_not_taken_where_a_file_system_fills_the_disk(self, machine: Machine) -> None:
        machine.disk("sda")
        machine.mount("/dev/sda", "8:0")

        assert machine.found() == self.USED

    def test_is_not_taken_where_its_file_system_has_no_number(self, machine: Machine) -> None:
        """As btrfs."""
        machine.disk("sda")
        machine.partition("sda", "sda1")
        machine.mount("/dev/sda1", "0:40")
        (machine.root / "dev/sda1").touch()

        assert machine.found() == self.USED

    def test_is_not_taken_below_raid_and_lvm(self, machine: Machine) -> None:
        machine.disk("sda")
        raid = machine.virtual("md0", machine.partition("sda", "sda1"), number="9:0")
        machine.virtual("dm-0", raid, number="253:0")
        machine.mount("/dev/mapper/live-rw", "253:0")

        assert machine.found() == self.USED

    def test_does_not_stand_for_a_disk_whose_name_begins_alike(self, machine: Machine) -> None:
        machine.disk("sdaa", f"{SCSI}/one", number="65:160")
        machine.disk("sda", f"{SCSI}/two", number="8:0")
        machine.mount("/dev/sdaa", "65:160")

        assert machine.found() == "/dev/sda"

    @pytest.mark.parametrize("wanted", ["/dev/sda", "serial:S1"])
    def test_is_not_taken_by_its_name_either(self, machine: Machine, wanted: str) -> None:
        machine.disk("sda", attributes={"serial": "S1"})
        machine.mount("/dev/sda", "8:0")

        assert machine.found(wanted) == f"none: the disk {wanted} is in use by the installer"


class TestByName:
    @shells
    @pytest.mark.parametrize("joined", [False, True])
    @pytest.mark.parametrize(
        "wanted",
        [
            "/dev/sdb",
            "/dev/disk/by-id/ata-X_S2",
            "serial:WD-2",
            "wwn:5000c500a1b2c3d4",
        ],
    )
    def test_that_disk_is_found_and_no_other(
        self, machine: Machine, shell: str, joined: bool, wanted: str
    ) -> None:
        machine.disk("sda", f"{SCSI}/one", number="8:0")
        machine.disk(
            "sdb",
            f"{SCSI}/two",
            number="8:16",
            attributes={
                "device/vpd_pg80": b"\0\x80\0\x14WD-2".ljust(24),
                "device/wwid": "naa.5000c500a1b2c3d4",
            },
        )
        machine.link("/dev/disk/by-id/ata-X_S2", "sdb")

        assert machine.found(wanted, shell, joined=joined) == "/dev/sdb"

    @pytest.mark.parametrize("attribute", ["serial", "device/serial"])
    def test_a_serial_number_is_found_wherever_its_driver_has_it(
        self, machine: Machine, attribute: str
    ) -> None:
        """Virtio has it at the disk, and without a line end; NVMe and MMC at the device."""
        machine.disk("vda", f"{PCI}/virtio0", number="254:0")
        machine.disk("vdb", f"{PCI}/virtio1", number="254:16", attributes={attribute: b"S 2 "})

        assert machine.found("serial:S_2") == "/dev/vdb"

    @pytest.mark.parametrize("wwid", ["eui.00253885910030bd", "naa.00253885910030bd"])
    def test_an_nvme_drive_is_found_by_its_wwn(self, machine: Machine, wwid: str) -> None:
        machine.disk("nvme0n1", f"{PCI}/nvme/nvme0", number="259:0", attributes={"wwid": wwid})

        assert machine.found("wwn:00253885910030bd") == "/dev/nvme0n1"

    @pytest.mark.parametrize(
        ("wanted", "line"),
        [
            ("serial:S2", "ID_SERIAL_SHORT=S2"),
            ("serial:S2", "ID_SCSI_SERIAL=S2"),
            ("serial:S2", "ID_SERIAL=S2"),
            ("wwn:5000c500a1b2c3d4", "ID_WWN=0x5000c500a1b2c3d4"),
            ("wwn:5000c500a1b2c3d4", "ID_WWN_WITH_EXTENSION=0x5000c500a1b2c3d4"),
        ],
    )
    def test_what_udev_knows_counts_too(self, machine: Machine, wanted: str, line: str) -> None:
        machine.disk("sda", f"{SCSI}/one", number="8:0", udev="ID_BUS=ata\n")
        machine.disk("sdb", f"{SCSI}/two", number="8:16", udev=f"ID_BUS=ata\n{line}\n")

        assert machine.found(wanted) == "/dev/sdb"

    @pytest.mark.parametrize(
        "link",
        [
            "wwn-0x5000c500a1b2c3d4",
            "scsi-35000c500a1b2c3d4",
            "nvme-eui.5000c500a1b2c3d4",
            "ata-WDC_WD10-68_WD-WMC3",
            "nvme-Samsung_SSD_WD-WMC3",
            "nvme-Samsung_SSD_WD-WMC3_1",
            "virtio-WD-WMC3",
        ],
    )
    def test_by_ids_names_are_understood_without_udevs_links(
        self, machine: Machine, link: str
    ) -> None:
        machine.disk(
            "sda", f"{SCSI}/one", number="8:0", attributes={"serial": "WD-WMC4", "wwid": "naa.50"}
        )
        machine.disk(
            "sdb",
            f"{SCSI}/two",
            number="8:16",
            attributes={"serial": "WD-WMC3", "wwid": "naa.5000c500a1b2c3d4"},
        )
        machine.disk("sdc", f"{SCSI}/three", number="8:32")

        assert machine.found(f"/dev/disk/by-id/{link}") == "/dev/sdb"

    def test_a_name_of_by_id_that_may_be_two_disks_is_neither(self, machine: Machine) -> None:
        machine.disk("sda", f"{SCSI}/one", number="8:0", attributes={"serial": "WMC3"})
        machine.disk("sdb", f"{SCSI}/two", number="8:16", attributes={"serial": "WD-WMC3"})

        assert machine.found("/dev/disk/by-id/ata-WDC_WD10_WD-WMC3") == (
            "none: /dev/disk/by-id/ata-WDC_WD10_WD-WMC3 is more than one disk: sda sdb"
        )

    def test_a_stick_is_taken(self, machine: Machine) -> None:
        machine.disk("sda", USB, removable="1")

        assert machine.found("/dev/sda") == "/dev/sda"

    def test_a_mapping_keeps_its_name(self, machine: Machine) -> None:
        """Installers know it by that, not as dm-0."""
        machine.virtual("dm-0", number="253:0")
        (machine.root / "dev/dm-0").touch()
        machine.link("/dev/mapper/mpatha", "dm-0")

        assert machine.found("/dev/mapper/mpatha") == "/dev/mapper/mpatha"

    @pytest.mark.parametrize(
        "wanted",
        ["/dev/sdz", "/dev/disk/by-id/ata-gone", "/dev/disk/by-path/gone", "serial:S9", "wwn:1"],
    )
    def test_none_is_found_that_is_not_there(self, machine: Machine, wanted: str) -> None:
        machine.disk("sda", f"{SCSI}/one", number="8:0", attributes={"serial": "S1"})
        machine.disk("sdb", f"{SCSI}/two", number="8:16", attributes={"serial": "S2"})

        assert machine.found(wanted) == f"none: the disk {wanted} is not there, only sda sdb"

    @pytest.mark.parametrize(
        ("attributes", "why"), [({"ro": "1"}, "read-only"), ({"size": "0"}, "empty")]
    )
    @pytest.mark.parametrize("wanted", ["/dev/sda", "serial:S1"])
    def test_none_is_found_that_cannot_be_written(
        self, machine: Machine, wanted: str, attributes: dict[str, str], why: str
    ) -> None:
        machine.disk("sda", f"{SCSI}/one", number="8:0", attributes={"serial": "S1"} | attributes)
        machine.disk("sdb", f"{SCSI}/two", number="8:16", attributes={"serial": "S2"})

        assert machine.found(wanted) == f"none: the disk {wanted} is {why}"

    def test_none_is_found_where_two_paths_lead_to_one_disk(self, machine: Machine) -> None:
        machine.disk("sda", f"{SCSI}/one", number="8:0", attributes={"serial": "S1"})
        machine.disk("sdb", f"{SCSI}/two", number="8:16", attributes={"serial": "S1"})

        assert machine.found("serial:S1") == "none: serial:S1 is more than one disk: sda sdb"

    def test_a_disk_that_takes_a_while_is_waited_for(self, machine: Machine) -> None:
        machine.disk("sda")
        late = "sleep() { echo 1 >> /proc/slept; [ $1 != 4 ] || echo 9 > /sys/block/sda/size; }\n"
        machine.attribute(f"{SCSI}/block/sda/size", "0")
        text = f"{functions()}\nudevadm() {{ :; }}\n{late}find_disk '' && echo $disk"

        assert machine.run(text) == (0, "/dev/sda\n")
        assert (machine.root / "proc/slept").read_text().count("1") == 4
