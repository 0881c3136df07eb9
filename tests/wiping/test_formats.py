"""Each format's own way to say that a disk is to be wiped; unknown is said to be unknown."""

# ruff: noqa: E501
from __future__ import annotations

import base64
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.wiping.kernelwords import read_cmdline
from pyxie.wiping.reading import read_template
from pyxie.wiping.verdict import EVERY_DISK, Spares, Unclear, Verdict, Wipes, combined

OURS = "http://192.0.2.1:8090"
SDA = Wipes(("/dev/sda",))
NO_YAML = "it is no YAML that cloud-init reads, or too much of it"
AUTO = "d-i partman-auto/method string lvm\n"


def judged(text: str) -> Verdict:
    return read_template(text, OURS)


class TestPreseed:
    @pytest.mark.parametrize(
        ("text", "verdict"),
        [
            ("d-i partman-auto/disk string /dev/sda\n", SDA),
            (
                f"{AUTO}d-i partman-auto/disk string /dev/sda /dev/sdb\n",
                Wipes(("/dev/sda", "/dev/sdb")),
            ),
            (AUTO, Wipes(("the only disk that is found",))),
            (
                f'{AUTO}d-i partman/early_command string \\\n  debconf-set partman-auto/disk "$(x)"\n',
                Wipes(),
            ),
            (
                "ubiquity partman-auto/method string regular\n",
                Wipes(("the only disk that is found",)),
            ),
            (
                f"{AUTO}d-i partman-auto/init_automatically_partition select biggest_free\n",
                Unclear("it installs into the free space of a disk"),
            ),
            ("d-i preseed/late_command string wipefs -a \\\n   /dev/sda\n", SDA),
            (
                "d-i preseed/include string http://192.0.2.9/more.cfg\n",
                Unclear("it goes on by what its preseed/include names"),
            ),
            (f"d-i preseed/include string {OURS}/template/more/web01/t\n", Spares()),
            (
                "d-i preseed/run string http://192.0.2.9/x\n",
                Unclear("it goes on by what its preseed/run names"),
            ),
            (
                "d-i partman-auto/expert_recipe_file string /r\nd-i partman-auto/disk string /dev/sda\n",
                SDA,
            ),
            (
                "d-i debian-installer/locale string en_US\n# d-i partman-auto/disk string /dev/sda\n",
                Spares(),
            ),
        ],
    )
    def test_partitions_once_it_has_a_method_or_a_disk(self, text: str, verdict: Verdict) -> None:
        assert judged(text) == verdict


