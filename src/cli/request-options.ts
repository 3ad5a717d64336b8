import type { OperatorOptions } from '../core/imageset/generate-image-set.ts';
import type { ContentOptions } from '../workflows/read-content.ts';
import type { RequestOptions } from '../workflows/read-request.ts';
import type { imageSetFlags } from './command-table/image-set-flags.ts';
import type { requestFlags } from './command-table/request.ts';
import type { Values } from './flags.ts';

/** What to stage, by the flags that `download` and `plan` have in common. */
export function requestOptions(values: Values<typeof requestFlags>): Omit<RequestOptions, 'folder' | 'emit'> {
  const { release, releaseImage, img, aiImg, filter, allowMissing, platform } = values;
  const { channel, graphUrl, arch, rhcos, rootfsUrl, rootfsSha256 } = values;
  return {
    releases: release,
    releaseImages: releaseImage,
    images: img,
    aiImages: aiImg,
    filter,
    allowMissing,
    platform,
    channel,
    graphUrl,
    arch,
    rhcos,
    rootfsUrl,
    rootfsSha256,
    ...imageSetOptions(values),
  };
}

function imageSetOptions(
  values: Values<typeof imageSetFlags>,
): OperatorOptions & Pick<ContentOptions, 'imageset' | 'skipImageset' | 'mapping' | 'duOperators'> {
  return {
    imageset: values.imageset,
    skipImageset: values.skipImageset,
    mapping: values.mapping,
    acmVersion: values.acmVersion,
    mceVersion: values.mceVersion,
    hubVersion: values.hubVersion,
    duProfile: values.duProfile,
    duOperators: values.duOperators,
    catalogRedhatOperators: values.catalogRedhatOperators,
    catalogCertifiedOperators: values.catalogCertifiedOperators,
  };
}
