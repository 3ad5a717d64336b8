import type { Result } from '../core/krm/result.ts';

/** A result for people, as orchestrators show what a function says on standard error. */
export function formatResult({ severity, message, resourceRef, field, file, tags }: Result): string {
  const { kind, name, namespace } = resourceRef ?? {};
  const named = name === undefined || namespace === undefined ? name : `${namespace}/${name}`;
  const resource = [kind, named].filter((part) => part !== undefined).join(' ');
  const where = [file?.path, resource === '' ? undefined : resource, field?.path, message];
  const hint = tags?.['hint'] === undefined ? '' : `  hint: ${tags['hint']}\n`;
  const line = where.filter((part) => part !== undefined).join(': ');
  return `${severity}: ${line}${tags?.['rule'] === undefined ? '' : ` [${tags['rule']}]`}\n${hint}`;
}
