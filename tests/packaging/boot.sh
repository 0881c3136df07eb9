# Boots a private systemd; started by sandbox.py as the first process of namespaces of its
# own. The root is the host's file system under an overlay, so nothing outlives it.
#
# $lab    an empty folder, for what is mounted here
# $files  what is to be seen inside: etc/systemd/system, etc/pyxie, opt, run
# $site   the packages of the Python that runs the tests
# $base   that Python itself, or empty if it is the host's
set -eu
mount -t tmpfs tmpfs "$lab"
root=$lab/root
mkdir "$root" "$lab/upper" "$lab/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$lab/upper,workdir=$lab/work" "$root"

# What systemd wants of a container: https://systemd.io/CONTAINER_INTERFACE
mount -t proc proc "$root/proc"
# The kernel's settings are the host's: they are looked at only.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for folder in run tmp var dev; do
    mount -t tmpfs -o mode=755 tmpfs "$root/$folder"
done
chmod 1777 "$root/tmp"
mkdir "$root/var/lib" "$root/var/cache" "$root/var/log"
mkdir -m 1777 "$root/var/tmp"
ln -s /run "$root/var/run"
for device in null zero full random urandom tty; do
    cp -a "/dev/$device" "$root/dev/"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"

for folder in etc/systemd/system etc/pyxie opt run/host; do
    mkdir -p "$root/$folder"
    mount --bind "$files/$folder" "$root/$folder"
done
mount --bind "$site" "$root/opt/packages"
[ -z "$base" ] || mount --bind "$base" "$root/opt/python"

cd "$root"
mkdir -p mnt
pivot_root . mnt
umount -l /mnt
# A service's credentials are mounted by way of propagation; in a container systemd leaves
# it as it is. Shared among ourselves only: unshare(1) has cut us off from the host.
mount --make-rshared /

# Only units from the folder that sandbox.py has filled; none of the host's. The bounding
# set: root in here is root, and must not load modules or set the clock.
exec env -i container=pyxie PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    SYSTEMD_UNIT_PATH=/etc/systemd/system NOTIFY_SOCKET=/run/host/notify \
    setpriv --bounding-set=-sys_module,-sys_time,-sys_rawio,-sys_boot,-syslog \
    /lib/systemd/systemd --log-target=console --log-color=no
