import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startFakeRegistry } from '../support/fake-registry.ts';
import { runTool } from '../support/process.ts';
import { writeReleaseSet } from '../support/release-set.ts';
import { withTemporaryFolder } from '../support/temporary-folder.ts';

it('a release by its version comes from where registries.conf says, and keeps the names the cluster asks for', () =>
  withTemporaryFolder(async (work) => {
    const registry = await startFakeRegistry({ access: { scheme: 'bearer', expiresIn: 300 } });
    try {
      const set = await writeReleaseSet(join(work, 'set'), { host: 'quay.io' });
      registry.add(set);
      const rules = join(work, 'registries.conf');
      const [prefix, location] = ['quay.io/openshift-release-dev', `${registry.host}/openshift-release-dev`];
      await writeFile(
        rules,
        `[[registry]]\nprefix = "${prefix}"\nlocation = "${location}"\ninsecure = true\n`,
      );
      const folder = join(work, 'staged');
      await mkdir(folder);
      const argv = [
        'download',
        '-f',
        folder,
        '--no-mount-check',
        '-r',
        set.version,
        '--insecure-skip-signature',
        '--filter',
        '^(aws|azure)-',
      ];
      const { status, stderr } = await runTool(argv, {
        env: { CONTAINERS_REGISTRIES_CONF: rules, HOME: work },
      });
      expect(status, stderr).toBe(0);

      const lines = async (name: string) =>
        (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n');
      const left = set.components.filter(({ name }) => !/^(aws|azure)-/.test(name));
      const expected = [set.release, ...left].map(({ reference }) => reference);
      expect(expected.length).toBeLessThan(set.components.length);
      expect((await lines('ocp-images.txt')).toSorted()).toEqual(expected.toSorted());
      expect((await lines('ocp-images.txt'))[0]).toBe(
        `quay.io/openshift-release-dev/ocp-release:${set.version}-x86_64`,
      );
      const ignored = set.components.filter(({ name }) => /^(aws|azure)-/.test(name));
      expect(await lines('ignored-images.txt')).toEqual(ignored.map(({ reference }) => reference).toSorted());
      // One token for each of the two repositories, whatever the number of requests.
      expect(registry.log.filter(({ path }) => path === '/token')).toHaveLength(2);
    } finally {
      await registry.close();
    }
  }));
