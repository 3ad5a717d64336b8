import type { Source } from '../core/diagnostics/diagnostic.ts';
import { renderDiagnostic } from '../core/diagnostics/source-text.ts';
import { ToolError } from '../core/errors.ts';
import { readHub } from '../core/forecast/hub.ts';
import { type LintResult, lintSource } from '../core/lint/lint-source.ts';
import { mend } from '../core/lint/mend.ts';
import { type FileReport, reportOf } from '../core/lint/report.ts';
import { rules } from '../core/lint/rules.ts';
import type { Staged } from '../core/lint/staged.ts';
import { formatReference } from '../core/oci/reference.ts';
import { largestDocument } from '../core/site/yaml-stream.ts';
import { parsePassport } from '../core/staging/passport.ts';
import { readTextFile } from '../system/files.ts';
import { replaceTextFile } from '../system/replace-file.ts';
import { type FoundFile, findYamlFiles } from '../system/yaml-files.ts';

export interface LintRequest {
  /** Files, folders, or `-` for standard input. */
  readonly paths: readonly string[];
  /** Whether warnings are errors. */
  readonly strict: boolean;
  /** Whether what can be mended is mended in place; with `dryRun` it is only counted. */
  readonly fix: boolean;
  readonly dryRun: boolean;
  /** The passport of the partition that the servers have. */
  readonly passport: string | undefined;
  readonly readInput: () => Promise<string>;
  readonly signal: AbortSignal;
}

/** Bytes; a passport of some thousand images has some megabytes. */
const largestPassport = 256 * 1024 * 1024;

/** Checks the SiteConfigs and ClusterInstances of files and folders. Throws `not-found` or `usage`; findings are no error. */
export async function lintSites(request: LintRequest): Promise<FileReport[]> {
  const { paths, fix, passport } = request;
  if (fix && paths.includes('-')) throw new ToolError('usage', '--fix changes files; standard input is none');
  const files = await findYamlFiles(paths);
  const staged = passport === undefined ? undefined : await readStaged(passport, files);
  const reports: FileReport[] = [];
  for (const file of files) {
    request.signal.throwIfAborted();
    reports.push(await lintFile(file, request, staged));
  }
  return reports;
}

async function lintFile(
  file: FoundFile,
  request: LintRequest,
  staged: Staged | undefined,
): Promise<FileReport> {
  const { fix, dryRun, strict } = request;
  const reading = await readSource(file, request.readInput);
  if ('finding' in reading) return reportOf(reading.source, reading.finding, 0, strict, renderDiagnostic);
  const { source } = reading;
  // A repository has manifests of many kinds, and templates that are no YAML yet.
  if (!file.named && !/\b(?:SiteConfig|ClusterInstance)\b/.test(source.text)) {
    return reportOf(source, { documents: 0, findings: [] }, 0, strict, renderDiagnostic);
  }
  const found = lintSource(source.text, staged);
  const mended = fix ? mend(source.text, found.findings, staged) : undefined;
  if (mended === undefined || mended.fixed === 0) return reportOf(source, found, 0, strict, renderDiagnostic);
  if (!dryRun) await replaceTextFile(file.path, mended.text);
  const left = { name: source.name, text: mended.text };
  return reportOf(left, lintSource(mended.text, staged), mended.fixed, strict, renderDiagnostic);
}

type Reading = { readonly source: Source } | { readonly source: Source; readonly finding: LintResult };

/** What cannot be read as a document is a finding, so that the other files are checked all the same. */
async function readSource({ path }: FoundFile, readInput: () => Promise<string>): Promise<Reading> {
  if (path === '-') return { source: { name: '<stdin>', text: await readInput() } };
  try {
    return { source: { name: path, text: await readTextFile(path, largestDocument) } };
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== 'invalid-document') throw error;
    const { message } = error;
    const id = message.includes('larger') ? 'site/bomb' : 'site/yaml';
    const findings = rules
      .filter((rule) => rule.id === id)
      .map((rule) => ({ rule, message: message.slice(path.length + 2), span: { start: 0, end: 0 } }));
    return { source: { name: path, text: '' }, finding: { documents: 0, findings } };
  }
}

async function readStaged(path: string, files: readonly FoundFile[]): Promise<Staged> {
  const passport = parsePassport(await readTextFile(path, largestPassport), path);
  const imageSets = new Map<string, string>();
  for (const { path: file } of files.filter((candidate) => candidate.path !== '-')) {
    for (const [name, image] of await imageSetsIn(file)) imageSets.set(name, image);
  }
  return { passport, imageSets };
}

/** The ClusterImageSets of a file; of one that cannot be read none. */
async function imageSetsIn(path: string): Promise<[string, string][]> {
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
