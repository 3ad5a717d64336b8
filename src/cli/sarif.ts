import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Severity } from '../core/diagnostics/diagnostic.ts';
import type { FileReport, PlacedFinding, Region } from '../core/lint/report.ts';
import type { Rule } from '../core/lint/rule.ts';
import { rules } from '../core/lint/rules.ts';

const levels: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

/** The findings as a SARIF 2.1.0 log (OASIS), with all rules, and with the fixes as replacements. */
export function formatSarif(reports: readonly FileReport[]): string {
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: { name: 'factory-precaching-cli', version: __VERSION__, rules: rules.map(ruleOf) },
        },
        columnKind: 'utf16CodeUnits',
        artifacts: reports.map(({ name }) => ({ location: { uri: uriOf(name) } })),
        results: reports.flatMap(({ name, findings }, index) =>
          findings.map((finding) => resultOf(uriOf(name), index, finding)),
        ),
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function ruleOf({ id, severity, summary, hint = summary, source }: Rule): unknown {
  return {
    id,
    shortDescription: { text: summary },
    help: { text: `${hint}\nSource: ${source}`, markdown: `${hint}\n\nSource: ${source}` },
    defaultConfiguration: { level: levels[severity] },
    properties: { tags: [id.split('/')[0]] },
  };
}

function resultOf(uri: string, index: number, finding: PlacedFinding): unknown {
  const { rule, severity, message, fix } = finding;
  const artifactLocation = { uri, index };
  return {
    ruleId: rule,
    ruleIndex: rules.findIndex(({ id }) => id === rule),
    level: levels[severity],
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation, region: regionOf(finding) } }],
    ...(fix === undefined
      ? {}
      : {
          fixes: [
            {
              description: { text: finding.hint ?? message },
              artifactChanges: [
                {
                  artifactLocation,
                  replacements: fix.map(({ region, text }) => ({
                    deletedRegion: regionOf(region),
                    insertedContent: { text },
                  })),
                },
              ],
            },
          ],
        }),
  };
}

function regionOf({ line, column, endLine, endColumn }: Region): unknown {
  return { startLine: line, startColumn: column, endLine, endColumn };
}

/** A path as a URI: below the working directory it stays relative, as code scanners want it. */
function uriOf(name: string): string {
  if (isAbsolute(name)) return pathToFileURL(name).href;
  return name.split('/').map(encodeURIComponent).join('/');
}
