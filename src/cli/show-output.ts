import type { ShownFile, ShownOverride, ShownPlace, ShownUnit } from '../core/show/show-site.ts';
import type { Timeline, TimelineUnit } from '../core/timeline/timeline.ts';

export interface ShowFormat {
  readonly output: 'text' | 'json';
  /** Names without contents. */
  readonly brief: boolean;
  /** Whether headings can be bold. */
  readonly bold: boolean;
}

/** What a document holds, for people or as JSON. Control characters of contents are written as `\x1b`. */
export function formatShow(places: readonly ShownPlace[], format: ShowFormat): string {
  if (format.output === 'json') return `${JSON.stringify({ places }, undefined, 2)}\n`;
  return places.map((place) => formatPlace(place, format)).join('\n');
}

const stageNames = { discovery: 'discovery stage', installation: 'installation stage' } as const;

function formatPlace(place: ShownPlace, format: ShowFormat): string {
  const { kind, name, cluster, stage, installerArgs, override } = place;
  const of = kind === 'node' ? ` of ${cluster}` : '';
  const head = heading(`${kind} ${name}${of} (${stageNames[stage]})`, format);
  const args = installerArgs === undefined ? [] : ['installerArgs', ...block(installerArgs)];
  if (override === undefined) {
    return lines([head, ...indented([...args, 'no ignitionConfigOverride'])]);
  }
  const version = override.version === undefined ? 'without a version' : `Ignition ${override.version}`;
  return lines([
    head,
    ...indented([
      ...args,
      `ignitionConfigOverride, ${version}`,
      ...indented([...formatContents(override, format), ...formatTimeline(override.timeline, format)]),
    ]),
  ]);
}

function heading(text: string, { bold }: ShowFormat): string {
  return bold ? `\u001b[1m${visible(text)}\u001b[0m` : visible(text);
}

function lines(texts: readonly string[]): string {
  return `${texts.join('\n')}\n`;
}

function indented(texts: readonly string[]): string[] {
  return texts.map((text) => `  ${text}`);
}

/** Contents behind a bar, so that they cannot be taken for what the program says. */
function block(texts: readonly string[]): string[] {
  return texts.map((text) => `  | ${visible(text)}`.trimEnd());
}

function visible(text: string): string {
  return Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hidden = (code < 0x20 && character !== '\t') || (code >= 0x7f && code < 0xa0);
    const turns = /[\u200e\u200f\u2028-\u202e\u2066-\u2069]/.test(character);
    if (hidden) return `\\x${code.toString(16).padStart(2, '0')}`;
    return turns ? `\\u${code.toString(16)}` : character;
  }).join('');
}

function formatContents({ units, files, others }: ShownOverride, format: ShowFormat): string[] {
  return [
    ...units.flatMap((unit) => entry(describeUnit(unit), unit.contents, format)),
    ...files.flatMap((file) => entry(describeFile(file), file.text, format)),
    ...(others.length === 0 ? [] : [visible(`also ${others.join(', ')}`)]),
  ];
}

function entry(title: string, contents: string | undefined, format: ShowFormat): string[] {
  if (contents === undefined || format.brief) return [heading(title, format)];
  const texts = contents.split('\n');
  return [heading(title, format), ...block(texts.at(-1) === '' ? texts.slice(0, -1) : texts)];
}

function describeUnit({ name, of, enabled, masked }: ShownUnit): string {
  if (of !== undefined) return `drop-in ${name} of ${of}`;
  const state =
    masked === true ? ', masked' : enabled === undefined ? '' : enabled ? ', enabled' : ', disabled';
  return `unit ${name}${state}`;
}

function describeFile(file: ShownFile): string {
  const { path, appended, mode, user, group, compression, source, bytes, text } = file;
  const details = [
    ...(mode === undefined ? [] : [`mode ${mode}`]),
    ...(user === undefined ? [] : [`user ${user}`]),
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(compression === undefined || compression === '' ? [] : [compression]),
    ...(source === undefined || source === '' ? [] : [`from ${source}`]),
    ...(bytes === undefined ? [] : [`${bytes} bytes${text === undefined ? ', no text' : ''}`]),
  ];
  return `${appended ? 'appended to' : 'file'} ${[path, ...details].join(', ')}`;
}

function formatTimeline({ steps, unordered, cycle }: Timeline, format: ShowFormat): string[] {
  const numbered = steps.flatMap((units, step) =>
    units.map((unit, index) => `${(index === 0 ? `${step + 1}.` : '').padEnd(3)} ${describeStep(unit)}`),
  );
  const free = unordered.map((unit) => `-   ${describeStep(unit)}`);
  return [
    heading('timeline', format),
    ...indented([
      ...numbered,
      ...(free.length === 0 ? [] : ['ordered with none of these:', ...free]),
      ...(cycle.length === 0
        ? []
        : [visible(`wait for each other, so that systemd leaves one out: ${cycle.join(', ')}`)]),
    ]),
  ];
}

function describeStep({ name, own, summary, startedBy, after, runs, limit, heldBack }: TimelineUnit): string {
  const started = startedBy.length === 0 ? 'nothing starts it' : `started by ${startedBy.join(', ')}`;
  const details = [
    own ? started : (summary ?? 'of the system'),
    ...(after.length === 0 ? [] : [`after ${after.join(', ')}`]),
    ...(runs.length === 0 ? [] : [`starts ${runs.join(', ')}`]),
    ...(limit === undefined ? [] : [limit === null ? 'no deadline' : `at most ${duration(limit)}`]),
    ...(heldBack === undefined
      ? []
      : [`held back ${heldBack === null ? 'without limit' : `at most ${duration(heldBack)}`}`]),
  ];
  return visible(`${own ? '' : '('}${name}${own ? '' : ')'}: ${details.join('; ')}`);
}

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const rest = Math.round((seconds - minutes * 60) * 1000) / 1000;
  if (minutes === 0) return `${rest} s`;
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
}
