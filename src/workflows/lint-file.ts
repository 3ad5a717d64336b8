import type { Source } from '../core/diagnostics/diagnostic.ts';
import { renderDiagnostic } from '../core/diagnostics/source-text.ts';
import { ToolError } from '../core/errors.ts';
import { type LintResult, lintSource } from '../core/lint/lint-source.ts';
import { mend } from '../core/lint/mend.ts';
import type { JudgeOverride } from '../core/lint/overrides.ts';
import { type FileReport, reportOf } from '../core/lint/report.ts';
import { rules } from '../core/lint/rules.ts';
import type { Staged } from '../core/lint/staged.ts';
import { largestDocument } from '../core/site/yaml-stream.ts';
import { readTextFile, replaceTextFile } from '../system/files.ts';
import type { FoundFile } from '../system/yaml-files.ts';

/** How files are linted; can be sent to a thread. */
export interface LintOptions {
  /** Whether warnings are errors. */
  readonly strict: boolean;
  /** Whether what can be mended is mended in place; with `dryRun` it is only counted. */
  readonly fix: boolean;
  readonly dryRun: boolean;
  readonly staged: Staged | undefined;
}

/**
 * Lints a file. What cannot be read as a document is a finding. `overrides` are those of the files before. Throws
 * `not-found` or `failed`.
 */
export async function lintFile(
  file: FoundFile,
  options: LintOptions,
  overrides: JudgeOverride,
): Promise<FileReport> {
  const { strict } = options;
  const reading = await readSource(file.path);
  if ('unreadable' in reading)
    return reportOf(reading.source, reading.unreadable, 0, strict, renderDiagnostic);
  const { source } = reading;
  // A repository has manifests of many kinds, and templates that are no YAML yet.
  if (!file.named && !/\b(?:SiteConfig|ClusterInstance)\b/.test(source.text)) {
    return reportOf(source, { documents: 0, findings: [] }, 0, strict, renderDiagnostic);
  }
  return lintText(source, options, (text) => replaceTextFile(file.path, text), overrides);
}

/** Lints a text. `replace` takes it mended, where it was and is to be. */
export async function lintText(
  source: Source,
  { strict, fix, dryRun, staged }: LintOptions,
  replace: (text: string) => Promise<void>,
  overrides?: JudgeOverride,
): Promise<FileReport> {
  const found = lintSource(source.text, staged, overrides);
  const mended = fix ? mend(source.text, found.findings, staged) : undefined;
  if (mended === undefined || mended.fixed === 0) return reportOf(source, found, 0, strict, renderDiagnostic);
  if (!dryRun) await replace(mended.text);
  const left = { name: source.name, text: mended.text };
  return reportOf(left, lintSource(mended.text, staged), mended.fixed, strict, renderDiagnostic);
}

type Reading = { readonly source: Source } | { readonly source: Source; readonly unreadable: LintResult };

async function readSource(path: string): Promise<Reading> {
  try {
    return { source: { name: path, text: await readTextFile(path, largestDocument) } };
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== 'invalid-document') throw error;
    const { message } = error;
    const id = message.includes('larger') ? 'site/bomb' : 'site/yaml';
    const findings = rules
      .filter((rule) => rule.id === id)
      .map((rule) => ({ rule, message: message.slice(path.length + 2), span: { start: 0, end: 0 } }));
    return { source: { name: path, text: '' }, unreadable: { documents: 0, findings } };
  }
}
