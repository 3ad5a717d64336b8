import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../support/blob-folder.ts';
import { faults } from '../../support/fake-registry/faults.ts';
import {
  expectHealing,
  expectOneFailure,
  expectStaged,
  type FaultSite,
  manifestOf,
  manifestType,
  openFaultSite,
} from '../../support/fault-site.ts';
import { toolPath } from '../../support/process.ts';

let site: FaultSite;
beforeEach(async () => {
  site = await openFaultSite();
});
afterEach(() => site.close());

const size = 200_000;
const ranges = () => site.asked().map(({ range }) => range);
const statuses = () => site.asked().map(({ status }) => status);
const faultAtLayer = (fault: ReturnType<typeof faults.wrongBytes>, times?: number): void =>
  site.registry.fault({ path: site.faulty.own.digest, fault, ...(times === undefined ? {} : { times }) });

/** Starts a run that holds `bytes` of the faulty layer when the registry falls silent, and interrupts it. */
async function interruptAfter(bytes: number): Promise<void> {
  faultAtLayer(faults.stallBody(bytes));
  const child = spawn(toolPath, site.argv(), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...site.env },
  });
  while ((site.asked().at(-1)?.bytes ?? 0) < bytes) await new Promise((go) => setTimeout(go, 10));
  child.kill('SIGINT');
  await once(child, 'exit');
  site.registry.heal();
}

describe('a body that breaks off', () => {
  it('case 1: goes on from the byte it broke off at, in the same run', async () => {
    faultAtLayer(faults.cutBody(120_000), 1);
    const outcome = await site.stage();
    await expectStaged(site, outcome);
    expect(outcome.stderr).toContain('retrying');
    expect(ranges()).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-/)]);
    expect(site.asked().reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(size + 120_000);
  });

  it('case 1: goes on in the next process from what the first one left', async () => {
    await interruptAfter(150_000);
    const before = site.registry.log.length;
    await expectStaged(site, await site.stage());
    const [asked, ...more] = site.registry.log
      .slice(before)
      .filter(({ path }) => path.endsWith(site.faulty.own.digest));
    expect(more).toEqual([]);
    expect(asked?.status).toBe(206);
    expect(asked?.bytes).toBeLessThanOrEqual(size - 65_536);
  });

  it('case 1: keeps what another run wrote only if it is the blob: the digest decides', async () => {
    await interruptAfter(150_000);
    site.registry.fault({ path: site.faulty.own.digest, fault: faults.wrongBytes(), times: 1 });
    await expectStaged(site, await site.stage());
  });

  it('case 2: begins again, within the same answer, when the registry ignores the range', async () => {
    faultAtLayer(faults.cutBody(120_000), 1);
    faultAtLayer(faults.ignoreRange(), 1);
    await expectStaged(site, await site.stage());
    expect(statuses()).toEqual([200, 200]);
  });

  it('case 3: begins again when the answer is another range than the one asked for', async () => {
    faultAtLayer(faults.cutBody(120_000), 1);
    faultAtLayer(faults.wrongContentRange(), 1);
    const outcome = await site.stage();
    await expectStaged(site, outcome);
    expect(outcome.stderr).toMatch(/wrong range/);
    expect(statuses()).toEqual([200, 206, 200]);
    expect(ranges().at(-1)).toBeUndefined();
  });

  it('case 3: begins again when the answer tells another size of the blob', async () => {
    faultAtLayer(faults.cutBody(120_000), 1);
    faultAtLayer(faults.wrongTotal(), 1);
    await expectStaged(site, await site.stage());
    expect(statuses()).toEqual([200, 206, 200]);
  });

  it('case 4: begins again when the registry has no such range', async () => {
    await interruptAfter(150_000);
    faultAtLayer(faults.rangeNotSatisfiable(), 1);
    await expectStaged(site, await site.stage());
    expect(statuses().slice(1)).toEqual([416, 200]);
  });
});