class TestKickstart:
    HEAD = "lang en_US.UTF-8\nkeyboard us\nrootpw --lock\n"

    @pytest.mark.parametrize(
        ("text", "verdict"),
        [
            ("clearpart --all --drives=sda,vdb\nautopart\n", Wipes(("/dev/sda", "/dev/vdb"))),
            ("clearpart --all\nautopart\n", Wipes((EVERY_DISK,))),
            ("ignoredisk --only-use=sda\nclearpart --all\n", SDA),
            (
                "ignoredisk --only-use /dev/disk/by-id/x\nclearpart --all\n",
                Wipes(("/dev/disk/by-id/x",)),
            ),
            ("zerombr\nignoredisk --only-use=sda\n", SDA),
            (
                "zerombr\n%include /tmp/disk.ks\n%pre\ncat > /tmp/disk.ks <<END\nclearpart --all --drives=$disk\nEND\n%end\n",
                Wipes(),
            ),
            ("clearpart --none\npart / --onpart=sda2\n", Wipes(("/dev/sda2",))),
            ("part / --onpart=sda2 --noformat\n", Spares()),
            ("autopart\n", Unclear("it partitions what is free, or what its %pre has made so")),
            (
                "%include /tmp/x.ks\n",
                Unclear("it partitions what is free, or what its %pre has made so"),
            ),
            (
                "%include http://u:secret@192.0.2.9/x.ks?t=s\n",
                Unclear("it includes what http://192.0.2.9 gives"),
            ),
            ("%pre --erroronfail\nwipefs -a /dev/sda\n%end\n", SDA),
            ("%post\necho 'it is\n%end\n", Spares()),
            ("%packages\nclearpart-tools\n%end\n", Spares()),
            ("vmaccepteula\ninstall --firstdisk --overwritevmfs\n", Wipes(("the first disk",))),
            ("\n  \npart / --onpart=sda --fstype=xfs\n", SDA),
            ("logvol / --vgname=v --name=r --useexisting\n", Wipes()),
            ("logvol / --vgname=v --name=r --useexisting --noformat\n", Spares()),
            ("mount /dev/sda / --reformat=xfs\nmount /dev/sdb /srv\n", SDA),
            ("%pre\necho -e 'zerombr\\nclearpart --all --drives=sda' > /tmp/x\n%end\n", SDA),
            ("vmaccepteula\ninstall --disk=mpx.vmhba1\n", Wipes(("mpx.vmhba1",))),
            ("vmaccepteula\nupgrade --firstdisk\n", Spares()),
            ("vmaccepteula\ninstall --firstdisk=local\n", Wipes(("the first disk",))),
            ("vmaccepteula\ninstall --disk=mpx.vmhba1 --overwritevmfs\n", Wipes(("mpx.vmhba1",))),
        ],
    )
    def test_clears_partitions_or_not(self, text: str, verdict: Verdict) -> None:
        assert judged(self.HEAD + text) == verdict

    def test_that_is_included_may_be_one_line(self) -> None:
        assert judged("clearpart --all --drives=sda\n") == SDA


def packed(script: str) -> str:
    return base64.b64encode(gzip.compress(script.encode())).decode()


PACKED = packed("#!/bin/sh\nwipefs -a /dev/sda\n")


class TestOneFormatWithinAnother:
    """Debconf's answers stand in many a text, and keep nothing of it from being read."""

    @pytest.mark.parametrize(
        ("text", "verdict"),
        [
            (
                "#cloud-config\nautoinstall:\n  storage: {layout: {match: {path: /dev/sda}}}\n  apt:\n    debconf_selections:\n      a: |\n        a a/b string c\n",
                SDA,
            ),
            (
                "#!/bin/sh\ndebconf-set-selections <<END\na a/b string c\nEND\nwipefs -a /dev/sda\n",
                SDA,
            ),
            ("clearpart --all --drives=sda\n%post\ncat <<END\na a/b string c\nEND\n%end\n", SDA),
            ("#!/bin/sh\ncat > /srv/preseed <<END\na a/b string c\nEND\n", Spares()),
        ],
    )
    def test_are_read_both(self, text: str, verdict: Verdict) -> None:
        assert judged(text) == verdict


