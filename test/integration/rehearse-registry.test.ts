import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RehearsalReport } from '../../src/workflows/rehearse-boot.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { siteText } from '../support/lint-site.ts';
import { type LoopDevices, makeLoopDevices } from '../support/loop-device.ts';
import { lacking } from '../support/needs.ts';
import { packagedTool } from '../support/packaged.ts';
import { mebibyte, uniqueLabel } from '../support/partition-run.ts';
import { runTool } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const programs = ['skopeo', 'podman', 'jq', 'unshare', 'ip', 'sgdisk', 'mkfs.xfs', 'losetup'];
const ready = packagedTool !== undefined && lacking({ root: true, programs }).length === 0;

describe.skipIf(!ready)(
  `rehearse with the node's own registry (needs root, npm run package, ${programs.join(', ')})`,
  () => {
    let work: TemporaryFolder;
    let devices: LoopDevices;
    let registry: FakeRegistry;
    let set: ReleaseSet;

    beforeAll(async () => {
      work = await makeTemporaryFolder();
      devices = await makeLoopDevices();
      registry = await startFakeRegistry();
      set = await writeReleaseSet(join(work.path, 'set'), { host: registry.host, components: 1 });
      registry.add(set);
      await mkdir(join(work.path, 'scratch'));
    });
    afterAll(async () => {
      await registry.close();
      await devices.remove();
      await work.remove();
    });

    const succeed = async (...args: string[]): Promise<string> => {
      const { status, stdout, stderr } = await runTool(args);
      expect(status, stderr + stdout).toBe(0);
      return stdout;
    };
    const rehearse = async (folder: string, ...args: string[]) => {
      const scratch = join(work.path, 'scratch');
      const { status, stdout, stderr } = await runTool([
        'rehearse',
        '-f',
        folder,
        '--scratch',
        scratch,
        '-o',
        'json',
        ...args,
      ]);
      expect(stdout, stderr).not.toBe('');
      return { status, said: stderr, report: JSON.parse(stdout) as RehearsalReport };
    };
    const stage = async (format: string): Promise<{ folder: string; label: string }> => {
      const label = uniqueLabel();
      const folder = join(devices.scratch, label);
      const disk = await devices.attach({ bytes: 700 * mebibyte });
      await succeed('partition', '-d', disk.path, '-s', '620MiB', '-l', label, '--mount', folder);
      const { tool, oci, index } = set.additional;
      const images = ['-a', `${oci.reference},${index.reference}`, '--ai-img', tool.reference];
      await succeed(
        'download',
        '-f',
        folder,
        '--format',
        format,
        `--node-registry=${packagedTool}`,
        ...images,
      );
      return { folder, label };
    };

    it.each([
      ['pool', []],
      ['storage', []],
      ['pool', ['--discovery-registry']],
    ])('pulls every image by its name with no network, format %s %s', async (format, further) => {
      const { folder, label } = await stage(format);
      const bare = join(work.path, 'site.yaml');
      await writeFile(
        bare,
        siteText({ cluster: undefined, node: undefined, args: undefined, imageSet: 'lab' }),
      );
      await succeed(
        'siteconfig',
        '-c',
        bare,
        '-l',
        label,
        '--format',
        format,
        '--node-registry',
        packagedTool ?? '',
        ...further,
        '--in-place',
      );
      await succeed('lint', bare);
      // Without a site, the discovery is rehearsed as it is by default.
      for (const site of [['--site', bare], []]) {
        const inDiscovery = site.length > 0 && further.length > 0;
        const { status, said, report } = await rehearse(folder, ...site);
        expect(status, said + JSON.stringify(report)).toBe(0);
        expect(report).toMatchObject({
          passed: true,
          unitProblems: [],
          unchanged: { proven: true, bytesWritten: 0 },
          stages: [
            { stage: 'discovery', registry: inDiscovery, leftMounted: [] },
            {
              stage: 'installation',
              registry: true,
              images: 2,
              present: 2,
              networkAttempts: 0,
              leftMounted: [],
            },
          ],
        });
      }
    });

    it('names the image that the registry does not give, and an executable that is not the one of the override', async () => {
      const { folder } = await stage('pool');
      const passport = JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as {
        images: { reference: string; digest: string }[];
      };
      const lost = passport.images.find(({ reference }) => reference === set.additional.oci.reference);
      await writeFile(
        join(folder, 'pool/blobs/sha256', lost?.digest.slice('sha256:'.length) ?? ''),
        'not what it was',
      );
      const damaged = await rehearse(folder);
      expect(damaged.status).toBe(9);
      expect(damaged.report.stages[1]).toMatchObject({
        registry: true,
        networkAttempts: expect.any(Number),
        missing: [
          {
            reference: lost?.reference,
            reason: expect.stringContaining("the node's registry does not give it"),
          },
        ],
      });
      await writeFile(join(folder, 'bin/factory-precaching-cli'), 'another');
      const other = await rehearse(folder);
      expect(other.status).toBe(9);
      expect(other.said).toContain('is not run: its SHA-256 is');
      expect(other.report.stages[1]).toMatchObject({ registry: false, passed: false });
    });
  },
);
