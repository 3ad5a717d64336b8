import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Passport } from '../../src/core/staging/passport.ts';
import { conformanceCases as cases, conformanceTag as tag } from '../support/conformance-cases.ts';
import { makeDataSet } from '../support/conformance-data.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { describeWith } from '../support/needs.ts';
import { run, runTool } from '../support/process.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

describeWith({ programs: ['conformance'] }, 'the conformance suite of the distribution spec', () => {
  let work: TemporaryFolder;
  let origin: FakeRegistry;
  let served: RunningRegistry;
  let passport: Passport;

  beforeAll(async () => {
    work = await makeTemporaryFolder();
    origin = await startFakeRegistry({ referrers: {} });
    const references = Object.entries(cases).map(([name, { make, byDigest }]) => {
      const repository = `conformance/${name.toLowerCase()}`;
      const { digest } = make(makeDataSet(origin, repository));
      return `${origin.host}/${repository}${byDigest === true ? `@${digest}` : `:${tag}`}`;
    });
    const argv = [
      'download',
      '-f',
      work.path,
      '--no-mount-check',
      '--signatures',
      '-a',
      references.join(','),
    ];
    expect((await runTool(argv)).status, 'some of the data sets are refused').toBe(9);
    passport = JSON.parse(await readFile(join(work.path, 'precache.json'), 'utf8')) as Passport;
    served = await startRegistry(work.path);
    await origin.close();
  });
  afterAll(async () => {
    await served.stop();
    await work.remove();
  });

  const pull = async (image: Passport['images'][number]) => {
    const repository = image.reference.replace(origin.host, origin.host.replace(':', '_')).split(/[:@]/)[0];
    const manifests = [image.digest, ...(image.instance === undefined ? [] : [image.instance])];
    // Installed as a module it ends with a fault of its own, after its results: they are what counts.
    const { stdout } = await run(['conformance'], {
      cwd: work.path,
      env: {
        OCI_RESULTS_DIR: join(work.path, 'results'),
        OCI_REGISTRY: served.host,
        OCI_TLS: 'disabled',
        OCI_REPO1: repository,
        OCI_API_PUSH: 'false',
        OCI_API_BLOBS_DELETE: 'false',
        OCI_API_MANIFESTS_DELETE: 'false',
        OCI_API_TAGS_DELETE: 'false',
        OCI_RO_DATA_TAGS: image.reference.includes('@') ? '' : tag,
        OCI_RO_DATA_MANIFESTS: manifests.join(' '),
        OCI_RO_DATA_BLOBS: passport.blobs.map(({ digest }) => digest).join(' '),
        OCI_RO_DATA_REFERRERS: image.digest,
      },
    });
    return stdout;
  };

  it('passes its pull workflow, for every data set that is staged', async () => {
    expect(passport.images.length).toBeGreaterThan(10);
    for (const image of passport.images) {
      const results = await pull(image);
      const count = (outcome: string) =>
        Number(new RegExp(`^  ${outcome}\\.+: +(\\d+)$`, 'm').exec(results)?.[1]);
      expect([count('FAIL'), count('Error')], `${image.reference}\n${results}`).toEqual([0, 0]);
      expect(count('Pass'), results).toBeGreaterThan(8);
      expect(results).toMatch(/^ {2}Blob get\.+: +Pass$/m);
      expect(results).toMatch(/^ {2}Referrers\.+: +Pass$/m);
    }
  }, 60_000);
});