class TestCloudConfig:
    @pytest.mark.parametrize(
        ("text", "verdict"),
        [
            ("autoinstall: {version: 1}", Wipes(("the largest disk",))),
            (
                "autoinstall: {version: 1, storage: {layout: {name: lvm, match: {path: /dev/sda}}}}",
                SDA,
            ),
            (
                "autoinstall: {storage: {layout: {match: {size: smallest}}}}",
                Wipes(("the smallest disk",)),
            ),
            (
                "autoinstall: {storage: {layout: {match: {serial: S1, model: M}}}}",
                Wipes(("the disk with serial S1 and model M",)),
            ),
            (
                "autoinstall: {storage: {layout: {name: lvm, mode: use_gap}}}",
                Unclear("it installs into the free space of a disk"),
            ),
            (
                "autoinstall: {interactive-sections: [storage]}",
                Unclear("it asks at the machine which disk to install on"),
            ),
            ("autoinstall: {storage: {config: [{type: disk, path: /dev/sda, ptable: gpt}]}}", SDA),
            ("autoinstall: {storage: {config: [{type: disk, match: {ssd: true}}]}}", Wipes()),
            (
                "autoinstall: {storage: {config: [{type: disk, path: /dev/sda, preserve: true}, {type: mount}]}}",
                Spares(),
            ),
            (
                "autoinstall: {storage: {config: [{type: partition, preserve: true, wipe: superblock}]}}",
                Wipes(),
            ),
            ("autoinstall: {storage: {config: []}, early-commands: ['wipefs -a /dev/sda']}", SDA),
            (
                "autoinstall: {storage: {config: []}, user-data: {runcmd: [[wipefs, -a, /dev/sda]]}}",
                SDA,
            ),
            ("storage: {layout: {name: direct}}", Wipes(("the largest disk",))),
            ("version: 1\nidentity: {hostname: a}", Wipes(("the largest disk",))),
            ("disk_setup: {/dev/sda: {overwrite: true}, /dev/sdb: {overwrite: false}}", SDA),
            ("fs_setup: [{device: /dev/sda, overwrite: yes}, {device: /dev/sdb}]", SDA),
            ("bootcmd: [wipefs -a /dev/sda]", SDA),
            (
                "write_files: [{path: /x, content: \"#!/bin/sh\\nwipefs -a /dev/sda\\n\"}, {path: /y, content: 'wipefs -a /dev/sdb'}]",
                SDA,
            ),
            ("x: &o {overwrite: true}\ndisk_setup: {/dev/sda: {<<: *o}}", SDA),
            (
                "x: &o {overwrite: true}\ny: &n {overwrite: false, <<: *o}\ndisk_setup: {/dev/sda: {<<: [*n, *o, z]}}",
                Spares(),
            ),
            (
                "autoinstall: {storage: {config: [{type: disk, preserve: true}, {type: lvm_volgroup}]}}",
                Wipes(),
            ),
            (
                f"write_files: [{{encoding: gz+b64, content: {PACKED}}}]",
                SDA,
            ),
            ("users: [a]\nruncmd: [echo hello]", Spares()),
            ("machine: {install: {disk: /dev/sda}}", SDA),
            ("install: {device: auto}", Wipes()),
            ("machine: {install: {diskSelector: {size: '> 1TB'}}}", Wipes()),
        ],
    )
    def test_names_its_storage(self, text: str, verdict: Verdict) -> None:
        assert judged(f"#cloud-config\n{text}\n") == verdict

    def test_may_stand_in_one_of_several_documents(self) -> None:
        talos = "machine: {install: {disk: /dev/sda}}\n---\nkind: HostnameConfig\n"

        assert judged(talos) == SDA
        assert judged("kind: a\n---\nkind: b\n") == Unclear("it is in no format that pyxie knows")

    @pytest.mark.parametrize(
        "text",
        [
            "instance-id: a\nlocal-hostname: b\n",
            "version: 2\nethernets: {}\n",
            "#cloud-config\n{}\n",
            "#cloud-config\n# nothing\n",
        ],
    )
    def test_of_no_storage_wipes_nothing(self, text: str) -> None:
        assert judged(text) == Spares()

    @pytest.mark.parametrize(
        "text",
        [
            "#cloud-config\n- a\n",
            "#cloud-config\na: [\n",
            f"#cloud-config\na: {'[' * 60}{']' * 60}",
        ],
    )
    def test_that_is_no_yaml_cannot_be_told(self, text: str) -> None:
        assert judged(text) == Unclear("it is no YAML that cloud-init reads, or too much of it")


def ignition(**keys: object) -> str:
    return json.dumps({"ignition": {"version": "3.3.0"}, **keys})


def file(script: str) -> dict[str, object]:
    source = "data:;base64," + base64.b64encode(script.encode()).decode()
    return {"files": [{"path": "/x", "contents": {"source": source}}]}


