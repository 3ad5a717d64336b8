import { argumentsIn, argumentsText } from './argument-lines.ts';
import { checkArguments } from './check-packed.ts';
import { fieldOf, type TreeField } from './field-state.ts';
import type { PackedOverride, TreeMistake } from './override-tree.ts';
import { newConfig, packOverride } from './pack-override.ts';
import { argumentsName, configName } from './tree-manifest.ts';

/** The text of a field as its files make it; undefined takes the field away. */
export interface PackedField extends Omit<PackedOverride, 'text'> {
  readonly text: string | undefined;
}

/** Makes a field of its files. */
export function packField(field: TreeField): PackedField {
  const { files, name } = field;
  const former = fieldOf(field)?.text.text;
  if (files.size === 0) {
    const path = name === 'installerArgs' ? argumentsName : configName;
    return { text: undefined, changes: [{ path, what: 'removed' }], mistakes: [] };
  }
  if (name === 'installerArgs') return packArguments(files.get(argumentsName), former);
  const contents = new Map([...files].filter(([path]) => path !== configName));
  const config = textOf(files.get(configName));
  if (config === undefined && files.has(configName)) return refused(configName);
  return packOverride(former, { config: config ?? newConfig, files: contents });
}

function packArguments(bytes: Uint8Array | undefined, former: string | undefined): PackedField {
  const lines = textOf(bytes);
  if (lines === undefined) return refused(argumentsName);
  const items = argumentsIn(lines).map(({ value }) => value);
  const what = former === undefined ? 'added' : 'changed';
  const text = argumentsText(items, former);
  return { text, changes: [{ path: argumentsName, what }], mistakes: checkArguments(text, lines) };
}

function refused(path: string): PackedField {
  const mistake: TreeMistake = {
    path,
    diagnostic: { id: 'pack/file', severity: 'error', message: 'not a text in UTF-8' },
  };
  return { text: undefined, changes: [], mistakes: [mistake] };
}

/** Undefined for bytes that are no text. */
function textOf(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const text = Buffer.from(bytes).toString();
  return Buffer.from(text).equals(bytes) ? text : undefined;
}
