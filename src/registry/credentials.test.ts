import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withTemporaryFolder } from '../../test/support/temporary-folder.ts';
import { parseReference } from '../core/oci/reference.ts';
import { findCredentials } from './credentials.ts';

const authFile = (user: string) =>
  JSON.stringify({ auths: { 'quay.io': { auth: Buffer.from(`${user}:x`).toString('base64') } } });

describe('findCredentials', () => {
  it('takes the first usual place that knows the registry; a named file stands alone', () =>
    withTemporaryFolder(async (folder) => {
      const put = async (path: string, user: string) => {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), authFile(user));
        return join(folder, path);
      };
      const find = (env: Record<string, string>, authFile?: string) =>
        findCredentials({ env: { XDG_RUNTIME_DIR: join(folder, 'run'), ...env }, authFile, uid: 4711 })(
          parseReference('quay.io/a'),
        )?.username;
      expect(find({ HOME: folder })).toBeUndefined();
      await put('.docker/config.json', 'docker');
      expect(find({ HOME: folder })).toBe('docker');
      await put('.config/containers/auth.json', 'config');
      expect(find({ HOME: folder })).toBe('config');
      await put('run/containers/auth.json', 'runtime');
      expect(find({ HOME: folder })).toBe('runtime');
      await put('other/config.json', 'other');
      expect(find({ HOME: folder, DOCKER_CONFIG: join(folder, 'other') })).toBe('other');
      const named = await put('named.json', 'named');
      expect(find({ HOME: folder, REGISTRY_AUTH_FILE: named })).toBe('named');
      expect(find({ HOME: folder, REGISTRY_AUTH_FILE: '/nowhere' }, named)).toBe('named');
      expect(() => find({ HOME: folder, REGISTRY_AUTH_FILE: '/nowhere' })).toThrow('/nowhere is not there');
    }));
});