class TestIgnition:
    @pytest.mark.parametrize(
        ("text", "verdict"),
        [
            (ignition(storage={"disks": [{"device": "/dev/sda", "wipeTable": True}]}), SDA),
            (
                ignition(
                    storage={
                        "disks": [
                            {"device": "/dev/sda", "partitions": [{"wipePartitionEntry": True}]}
                        ]
                    }
                ),
                SDA,
            ),
            (ignition(storage={"disks": [{"device": "/dev/sda", "partitions": [{}]}]}), Spares()),
            (
                ignition(storage={"filesystems": [{"device": "/dev/sda", "wipeFilesystem": True}]}),
                SDA,
            ),
            (
                ignition(
                    storage={
                        "filesystems": [{"mount": {"device": "/dev/sda", "wipeFilesystem": True}}]
                    }
                ),
                SDA,
            ),
            (
                ignition(
                    storage={
                        "filesystems": [
                            {"mount": {"device": "/dev/sda", "create": {"force": True}}}
                        ]
                    }
                ),
                SDA,
            ),
            (ignition(storage={"luks": [{"device": "/dev/sda", "wipeVolume": True}, {}]}), SDA),
            (ignition(storage=file("#!/bin/sh\nflatcar-install -d /dev/sda\n")), SDA),
            (
                ignition(
                    storage={"files": [{"contents": {"source": "data:,wipefs%20-a%20/dev/sda"}}]}
                ),
                SDA,
            ),
            (ignition(storage={"files": [{"contents": {"source": "data:;base64,?"}}]}), Spares()),
            (
                ignition(
                    storage={
                        "files": [
                            {
                                "append": [
                                    {
                                        "compression": "gzip",
                                        "source": f"data:;base64,{packed('wipefs -a /dev/sda')}",
                                    }
                                ]
                            }
                        ]
                    }
                ),
                SDA,
            ),
            (ignition(storage={"raid": [{"name": "md0", "devices": ["/dev/sda"]}]}), SDA),
            (
                ignition(
                    systemd={"units": [{"contents": 'ExecStart=sh -c "\\\n  wipefs -a /dev/sda"'}]}
                ),
                SDA,
            ),
            (
                ignition(storage={"files": [{"contents": {"source": "https://x.example/y"}}, {}]}),
                Spares(),
            ),
            (
                ignition(
                    systemd={
                        "units": [
                            {"contents": "[Service]\nExecStart=-/usr/sbin/wipefs -a /dev/sda\n"}
                        ]
                    }
                ),
                SDA,
            ),
            (
                ignition(
                    systemd={
                        "units": [{"dropins": [{"contents": "ExecStartPre=wipefs -a /dev/sda"}]}]
                    }
                ),
                SDA,
            ),
            (
                json.dumps({"ignition": {"config": {"replace": {"source": "http://192.0.2.9/x"}}}}),
                Unclear("it goes on by what its 'replace' names"),
            ),
            (
                json.dumps(
                    {
                        "ignition": {
                            "config": {"merge": [{"source": f"{OURS}/template/more/web01/t"}]}
                        }
                    }
                ),
                Spares(),
            ),
            (
                json.dumps(
                    {
                        "ignition": {
                            "config": {"merge": [{"source": "data:,%7B%22ignition%22%3A%7B%7D%7D"}]}
                        }
                    }
                ),
                Unclear("its 'merge' cannot be read"),
            ),
        ],
    )
    def test_names_its_disks_and_brings_its_scripts(self, text: str, verdict: Verdict) -> None:
        assert judged(text) == verdict


def autoyast(drive: str, more: str = "") -> str:
    return (
        '<?xml version="1.0"?>\n<profile xmlns="http://www.suse.com/1.0/yast2ns">'
        f"{more}<partitioning>{drive}</partitioning></profile>\n"
    )


