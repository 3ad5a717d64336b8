import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lacking } from '../needs.ts';
import { output } from '../process.ts';

/** What the tests with a virtual machine cannot do without. */
export const machineNeeds = {
  root: true,
  programs: [
    'qemu-system-x86_64',
    'apt-get',
    'dpkg-query',
    'cpio',
    'depmod',
    'udevadm',
    'mkfs.ext4',
    'setpriv',
    'sgdisk',
    'sfdisk',
    'mkfs.xfs',
    'losetup',
    'skopeo',
    'podman',
    'jq',
    'ignition-validate',
  ],
};

/** Who installs in the machine: the real installer where this host has one. */
export const installer =
  lacking({ programs: ['coreos-installer'] }).length === 0
    ? 'coreos-installer'
    : 'a stand-in for coreos-installer';

/** Makes what machines boot from, unless it is there and up to date, and returns its folder. */
export async function makeSystem(): Promise<string> {
  const folder = ofCheckout('build/machine');
  await output([ofCheckout('scripts/machine-root'), folder]);
  return folder;
}

/** Leaves what the machines of a failed test said in `build/machine-logs/`; their disks are not kept. */
export async function keepLogs(scratch: string): Promise<void> {
  const kept = ofCheckout('build/machine-logs');
  for (const name of await readdir(scratch)) {
    for (const log of ['console.log', 'findings.jsonl']) {
      const path = join(scratch, name, log);
      if (!existsSync(path)) continue;
      await mkdir(join(kept, name), { recursive: true });
      await copyFile(path, join(kept, name, log));
    }
  }
}

function ofCheckout(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}
