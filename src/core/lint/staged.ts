import type { Passport } from '../staging/passport.ts';
import { commandsOf } from './loaders.ts';
import { type LocatedText, within } from './located-text.ts';
import type { Report, Rule } from './rule.ts';
import { codeLines } from './shell.ts';
import type { ClusterView, PlaceView } from './site-view.ts';

const release: Rule = {
  id: 'boot/release-not-staged',
  severity: 'error',
  summary: "the passport has not the cluster's release: all of it comes over the WAN",
  hint: 'stage it: factory-precaching-cli download -r VERSION',
  source: 'clusterImageSetNameRef of the cluster; precache.json',
};
const tag: Rule = {
  id: 'boot/tag-not-staged',
  severity: 'warning',
  summary: 'the ClusterImageSet names its release by a tag under which nothing is staged: discovery pulls it',
  hint: 'name the release by digest in the ClusterImageSet, or stage it under that name: download --ai-img',
  source: 'containers/image storage/storage_reference.go: a tag is found only under its own name',
};
const image: Rule = {
  id: 'boot/image-not-staged',
  severity: 'warning',
  summary: 'a unit or script asks for an image that is not staged under that name',
  hint: 'stage it: download --img, or name it as it is staged',
  source: 'containers/image storage/storage_reference.go; precache.json',
};

export const stagedRules: readonly Rule[] = [release, tag, image];

/** What is known of the partition that the servers have, and of the hub they come to. */
export interface Staged {
  readonly passport: Passport;
  /** Release images by the name of their ClusterImageSet. */
  readonly imageSets: ReadonlyMap<string, string>;
}

/** Checks that a cluster finds on the partition what it will ask for. */
export function checkStaged(
  document: LocatedText,
  cluster: ClusterView,
  staged: Staged,
  report: Report,
): void {
  const { passport, imageSets } = staged;
  if (cluster.imageSet !== undefined) {
    const { name, span } = cluster.imageSet;
    const image = imageSets.get(name);
    const versions = passport.releases.map(({ version }) => version);
    if (!isStagedRelease(name, image, passport)) {
      const message = `${cluster.name} installs ${image ?? name}; staged is ${versions.join(', ') || 'no release'}`;
      report(release, document, { message, span });
    } else if (image !== undefined && !image.includes('@') && !isStagedName(image, passport)) {
      report(tag, document, { message: `nothing is staged under the name ${image}`, span });
    }
  }
  for (const place of [cluster, ...cluster.nodes]) checkImages(place, passport, report);
}

/** By the image where the ClusterImageSet is known; else by the version in its name. What names none is let pass. */
function isStagedRelease(name: string, image: string | undefined, { releases }: Passport): boolean {
  if (image !== undefined) {
    const digest = image.split('@')[1];
    if (digest !== undefined) return releases.some((candidate) => candidate.digest === digest);
  }
  const version = /(?<![\d.])(\d+\.\d+)(\.\d+(?:-(?:rc|ec|fc)\.\d+)?)?/.exec(image ?? name);
  if (version === null) return true;
  return releases.some((candidate) =>
    version[2] === undefined
      ? candidate.version.startsWith(`${version[1]}.`)
      : candidate.version === version[0],
  );
}

function isStagedName(reference: string, { images }: Passport): boolean {
  return images.some((staged) => staged.reference === reference);
}

const reference =
  /(?<![\w./-])[a-z0-9][a-z0-9.-]*\.[a-z]{2,}(?::\d{1,5})?(?:\/[a-z0-9._-]+)+(?:@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][\w.-]*)(?![\w/])/g;

function checkImages({ override }: PlaceView, passport: Passport, report: Report): void {
  if (override === undefined) return;
  const { units, files } = override.view;
  const inPlace: Report = (rule, text, breach) => report(rule, within(override.text, text), breach);
  for (const unit of units) {
    for (const { text, value, start } of commandsOf(unit)) checkText(text, value, start, passport, inPlace);
  }
  for (const { script } of files) {
    if (script === undefined || !/^#!.*sh\b/.test(script.text)) continue;
    for (const { code, start } of codeLines(script.text)) checkText(script, code, start, passport, inPlace);
  }
}

function checkText(text: LocatedText, code: string, from: number, passport: Passport, report: Report): void {
  if (!/\b(?:podman|skopeo|crictl)\b/.test(code)) return;
  for (const { 0: name, index } of code.matchAll(reference)) {
    if (isStagedName(name, passport)) continue;
    const span = { start: from + index, end: from + index + name.length };
    report(image, text, { message: `${name} is not staged under this name`, span });
  }
}
