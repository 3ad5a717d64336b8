import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bootHooks } from '../../src/core/ignition/boot-hooks.ts';
import { installHooks, linkPartition, standIn, units } from './boot-machine.ts';
import type { BootReport } from './first-boot.ts';
import { type LoopDevices, makeLoopDevices } from './loop-device.ts';
import { type Machine, makeMachine } from './nspawn.ts';
import { output } from './process.ts';
import { type StagedSet, writeStagedSet } from './staged-set.ts';

/** A fault, and how it is put right again: lines for bash on the node (see `driver`). */
export interface Fault {
  readonly name: string;
  readonly cause: string;
  readonly mend?: string;
}

/** What one start of the discovery stage left. */
export interface FaultyStart {
  readonly report: BootReport & { readonly reason: string };
  /** The fields of the line in the journal. */
  readonly journal: Readonly<Record<string, string>>;
  /** Of the service, as the stand-in for the agent saw it when it started. */
  readonly state: string;
  /** Whether the partition was mounted then. */
  readonly mounts: string;
  /** From the order to start both until the agent had started. */
  readonly seconds: number;
  /** Of 512 bytes each, written to the partition meanwhile. */
  readonly sectorsWritten: number;
}

/** The partition before and after everything, and two starts of each fault: with it, and once it is put right. */
export interface FaultBoots {
  readonly staged: StagedSet;
  readonly starts: ReadonlyMap<string, { readonly faulty: FaultyStart; readonly next: FaultyStart }>;
  readonly console: string;
}

export const faultLabel = '._Data-1.x_';
/** Images of the discovery stage's list here. */
export const faultImages = 3;

/** What the lines of a fault may use, and what is done around them. */
const driver = (device: string, other: string): string => `#!/bin/bash
device=${device} other=${other} storage=/var/lib/containers/storage mnt=/prep
label=/dev/disk/by-partlabel/${faultLabel}
mkdir -p $mnt /results /etc/containers
# Changes the partition, as the factory or time might have.
edit() { mount $device $mnt && { (cd $mnt && eval "$1"); umount $mnt; }; }
settings() { printf '%s\\n' "$@" >/var/settings; }
# A skopeo that does something first, when it comes to the second image.
skopeo_that() { printf '#!/bin/bash\\n[[ $* == *containers-storage:%s* ]] && { %s; }\\nexec /usr/bin/skopeo "$@"\\n' "$second" "$1" >/usr/local/bin/skopeo; chmod +x /usr/local/bin/skopeo; }
uptime_now() { cut -d' ' -f1 /proc/uptime; }
start() {
  local out=/results/$1 begun before
  mkdir -p $out
  systemctl stop agent.service
  systemctl reset-failed
  rm -rf /var/report
  sync
  before=$(awk '{print $7}' /sys/block/\${device##*/}/stat)
  begun=$(uptime_now)
  systemctl start precache-images.service agent.service
  echo "$(uptime_now) $begun" >$out/seconds
  echo $(($(awk '{print $7}' /sys/block/\${device##*/}/stat) - before)) >$out/written
  cp /var/report/* /var/states /var/mounts $out/
  journalctl --sync
  journalctl --no-pager --output=json --lines=1 MESSAGE_ID=4f1d17a2bae34e8aa0a42cfe28ab9d7a >$out/journal
}
second=$(sed -n 2p /cases/list)
art=\${second##*/} art=\${art//:/_}
for case in /cases/*.sh; do
  cause=: mend=:
  . $case
  name=\${case##*/}
  echo "case $name"
  umount -l $storage/overlay $storage
  rm -rf $storage
  : >/var/settings
  eval "$cause"
  start \${name%.sh}-faulty
  rm -f /usr/local/bin/skopeo
  : >/var/settings
  eval "$mend"
  start \${name%.sh}-next
done
systemctl poweroff --no-block
`;

