import { assembleCatalog } from '../core/catalog/assemble.ts';
import { catalogFolder } from '../core/catalog/index-image.ts';
import type { Catalog, CatalogProblem, Wanted } from '../core/catalog/model.ts';
import { concurrently } from '../core/concurrently.ts';
import { DocumentError } from '../core/diagnostics/diagnostic.ts';
import { ToolError } from '../core/errors.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { formatReference, type Reference } from '../core/oci/reference.ts';
import { openCatalogLayers } from '../pool/catalog-layers.ts';
import { adoptBlob } from './adopt-base.ts';
import { fetchBlob } from './fetch-blob.ts';
import { resolveImage } from './resolve-image.ts';
import type { Staging } from './staging.ts';

/** What reading a catalog needs of a run. */
export type CatalogSource = Pick<
  Staging,
  | 'pool'
  | 'client'
  | 'before'
  | 'platform'
  | 'pins'
  | 'foreignHosts'
  | 'bases'
  | 'parallel'
  | 'signal'
  | 'emit'
>;

/** A catalog as it was read out of an index image. */
export interface IndexImage {
  readonly reference: Reference;
  /** What the reference meant when it was read: a lock pins the catalog to it. */
  readonly digest: Digest;
  readonly catalog: Catalog;
  /** What had to be read for it; it stays in the pool, so that the next run need not fetch it. */
  readonly blobsRead: readonly Descriptor[];
}

/**
 * Reads a file-based catalog out of an index image, by tag or digest, keeping only the packages that are wanted. Every
 * layer is looked at, from the top down: any of them may add files to the catalog. Throws `invalid-document` for an
 * SQLite index and for an image without a catalog, a DocumentError with every mistake in the catalog's files.
 */
export async function readCatalog(
  reference: Reference,
  wanted: Wanted,
  source: CatalogSource,
): Promise<IndexImage> {
  const { pool, signal, emit } = source;
  const name = formatReference(reference);
  const { digest, manifest } = await resolveImage(reference, source);
  await fetchMissing([manifest.config], reference, source);
  const config = await pool.read(manifest.config.digest);
  if (config === undefined) throw new ToolError('integrity', `the config of ${name} was damaged in the pool`);
  const folder = catalogFolder(config, name);
  const layers = manifest.layers.toReversed();
  await fetchMissing(layers, reference, source);
  const reading = openCatalogLayers(pool, folder, wanted, signal);
  for (const layer of layers) await reading.read(layer.digest);
  const files = reading.files();
  if (files.length === 0) {
    throw new ToolError('invalid-document', `${name} has no catalog in /${folder}`, {
      hint: 'name an index image, such as registry.redhat.io/redhat/redhat-operator-index:v4.14',
    });
  }
  const { catalog, problems } = assembleCatalog(files);
  refuseErrors(problems, name);
  for (const problem of problems) emit({ type: 'warning', text: `${name}: ${textOf(problem)}` });
  return { reference, digest, catalog, blobsRead: [manifest.config, ...layers] };
}

/** Each once, though an image may have a layer twice. */
async function fetchMissing(
  blobs: readonly Descriptor[],
  reference: Reference,
  source: CatalogSource,
): Promise<void> {
  const unique = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  await concurrently(unique, source.parallel, async (blob) => {
    if ((await source.pool.has(blob)) || (await adoptBlob(blob, source))) return;
    await fetchBlob(blob, reference, source);
  });
}

function refuseErrors(problems: readonly CatalogProblem[], name: string): void {
  if (problems.every(({ severity }) => severity === 'warning')) return;
  const diagnostics = problems
    .toSorted((a, b) => rank(a) - rank(b))
    .map((problem) => ({ id: 'catalog', severity: problem.severity, message: textOf(problem) }));
  throw new DocumentError({ name, text: '' }, diagnostics);
}

/** Errors first: not all may be shown. */
function rank({ severity }: CatalogProblem): number {
  return severity === 'error' ? 0 : 1;
}

function textOf({ file, line, message }: CatalogProblem): string {
  return `${file}:${line}: ${message}`;
}
