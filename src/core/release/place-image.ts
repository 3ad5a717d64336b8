import type { Reference } from '../oci/reference.ts';
import type { Group } from '../staging/passport.ts';
import {
  type HubImageRule,
  hubImageRules,
  type LoadClass,
  loadOrder,
  type StageRule,
  stageRules,
  type VersionRange,
} from './stage-rules.ts';

/** Versions of the hub, `X.Y` or longer, as far as they were given. */
export interface HubVersions {
  /** Of Advanced Cluster Management. */
  readonly acm?: string | undefined;
  /** Of the multicluster engine. */
  readonly mce?: string | undefined;
}

/** Who needs an image, and when. */
export interface Need {
  readonly group: Group;
  /** Whether the installation cannot go on without it. */
  readonly required: boolean;
  /** For people: `bootkube renders the first manifests with it`. */
  readonly by: string;
}

/** When an image is needed and in which place it is loaded. */
export interface Placement {
  readonly groups: readonly Group[];
  /** Load order, lower first: by class, then by the order of use. */
  readonly priority: number;
  /** Empty where nothing on such a node needs it. */
  readonly needs: readonly Need[];
}

/** What the rules say of a component of a release; of a version that cannot be read, every rule holds. */
export function placeComponent(name: string, release: string, hub: HubVersions | undefined): Placement {
  const rules = stageRules.filter(
    (rule) =>
      covers(rule, name) && within(rule.releases, release) && within(rule.hubs, acmOf(hub) ?? newestHub),
  );
  if (rules.length === 0) {
    const by = 'pods of the release, when they start';
    return {
      groups: ['ocp'],
      priority: priorityOf('component'),
      needs: [{ group: 'ocp', required: false, by }],
    };
  }
  return {
    groups: (['ai', 'ocp'] as const).filter((group) => rules.some(({ groups }) => groups.includes(group))),
    priority: Math.min(...rules.map((rule) => priorityOf(rule.load, placeIn(rule, name)))),
    needs: rules.flatMap(needsOf),
  };
}

/** What the rules say of an image of the hub; undefined of any other. */
export function placeHubImage({ repository }: Reference): Placement | undefined {
  const name = repository.slice(repository.lastIndexOf('/') + 1);
  const index = hubImageRules.findIndex(({ image }) => image.test(name));
  const rule = hubImageRules[index];
  if (rule === undefined) return undefined;
  return { groups: rule.groups, priority: priorityOf(rule.load, index), needs: needsOf(rule) };
}

/** The number that stands for a class and a place in it. */
export function priorityOf(load: LoadClass, place = 0): number {
  return loadOrder.indexOf(load) * perClass + place;
}

const perClass = 100;
const newestHub = '999.0';

/** Rules are listed in the order of use, and so are the components of each. */
function placeIn(rule: StageRule, name: string): number {
  const before = stageRules.slice(0, stageRules.indexOf(rule)).flatMap(({ components }) => components);
  return before.length + Math.max(0, rule.components.indexOf(name));
}

function covers({ components, prefixes = [] }: StageRule, name: string): boolean {
  return components.includes(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

function needsOf({ groups, required, neededBy }: StageRule | HubImageRule): Need[] {
  return neededBy === undefined ? [] : groups.map((group) => ({ group, required, by: neededBy }));
}

function within({ since, before }: VersionRange = {}, version: string): boolean {
  const own = minorOf(version);
  if (own === undefined) return true;
  return own >= (minorOf(since) ?? 0) && own < (minorOf(before) ?? Number.POSITIVE_INFINITY);
}

/** Advanced Cluster Management 2.5 brought multicluster engine 2.0, and so on: one minor version each. */
function acmOf({ acm, mce }: HubVersions = {}): string | undefined {
  if (acm !== undefined || mce === undefined) return acm;
  const minor = minorOf(mce);
  return minor === undefined ? undefined : `2.${(minor % perMajor) + 5}`;
}

const perMajor = 1000;

function minorOf(version = ''): number | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)(?:\D|$)/.exec(version) ?? [];
  return major === undefined ? undefined : Number(major) * perMajor + Number(minor);
}
