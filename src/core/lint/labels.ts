import type { Span } from '../diagnostics/diagnostic.ts';
import { commandsOf } from './loaders.ts';
import { type LocatedText, within } from './located-text.ts';
import type { Report, Rule } from './rule.ts';
import type { ClusterView, FieldView, OverrideView, PlaceView } from './site-view.ts';

const notSaved: Rule = {
  id: 'boot/not-saved',
  severity: 'error',
  summary: 'the node loads from a partition that its installation overwrites: installerArgs does not keep it',
  hint: `write installerArgs: '["--save-partlabel", "data"]' with the label of the partition`,
  source: 'coreos-installer docs/cmd/install.md (--save-partlabel)',
};
const mismatch: Rule = {
  id: 'boot/label-mismatch',
  severity: 'error',
  summary: 'the units, installerArgs and the partition do not agree on its label',
  hint: 'write one label in all places: What=/dev/disk/by-partlabel/LABEL and --save-partlabel LABEL',
  source: 'coreos-installer docs/cmd/install.md: without a match nothing is kept, and nothing is said',
};
const missingHooks: Rule = {
  id: 'boot/missing-hooks',
  severity: 'warning',
  summary: 'a cluster or node of a precached site loads no images',
  hint: 'factory-precaching-cli siteconfig writes the hooks',
  source: 'the three fields belong together: openshift-docs ztp-precaching-ztp-config.adoc',
};

export const labelRules: readonly Rule[] = [notSaved, mismatch, missingHooks];

/** A partition label where a text names it. */
interface NamedLabel {
  readonly label: string;
  readonly text: LocatedText;
  readonly span: Span;
}

/**
 * Checks that discovery, installation and installerArgs of each node mean one partition. `staged` is known of a
 * passport: that the site is to be precached, and the label of the partition it was read from.
 */
export function checkLabels(
  document: LocatedText,
  cluster: ClusterView,
  staged: { readonly label: string | undefined } | undefined,
  report: Report,
): void {
  const places = [cluster, ...cluster.nodes];
  const precached = staged !== undefined || places.some(loads);
  if (!precached) return;
  for (const place of places.filter((candidate) => !loads(candidate))) {
    const message = `${place.name} loads no images in the ${place.stage} stage`;
    report(missingHooks, document, { message, span: place.head });
  }
  const discovery = labelsOf(cluster);
  if (staged?.label !== undefined) checkStaged(staged.label, discovery, report);
  for (const node of cluster.nodes) {
    const installation = labelsOf(node);
    if (loads(cluster) || loads(node)) checkSaved(document, node, [...discovery, ...installation], report);
    if (staged?.label !== undefined) checkStaged(staged.label, installation, report);
    const [first] = discovery;
    for (const { label, text, span } of installation) {
      if (first === undefined || label === first.label) continue;
      report(mismatch, text, {
        message: `${node.name} loads from ${label}, its cluster from ${first.label}`,
        span,
      });
    }
  }
}

function loads({ override }: PlaceView): boolean {
  return override !== undefined && override.view.loaders.length > 0;
}

function checkStaged(label: string, named: readonly NamedLabel[], report: Report): void {
  for (const { label: other, text, span } of named) {
    if (other === label) continue;
    report(mismatch, text, { message: `the passport is of the partition ${label}, not ${other}`, span });
  }
}

/** The labels that a place loads from: of its mount unit, else of its service, else of its script. */
function labelsOf({ override }: PlaceView): NamedLabel[] {
  if (override === undefined) return [];
  const named = labelsIn(override.view);
  return named.map(({ text, ...label }) => ({ ...label, text: within(override.text, text) }));
}

function labelsIn({ mounts, loaders }: OverrideView): NamedLabel[] {
  const mounted = mounts.flatMap(({ directives }) =>
    directives
      .filter(({ key }) => key === 'What')
      .flatMap(({ text, value, start }) => labelIn(text, value, start)),
  );
  if (mounted.length > 0) return mounted;
  const given = loaders.flatMap(({ unit }) =>
    commandsOf(unit).flatMap(({ text, value, start }) => {
      const match = /(--label[ =])(\S+)/.exec(value);
      return match === null
        ? []
        : [labelAt(text, start + match.index + (match[1] ?? '').length, match[2] ?? '')];
    }),
  );
  if (given.length > 0) return given;
  return loaders.flatMap(({ runs }) =>
    runs.flatMap(({ file }) => (file?.script === undefined ? [] : labelIn(file.script, file.script.text, 0))),
  );
}

const byLabel = /\/dev\/disk\/by-partlabel\/([\w.-]+)/;

function labelIn(text: LocatedText, value: string, start: number): NamedLabel[] {
  const match = byLabel.exec(value);
  const label = match?.[1];
  if (match === null || label === undefined) return [];
  return [labelAt(text, start + match.index + match[0].length - label.length, label)];
}

function labelAt(text: LocatedText, start: number, label: string): NamedLabel {
  return { label, text, span: { start, end: start + label.length } };
}

function checkSaved(
  document: LocatedText,
  node: PlaceView,
  loaded: readonly NamedLabel[],
  report: Report,
): void {
  const { args } = node;
  const saved = args === undefined ? [] : savedLabels(args);
  // By their numbers nobody can tell here which partitions are kept.
  if (args !== undefined && (args.root === undefined || args.text.text.includes('--save-partindex'))) return;
  if (saved.length === 0) {
    const message = `installerArgs of ${node.name} does not keep the partition that its images are on`;
    if (args?.root === undefined) report(notSaved, document, { message, span: node.head });
    else report(notSaved, args.text, { message, span: args.root });
    return;
  }
  const lost = loaded.find(({ label }) => !saved.some(({ pattern }) => mayMatch(pattern, label)));
  const [first] = saved;
  if (lost === undefined || args === undefined || first === undefined) return;
  const kept = saved.map(({ pattern }) => pattern).join(', ');
  const message = `installerArgs keeps ${kept}, but ${node.name} loads from ${lost.label}, which is lost`;
  report(mismatch, args.text, { message, span: first.span });
}

function savedLabels({ root }: FieldView): { readonly pattern: string; readonly span: Span }[] {
  if (root?.type !== 'array') return [];
  return root.items.flatMap((item, index) => {
    const flag = root.items[index - 1];
    if (flag?.type !== 'scalar' || item.type !== 'scalar' || typeof item.value !== 'string') return [];
    if (flag.value !== '--save-partlabel') return [];
    return item.value.split(',').map((pattern) => ({ pattern, span: item }));
  });
}

/** Whether a label can match a pattern of coreos-installer; for one with brackets nobody asks closer. */
function mayMatch(pattern: string, label: string): boolean {
  if (pattern.includes('[')) return true;
  const pieces = pattern.split(/\*+/);
  const [head = ''] = pieces;
  if (!sameAt(head, label, 0)) return false;
  if (pieces.length === 1) return head.length === label.length;
  let at = head.length;
  for (const piece of pieces.slice(1, -1)) {
    while (at <= label.length && !sameAt(piece, label, at)) at += 1;
    at += piece.length;
  }
  const tail = pieces.at(-1) ?? '';
  return at + tail.length <= label.length && sameAt(tail, label, label.length - tail.length);
}

function sameAt(piece: string, label: string, at: number): boolean {
  if (at + piece.length > label.length) return false;
  return Array.from(piece).every((character, index) => character === '?' || character === label[at + index]);
}