class TestProfiles:
    @pytest.mark.parametrize(
        ("text", "verdict"),
        [
            (
                autoyast("<drive><device>/dev/sda</device><initialize>true</initialize></drive>"),
                SDA,
            ),
            (autoyast("<drive><device>/dev/sda</device><use>all</use></drive>"), SDA),
            (autoyast("<drive><use>all</use></drive>"), Wipes(("the disk that AutoYaST chooses",))),
            (
                autoyast("<drive><device>/dev/sda</device><use>free</use></drive>"),
                Unclear("it uses what is free on /dev/sda"),
            ),
            (autoyast("<drive><device>/dev/sda</device><use>linux</use></drive>"), SDA),
            (autoyast("<drive><device>/dev/sda</device><use>1,2</use></drive>"), SDA),
            (autoyast("<drive><type>CT_LVM</type><use>all</use></drive>"), Spares()),
            (
                autoyast(
                    "<drive><use>all</use></drive>",
                    "<general><mode><confirm>true</confirm></mode></general>",
                ),
                Unclear("it is confirmed at the machine"),
            ),
            (
                autoyast(
                    "",
                    "<scripts><source><![CDATA[wipefs -a /dev/sda]]></source><source/></scripts>",
                ),
                SDA,
            ),
            ("<profile></profile>", Unclear("it leaves the disk to AutoYaST's proposal")),
            ("<profile><a></profile>", Unclear("it is no XML")),
            (
                '<!DOCTYPE x [<!ENTITY a "b">]><profile>&a;</profile>',
                Unclear("it declares entities"),
            ),
            (
                "<unattend xmlns='urn:schemas-microsoft-com:unattend'><Disk><DiskID>0</DiskID><WillWipeDisk>true</WillWipeDisk></Disk></unattend>",
                Wipes(("disk 0",)),
            ),
            ("<unattend><Disk><WillWipeDisk>true</WillWipeDisk></Disk><Disk/></unattend>", Wipes()),
            (
                "<unattend><Disk><ModifyPartition><Format>NTFS</Format></ModifyPartition></Disk></unattend>",
                Wipes(),
            ),
            (
                "<unattend><Path>cmd /c DiskPart /s x.txt</Path></unattend>",
                Unclear("it runs diskpart"),
            ),
            ("<html></html>", Unclear("it is in no format that pyxie knows")),
        ],
    )
    def test_name_their_drives(self, text: str, verdict: Verdict) -> None:
        assert judged(text) == verdict


