import { toolPath } from '../../test/support/process.ts';
import type { Contestant, Task } from './contestant.ts';

/** `download` of the release that the first image is, which it finds the components of by itself. */
export function ourRelease({ images }: Task): Contestant {
  return ours('download --release-image', ['--release-image', images[0]?.reference ?? '']);
}

/** `download` of the images as they are listed: what the others are given. */
export function ourImages({ images }: Task, more: readonly string[] = []): Contestant {
  const list = images.map(({ reference }) => reference).join(',');
  return ours(['download --img', ...more].join(' '), ['--img', list, ...more]);
}

function ours(name: string, flags: readonly string[]): Contestant {
  return {
    name: `factory-precaching-cli ${name}`,
    command: (folder) => ({ argv: [toolPath, 'download', '--no-mount-check', '-f', folder, ...flags] }),
    converts: false,
  };
}