/** Boots one machine, in which the discovery stage is started with each fault and then without. */
export async function bootWithFaults(
  faults: readonly Fault[],
): Promise<{ boots: FaultBoots; loops: LoopDevices; unchanged: boolean }> {
  const loops = await makeLoopDevices();
  try {
    const disk = await loops.attach({ bytes: 320 * 1024 * 1024 });
    const other = await loops.attach({ bytes: 8 * 1024 * 1024 });
    await output(['mkfs.xfs', '-q', disk.path]);
    await output(['mkfs.ext4', '-q', other.path]);
    const mountPoint = join(loops.scratch, 'mnt');
    await mkdir(mountPoint);
    await output(['mount', disk.path, mountPoint]);
    const staged = await writeStagedSet(mountPoint, 3 * 1024 * 1024);
    const list = [staged.images.plain, staged.images.oci, staged.images.index].map(
      ({ reference }) => `${reference}\n`,
    );
    await writeFile(join(mountPoint, 'ai-images.txt'), list.join(''));
    const before = await fingerprint(mountPoint);
    await output(['umount', mountPoint]);
    const machine = await makeFaultMachine(join(loops.scratch, 'root'), disk.path, other.path);
    await machine.put('/cases/list', list.join(''));
    for (const { name, cause, mend = ':' } of faults) {
      await machine.put(`/cases/${name}.sh`, `cause='${quoted(cause)}'\nmend='${quoted(mend)}'\n`);
    }
    const console = await machine.boot([disk.path, other.path], 600);
    await output(['mount', disk.path, mountPoint]);
    const unchanged = (await fingerprint(mountPoint)) === before;
    const starts = new Map<string, { faulty: FaultyStart; next: FaultyStart }>();
    for (const { name } of faults) {
      starts.set(name, {
        faulty: await readStart(machine, `${name}-faulty`),
        next: await readStart(machine, `${name}-next`),
      });
    }
    return { boots: { staged, starts, console }, loops, unchanged };
  } catch (error) {
    await loops.remove();
    throw error;
  }
}

async function makeFaultMachine(root: string, device: string, other: string): Promise<Machine> {
  const machine = await makeMachine(root);
  await linkPartition(machine, faultLabel, device);
  const hooks = bootHooks('discovery', faultLabel);
  // The driver starts it, again and again.
  await installHooks(machine, {
    ...hooks,
    units: hooks.units.map(({ name, contents }) => ({ name, contents })),
  });
  await machine.put(`${units}/agent.service`, standIn('agent'));
  await machine.put(
    `${units}/precache-images.service.d/test.conf`,
    '[Service]\nEnvironment=PRECACHE_REPORT_DIR=/var/report\nEnvironmentFile=/var/settings\n',
  );
  await machine.put(`${units}/var-mnt.mount.d/test.conf`, '[Unit]\nJobTimeoutSec=3s\n');
  await machine.put('/usr/local/bin/drive', driver(device, other), 0o755);
  await machine.put(
    `${units}/driver.service`,
    '[Service]\nType=oneshot\nExecStart=/bin/bash /usr/local/bin/drive\nStandardOutput=journal+console\n',
  );
  await machine.enable('driver.service');
  return machine;
}

/** For single quotes of bash. */
function quoted(text: string): string {
  return text.replaceAll("'", `'\\''`);
}

async function readStart(machine: Machine, name: string): Promise<FaultyStart> {
  const text = (file: string): Promise<string> => machine.read(`results/${name}/${file}`);
  const [until = 0, since = 0] = (await text('seconds')).trim().split(' ').map(Number);
  const states = await text('states');
  const report: FaultyStart['report'] = JSON.parse(await text('report-ai.json'));
  const journal: FaultyStart['journal'] = JSON.parse(await text('journal'));
  return {
    report,
    journal,
    state: ['ActiveState', 'Result']
      .map((name) => new RegExp(`^${name}=.*$`, 'm').exec(states)?.[0])
      .join(' '),
    mounts: (await text('mounts')).trim(),
    seconds: until - since,
    sectorsWritten: Number(await text('written')),
  };
}

/** Names and contents below a folder. */
function fingerprint(folder: string): Promise<string> {
  return output([
    'bash',
    '-c',
    'cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum',
    '-',
    folder,
  ]);
}