class TestOthers:
    @pytest.mark.parametrize(
        ("text", "verdict"),
        [
            ('HOSTNAMEOPTS=a\nDISKOPTS="-m sys /dev/sda"\n', SDA),
            ('disk=x\nDISKOPTS="-m sys $disk"\nERASE_DISKS="$disk"\n', Wipes()),
            ("DISKOPTS=none\n", Spares()),
            ('DISKOPTS=""\n', Spares()),
            ("echo DISKOPTS\n", Unclear("it is in no format that pyxie knows")),
            (
                '[global]\ncountry = "at"\n[disk-setup]\ndisk-list = ["sda", "/dev/sdb"]\n',
                Wipes(("/dev/sda", "/dev/sdb")),
            ),
            (
                '[global]\nkeyboard = "de"\ntimezone = "UTC"\n[disk-setup]\ndisk-list = ["sda"]\n',
                SDA,
            ),
            ('[disk-setup]\ndisk_list = "sda"\n', SDA),
            ('[disk-setup]\nfilter.ID_SERIAL = "S*"\n', Wipes(("each disk with ID_SERIAL S*",))),
            ('[global]\nfqdn = "a.example"\n', Wipes()),
            ("#!/bin/sh\nmkfs.ext4 /dev/sda\n", SDA),
            ("mkfs.ext4 /dev/sda\n", SDA),
            ("something else altogether\n", Unclear("it is in no format that pyxie knows")),
            ("a = b\n", Unclear("it is in no format that pyxie knows")),
            ("[1, 2]\n", Unclear("it is in no format that pyxie knows")),
            ("x" * ((256 << 10) + 1), Unclear("it is longer than pyxie reads")),
            (" \n", Spares()),
        ],
    )
    def test_are_read_too(self, text: str, verdict: Verdict) -> None:
        assert judged(text) == verdict

    def test_what_a_shell_runs_whatever_it_begins_with_is_a_script(self) -> None:
        assert read_template("wget -q x\n", OURS, script=True) == Spares()

    def test_of_an_alias_of_aliases_end(self) -> None:
        """A kilobyte of YAML may stand for a gigabyte."""
        bomb = "a: &a [x, x]\n" + "".join(
            f"{new}: &{new} [*{old}, *{old}, *{old}]\n"
            for old, new in zip("abcdefghijklm", "bcdefghijklmn", strict=True)
        )

        assert judged(f"#cloud-config\n{bomb}runcmd: *n\n") == Unclear(NO_YAML)

    def test_aliases_count_as_what_they_stand_for(self) -> None:
        few = "#cloud-config\nx: &a [dd, of=/dev/sda]\nb: &b 'y'\nruncmd: [*a, *b]\n"
        many = f"#cloud-config\nx: &a ['{'a' * 9999}', b]\nruncmd: [{'*a, ' * 300}]\n"
        itself = "#cloud-config\nruncmd: &a [*a]\n"

        assert [judged(each) for each in (few, many, itself)] == [
            SDA,
            Unclear(NO_YAML),
            Unclear(NO_YAML),
        ]

    @pytest.mark.parametrize(
        "text",
        [
            "".join(f"%TAG !{at}! x\n" for at in range(9000)) + "--- a\n",
            f"[{'[],' * 80_000}]",
            f'{{"ignition": {{}}, "x": [{"{}," * 80_000}{{}}]}}',
            f"[global]\nfqdn{'.a' * 100_000} = 1\n",
            f"[global]\n{'b = 1  # a comment' * 10_000}\n",
        ],
        ids=["directives", "yaml", "json", "toml", "long toml"],
    )
    def test_what_would_take_minutes_to_read_is_left_unread(self, text: str) -> None:
        assert judged(text) == Unclear("it is in no format that pyxie knows")

    def test_a_script_of_very_many_commands_is_read_as_far_as_they_go(self) -> None:
        script = "#!/bin/sh\n" + "a;" * 20_000

        assert judged(script) == Unclear("it has more commands than pyxie reads")
        assert judged(script.replace("a;", "mkfs.ext4 /dev/sda;", 1)) == SDA

    def test_files_that_are_packed_into_one_text_are_read_up_to_a_bound_for_all(self) -> None:
        bomb = gzip.compress(b"#!/bin/sh\n" + b"#" * 200_000)
        packed = base64.b64encode(bomb).decode()
        of_cloud = {"write_files": [{"encoding": "gz+b64", "content": packed}] * 400}
        contents = {"source": f"data:;base64,{packed}", "compression": "gzip"}
        files = {"files": [{"contents": contents}] * 400}

        for text in (f"#cloud-config\n{json.dumps(of_cloud)}", ignition(storage=files)):
            assert judged(text) == Unclear("it holds more, packed, than pyxie reads")

    def test_what_each_goes_on_by_has_an_end(self) -> None:
        """Gzip can hold itself: whoever unpacks it layer by layer would never end."""
        text = ignition()
        for _ in range(6):
            source = base64.b64encode(gzip.compress(text.encode())).decode()
            each = {"source": f"data:;base64,{source}", "compression": "gzip"}
            text = ignition(ignition={"version": "3.0.0", "config": {"merge": [each] * 2}})

        assert judged(text) == Unclear("it holds more, packed, than pyxie reads")


