import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import { stringify } from 'yaml';
import type { Digest } from '../src/core/oci/digest.ts';
import { tar } from '../test/support/tar.ts';

/** A catalog of one file in a staging folder: the layer as a tar and as a tar.gz, and the file itself, for the peers. */
export interface LargeCatalog {
  /** Of the file, bytes. */
  readonly size: number;
  readonly plain: Digest;
  readonly gzip: Digest;
  /** A folder with the file. */
  readonly folder: string;
}

/** The bench runs from `build/bench`. */
const template = fileURLToPath(
  new URL('../../test/fixtures/catalog/aws-load-balancer-operator.json', import.meta.url),
);
const bundlesOfPackage = 50;

/** Writes a catalog of about `size` bytes: a real package again and again, under names and digests of its own. */
export async function writeLargeCatalog(
  work: string,
  size: number,
  format: 'json' | 'yaml',
): Promise<LargeCatalog> {
  const folder = join(work, `catalog-${format}`);
  await mkdir(folder, { recursive: true });
  await mkdir(join(work, 'pool/blobs/sha256'), { recursive: true });
  const bundle = await templateBundle(format);
  const file = join(folder, `catalog.${format}`);
  await pipeline(Readable.from(documents(bundle, size, format)), createWriteStream(file));
  const bytes = await fileSize(file);
  const layer = () => Readable.from(tarOf(file, `configs/catalog.${format}`, bytes), { objectMode: false });
  return {
    size: bytes,
    folder,
    plain: await store(work, (to) => pipeline(layer(), to)),
    gzip: await store(work, (to) => pipeline(layer(), createGzip(), to)),
  };
}

/** The name of a package of the catalog. */
export function packageName(index: number): string {
  return `operator-${String(index).padStart(4, '0')}`;
}

async function templateBundle(format: 'json' | 'yaml'): Promise<string> {
  const documents = (await readFile(template, 'utf8')).split(/^(?=\{)/m);
  const bundle = documents.find((document) => document.includes('"schema": "olm.bundle"'));
  if (bundle === undefined) throw new Error(`${template} has no bundle`);
  return format === 'json' ? bundle : `---\n${stringify(JSON.parse(bundle))}`;
}

function* documents(bundle: string, size: number, format: 'json' | 'yaml'): Generator<string> {
  const print = (value: object): string =>
    format === 'json' ? `${JSON.stringify(value, undefined, 4)}\n` : `---\n${stringify(value)}`;
  const version = /aws-load-balancer-operator\.v(\d+\.\d+\.\d+)/.exec(bundle)?.[1] ?? '';
  let written = 0;
  for (let index = 0; written < size; index += 1) {
    const name = packageName(index);
    const names = Array.from({ length: bundlesOfPackage }, (_, patch) => `${name}.v1.0.${patch}`);
    const entries = names.map((each, at) => ({ name: each, replaces: names[at - 1] }));
    yield print({ schema: 'olm.package', name, defaultChannel: 'stable' });
    yield print({ schema: 'olm.channel', package: name, name: 'stable', entries });
    for (const each of names) {
      const text = bundle
        .replaceAll(`aws-load-balancer-operator.v${version}`, each)
        .replaceAll('aws-load-balancer-operator', name)
        .replaceAll(
          /(["' ])version(["']?: ["']?)\d+\.\d+\.\d+/g,
          `$1version$2${each.slice(each.indexOf('.v') + 2)}`,
        )
        .replaceAll(/[0-9a-f]{64}/g, (digest) =>
          createHash('sha256').update(digest).update(each).digest('hex'),
        );
      written += text.length;
      yield text.endsWith('\n') ? text : `${text}\n`;
    }
  }
}

async function* tarOf(file: string, path: string, size: number): AsyncGenerator<Uint8Array> {
  const [header, ...end] = tar([{ type: 'file', path, size, chunks: [] }]);
  if (header !== undefined) yield header;
  yield* createReadStream(file, { highWaterMark: 1024 * 1024 });
  yield* end;
}

async function fileSize(file: string): Promise<number> {
  let size = 0;
  for await (const chunk of createReadStream(file)) size += (chunk as Buffer).length;
  return size;
}

/** Writes a blob into the pool of the folder, under its digest. */
async function store(work: string, write: (to: NodeJS.WritableStream) => Promise<void>): Promise<Digest> {
  const file = join(work, 'pool/new');
  await write(createWriteStream(file));
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  const hex = hash.digest('hex');
  await rename(file, join(work, 'pool/blobs/sha256', hex));
  return `sha256:${hex}`;
}
