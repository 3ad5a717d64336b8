import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import type { Removal } from '../ignition/remove-hooks.ts';
import { editItems, layoutOf, printJsonLine, replaceValue, yamlSafeJson } from '../json/layout.ts';
import { type JsonArray, parseJson } from '../json/tree.ts';
import { applySplices } from '../splice.ts';

/** The new text of `installerArgs`, or why there is none. Spans are offsets in the text that was given. */
export type ArgsResult =
  | {
      readonly text: string;
      readonly mistakes: readonly [];
      /** What was put right on the way. */
      readonly warning?: Diagnostic;
    }
  | { readonly text: undefined; readonly mistakes: readonly Diagnostic[] };

const flag = '--save-partlabel';
const rule = 'installerArgs is a JSON array of strings';

/**
 * Makes coreos-installer keep the partition: `--save-partlabel` and the label, as two items and once, in the JSON
 * array of arguments. The other arguments stay. Another label is replaced only when it is `formerLabel`, that of the
 * hooks so far: any other one keeps a partition of the user's, and losing it would cost its data. The same text comes
 * back when nothing has to change. Words as a shell takes them, where they can mean one thing only, become an array:
 * the hub refuses them.
 */
export function mergeInstallerArgs(
  text: string | undefined,
  label: string,
  formerLabel: string | undefined,
): ArgsResult {
  if (text === undefined) return { text: printJsonLine([flag, label]), mistakes: [] };
  const words = shellWords(text);
  if (words !== undefined) {
    const { text: merged, mistakes } = mergeInstallerArgs(printJsonLine(words), label, formerLabel);
    return merged === undefined
      ? {
          text: undefined,
          mistakes: mistakes.map((item) => ({ ...item, span: { start: 0, end: text.length } })),
        }
      : { text: merged, mistakes: [], warning: wordsWarning(text) };
  }
  const reading = readArgs(text);
  if (reading.args === undefined) return { text: undefined, mistakes: reading.mistakes };
  const { array, args } = reading;
  const plan = planArgs(args, label, formerLabel);
  const layout = layoutOf(text, array);
  const replacements = array.items.flatMap((item, index) => {
    const value = plan.items[index];
    return value === undefined || value === args[index] ? [] : [replaceValue(layout, item, value)];
  });
  const additions = plan.added.map((value) => ({ value }));
  const splices = [
    ...replacements,
    ...editItems(layout, array, (index) => plan.items[index] !== undefined, additions),
  ];
  if (splices.length === 0) return { text, mistakes: [] };
  return { text: yamlSafeJson(applySplices(text, splices)), mistakes: [] };
}

/** Takes `--save-partlabel` with this label out of the arguments. The same text comes back when it is not in them. */
export function removeInstallerArgs(text: string, label: string): Removal {
  const reading = readArgs(text);
  if (reading.args === undefined) return { text: undefined, mistakes: reading.mistakes };
  const { array, args } = reading;
  const layout = layoutOf(text, array);
  const items: (string | undefined)[] = [...args];
  args.forEach((arg, index) => {
    const labels = args[index + 1]?.split(',');
    if (arg !== flag || labels?.includes(label) !== true) return;
    const others = labels.filter((item) => item !== label);
    items[index] = others.length === 0 ? undefined : flag;
    items[index + 1] = others.length === 0 ? undefined : others.join(',');
  });
  const replacements = array.items.flatMap((item, index) => {
    const value = items[index];
    return value === undefined || value === args[index] ? [] : [replaceValue(layout, item, value)];
  });
  const removals = editItems(layout, array, (index) => items[index] !== undefined, []);
  const left = applySplices(text, [...replacements, ...removals]);
  return { text: left, bare: items.every((item) => item === undefined), mistakes: [] };
}

/** The arguments of a text and where they are, those of words as a shell takes them, too; or every mistake in it. */
export type InstallerArgs =
  | {
      readonly items: readonly string[];
      readonly array: JsonArray | undefined;
      readonly mistakes: readonly [];
    }
  | { readonly items: undefined; readonly mistakes: readonly Diagnostic[] };

/** Reads `installerArgs`. Spans are offsets in its text; `array` is missing where the text is no JSON but words. */
export function readInstallerArgs(text: string): InstallerArgs {
  const words = shellWords(text);
  if (words !== undefined) return { items: words, array: undefined, mistakes: [] };
  const { args, array, mistakes } = readArgs(text);
  return args === undefined ? { items: args, mistakes } : { items: args, array, mistakes: [] };
}

/** Arguments as a shell takes them, beginning with a flag and without a character that means anything to a shell. */
function shellWords(text: string): readonly string[] | undefined {
  const words = text.trim().split(/\s+/);
  const plain = words.every((word) => /^[A-Za-z0-9@%+=:,./_-]+$/.test(word));
  return plain && words[0]?.startsWith('-') === true ? words : undefined;
}

function wordsWarning(text: string): Diagnostic {
  return {
    id: 'installer-args',
    severity: 'warning',
    message: `${rule}: the hub refuses these words, and they are written as one`,
    span: { start: 0, end: text.length },
  };
}

/** For each argument its new value, undefined when it goes; and what comes behind them. */
interface ArgsPlan {
  readonly items: readonly (string | undefined)[];
  readonly added: readonly string[];
}

function planArgs(args: readonly string[], label: string, formerLabel: string | undefined): ArgsPlan {
  const items: (string | undefined)[] = [...args];
  let saved = false;
  args.forEach((arg, index) => {
    if (arg !== flag) return;
    const value = args[index + 1];
    if (value === undefined || value.startsWith('-')) {
      // A flag that has lost its value says nothing.
      items[index] = undefined;
      return;
    }
    const labels = value.split(',').map((item) => (item === formerLabel ? label : item));
    const others = saved ? labels.filter((item) => item !== label) : [...new Set(labels)];
    saved ||= labels.includes(label);
    items[index] = others.length === 0 ? undefined : flag;
    items[index + 1] = others.length === 0 ? undefined : others.join(',');
  });
  return { items, added: saved ? [] : [flag, label] };
}

type ArgsReading =
  | { readonly array: JsonArray; readonly args: readonly string[]; readonly mistakes?: never }
  | { readonly args: undefined; readonly array?: never; readonly mistakes: readonly Diagnostic[] };

function readArgs(text: string): ArgsReading {
  const { root, mistakes } = parseJson(text);
  if (root === undefined) {
    const explained = mistakes.map((item) => ({ ...item, message: `${rule}; ${item.message}` }));
    return { args: undefined, mistakes: explained };
  }
  if (root.type !== 'array') return { args: undefined, mistakes: [mistake(rule, root)] };
  const args: string[] = [];
  const wrong = root.items.flatMap((item) => {
    if (item.type !== 'scalar' || typeof item.value !== 'string') {
      return [mistake('an argument is a string', item)];
    }
    args.push(item.value);
    if (!item.value.startsWith(`${flag}=`)) return [];
    const value = item.value.slice(flag.length + 1);
    const items = printJsonLine([flag, value]).slice(1, -1);
    return [mistake('the hub refuses a flag and its value in one item', item, `write ${items}`)];
  });
  return wrong.length === 0 ? { array: root, args } : { args: undefined, mistakes: wrong };
}

function mistake(message: string, { start, end }: Span, hint?: string): Diagnostic {
  return { id: 'installer-args', severity: 'error', message, span: { start, end }, hint };
}