describe('a body with other bytes', () => {
  it('case 5: is asked for once more', async () => {
    faultAtLayer(faults.wrongBytes(), 1);
    await expectStaged(site, await site.stage());
    expect(statuses()).toEqual([200, 200]);
  });

  it('case 6: fails that image when they are wrong again, with both digests', async () => {
    faultAtLayer(faults.wrongBytes());
    const outcome = await site.stage();
    const { digest, bytes } = site.faulty.own;
    const wrong = Buffer.from(bytes);
    wrong.writeUInt8(wrong.readUInt8(size / 2) ^ 1, size / 2);
    const says = [digest, digestOf(wrong), site.registry.host, /\n {2}hint: /];
    await expectOneFailure(site, outcome, { status: 6, says });
    expect(statuses()).toEqual([200, 200]);
    await expectHealing(site);
  });

  it('case 7: is completed when the Content-Length was smaller than the blob', async () => {
    faultAtLayer(faults.shortContentLength(5), 1);
    await expectStaged(site, await site.stage());
    expect(site.asked().at(-1)?.bytes).toBe(5);
  });

  it('case 8: is taken though the Content-Length promised more', async () => {
    faultAtLayer(faults.longContentLength(10));
    await expectStaged(site, await site.stage());
  });

  it('case 9: is taken in chunks without a length', async () => {
    faultAtLayer(faults.chunked());
    await expectStaged(site, await site.stage());
    expect(statuses()).toEqual([200]);
  });

  it('case 10: is completed when the chunks ended early, in order', async () => {
    faultAtLayer(faults.chunkedShort(5), 1);
    await expectStaged(site, await site.stage());
    expect(site.asked().at(-1)?.bytes).toBe(5);
  });

  it('case 11: without an end is cut off at the size of the descriptor', async () => {
    faultAtLayer(faults.endlessBody());
    const outcome = await site.stage();
    await expectOneFailure(site, outcome, {
      status: 6,
      says: [site.faulty.own.digest, `${size} bytes`, 'hint'],
    });
    expect(site.asked().length).toBeLessThanOrEqual(2);
    await expectHealing(site);
  });

  it.each([
    ['case 12: is refused when the manifest says it is smaller', -1],
    ['case 12: is refused when the manifest says it is larger', 1],
  ])('%s', async (_title, by) => {
    const { registry, faulty } = site;
    const [config, shared] = faulty.blobs;
    if (config === undefined || shared === undefined) throw new Error('the image has no blobs');
    const lie = { digest: faulty.own.digest, bytes: Buffer.alloc(size + by) };
    registry.addManifest(faulty.repository, {
      mediaType: manifestType,
      bytes: manifestOf(config, [shared, lie]),
      tag: '1',
    });
    const outcome = await site.stage();
    await expectOneFailure(site, outcome, {
      status: 6,
      says: [faulty.own.digest, String(size + by), 'hint'],
    });
    expect(site.asked().length).toBeLessThanOrEqual(4);
  });

  it('case 13: in gzip, though nobody asked for it, is unpacked and checked', async () => {
    faultAtLayer(faults.gzipEncoded());
    await expectStaged(site, await site.stage());
  });

  it('case 13: in gzip that breaks off is asked for again', async () => {
    const packed = faults.gzipEncoded();
    faultAtLayer((request, serve) => faults.cutBody(90_000)(request, (sound) => packed(sound, serve)), 1);
    faultAtLayer(packed);
    await expectStaged(site, await site.stage());
    expect(statuses().length).toBeLessThanOrEqual(3);
  });

  it('case 13: in gzip that unpacks to far too much is cut off at the size of the descriptor', async () => {
    const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
    faultAtLayer(() => ({ status: 200, headers: { 'content-encoding': 'gzip' }, body: bomb }));
    const outcome = await site.stage();
    const says = [site.faulty.own.digest, `${size} bytes`, 'hint'];
    await expectOneFailure(site, outcome, { status: 6, says });
    await expectHealing(site);
  });

  it('case 13: in an encoding that is not known is refused', async () => {
    faultAtLayer((request, serve) =>
      faults.contentEncoding('br')(request, (sound) => faults.chunked()(sound, serve)),
    );
    const outcome = await site.stage();
    await expectOneFailure(site, outcome, { status: 9, says: [site.faulty.own.digest, 'br', 'hint'] });
    await expectHealing(site);
  });

  it('case 13: that is called gzip but is the blob itself is taken as it is', async () => {
    faultAtLayer(faults.contentEncoding('gzip'));
    await expectStaged(site, await site.stage());
  });

  it('case 13: asks for plain bytes', async () => {
    await expectStaged(site, await site.stage());
    expect(site.asked().map(({ headers }) => headers['accept-encoding'])).toEqual(['identity']);
  });
});
