import { checkPath, LinkPaths } from './check-path.ts';
import type { Report } from './report.ts';
import {
  filledText,
  flagOf,
  integerOf,
  itemsOf,
  type Leaf,
  placeOf,
  type Struct,
  structOf,
  structsOf,
  textOf,
} from './shape.ts';

/** The rules that a file, a directory and a link have in common. */
export function checkNode(node: Struct, report: Report): void {
  checkPath(textOf(node, 'path'), node, report);
  const mode = integerOf(node, 'mode');
  if (mode !== undefined) checkMode(mode, report);
}

export function checkFile(file: Struct, report: Report): void {
  checkNode(file, report);
  if (flagOf(file, 'overwrite') !== true) return;
  const contents = structOf(file, 'contents');
  if (textOf(contents, 'source') !== undefined) return;
  const hint = 'for an empty file: "contents": {"source": ""}';
  report.add('overwrite-without-source', placeOf(file, 'overwrite'), 'overwrite needs contents.source', hint);
}

export function checkLink(link: Struct, report: Report): void {
  checkNode(link, report);
  if (filledText(link, 'target') !== undefined) return;
  report.add('link-target-missing', placeOf(link, 'target'), 'a link has a target');
}

export function checkOwner(owner: Struct, report: Report): void {
  if (integerOf(owner, 'id') === undefined || filledText(owner, 'name') === undefined) return;
  report.add('id-and-name', owner, 'either the id or the name, not both');
}

function checkMode(mode: Leaf<number>, report: Report): void {
  const { value } = mode;
  if (value < 0 || value > 0o7777) {
    report.add('mode-range', mode, 'a mode is between 0 and 4095 (07777)', octalHint(value));
    return;
  }
  if (looksOctal(value)) {
    const bits = value.toString(8).padStart(4, '0');
    report.add('mode-octal', mode, `a mode is a decimal number: ${value} is ${bits}`, octalHint(value));
  } else if (value >= 0o1000) {
    report.add('mode-special', mode, `setuid, setgid and sticky bits are dropped by ${report.version}`);
  }
}

function octalHint(value: number): string | undefined {
  return looksOctal(value) ? `0${value} is written ${Number.parseInt(String(value), 8)}` : undefined;
}

/** Whether a mode was written in octal digits, which JSON reads as a decimal number. */
export function looksOctal(value: number): boolean {
  return octalLooking.has(value);
}

/** The permissions people know by heart; none of them is what a useful mode looks like as a decimal number. */
const octalLooking: ReadonlySet<number> = new Set([
  400, 440, 444, 500, 550, 555, 600, 640, 644, 660, 664, 666, 700, 711, 744, 750, 755, 770, 775, 777, 1777,
  2755, 4755,
]);

/** The rules between the nodes of a config, and between its disks and filesystems. */
export function checkStorage(storage: Struct, report: Report): void {
  checkBelowLinks(storage, report);
  checkHardLinks(storage, report);
  const disks = new Map(
    structsOf(storage, 'disks').map((disk) => [textOf(disk, 'device')?.value ?? '', disk]),
  );
  for (const filesystem of structsOf(storage, 'filesystems')) {
    const device = textOf(filesystem, 'device');
    const disk = disks.get(device?.value ?? '');
    if (device === undefined || disk === undefined) continue;
    if (itemsOf(disk, 'partitions').length > 0) {
      report.add(
        'filesystem-over-partitions',
        device,
        'this filesystem overwrites the partitions of its disk',
      );
    } else if (flagOf(disk, 'wipeTable') === true && flagOf(filesystem, 'wipeFilesystem') !== true) {
      report.add('filesystem-implicit-wipe', device, 'wipeTable of this disk wipes the filesystem too');
    }
  }
}

function checkBelowLinks(storage: Struct, report: Report): void {
  const links = structsOf(storage, 'links');
  if (links.length === 0) return;
  const paths = new LinkPaths();
  for (const link of links) paths.add(textOf(link, 'path')?.value ?? '');
  for (const list of ['directories', 'files', 'links']) {
    for (const node of structsOf(storage, list)) {
      const path = textOf(node, 'path');
      if (path === undefined || !paths.encloses(path.value)) continue;
      report.add('path-below-link', path, 'this path goes through a link of this config');
    }
  }
}

function checkHardLinks(storage: Struct, report: Report): void {
  const hard = structsOf(storage, 'links').filter((link) => flagOf(link, 'hard') === true);
  if (hard.length === 0) return;
  const directories = new Set(
    structsOf(storage, 'directories').map((node) => textOf(node, 'path')?.value ?? ''),
  );
  for (const link of hard) {
    const target = textOf(link, 'target')?.value ?? '';
    const path = cleanPath(
      target.startsWith('/') ? target : `${textOf(link, 'path')?.value ?? ''}/${target}`,
    );
    if (directories.has(path)) {
      report.add(
        'hard-link-to-directory',
        placeOf(link, 'target'),
        'a hard link cannot have a directory as target',
      );
    }
    for (const owner of [structOf(link, 'user'), structOf(link, 'group')]) {
      if (owner === undefined || (!owner.members.has('id') && !owner.members.has('name'))) continue;
      report.add('hard-link-owner', owner, 'a hard link has the owner of its target: this is ignored');
    }
  }
}

/** The shortest form of a path, by its text alone (Go, path `Clean`). */
function cleanPath(path: string): string {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return path.startsWith('/') ? `/${names.join('/')}` : names.join('/');
}
