import { createHash } from 'node:crypto';
import type { Severity } from '../core/diagnostics/diagnostic.ts';
import type { FileReport } from '../core/lint/report.ts';

const severities: Readonly<Record<Severity, string>> = { error: 'critical', warning: 'minor', info: 'info' };

/** The findings as a code quality report of GitLab. A fingerprint stays when lines move. */
export function formatGitlab(reports: readonly FileReport[]): string {
  const seen = new Map<string, number>();
  const findings = reports.flatMap(({ name, findings }) =>
    findings.map(({ rule, severity, message, hint, line }) => {
      const path = name.replace(/^\.\//, '');
      const key = `${path}\n${rule}\n${message}`;
      const count = seen.get(key) ?? 0;
      seen.set(key, count + 1);
      return {
        description: hint === undefined ? message : `${message}; ${hint}`,
        check_name: rule,
        fingerprint: createHash('sha256').update(`${key}\n${count}`).digest('hex').slice(0, 32),
        severity: severities[severity],
        location: { path, lines: { begin: line } },
      };
    }),
  );
  return `${JSON.stringify(findings, undefined, 2)}\n`;
}
