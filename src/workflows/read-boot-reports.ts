import { type BootReport, readBootReport } from '../core/boot/boot-report.ts';
import {
  allComplete,
  type BootSummary,
  type NamedBootReport,
  type NamedRegistryReport,
  summarizeBoots,
} from '../core/boot/boot-summary.ts';
import { DocumentError } from '../core/diagnostics/diagnostic.ts';
import { ToolError } from '../core/errors.ts';
import type { RegistryReport } from '../core/serving/registry-report.ts';
import { readTextFile } from '../system/files.ts';

interface Options {
  /** Paths, or `-` for standard input. */
  readonly files: readonly string[];
  readonly readInput: () => Promise<string>;
  /** Told of every file that cannot be read or is no report. */
  readonly refuse: (error: ToolError) => void;
}

const largestReport = 16 * 1024 * 1024;

/** Reads the reports of boot scripts and of registries, and sums up those that are some. */
export async function readBootReports({
  files,
  readInput,
  refuse,
}: Options): Promise<{ readonly summary: BootSummary; readonly complete: boolean }> {
  const reports: NamedBootReport[] = [];
  const registries: NamedRegistryReport[] = [];
  for (const path of files) {
    const file = path === '-' ? '<stdin>' : path;
    try {
      const text = path === '-' ? await readInput() : await readTextFile(path, largestReport);
      const report = reportIn(file, text);
      if ('kind' in report) registries.push({ file, report });
      else reports.push({ file, report });
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      refuse(error);
    }
  }
  const summary = summarizeBoots(reports, registries);
  return { summary, complete: allComplete(summary) };
}

function reportIn(name: string, text: string): BootReport | RegistryReport {
  const { report, mistakes } = readBootReport(text);
  if (report === undefined) throw new DocumentError({ name, text }, mistakes);
  return report;
}
