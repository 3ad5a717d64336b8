import { type BootHooks, bootHooks, type Stage } from '../../src/core/ignition/boot-hooks.ts';
import { encodeDataUrl } from '../../src/core/ignition/data-url.ts';
import { asciiJson } from '../../src/core/json/layout.ts';

/** An override as a value: what is put into it is checked as it stands. */
export interface Override {
  ignition?: unknown;
  systemd?: { units: Record<string, unknown>[] };
  storage?: { [list: string]: Record<string, unknown>[] };
}

/** The values of a site with one cluster and one node. A string is taken as it is; undefined leaves a field out. */
export interface SiteValues {
  readonly kind?: 'SiteConfig' | 'ClusterInstance';
  readonly cluster?: Override | string | undefined;
  readonly node?: Override | string | undefined;
  readonly args?: readonly unknown[] | string | undefined;
  readonly imageSet?: string;
  /** Apostrophes stay as they are. */
  readonly raw?: true;
  readonly clusterFields?: Readonly<Record<string, unknown>>;
  readonly nodeFields?: Readonly<Record<string, unknown>>;
}

/** The override with our own hooks, to be changed. */
export function hooked(stage: Stage): Required<Override> & { storage: { files: Record<string, unknown>[] } } {
  const { units, files }: BootHooks = bootHooks(stage, 'data');
  return {
    ignition: { version: '3.1.0' },
    systemd: { units: units.map((unit) => ({ ...unit })) },
    storage: { files: files.map((file) => ({ ...file })) },
  };
}

/** An override with these units and files and nothing else. */
export function override(units: Record<string, unknown>[], files: Record<string, unknown>[] = []): Override {
  return { ignition: { version: '3.1.0' }, systemd: { units }, storage: { files } };
}

/** A file that runs a script. */
export function script(path: string, text: string): Record<string, unknown> {
  return { path, mode: 493, contents: { source: encodeDataUrl(text) } };
}

/** The YAML of a site; what is not given is as our own `siteconfig` writes it. */
export function siteText(values: SiteValues): string {
  const given = (name: keyof SiteValues, other: unknown): unknown => (name in values ? values[name] : other);
  const field = (value: unknown): string | undefined =>
    value === undefined || typeof value === 'string' ? value : json(value);
  const json = (value: unknown): string =>
    values.raw === true ? JSON.stringify(value) : asciiJson(JSON.stringify(value));
  const spec = {
    clusterName: 'sno',
    clusterImageSetNameRef: values.imageSet ?? 'openshift-4.14.7',
    ignitionConfigOverride: field(given('cluster', hooked('discovery'))),
    ...values.clusterFields,
    nodes: [
      {
        hostName: 'node',
        installerArgs: field(given('args', ['--save-partlabel', 'data'])),
        ignitionConfigOverride: field(given('node', hooked('installation'))),
        ...values.nodeFields,
      },
    ],
  };
  return values.kind === 'ClusterInstance'
    ? yaml({ apiVersion: 'siteconfig.open-cluster-management.io/v1alpha1', kind: 'ClusterInstance', spec })
    : yaml({ apiVersion: 'ran.openshift.io/v1', kind: 'SiteConfig', spec: { clusters: [spec] } });
}

/** JSON is YAML. */
function yaml(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
