import { join } from 'node:path';
import * as v from 'valibot';
import { type Digest, digestOf } from '../core/oci/digest.ts';
import { readRegular } from './regular-file.ts';

const configuration = v.object({ rootfs: v.object({ diff_ids: v.array(v.string()) }) });

/**
 * The digests of the uncompressed layers that an image's configuration names (image-spec, config.md), lowest first;
 * `directory` is the image's in a container storage, `id` its identifier there, the hex of the configuration's digest.
 * Undefined when the configuration is not there or is another.
 */
export async function readDiffs(directory: string, id: string): Promise<readonly string[] | undefined> {
  const digest = `sha256:${id}` as const;
  const bytes = await readRegular(join(directory, configurationName(digest))).catch(() => undefined);
  if (bytes === undefined || digestOf(bytes, digest) !== digest) return undefined;
  const parsed = v.safeParse(configuration, JSON.parse(bytes.toString('utf8')));
  return parsed.success ? parsed.output.rootfs.diff_ids : undefined;
}

/** How containers/storage names a file of another alphabet than its own: by `=` and the base64 of the name. */
export function configurationName(digest: Digest): string {
  return `=${Buffer.from(digest).toString('base64')}`;
}
