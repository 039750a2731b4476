#!/bin/bash
# guest.sh CMD…   Runs CMD in a throw-away User Mode Linux guest that has a kernel NFSv4 server and two kernel NFS clients of it, as if
# on two hosts; exits as CMD does. No root, no virtualisation and no kernel module of this machine is needed, and nothing of this machine is changed.
#
# The root of the guest is that of this machine, read-only, under an overlay in memory. CMD finds in its environment
#   NFS_A NFS_B        the export as host A and host B mount it: two network namespaces, two host names, two clients of the server
#   NFS_SRV            the exported directory itself
# and on its path
#   on-a CMD, on-b CMD               run CMD with the network and the host name of that host
#   nfs-cut a|b, nfs-heal a|b        take the link of a host down, or up
#   nfs-server start|stop            the server; its grace time is its lease time
#   nfs-mount a|b [OPTIONS [NAME]]   mount the export anew, by these options, as a host of that name
# Settings: GUEST_LEASE=10 (seconds; the least that Linux takes)  GUEST_DELAY= (netem, each way, as in 500us)  GUEST_V3= (1: NFSv3 too)
#   GUEST_TIMEOUT=300 (seconds)  GUEST_LOG=FILE (kernel log)
# Debian packages: user-mode-linux nfs-kernel-server iproute2 e2fsprogs; gcc as well where the processor has AMX.
set -u
self=$(readlink -f "$0")
here=$(dirname "$self")

