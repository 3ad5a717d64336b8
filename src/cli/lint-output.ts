import { countOf, type FileReport } from '../core/lint/report.ts';
import { formatGitlab } from './gitlab-output.ts';
import { formatSarif } from './sarif.ts';

/** What was found, as text with excerpts, as JSON, as SARIF, or as GitLab takes it. */
export function formatLint(
  reports: readonly FileReport[],
  format: 'text' | 'json' | 'sarif' | 'gitlab',
): string {
  if (format === 'gitlab') return formatGitlab(reports);
  if (format === 'sarif') return formatSarif(reports);
  return format === 'json' ? formatJson(reports) : formatText(reports);
}

function formatText(reports: readonly FileReport[]): string {
  const findings = reports.flatMap(({ name, findings, omitted }) => [
    ...findings.map(({ excerpt }) => `${excerpt}\n\n`),
    ...(omitted === 0 ? [] : [`${name}: ${omitted} more findings are not listed\n\n`]),
  ]);
  return `${findings.join('')}${summaryOf(reports)}\n`;
}

function summaryOf(reports: readonly FileReport[]): string {
  const { error, warning, info } = countOf(reports);
  const documents = reports.reduce((sum, report) => sum + report.documents, 0);
  const fixed = reports.reduce((sum, report) => sum + report.fixed, 0);
  const fixable = reports.flatMap(({ findings }) => findings).filter(({ fix }) => fix !== undefined).length;
  const found = [plural(error, 'error'), plural(warning, 'warning'), ...(info === 0 ? [] : [`${info} info`])];
  const where = `in ${plural(documents, 'document')} of ${plural(reports.length, 'file')}`;
  const mended = fixed === 0 ? [] : [`${fixed} mended`];
  const more = fixable === 0 ? [] : [`${fixable} can be mended with --fix`];
  return [`${found.join(', ')} ${where}`, ...mended, ...more].join('; ');
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function formatJson(reports: readonly FileReport[]): string {
  const { error, warning, info } = countOf(reports);
  const sum = (of: (report: FileReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  const value = {
    files: reports.length,
    documents: sum(({ documents }) => documents),
    errors: error,
    warnings: warning,
    infos: info,
    fixed: sum(({ fixed }) => fixed),
    omitted: sum(({ omitted }) => omitted),
    findings: reports.flatMap(({ name, findings }) =>
      findings.map(({ excerpt: _excerpt, fix, ...finding }) => ({
        file: name,
        ...finding,
        fixable: fix !== undefined,
      })),
    ),
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
