import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type LoopDevices, makeLoopDevices } from '../loop-device.ts';
import { byName, type Finding } from './finding.ts';
import type { Disk } from './qemu.ts';
import { keepLogs, makeSystem } from './system.ts';
import { type Format, type StagedDisk, stageDisk } from './staged-disk.ts';
import { startMachine, type VirtualMachine } from './virtual-machine.ts';

/** A server at its site: the disk out of the factory and a machine to boot with it. */
export interface Site {
  readonly disk: StagedDisk;
  /** The disk, and the one with the image that the installer writes. */
  readonly disks: Readonly<Record<'data' | 'metal', Disk>>;
  /** Starts the machine: live with a config of Ignition, else from the disk. `clock` as in `QemuOptions`. */
  start(name: string, disks: readonly Disk[], config?: unknown, clock?: string): Promise<VirtualMachine>;
  /** Boots it until it powers itself off; what its stand-ins told, by their names. */
  boot(...machine: Parameters<Site['start']>): Promise<ReadonlyMap<string, Finding>>;
  /** Takes everything away; after a failure the logs stay. */
  remove(failed: boolean): Promise<void>;
}

/** Stages a disk and makes what the machine boots from. `nodeRegistry` as in `stageDisk`. */
export async function makeSite(format: Format, nodeRegistry?: string): Promise<Site> {
  const system = await makeSystem();
  const loops = await makeLoopDevices();
  const disk = await stageDisk(loops, format, nodeRegistry).catch(async (error: unknown) => {
    await loops.remove();
    throw error;
  });
  return { ...siteOf(system, loops, disk), disk };
}

/** Generous: the machine may be busy. */
const limitSeconds = 40 * 60;

function siteOf(system: string, loops: LoopDevices, disk: StagedDisk): Omit<Site, 'disk'> {
  const start: Site['start'] = async (name, disks, config, clock) => {
    const folder = join(loops.scratch, name);
    await mkdir(folder);
    return await startMachine({
      folder,
      system,
      disks,
      clock,
      limitSeconds,
      ...(config === undefined ? {} : { config }),
    });
  };
  return {
    disks: {
      data: { serial: 'data', image: disk.image },
      metal: { serial: 'metal', image: join(system, 'metal.img') },
    },
    start,
    boot: async (...machine) => {
      const { off } = await start(...machine);
      return byName(await off);
    },
    remove: async (failed) => {
      if (failed) await keepLogs(loops.scratch);
      await loops.remove();
    },
  };
}