if [ "${1-}" != --first ] && [ "${1-}" != --second ]; then # ---- this machine
  work=$(mktemp -d /tmp/nfs-guest.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/io" "$work/uml"
  export -p >"$work/env"
  { printf 'cd %q\nset --' "$PWD"; printf ' %q' "$@"; echo; } >"$work/command"
  printf '#!/bin/bash\nexec %q --first %q\n' "$self" "$work" >"$work/init"
  chmod +x "$work/init"
  preload=
  if grep -qw amx_tile /proc/cpuinfo; then
    gcc -O2 -shared -fPIC -o "$work/xstate.so" "$here/xstate.c" || exit 125
    preload=LD_PRELOAD=$work/xstate.so
  fi
  log=${GUEST_LOG:-$work/kernel.log}
  # The pipe keeps the guest from making our caller's descriptors non-blocking.
  timeout -k 5 "${GUEST_TIMEOUT:-300}" env $preload /usr/bin/linux.uml rootfstype=hostfs rootflags=/ ro mem=1536M \
    uml_dir="$work/uml/" init="$work/init" con=null con0=null,fd:2 ssl=null ssl0=null,fd:1 quiet panic=-1 \
    </dev/null 2>"$log" | cat
  status=${PIPESTATUS[0]}
  [ ! -s "$work/io/status" ] || exit "$(cat "$work/io/status")"
  echo "guest.sh: the guest did not finish ($status); the end of its kernel log:" >&2
  tail -n 30 "$log" >&2
  [ "$status" = 124 ] && exit 124
  exit 125
fi

work=$2
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
off() { sync; echo o >/proc/sysrq-trigger; sleep 9; }
die() { echo "guest.sh (in the guest): no $*"; off; }

# Modules with all that they need; there is no kmod for a kernel that is not the machine's.
load() {
  perl -e '
    my $base = shift; my (%needs, %path, %done);
    open my $list, "<", "$base/modules.dep" or die "$base/modules.dep: $!";
    while (<$list>) { chomp; my ($file, $rest) = split /:\s*/, $_, 2; my ($name) = $file =~ m{([^/]+)\.ko$}; $name =~ tr/-/_/;
      $path{$name} = $file; $needs{$file} = [$file, split(" ", $rest // "")]; }
    for my $name (@ARGV) { $path{$name} or die "no module $name\n";
      for my $file (reverse @{$needs{$path{$name}}}) { next if $done{$file}++;
        open my $module, "<", "$base/$file" or die "$file: $!";
        my $none = ""; syscall(313, fileno($module), $none, 0) && $! != 17 && die "$file: $!\n"; } }
    ' "/usr/lib/uml/modules/$(uname -r)" "$@"
}

if [ "$1" = --first ]; then # ---- the guest, first process, on the read-only root
  exec </dev/null >/dev/ttyS0 2>&1
  stty raw -echo </dev/ttyS0
  mount -n -t proc proc /proc || die proc
  load overlay || die overlay
  mount -t tmpfs -o size=90% tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/r || die tmpfs
  mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r || die overlay
  cd /mnt/r || die root
  mount -t devtmpfs dev dev
  mkdir -p guest
  mount -t tmpfs tmpfs guest
  mkdir guest/io guest/bin guest/srv guest/a guest/b
  mount -t hostfs -o "$work/io" none guest/io || die io
  cp "$work/env" "$work/command" guest/
  cp "$self" guest/self
  mount -n --move . / && exec chroot . /bin/bash /guest/self --second "$work"
  die root
fi

# ---- the guest, first process, on the overlay
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mkdir /run/netns /run/rpc_pipefs /run/lock /run/sendsigs.omit.d
mount --make-rprivate /
hostname server
ip link set lo up
load sunrpc nfs nfsv4 nfsd veth loop sch_netem || die modules
export NFS_A=/guest/a NFS_B=/guest/b NFS_SRV=/guest/srv
mine=$(declare -p NFS_A NFS_B NFS_SRV)
. /guest/env
eval "$mine"
unset LD_PRELOAD
export PATH=/guest/bin:$PATH:/usr/sbin:/sbin TMPDIR=/tmp
: "${GUEST_LEASE:=10}" "${GUEST_DELAY:=}" "${GUEST_V3:=}"
export GUEST_LEASE GUEST_V3
[ -z "$GUEST_V3" ] || load nfsv3 || die nfsv3
echo 1 >/proc/sys/net/ipv4/ip_forward
ip -b - <<X || die links
netns add a
netns add b
link add va type veth peer name eth0 netns a
link add vb type veth peer name eth0 netns b
addr add 10.9.0.1/32 dev lo
addr add 10.9.1.1/24 dev va
addr add 10.9.2.1/24 dev vb
link set va up
link set vb up
X
number=1
for host in a b; do
  printf '%s\n' 'link set lo up' "addr add 10.9.$number.2/24 dev eth0" 'link set eth0 up' "route add default via 10.9.$number.1" |
    ip -n $host -b - || die link $host
  : >/run/uts-$host
  unshare --uts=/run/uts-$host hostname host-$host
  [ -z "$GUEST_DELAY" ] || { tc qdisc add dev v$host root netem delay $GUEST_DELAY; tc -n $host qdisc add dev eth0 root netem delay $GUEST_DELAY; }
  printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s --uts=/run/uts-%s "$@"\n' $host $host >/guest/bin/on-$host
  number=2
done
cat >/guest/bin/nfs-cut <<'X'
#!/bin/sh
exec ip link set v$1 down
X
cat >/guest/bin/nfs-heal <<'X'
#!/bin/sh
exec ip link set v$1 up
X
cat >/guest/bin/nfs-server <<'X'
#!/bin/sh
[ "$1" = start ] || exec rpc.nfsd 0
versions="-N 3 -U"
[ -z "$GUEST_V3" ] || versions="-V 3"
echo $GUEST_LEASE >/proc/fs/nfsd/nfsv4leasetime
echo $GUEST_LEASE >/proc/fs/nfsd/nfsv4gracetime
exec rpc.nfsd $versions -G $GUEST_LEASE -L $GUEST_LEASE 8
X
cat >/guest/bin/nfs-mount <<'X'
#!/bin/sh
host=$1 options=${2:-vers=4.2} name=${3:-host-$1}
if mountpoint -q /guest/$host; then umount /guest/$host || exit; fi
case ,$options, in *,vers=3,*) path=/guest/srv ;; *) path=/ ;; esac
exec nsenter --net=/run/netns/$host --uts=/run/uts-$host unshare --uts sh -c "hostname $name; mount -t nfs -o $options 10.9.0.1:$path /guest/$host"
X
chmod +x /guest/bin/*
truncate -s 400M /guest/image && mkfs.ext4 -q -E nodiscard /guest/image && mount -o loop /guest/image /guest/srv || die ext4
chmod 1777 /guest/srv
mount -t rpc_pipefs sunrpc /run/rpc_pipefs && mount -t nfsd nfsd /proc/fs/nfsd || die nfsd
rm -rf /var/lib/nfs /etc/exports.d
mkdir -p /var/lib/nfs/nfsdcld /var/lib/nfs/sm /var/lib/nfs/sm.bak /var/lib/nfs/v4recovery
touch /var/lib/nfs/etab /var/lib/nfs/rmtab
echo '/guest/srv *(rw,sync,fsid=0,no_subtree_check,no_root_squash,insecure)' >/etc/exports
if [ -n "$GUEST_V3" ]; then
  rpcbind -i
  rm -f /run/rpcbind.sock
  rpc.statd
fi
nfsdcld && exportfs -ra && nfs-server start || die server
versions="-N 3 -u"
[ -z "$GUEST_V3" ] || versions=
rpc.mountd $versions 2>/run/mountd.log || die "mountd: $(cat /run/mountd.log)"
nfs-mount a && nfs-mount b || die mount
. /guest/command
"$@" </dev/null >/dev/ttyS0 2>&1 &
wait $!
echo $? >/guest/io/status
off
