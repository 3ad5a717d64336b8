import type { Span } from '../diagnostics/diagnostic.ts';
import { asciiJson, editItems, layoutOf } from '../json/layout.ts';
import type { JsonArray } from '../json/tree.ts';
import type { LocatedText } from './located-text.ts';
import type { Report, Rule } from './rule.ts';
import type { FieldView } from './site-view.ts';

const service = 'assisted-service pkg/validations/validations.go';
const installer = 'coreos-installer docs/cmd/install.md';

const json: Rule = {
  id: 'installer-args/json',
  severity: 'error',
  summary: 'installerArgs is not a JSON array of strings',
  hint: `write one string an argument: '["--save-partlabel", "data"]'`,
  source: `${service} (ValidateInstallerArgs)`,
};
const flag: Rule = {
  id: 'installer-args/flag',
  severity: 'error',
  summary: 'a flag that the hub does not allow',
  hint: 'allowed are --append-karg, --delete-karg, -n, --copy-network, --network-dir, --save-partlabel, --save-partindex, --image-url and --image-file',
  source: `${service} (allowedFlags)`,
};
const joined: Rule = {
  id: 'installer-args/joined',
  severity: 'error',
  summary: 'a flag and its value in one item, which the hub refuses',
  hint: 'make two items of it: "--save-partlabel", "data"',
  source: `${service} (allowedFlags: an item must be equal to one)`,
  fixable: 'always',
};
const characters: Rule = {
  id: 'installer-args/characters',
  severity: 'error',
  summary: 'a character that the hub refuses in an argument',
  hint: 'refused are white space, & > ? \\ ^ ` | ~ and all that is not ASCII',
  source: `${service} (installerArgsValuesRegex)`,
};
const noValue: Rule = {
  id: 'installer-args/no-value',
  severity: 'error',
  summary: 'a flag without its value',
  hint: 'put the value behind it, as an item of its own',
  source: installer,
};
const stray: Rule = {
  id: 'installer-args/stray',
  severity: 'error',
  summary: 'an argument that belongs to no flag; coreos-installer takes it for the disk',
  hint: 'remove it; the installer adds the disk itself',
  source: 'assisted-installer src/ops/ops.go (installerArgs)',
};
const duplicate: Rule = {
  id: 'installer-args/duplicate',
  severity: 'warning',
  summary: 'the same partition is kept twice',
  hint: 'one --save-partlabel for each label is enough',
  source: installer,
  fixable: 'always',
};
const glob: Rule = {
  id: 'installer-args/label-glob',
  severity: 'warning',
  summary:
    'a label with * ? or [ ], which coreos-installer takes for a pattern: it keeps every partition that matches',
  hint: 'write the label out',
  source: `${installer} (--save-partlabel is a glob)`,
};

export const installerArgsRules: readonly Rule[] = [
  json,
  flag,
  joined,
  characters,
  noValue,
  stray,
  duplicate,
  glob,
];

const withValue: ReadonlySet<string> = new Set([
  '--append-karg',
  '--delete-karg',
  '--network-dir',
  '--save-partlabel',
  '--save-partindex',
  '--image-url',
  '--image-file',
]);
const allowed: ReadonlySet<string> = new Set([...withValue, '-n', '--copy-network']);
/** `+-=` is a range there: it takes `,` to `=` and with it `<` and `;`. */
const valueCharacters = /^[A-Za-z0-9@!#$%*()_+-=//.,";':{}[\]]+$/;
const saveLabel = '--save-partlabel';

interface Argument extends Span {
  readonly value: string;
}

/** Checks an `installerArgs` against what the hub and coreos-installer make of it. */
export function checkInstallerArgs(args: FieldView, report: Report): void {
  const { text, root, mistakes } = args;
  for (const { message, span } of mistakes) {
    const end = shellForm(text.text) ?? '';
    report(json, text, { message: `${message}${end}`, span: span ?? { start: 0, end: text.text.length } });
  }
  if (root === undefined) return;
  if (root.type !== 'array') {
    report(json, text, { message: json.summary, span: root });
    return;
  }
  const items: Argument[] = [];
  for (const item of root.items) {
    if (item.type === 'scalar' && typeof item.value === 'string') {
      items.push({ value: item.value, start: item.start, end: item.end });
    } else report(json, text, { message: 'an argument is a string', span: item });
  }
  for (const [index, item] of items.entries()) {
    checkItem(text, item, items[index - 1], items[index + 1], report);
  }
  if (items.length === root.items.length) checkDuplicates(text, root, items, report);
}

/** What people write here are arguments as a shell takes them. */
function shellForm(text: string): string | undefined {
  if (/["'\\[\]{}]/.test(text)) return undefined;
  const words = text.trim().split(/\s+/);
  return `: write '[${words.map((word) => JSON.stringify(word)).join(', ')}]'`;
}

function checkItem(
  text: LocatedText,
  item: Argument,
  previous: Argument | undefined,
  next: Argument | undefined,
  report: Report,
): void {
  const { value } = item;
  if (/^-+./.test(value)) {
    checkFlag(text, item, next, report);
    return;
  }
  if (value === '' || !valueCharacters.test(value)) {
    const bad = Array.from(value).find((character) => !valueCharacters.test(character));
    const message =
      bad === undefined
        ? 'the hub refuses an empty argument'
        : `the hub refuses the character ${JSON.stringify(bad)}`;
    report(characters, text, { message, span: item });
  }
  if (previous === undefined || !withValue.has(previous.value)) {
    report(stray, text, {
      message: `${JSON.stringify(value)} belongs to no flag; coreos-installer takes it for the disk`,
      span: item,
    });
  } else if (previous.value === saveLabel && /[*?[\]]/.test(value)) {
    const message = `${JSON.stringify(value)} is a pattern: coreos-installer keeps every partition that matches`;
    report(glob, text, { message, span: item });
  }
}

function checkFlag(text: LocatedText, item: Argument, next: Argument | undefined, report: Report): void {
  const { value, start, end } = item;
  if (allowed.has(value)) {
    if (withValue.has(value) && (next === undefined || /^-+./.test(next.value))) {
      report(noValue, text, { message: `${value} has no value`, span: item });
    }
    return;
  }
  const equals = value.indexOf('=');
  const name = value.slice(0, equals);
  if (equals !== -1 && withValue.has(name)) {
    const written = [name, value.slice(equals + 1)].map((part) => asciiJson(JSON.stringify(part))).join(', ');
    const fix = [{ start, end, text: written }];
    report(joined, text, {
      message: `the hub takes ${name} and its value only as two items`,
      span: item,
      fix,
    });
    return;
  }
  report(flag, text, { message: `the hub does not allow ${JSON.stringify(value)}`, span: item });
}

function checkDuplicates(
  text: LocatedText,
  array: JsonArray,
  items: readonly Argument[],
  report: Report,
): void {
  const seen = new Set<string>();
  items.forEach((item, index) => {
    if (items[index - 1]?.value !== saveLabel) return;
    if (seen.has(item.value)) {
      const stays = (at: number): boolean => at !== index && at !== index - 1;
      const fix = editItems(layoutOf(text.text, array), array, stays, []);
      report(duplicate, text, { message: `${item.value} is kept already`, span: item, fix });
    }
    seen.add(item.value);
  });
}
