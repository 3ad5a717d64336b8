import * as v from 'valibot';

/** Reads JSON in UTF-8 of a certain shape. `refuse` makes the error out of a reason that names the place. */
export function parseJsonDocument<const Schema extends v.GenericSchema>(
  bytes: Uint8Array,
  schema: Schema,
  refuse: (reason: string) => never,
): v.InferOutput<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refuse('it is not JSON');
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  return refuse(`${v.getDotPath(issue) ?? 'document'}: ${issue.message}`);
}
