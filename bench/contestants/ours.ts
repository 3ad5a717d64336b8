import { toolPath } from '../../test/support/process.ts';
import type { Contestant, Task } from './contestant.ts';

/** `download` of the release that the first image is, which it finds the components of by itself. */
export function ourRelease({ images }: Task): Contestant {
  return ours('factory-precaching-cli download', ['--release-image', images[0]?.reference ?? '']);
}

/** `download` of the images as they are listed: what the others are given. */
export function ourImages({ images }: Task, more: readonly string[] = []): Contestant {
  const list = images.map(({ reference }) => reference).join(',');
  const name = ['factory-precaching-cli download', ...more].join(' ');
  return ours(name, ['--img', list, ...more]);
}

function ours(name: string, flags: readonly string[]): Contestant {
  return {
    name,
    command: (folder) => ({ argv: [toolPath, 'download', '--no-mount-check', '-f', folder, ...flags] }),
    converts: false,
  };
}
