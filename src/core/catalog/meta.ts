import * as v from 'valibot';
import type { Bundle, Channel, Deprecation, Meta, Requirement } from './model.ts';
import { parseVersion } from './version.ts';

/** What a document of a catalog turned out to be. */
export type MetaReading =
  | { readonly kind: 'meta'; readonly meta: Meta; readonly warning?: string | undefined }
  /** Of a schema that says nothing about images; operator-registry passes those over too. */
  | { readonly kind: 'unknown'; readonly schema: string }
  | { readonly kind: 'wrong'; readonly mistakes: readonly string[] };

const text = v.pipe(v.string(), v.minLength(1, 'is empty'));
const optional = v.nullish(v.string());
const properties = v.nullish(v.array(v.object({ type: v.string(), value: v.optional(v.unknown()) })));

const packageSchema = v.object({ name: text, defaultChannel: optional });
const channelSchema = v.object({
  name: text,
  package: text,
  entries: v.array(
    v.object({ name: text, replaces: optional, skips: v.nullish(v.array(v.string())), skipRange: optional }),
  ),
  properties,
});
const bundleSchema = v.object({
  name: text,
  package: text,
  image: optional,
  properties,
  relatedImages: v.nullish(v.array(v.object({ name: optional, image: optional }))),
});
const deprecationsSchema = v.object({
  package: text,
  entries: v.array(
    v.object({
      reference: v.object({
        schema: v.picklist(['olm.package', 'olm.channel', 'olm.bundle']),
        name: optional,
      }),
      message: v.string(),
    }),
  ),
});

/** Reads a document of a catalog (operator-registry, file-based catalogs). Fields it does not know are passed over. */
export function readMeta(value: unknown): MetaReading {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'wrong', mistakes: ['this is no object'] };
  }
  const schema = 'schema' in value ? value.schema : undefined;
  if (typeof schema !== 'string' || schema === '') {
    return { kind: 'wrong', mistakes: ['the document names no schema'] };
  }
  switch (schema) {
    case 'olm.package':
      return readAs(schema, packageSchema, value, ({ name, defaultChannel }) => ({
        meta: { schema, name, defaultChannel: defaultChannel || undefined },
      }));
    case 'olm.channel':
      return readAs(schema, channelSchema, value, (channel) => ({
        meta: { schema, ...channelOf(channel) },
      }));
    case 'olm.bundle':
      return readAs(schema, bundleSchema, value, bundleOf);
    case 'olm.deprecations':
      return readAs(schema, deprecationsSchema, value, (deprecations) => ({
        meta: { schema, package: deprecations.package, entries: deprecationsOf(deprecations) },
      }));
    default:
      return { kind: 'unknown', schema };
  }
}

function readAs<S extends v.GenericSchema>(
  name: string,
  schema: S,
  value: unknown,
  make: (output: v.InferOutput<S>) => { readonly meta: Meta; readonly warning?: string | undefined },
): MetaReading {
  const result = v.safeParse(schema, value);
  if (result.success) return { kind: 'meta', ...make(result.output) };
  const mistakes = result.issues.map(
    (issue) => `${name}: ${v.getDotPath(issue) ?? 'document'}: ${issue.message}`,
  );
  return { kind: 'wrong', mistakes };
}

function channelOf(channel: v.InferOutput<typeof channelSchema>): Channel {
  const priority = propertyField(channel.properties, 'olm.channel', 'priority');
  return {
    name: channel.name,
    package: channel.package,
    priority: typeof priority === 'number' ? priority : undefined,
    entries: channel.entries.map(({ name, replaces, skips, skipRange }) => ({
      name,
      replaces: replaces || undefined,
      skips: skips ?? [],
      skipRange: skipRange || undefined,
    })),
  };
}

function bundleOf(bundle: v.InferOutput<typeof bundleSchema>) {
  const written = propertyField(bundle.properties, 'olm.package', 'version');
  const version = typeof written === 'string' ? parseVersion(written) : undefined;
  const meta: { readonly schema: 'olm.bundle' } & Bundle = {
    schema: 'olm.bundle',
    name: bundle.name,
    package: bundle.package,
    version,
    image: bundle.image ?? '',
    relatedImages: (bundle.relatedImages ?? []).map(({ name, image }) => ({
      name: name ?? '',
      image: image ?? '',
    })),
    provides: valuesOf(bundle.properties, 'olm.gvk').map(apiOf),
    requires: requirementsOf(bundle.properties),
  };
  if (version !== undefined) return { meta };
  const what =
    written === undefined ? 'has no version' : `has a version that is not semver: ${JSON.stringify(written)}`;
  return { meta, warning: `bundle ${bundle.name} ${what}` };
}

function deprecationsOf(deprecations: v.InferOutput<typeof deprecationsSchema>): Deprecation[] {
  const kinds = { 'olm.package': 'package', 'olm.channel': 'channel', 'olm.bundle': 'bundle' } as const;
  return deprecations.entries.map(({ reference, message }) => ({
    package: deprecations.package,
    kind: kinds[reference.schema],
    name: reference.name || undefined,
    message: message.trim(),
  }));
}

function requirementsOf(list: v.InferOutput<typeof properties>): Requirement[] {
  return [
    ...valuesOf(list, 'olm.gvk.required').map((value) => ({ kind: 'api', api: apiOf(value) }) as const),
    ...valuesOf(list, 'olm.package.required').map(
      (value) =>
        ({
          kind: 'package',
          name: textOf(value, 'packageName'),
          range: textOf(value, 'versionRange'),
        }) as const,
    ),
  ];
}

function apiOf(value: Fields): string {
  return ['group', 'version', 'kind'].map((field) => textOf(value, field)).join('/');
}

type Fields = Readonly<Record<string, unknown>>;

function textOf(value: Fields, field: string): string {
  const text = value[field];
  return typeof text === 'string' ? text : '';
}

/** A field of the value of the first property of a type. */
function propertyField(list: v.InferOutput<typeof properties>, type: string, field: string): unknown {
  return valuesOf(list, type)[0]?.[field];
}

/** The values of the properties of a type, as far as they are objects. */
function valuesOf(list: v.InferOutput<typeof properties>, type: string): readonly Fields[] {
  return (list ?? []).flatMap((property) => {
    const { value } = property;
    if (property.type !== type || typeof value !== 'object' || value === null) return [];
    return [Object.fromEntries(Object.entries(value))];
  });
}
