#!/usr/bin/bash
# The first process of a rehearsal's namespaces: builds the root that a stage of the first boot runs in, and moves into
# it. Of the host it has /usr, read-only, and a few files of /etc; all else is in the work folder or in memory, and
# goes when this process ends. Standard input ends when whoever rehearses does.
#
# Usage: rehearse-root.sh WORK DRIVER device DEVICE LABEL | folder FOLDER
#   WORK/in   what is to be done there, WORK/out what it came to
set -euo pipefail
work=$1 driver=$2 kind=$3 source=$4 label=${5-}
root=$work/root
PATH+=:/usr/sbin:/sbin

# Shows a folder of the host, with what is mounted below it.
show() { mount --rbind "$1" "$root$2"; }
read_only() { mount -o "remount,bind,ro${2-}" "$root$1"; }

mkdir -p "$root"/{usr,etc,var/tmp,var/log,var/lib,var/mnt,run,tmp,proc,sys,dev,root,rehearsal}
chmod 1777 "$root/tmp" "$root/var/tmp"
# What becomes the root has to be a mount.
mount --bind "$root" "$root"

show /usr /usr
read_only /usr
for name in bin sbin lib lib32 lib64; do
  if [[ -L /$name ]]; then
    cp --no-dereference "/$name" "$root/$name"
  elif [[ -d /$name ]]; then
    mkdir "$root/$name"
    show "/$name" "/$name"
    read_only "/$name"
  fi
done
# On RHCOS a link into /var, which is empty here.
if [[ -L /usr/local ]]; then
  mkdir -p "$root/var/usrlocal/bin"
else
  mkdir "$work/local"
  mount --bind "$work/local" "$root/usr/local/bin"
fi

for name in passwd group nsswitch.conf ld.so.cache ld.so.conf ld.so.conf.d alternatives containers crypto-policies \
  selinux os-release; do
  [[ ! -e /etc/$name ]] || cp -R --no-dereference "/etc/$name" "$root/etc/$name"
done
# Unpacking a layer begins with a look at this name (containers/storage, pkg/chrootarchive).
printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
# Nobody is there: a question for a name looks for a way out, and is counted.
echo 'nameserver 192.0.2.1' >"$root/etc/resolv.conf"
rm -f "$root/etc/containers/storage.conf"
mkdir -p "$root/etc/containers"
cat >"$root/etc/containers/storage.conf" <<END
[storage]
driver = "$driver"
graphroot = "/var/lib/containers/storage"
runroot = "/run/containers/storage"
[storage.options.vfs]
ignore_chown_errors = "true"
END

mount -t proc proc "$root/proc"
show /sys /sys
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=700 tmpfs "$root/rehearsal"
cp -R "$work/in/." "$root/rehearsal"
mkdir "$root/rehearsal/out"
mount --bind "$work/out" "$root/rehearsal/out"
mount --bind "$root/rehearsal/systemctl" "$root/usr/bin/systemctl"

mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for name in null zero full random urandom tty; do
  : >"$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
: >"$root/dev/console"
mount --bind /dev/null "$root/dev/console"
mkdir "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"

if [[ $kind == device ]]; then
  # The kernel itself refuses to write through this one. It reads past the page cache: as cold as at the site.
  sector=$(blockdev --getss "$source")
  options=(--find --show --read-only --sector-size "$sector")
  loop=$(losetup "${options[@]}" --direct-io=on "$source") || loop=$(losetup "${options[@]}" "$source")
  # Taken away by the kernel when the last one to have it open is gone, however it goes.
  exec 9<"$loop"
  losetup --detach "$loop"
  mkdir -p "$root/dev/disk/by-partlabel"
  : >"$root/dev/disk/by-partlabel/$label"
  mount --bind "$loop" "$root/dev/disk/by-partlabel/$label"
else
  mkdir "$root/rehearsal/folder"
  show "$source" /rehearsal/folder
  read_only /rehearsal/folder ,nodev,nosuid,noexec
fi

cd "$root"
pivot_root . .
umount --lazy .
cd /
exec env --ignore-environment PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin LANG=C.UTF-8 \
  bash /rehearsal/stage.sh
