/**
 * The features a file system gets, whatever the xfsprogs of the factory make by default. It has to be mounted by the
 * kernel of every release that may be installed: RHEL 8 (4.18) knows neither bigtime, inobtcount nor anything newer;
 * crc, finobt, sparse, ftype and reflink it has had from the start. Reflink lets a golden copy share its blocks.
 */
const features: readonly (readonly [flag: string, name: string, value: 0 | 1])[] = [
  ['-m', 'crc', 1],
  ['-m', 'finobt', 1],
  ['-m', 'reflink', 1],
  ['-m', 'rmapbt', 0],
  ['-m', 'bigtime', 0],
  ['-m', 'inobtcount', 0],
  ['-m', 'metadir', 0],
  ['-i', 'sparse', 1],
  ['-i', 'nrext64', 0],
  ['-i', 'exchange', 0],
  ['-n', 'ftype', 1],
  ['-n', 'parent', 0],
];

/**
 * The arguments that set these features, as far as this mkfs.xfs has a switch for them: one it does not name in its
 * usage text is one it cannot turn on either, and would refuse to hear of.
 */
export function xfsOptions(usage: string, uuid: string): readonly string[] {
  const known = features.filter(([, name]) => new RegExp(`\\b${name}=0\\|1`).test(usage));
  return ['-m', '-i', '-n'].flatMap((flag) => {
    const settings = known.filter(([of]) => of === flag).map(([, name, value]) => `${name}=${value}`);
    if (flag === '-m') settings.push(`uuid=${uuid}`);
    return settings.length === 0 ? [] : [flag, settings.join(',')];
  });
}
