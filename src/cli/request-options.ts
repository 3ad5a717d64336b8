import type { RequestOptions } from '../workflows/read-request.ts';
import type { requestFlags } from './command-table/request.ts';
import type { Values } from './flags.ts';

/** What to stage, by the flags that `download` and `plan` have in common. */
export function requestOptions(values: Values<typeof requestFlags>): RequestOptions {
  const { release, releaseImage, img, aiImg, filter, platform } = values;
  const { channel, graphUrl, arch, rhcos, rootfsUrl, rootfsSha256 } = values;
  return {
    releases: release,
    releaseImages: releaseImage,
    images: img,
    aiImages: aiImg,
    filter,
    platform,
    channel,
    graphUrl,
    arch,
    rhcos,
    rootfsUrl,
    rootfsSha256,
  };
}
