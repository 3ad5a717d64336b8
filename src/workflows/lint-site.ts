import { ToolError } from '../core/errors.ts';
import { readHub } from '../core/forecast/hub.ts';
import type { FileReport } from '../core/lint/report.ts';
import type { Staged } from '../core/lint/staged.ts';
import { formatReference } from '../core/oci/reference.ts';
import { largestDocument } from '../core/site/yaml-stream.ts';
import { parsePassport } from '../core/staging/passport.ts';
import { readTextFile } from '../system/files.ts';
import { type FoundFile, findYamlFiles } from '../system/yaml-files.ts';
import { workOnFiles } from './file-threads.ts';
import { type LintOptions, lintText } from './lint-file.ts';

export interface LintRequest extends Omit<LintOptions, 'staged'> {
  /** Files, folders, or `-` for standard input. */
  readonly paths: readonly string[];
  /** Whether named files may be of no site, as those below a folder. */
  readonly sitesOnly: boolean;
  /** The file of the passport of the partition that the servers have. */
  readonly passport: string | undefined;
  readonly readInput: () => Promise<string>;
  readonly signal: AbortSignal;
}

/** Bytes; a passport of some thousand images has some megabytes. */
const largestPassport = 256 * 1024 * 1024;

/**
 * Checks the SiteConfigs and ClusterInstances of files and folders; reports are in their order. Findings are no error.
 * Throws `not-found` or `failed` for what cannot be read, `usage` for standard input with `fix`.
 */
export async function lintSites(request: LintRequest): Promise<readonly FileReport[]> {
  const { paths, fix, passport, readInput, signal } = request;
  if (fix && paths.includes('-')) throw new ToolError('usage', '--fix changes files; standard input is none');
  const files = await findYamlFiles(paths);
  const staged = passport === undefined ? undefined : await readStaged(passport, files);
  const options = { strict: request.strict, fix, dryRun: request.dryRun, staged };
  const onDisk = files
    .filter(({ path }) => path !== '-')
    .map((file) => ({ ...file, named: file.named && !request.sitesOnly }));
  const reports: FileReport[] = [];
  await workOnFiles('lint', onDisk, options, signal, (report) => reports.push(report));
  for (const [index, { path }] of files.entries()) {
    if (path !== '-') continue;
    const source = { name: '<stdin>', text: await readInput() };
    reports.splice(index, 0, await lintText(source, options, () => Promise.resolve()));
  }
  return reports;
}

async function readStaged(path: string, files: readonly FoundFile[]): Promise<Staged> {
  const passport = parsePassport(await readTextFile(path, largestPassport), path);
  const imageSets = new Map<string, string>();
  for (const { path: file } of files.filter((candidate) => candidate.path !== '-')) {
    for (const [name, image] of await imageSetsIn(file)) imageSets.set(name, image);
  }
  return { passport, imageSets };
}

/** The ClusterImageSets of a file, release images by name; of one that cannot be read none. */
export async function imageSetsIn(path: string): Promise<[string, string][]> {
  try {
    const text = await readTextFile(path, largestDocument);
    if (!text.includes('ClusterImageSet')) return [];
    const { imageSets } = readHub([{ name: path, text }]);
    return [...imageSets].map(([name, image]) => [name, formatReference(image)]);
  } catch (error) {
    if (error instanceof ToolError && error.code === 'invalid-document') return [];
    throw error;
  }
}
