import type { BootHooks } from '../../src/core/ignition/boot-hooks.ts';
import type { Machine } from './nspawn.ts';

export const units = '/etc/systemd/system';

/** What a unit of the node is for these tests: it tells what it finds when it starts. */
export const standIn = (name: string, more = '') => `[Unit]
${more}
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/bash -c 'echo ${name} >>/var/order; { findmnt --noheadings /var/mnt || echo unmounted; } >/var/mounts; systemctl show precache-images precache-ocp-images --property=Result,ActiveState,ConditionResult >/var/states'
[Install]
WantedBy=multi-user.target
`;

/** Puts the hooks of a stage where Ignition puts them. Returns the names of the units. */
export async function installHooks(machine: Machine, hooks: BootHooks): Promise<string[]> {
  for (const { name, contents, enabled } of hooks.units) {
    await machine.put(`${units}/${name}`, contents);
    if (enabled === true) await machine.enable(name);
  }
  for (const { path, contents } of hooks.files) {
    await machine.put(path, decodeURIComponent(contents.source.slice('data:,'.length)));
  }
  return hooks.units.map(({ name }) => name);
}

/** Gives a block device its name by label when the machine boots: no udev does in a container. */
export async function linkPartition(machine: Machine, label: string, device: string): Promise<void> {
  await machine.put(
    '/etc/tmpfiles.d/partition.conf',
    [
      'd /dev/disk',
      'd /dev/disk/by-partlabel',
      `L /dev/disk/by-partlabel/${label} - - - - ${device}`,
      '',
    ].join('\n'),
  );
}