class TestStatements:
    """What a template says of itself, in a comment of whichever kind."""

    @pytest.mark.parametrize(
        ("text", "verdict"),
        [
            (f"# pyxie-wipes: /dev/disk/by-id/x\n{AUTO}", Wipes(("/dev/disk/by-id/x",))),
            ("# pyxie-wipes: the first disk\nsomething of your own\n", Wipes(("the first disk",))),
            ("something of your own # pyxie-wipes: nothing\n", Spares()),
            (f"# pyxie-wipes: nothing\n{AUTO}", Wipes(("the only disk that is found",))),
            (f"# pyxie-wipes:\n{AUTO}", Wipes(("the only disk that is found",))),
            ("<!-- pyxie-wipes: /dev/sda -->\n<x/>", SDA),
            (
                ignition(
                    storage=file("#!/bin/sh\n# pyxie-wipes: /dev/sda\nflatcar-install -d $d\n")
                ),
                SDA,
            ),
        ],
    )
    def test_say_which_disk_but_do_not_unsay_what_stands_there(
        self, text: str, verdict: Verdict
    ) -> None:
        assert judged(text) == verdict


class TestCommandLine:
    @pytest.mark.parametrize(
        ("cmdline", "verdict"),
        [
            (f"auto=true url={OURS}/template/preseed/web01/t --- quiet", Spares()),
            ("partman-auto/method=regular partman-auto/disk=/dev/sda", SDA),
            ("coreos.inst.install_dev=sda", SDA),
            ("harvester.install.device=/dev/sda", SDA),
            ("coreos.inst.install_dev=", Spares()),
            ("autonuke", Wipes((EVERY_DISK,))),
            ("nwipe_options=--autonuke", Wipes((EVERY_DISK,))),
            (
                "inst.ks=http://u:secret@192.0.2.9/a.ks?x=y",
                Unclear("its answers come from http://192.0.2.9"),
            ),
            ("ds=nocloud;s=http://192.0.2.9/", Unclear("its answers come from http://192.0.2.9")),
            ("preseed/url=http://192.0.2.9/x", Unclear("its answers come from http://192.0.2.9")),
            ("url=http://releases.example/24.04/live.iso autoinstall", Spares()),
            ("nuke='dwipe --method=zero --autonuke'", Wipes((EVERY_DISK,))),
            ('ocs_live_run="ocs-sr -p poweroff restoredisk image sda"', Wipes()),
            ('ocs_live_run="ocs-sr -p poweroff savedisk image sda"', Spares()),
            ("talos.experimental.wipe=system", Wipes()),
            ("inst.ks=nfs:192.0.2.9:/a.ks", Unclear("its answers come from elsewhere")),
            ("script=http://192.0.2.9/x", Unclear("its answers come from http://192.0.2.9")),
            ("talos.config=metal-iso root=/dev/sda1", Spares()),
            ("", Spares()),
        ],
    )
    def test_may_wipe_by_itself_or_lead_elsewhere(self, cmdline: str, verdict: Verdict) -> None:
        assert read_cmdline(cmdline, OURS) == verdict

    @given(st.text(max_size=80))
    def test_of_any_text_is_judged(self, text: str) -> None:
        assert isinstance(read_cmdline(text), Wipes | Unclear | Spares)


class TestSeveral:
    def test_the_worst_of_all_parts_counts_with_all_its_disks(self) -> None:
        assert combined([Spares(), Unclear("a"), Unclear("b")]) == Unclear("a")
        assert combined([Wipes(("a",)), Unclear("x"), Wipes(("b", "a"))]) == Wipes(("a", "b"))
        assert combined([]) == Spares()


class TestForAnyText:
    @given(
        st.sampled_from(
            ["", "#!", "#cloud-config\n", "<profile>", "{", "d-i a/b string ", "DISKOPTS="]
        ),
        st.text(max_size=80),
    )
    def test_there_is_a_verdict(self, head: str, text: str) -> None:
        assert isinstance(judged(head + text), Wipes | Unclear | Spares)

    @given(st.sampled_from("[{(<\"'`"), st.integers(1000, 20_000))
    def test_also_of_one_without_an_end(self, letter: str, times: int) -> None:
        assert isinstance(judged(letter * times), Wipes | Unclear | Spares)
