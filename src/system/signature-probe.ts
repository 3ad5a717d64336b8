import * as v from 'valibot';
import type { Signature } from '../core/disk/facts.ts';
import type { Extent } from '../core/disk/placement.ts';
import { ToolError } from '../core/errors.ts';
import { exec } from './exec.ts';

/** The signatures wipefs and blkid see on a device; neither writes to it. */
export async function probeDevice(path: string): Promise<Signature[]> {
  return [...(await wipefs(path)), ...(await blkid([path]))];
}

/** The signatures blkid sees in a range of a disk. */
export async function probeExtent(path: string, { start, bytes }: Extent): Promise<Signature[]> {
  return await blkid(['--offset', String(start), '--size', String(bytes), path]);
}

const nullable = v.nullish(v.string());
const lsblkOutput = v.object({
  blockdevices: v.array(
    v.object({
      type: nullable,
      model: nullable,
      serial: nullable,
      tran: nullable,
      fstype: nullable,
      label: nullable,
      uuid: nullable,
    }),
  ),
});

/** What lsblk tells of the disk itself: its identity, and the file system udev or it saw on the whole of it. */
export async function lsblk(path: string): Promise<{
  identity: { type: string; model?: string; serial?: string; transport?: string };
  signatures: Signature[];
}> {
  const columns = 'TYPE,MODEL,SERIAL,TRAN,FSTYPE,LABEL,UUID';
  const { stdout } = await exec(['lsblk', '--json', '--bytes', '--nodeps', '--output', columns, path]);
  const [device] = v.parse(lsblkOutput, JSON.parse(stdout)).blockdevices;
  if (device === undefined) throw new ToolError('host', `lsblk says nothing about ${path}`);
  const [model, serial, transport] = [device.model?.trim(), device.serial?.trim(), device.tran?.trim()];
  const { fstype, label, uuid } = device;
  return {
    identity: {
      type: device.type ?? 'disk',
      ...(model ? { model } : {}),
      ...(serial ? { serial } : {}),
      ...(transport ? { transport } : {}),
    },
    signatures: fstype
      ? [{ type: fstype, label: label ?? undefined, uuid: uuid ?? undefined, source: 'lsblk' }]
      : [],
  };
}

const wipefsOutput = v.object({
  signatures: v.array(v.object({ type: v.string(), label: nullable, uuid: nullable })),
});

async function wipefs(path: string): Promise<Signature[]> {
  const { stdout } = await exec(['wipefs', '--no-act', '--json', path]);
  if (stdout.trim() === '') return [];
  return v.parse(wipefsOutput, JSON.parse(stdout)).signatures.map(({ type, label, uuid }) => ({
    type,
    label: label ?? undefined,
    uuid: uuid ?? undefined,
    source: 'wipefs',
  }));
}

/** blkid's answer when signatures contradict one another. */
const ambivalent = 8;
const nothingFound = 2;

async function blkid(args: readonly string[]): Promise<Signature[]> {
  const { status, stdout } = await exec(['blkid', '--probe', '--output', 'export', ...args], {
    accept: [nothingFound, ambivalent],
  });
  if (status === ambivalent) return [{ type: 'ambivalent', source: 'blkid' }];
  const values = new Map(
    stdout.split('\n').map((line) => {
      const [name = '', ...value] = line.split('=');
      return [name, value.join('=').replaceAll(/\\(.)/g, '$1')] as const;
    }),
  );
  const of = { label: values.get('LABEL'), uuid: values.get('UUID'), source: 'blkid' };
  return ['TYPE', 'PTTYPE'].flatMap((name) => {
    const type = values.get(name);
    return type === undefined ? [] : [{ type, ...(name === 'TYPE' ? of : { source: 'blkid' }) }];
  });
}
