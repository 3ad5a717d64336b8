import type { ExplainedImage, FilterExplanation } from '../core/imageset/explain-filter.ts';

/** What a pattern takes away: what is required first, then what is missed, then the rest. */
export function formatExplanation(explanation: FilterExplanation, output: 'text' | 'json'): string {
  if (output === 'json') return `${JSON.stringify(explanation, undefined, 2)}\n`;
  const { images, leftOut } = explanation;
  const required = leftOut.filter((image) => image.required);
  const missed = leftOut.filter((image) => !image.required && image.needs.length > 0);
  const unmissed = leftOut.filter((image) => image.needs.length === 0);
  const lines = [
    ...section(
      'The installation needs, so that download refuses the pattern without --allow-missing',
      required,
    ),
    ...section('Will be missed, and pulled at the site', missed),
    ...section('Nobody on a bare-metal node misses', unmissed),
    `Left out: ${leftOut.length} of ${images} images; ${required.length} of them the installation needs`,
  ];
  return `${lines.join('\n')}\n`;
}

function section(title: string, images: readonly ExplainedImage[]): string[] {
  return images.length === 0 ? [] : [`${title}:`, ...images.flatMap(describe), ''];
}

function describe({ component, reference, release, needs }: ExplainedImage): string[] {
  const name = component === undefined ? reference : `${component} of ${release} (${reference})`;
  const stages = { ai: 'discovery', ocp: 'installation' };
  return [`  ${name}`, ...needs.map(({ group, by }) => `    ${stages[group]}: ${by}`)];
}
