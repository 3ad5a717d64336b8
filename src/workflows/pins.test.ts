import { describe, expect, it, vi } from 'vitest';
import { parsePlatform } from '../core/oci/platform.ts';
import { parseReference } from '../core/oci/reference.ts';
import { openPins } from './pins.ts';

const platform = parsePlatform('linux/amd64');
const digest = `sha256:${'a'.repeat(64)}` as const;
const tool = parseReference('quay.io/lab/tool:1');
const byDigest = parseReference(`quay.io/lab/tool@${digest}`);

describe('openPins', () => {
  it('keeps what tags and other questions come to', async () => {
    const pins = openPins({ platform, filter: undefined, locked: undefined });
    expect(pins.pinned(tool)).toBe(tool);
    pins.keep(tool, digest);
    pins.keep(byDigest, digest);
    expect(await pins.resolve('stable-4.14', async () => '4.14.7')).toBe('4.14.7');
    expect(pins.lock()).toEqual({
      schemaVersion: 1,
      platform: 'linux/amd64',
      resolved: { 'stable-4.14': '4.14.7' },
      references: { 'quay.io/lab/tool:1': digest },
    });
  });

  it('answers from a lock, and decides nothing anew', async () => {
    const first = openPins({ platform, filter: 'x', locked: undefined });
    first.keep(tool, digest);
    await first.resolve('stable-4.14', async () => '4.14.7');
    const pins = openPins({ platform, filter: 'x', locked: first.lock() });
    expect(pins.pinned(tool)).toEqual(byDigest);
    expect(pins.pinned(byDigest)).toBe(byDigest);
    const decide = vi.fn(async () => '4.14.8');
    expect(await pins.resolve('stable-4.14', decide)).toBe('4.14.7');
    await expect(pins.resolve('stable-4.15', decide)).rejects.toThrow('the lock has nothing for stable-4.15');
    expect(decide).not.toHaveBeenCalled();
    const other = parseReference('quay.io/lab/other:1');
    expect(() => pins.pinned(other)).toThrow('the lock has nothing for quay.io/lab/other:1');
    expect(() => pins.require([tool, byDigest])).not.toThrow();
    expect(() => openPins({ platform, filter: undefined, locked: first.lock() })).toThrow(
      'the lock was made with --filter x, this run has no --filter',
    );
  });
});
