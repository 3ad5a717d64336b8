import { concurrently } from '../core/concurrently.ts';
import { ToolError } from '../core/errors.ts';
import type { Digest } from '../core/oci/digest.ts';
import { sourceOf, type WantedFile, wantedFiles } from '../core/staging/wanted-files.ts';
import { artifactPath, artifactSize } from '../pool/artifact-files.ts';
import { inspectFiles } from '../pool/inspect-files.ts';
import { fetchFile, fileSource, withHint } from './fetch-file.ts';
import type { Failures } from './plan-staging.ts';
import type { Release } from './read-release.ts';
import type { Request } from './read-request.ts';
import type { StagedFile, Staging } from './staging.ts';

/** A file of RHCOS as a run finds it, before the first byte of it. */
export interface PlannedFile extends WantedFile {
  /** Bytes; undefined where its server does not tell. */
  readonly size: number | undefined;
  readonly validator: string | undefined;
  /** What is in the folder already, whole. */
  readonly staged: StagedFile | undefined;
}

const ignore = (): void => undefined;

/** Files fetched at a time: they are large, and mostly of one server. */
const filesAtATime = 2;

/** Finds out what the files of a request are. One that cannot be had is reported and left out. */
export async function planFiles(
  { rhcos, rootfs }: Request,
  releases: readonly Release[],
  staging: Staging,
  failures: Failures,
): Promise<readonly PlannedFile[]> {
  const wanted = wantedFiles(rhcos, rootfs, releases);
  const planned = await concurrently(wanted, filesAtATime, async (file) => {
    try {
      return await planFile(file, staging);
    } catch (error) {
      failures.addNamed(sourceOf(file.url), withHint(error));
      return undefined;
    }
  });
  return planned.filter((file) => file !== undefined);
}

async function planFile(file: WantedFile, staging: Staging): Promise<PlannedFile> {
  const { folder, before, client } = staging;
  const source = sourceOf(file.url);
  const there = await artifactSize(folder, file.name);
  const known = before?.artifacts.find(({ name }) => name === file.name);
  const owned = known !== undefined && known.size === there ? known : undefined;
  if (file.digest !== undefined && owned?.digest === file.digest) {
    return { ...file, size: owned.size, validator: undefined, staged: { ...owned, source, existed: true } };
  }
  const { size, validator } = await client.measureFile(fileSource(file));
  const planned = { ...file, size, validator };
  if (file.digest === undefined) {
    const same = owned !== undefined && owned.source === source && owned.size === size;
    return { ...planned, staged: same ? { ...owned, existed: true } : undefined };
  }
  // Of a run that ended before its passport.
  if (size === undefined || there !== size) return { ...planned, staged: undefined };
  const { digest, name } = file;
  const promised = { path: artifactPath(name), digest, size };
  const { signal } = staging;
  const damage = await inspectFiles(folder, [promised], { signal, onPlan: ignore, onBytes: ignore });
  const staged = damage.size === 0 ? { name, digest, size, source, existed: true } : undefined;
  return { ...planned, staged };
}

/** A planned file, for whoever asks what would be staged. */
export interface DescribedFile {
  readonly name: string;
  readonly source: string;
  readonly digest: Digest | undefined;
  /** Bytes; undefined where its server does not tell. */
  readonly size: number | undefined;
  readonly exists: boolean;
}

export function describeFile({ name, url, digest, size, staged }: PlannedFile): DescribedFile {
  return {
    name,
    source: sourceOf(url),
    digest: digest ?? staged?.digest,
    size,
    exists: staged !== undefined,
  };
}

/** Bytes of the files that are still to come, as far as they are known. */
export function bytesToCome(planned: readonly PlannedFile[]): readonly number[] {
  return planned.flatMap(({ staged, size }) => (staged === undefined && size !== undefined ? [size] : []));
}

/** Fetches the files that are not there. One that cannot be had is reported and does not keep the others. */
export async function stageFiles(
  planned: readonly PlannedFile[],
  staging: Staging,
  failures: Failures,
): Promise<readonly StagedFile[]> {
  const staged = await concurrently(planned, filesAtATime, async (file) => {
    try {
      return file.staged ?? (await stageFile(file, staging));
    } catch (error) {
      failures.addNamed(sourceOf(file.url), error);
      return undefined;
    }
  });
  return staged.filter((file) => file !== undefined);
}

async function stageFile({ size, ...file }: PlannedFile, staging: Staging): Promise<StagedFile> {
  const { folder, before, emit } = staging;
  const { name } = file;
  const source = sourceOf(file.url);
  if (size === undefined) {
    throw new ToolError('network', `${name}: ${file.url.host} does not say how large it is`, {
      hint: 'serve it from a server that gives the length of a file (Content-Length)',
    });
  }
  const owned = [...(before?.artifacts.map((each) => each.name) ?? []), ...(before?.stale.files ?? [])];
  if (!owned.includes(name) && (await artifactSize(folder, name)) !== undefined) {
    emit({
      type: 'warning',
      text: `${artifactPath(name)} is another file than is asked for: it is replaced`,
    });
  }
  emit({ type: 'step', text: `Fetching ${name} from ${file.url.host}` });
  const digest = await fetchFile({ ...file, size }, staging);
  if (file.digest === undefined) {
    emit({
      type: 'warning',
      text: `nobody vouches for ${name} of ${file.url.host}: it is recorded as ${digest}`,
      hint: 'give its hash with --rootfs-sha256, or take the file that the release names with --rhcos',
    });
  }
  return { name, digest, size, source, existed: false };
}
