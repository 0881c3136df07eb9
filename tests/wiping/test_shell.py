"""Scripts: the programs in them that wipe a disk, and the many that do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.wiping import shell
from pyxie.wiping.shell import read_shell
from pyxie.wiping.shellparts import commands
from pyxie.wiping.verdict import EVERY_DISK, Spares, Unclear, Verdict, Wipes
from pyxie.wiping.wipers import is_disk

OURS = "http://192.0.2.1:8090"


class TestCommands:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("a b; c && d || e | f & g", [["a", "b"], ["c"], ["d"], ["e"], ["f"], ["g"]]),
            ("a 'b c' \"d e\" f\\ g", [["a", "b c", "d e", "f g"]]),
            ("a \\\n  b # c d\ne", [["a", "b"], ["e"]]),
            ("a#b ${c#d} '#e'", [["a#b", "${c#d}", "#e"]]),
            ("a > b 2>/dev/null >>c", [["a", ">", "b", "2", ">", "/dev/null", ">", "c"]]),
            ('a "b $(c "', [["a", "b $(c "]]),
            ('a "b $(c d) `e`"', [["c", "d"], ["e"], ["a", "b $(c d) `e`"]]),
            ("x=$(lsblk -d)", [["x=$"], ["lsblk", "-d"]]),
            ("'not closed", [["not closed"]]),
            ('"not closed\\', [["not closed"]]),
            ('"a\\"b\\$c" \'\'', [['a"b$c', ""]]),
            ("", []),
            ("\\", [[""]]),
        ],
    )
    def test_are_parted_into_words(self, text: str, found: list[list[str]]) -> None:
        assert list(commands(text)) == found

    def test_within_quotes_end_somewhere(self) -> None:
        deep = 'a "$(' * 50 + ')"' * 50

        assert list(commands(deep))

    @given(st.text(alphabet="a \"'\\$(){}<>|&;#`\n=", max_size=60))
    def test_of_any_text_are_lists_of_words(self, text: str) -> None:
        assert all(words for words in commands(text))


SDA = Wipes(("/dev/sda",))

WORDS = st.sampled_from(
    (
        *("dd", "of=/dev/sda", "disk=/dev/sda", "$disk", "wipefs", "-a", "/dev/sdb", "tool=wget"),
        *("wget", "curl", "-O", "/tmp/x", "http://elsewhere.example/x", f"{OURS}/x", "$tool"),
        *("sh", "-c", "eval", "'wipefs -a $disk'", '"$(wipefs -a /dev/sdc)"', "xargs", "x=$x$x"),
        *("> /dev/sda", ">$dev", "dev=/dev/sdd", "/tmp/x", "# c", "\\\n", "{", "}", "echo"),
    )
)
ENDS = st.sampled_from((" ", " ", " ", ";", "\n", "|", "`", "(", ")"))
SCRIPTS = st.lists(st.tuples(WORDS, ENDS), max_size=40).map(
    lambda parts: "".join(word + end for word, end in parts)
)


class TestPieces:
    @given(SCRIPTS)
    def test_come_to_what_their_commands_do_one_after_the_other(self, text: str) -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(shell, "_together", lambda *_: None)
            one_by_one = read_shell(text, OURS)

        assert read_shell(text, OURS) == one_by_one
        assert read_shell(text, OURS) == one_by_one

    def test_that_are_alike_differ_where_their_variables_do(self) -> None:
        text = "wipefs -a $disk\n"

        assert read_shell(f"disk=/dev/sda\n{':;' * 12}{text}") == Wipes(("/dev/sda",))
        assert read_shell(f"disk=/dev/sdb\n{':;' * 12}{text}") == Wipes(("/dev/sdb",))
        assert read_shell(text) == Wipes()

    def test_of_what_was_fetched_elsewhere_run_it_only_there(self) -> None:
        there, here = "wget -O /x http://elsewhere.example/x\n", f"wget -O /x {OURS}/x\n"
        runs = f"{'a;' * 12}\n/x\nsh /x\n"

        assert isinstance(read_shell(there + runs, OURS), Unclear)
        assert read_shell(here + runs, OURS) == Spares()
        assert read_shell(there + here + runs, OURS) == Spares()


class TestPrograms:
    @pytest.mark.parametrize(
        ("script", "verdict"),
        [
            ("dd if=/dev/zero of=/dev/sda bs=1M", SDA),
            ("zcat image.gz > /dev/sda", SDA),
            ("zcat image.gz | tee /dev/sda", SDA),
            ("sudo wipefs -af /dev/sda", SDA),
            ("wipefs --all /dev/sda /dev/sdb", Wipes(("/dev/sda", "/dev/sdb"))),
            ("sgdisk --zap-all /dev/sda", SDA),
            ("sfdisk /dev/sda < layout", SDA),
            ("echo w | fdisk /dev/sda", SDA),
            ("/sbin/parted -s /dev/sda mklabel gpt", SDA),
            ("mkfs.ext4 -L data /dev/sda", SDA),
            ("mkfs -t xfs /dev/sda", SDA),
            ("disk=/dev/sda\nmke2fs ${disk}1", Wipes(("/dev/sda1",))),
            ("pvcreate $disk", Wipes()),
            ("blkdiscard /dev/sda", SDA),
            ("shred -n1 /dev/sda", SDA),
            ("badblocks -wsv /dev/sda", SDA),
            ("hdparm --security-erase=pw /dev/sda", SDA),
            ("nvme format /dev/nvme0n1", Wipes(("/dev/nvme0n1",))),
            ("mdadm --zero-superblock /dev/sda", SDA),
            ("zpool create tank /dev/sda", SDA),
            ("cryptsetup luksFormat /dev/sda", SDA),
            ("qemu-img convert -O raw x.qcow2 /dev/sda", SDA),
            ("nwipe --autonuke", Wipes((EVERY_DISK,))),
            ("nwipe", Wipes()),
            ("flatcar-install -d /dev/sda -i x.ign", SDA),
            ("flatcar-install -s -i x.ign", Wipes(("the smallest disk",))),
            ('coreos-installer install --ignition-file x "$disk"', Wipes()),
            ("coreos-installer install /dev/sda", SDA),
            ("setup-alpine -e -f answers", Wipes()),
            ("setup-disk -m sys /dev/sda", SDA),
            ("bootc install to-disk /dev/sda", SDA),
            ("if true; then in-target sh -c 'wipefs -a /dev/sda'; fi", SDA),
            ("chroot --userspec=0 /mnt mkfs.xfs /dev/sda", SDA),
            ("LC_ALL=C env A=b timeout 5 wipefs -a /dev/sda", SDA),
            ('eval "wipefs -a /dev/sda"', SDA),
            ("curtin in-target --target=/target -- wipefs -a /dev/sda", SDA),
            ("dd if=image of=$out", Unclear("it writes to $out by dd")),
            ("dd if=image of=$disk", Wipes()),
            ("dd if=image of=/dev/$1", Wipes()),
            ('xzcat image > "$DISK"', Wipes()),
            ('xzcat image > "/dev/${disk}"', Wipes()),
            ('echo done > "/dev/$terminal"', Unclear("it writes to /dev/$terminal")),
            ("sgdisk -Z -p /dev/sda", SDA),
            ("sgdisk -n1:0:0 /dev/sda", SDA),
            ("sgdisk --new=1:0:0 /dev/sda", SDA),
            ("parted -s /dev/sda 'mklabel gpt mkpart a 1 -1'", SDA),
            ("mkswap /dev/sda", SDA),
            ("cryptsetup -q luksErase /dev/sda", SDA),
            ("zpool create -f tank mirror sda sdb", Wipes()),
            ("vgremove -f vg0", Wipes()),
            ("ddrescue -f image /dev/sda map", SDA),
            ("partclone.ext4 -r -s image -o /dev/sda", SDA),
            ("qemu-img dd if=image of=/dev/sda", SDA),
            ("lsblk -dpno name | xargs -n 1 wipefs -a", Wipes()),
            ("find /dev -name 'sd?' -exec wipefs -a {} \\;", Wipes()),
            ("find /dev -name 'sd?' | xargs -I{} wipefs -a {}", Wipes()),
            ("sudo -u root wipefs -a /dev/sda", SDA),
            ("timeout -k 5 10 wipefs -a /dev/sda", SDA),
            ("flock /run/lock sh -c 'wipefs -a /dev/sda'", SDA),
            ("debconf-set partman-auto/method lvm", Wipes()),
        ],
    )
    def test_that_wipe_are_known(self, script: str, verdict: Verdict) -> None:
        assert read_shell(script) == verdict

    @pytest.mark.parametrize(
        "script",
        [
            "dd if=/dev/urandom of=/tmp/seed count=1",
            "echo hello > /dev/null 2>/dev/stderr; echo x > /dev/tty1 > /dev/console",
            "wipefs /dev/sda",
            "sgdisk -p /dev/sda; sfdisk -l /dev/sda; fdisk -l; parted /dev/sda print",
            "hdparm -I /dev/sda; mdadm --detail /dev/md0; nvme list; zpool status",
            "cryptsetup open /dev/sda2 root; coreos-installer list-stream; mkfs.ext4 disk.img",
            "echo 'mkfs.ext4 /dev/sda would be bad' # wipefs -a /dev/sda",
            "setup-alpine -q; setup-disk none; cp a b; tee log",
            "sed -e 's/a/b/' x > $log; awk '{ print $1 }' < /dev/sda",
            'apt-get install -y gdisk parted; case $disk in /dev/*) echo "$disk";; esac',
            "ddrescue /dev/sda image map; cp /dev/sda image; qemu-img convert /dev/sda image",
            "qemu-img info /dev/sda; partclone.ext4 -c -s /dev/sda1 -o image",
            "mkfs.ext4 /dev/loop0; mkswap /dev/zram0; sgdisk -e /dev/sda; xargs; sudo -E; find .",
            "sudo -E apt-get install nwipe; debconf-set partman-auto/disk /dev/sda",
            "{ }",
            "",
        ],
    )
    def test_that_only_look_are_not(self, script: str) -> None:
        assert read_shell(script) == Spares()

    def test_of_a_script_within_a_script_are_looked_for_so_far(self) -> None:
        script = "wipefs -a /dev/sda"
        for _ in range(3):
            script = f"sh -c {script!r}" if "'" not in script else f'sh -c "{script}"'

        assert read_shell(script) == SDA
        assert read_shell("sh -c 'wipefs -a /dev/sda'", depth=4) == Spares()


class TestWhatIsFetched:
    @pytest.mark.parametrize(
        "script",
        [
            "curl -fsS http://u:secret@192.0.2.9/x.sh?token=s | sh",
            "curl --url=http://u:secret@192.0.2.9/x.sh | sh",
            "wget -O /tmp/x http://192.0.2.9/x && sh /tmp/x",
            "wget -qO /tmp/x http://192.0.2.9/x; chmod +x /tmp/x; /tmp/x now",
        ],
    )
    def test_from_elsewhere_and_run_cannot_be_told(self, script: str) -> None:
        verdict = read_shell(script, OURS)

        assert verdict == Unclear("it runs what http://192.0.2.9 gives")

    @pytest.mark.parametrize(
        "script",
        [
            f"wget -O /root/f.sh {OURS}/template/finish/web01/t && sh /root/f.sh",
            f"curl {OURS}/template/finish/web01/t | sh",
            f"curl --url={OURS}/template/finish/web01/t | sh",
            "wget -O /tmp/key http://192.0.2.9/key && cat /tmp/key",
            "curl http://192.0.2.9/packages",
            "sh /usr/local/bin/own.sh",
        ],
    )
    def test_from_us_is_looked_at_as_what_it_is(self, script: str) -> None:
        assert read_shell(script, OURS) == Spares()


class TestDisks:
    def test_are_told_from_other_devices(self) -> None:
        assert is_disk("/dev/disk/by-id/wwn-0x5000c500a1b2c3d4")
        assert is_disk("/dev/mapper/vg-root")
        assert not any(map(is_disk, ["/dev/", "/dev/null", "/dev/ttyS0", "/dev/fd/3", "sda"]))


class TestAnyScript:
    @given(st.text(max_size=80))
    def test_is_judged(self, text: str) -> None:
        assert isinstance(read_shell(text), Wipes | Unclear | Spares)


class TestWhatWasReadBefore:
    @pytest.mark.parametrize("disk", ["/dev/sda", "/dev/sdb"])
    def test_counts_by_the_variables_of_the_script_at_hand(self, disk: str) -> None:
        assert read_shell(f"d={disk}\nmkfs.ext4 $d\n") == Wipes((disk,))
        assert read_shell("mkfs.ext4 $d\n") == Wipes()
        assert read_shell("d=\nd=/dev/null\nmkfs.ext4 $d\n") == Spares()

    def test_and_by_what_that_fetched(self) -> None:
        fetched = "curl -o /tmp/x http://192.0.2.9/x\n"

        assert isinstance(read_shell(f"{fetched}/tmp/x\n"), Unclear)
        assert read_shell("/tmp/x\n") == Spares()
        assert read_shell(f"{fetched}/tmp/x\n", "http://192.0.2.9") == Spares()
