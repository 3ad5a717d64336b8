import { join } from 'node:path';
import { ToolError } from '../core/errors.ts';
import { imageSetName } from '../core/staging/lists.ts';
import { readPassport, writeList } from '../pool/staging-folder.ts';
import { lockFolder } from '../system/lock.ts';
import { type DownloadOptions, openFolder } from './download-images.ts';
import { keepEdited } from './image-set-file.ts';
import { readRequest } from './read-request.ts';

/** Writes the image set that the flags ask for into the folder, and returns its path. Asks nobody. */
export async function writeImageSet(options: DownloadOptions): Promise<string> {
  const { imageSet } = await readRequest(options);
  if (imageSet === undefined) {
    throw new ToolError('usage', 'an image set has one release image, and several are asked for', {
      hint: 'name releases with --release',
    });
  }
  const folder = await openFolder(options);
  const lock = await lockFolder(folder);
  try {
    await keepEdited(folder, imageSet, await readPassport(folder), options.emit);
    await writeList(folder, imageSetName, imageSet);
    return join(options.folder, imageSetName);
  } finally {
    await lock.release();
  }
}
