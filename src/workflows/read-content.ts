import { join } from 'node:path';
import type { Diagnostic, Source } from '../core/diagnostics/diagnostic.ts';
import { positionAt } from '../core/diagnostics/source-text.ts';
import { ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { ImageSet, PlatformChannel } from '../core/imageset/configuration.ts';
import { duOperators } from '../core/imageset/du-operators.ts';
import { formatImageSet } from '../core/imageset/format-image-set.ts';
import {
  asksForOperators,
  generateImageSet,
  type OperatorOptions,
  type OperatorVersions,
  operatorVersions,
} from '../core/imageset/generate-image-set.ts';
import type { CatalogRequest, VersionRange } from '../core/imageset/image-set.ts';
import { readDuOperators } from '../core/imageset/read-du-operators.ts';
import { largestImageSet, readImageSet } from '../core/imageset/read-image-set.ts';
import { largestMapping, readMapping } from '../core/imageset/read-mapping.ts';
import { formatPlatform, type Platform } from '../core/oci/platform.ts';
import { parseReference, type Reference } from '../core/oci/reference.ts';
import { type Component, releaseTag } from '../core/release/payload.ts';
import { imageSetName } from '../core/staging/lists.ts';
import { readTextFile } from '../system/files.ts';

/** Where an image set comes from: a file, that of the folder, a mapping, or the flags that one is generated from. */
export interface ContentOptions extends OperatorOptions {
  /** The staging folder; undefined when there is none. */
  readonly folder: string | undefined;
  /** An ImageSetConfiguration, by path. */
  readonly imageset: string | undefined;
  /** Whether to take the folder's. */
  readonly skipImageset: boolean;
  /** A `mapping.txt` of oc-mirror, by path. */
  readonly mapping: string | undefined;
  /** A list in place of the built-in one, by path. */
  readonly duOperators: string | undefined;
  /** `X.Y.Z`; with `releaseImages` each of these images must be one of them. */
  readonly releases: readonly string[];
  readonly releaseImages: readonly string[];
  /** Of the update graph. */
  readonly channel: string | undefined;
  readonly images: readonly string[];
  readonly aiImages: readonly string[];
  readonly emit: Emit;
}

/** A release that an image set or a mapping asks for. */
export type WantedRelease =
  | {
      readonly kind: 'image';
      readonly reference: Reference;
      readonly version: string | undefined;
      /** Those to stage, where not all of the payload. */
      readonly components: readonly Component[] | undefined;
    }
  | { readonly kind: 'version'; readonly version: string }
  /** Of the update graph: the newest of a channel, or every release of a range. */
  | { readonly kind: 'channel'; readonly channel: string; readonly range: VersionRange | undefined };

/** What is asked for beside the flags that name releases and images themselves. */
export interface Content {
  readonly releases: readonly WantedRelease[];
  readonly images: readonly Reference[];
  readonly catalogs: readonly CatalogRequest[];
  readonly blockedImages: readonly string[];
  readonly hub: OperatorVersions;
  /** The text of `imageset.yaml`; undefined where the request is none that an image set can say. */
  readonly imageSet: string | undefined;
}

/** Reads what the flags name. Throws `usage` for flags that exclude each other, a DocumentError for mistakes in files. */
export async function readContent(options: ContentOptions, platform: Platform): Promise<Content> {
  refuseContradictions(options);
  const hub = asksForOperators(options) ? operatorVersions(options) : { acm: undefined, mce: undefined };
  if (options.hubVersion !== undefined) {
    const hint = 'write --acm-version and --mce-version';
    options.emit({ type: 'warning', text: '--hub-version is deprecated', hint });
  }
  const { mapping, imageset, skipImageset, folder } = options;
  if (mapping !== undefined) return { ...(await contentOfMapping(mapping, platform)), hub };
  if (imageset !== undefined) return { ...(await contentOfFile(imageset, options, platform)), hub };
  if (!skipImageset) return { ...(await generatedContent(options, platform)), hub };
  if (folder === undefined) {
    throw new ToolError('usage', '--skip-imageset takes the image set of a folder, and none is named', {
      hint: 'add --folder, or name the file with --imageset',
    });
  }
  const content = await contentOfFile(join(folder, imageSetName), options, platform).catch(
    (error: unknown) => {
      if (!(error instanceof ToolError) || error.code !== 'not-found') throw error;
      throw new ToolError('not-found', `${folder} has no ${imageSetName}`, {
        hint: '--generate-imageset writes one; without --skip-imageset it is generated',
        cause: error,
      });
    },
  );
  warnOfOtherRelease(content, options);
  return { ...content, hub };
}

function refuseContradictions(options: ContentOptions): void {
  const given = [
    ...(options.imageset === undefined ? [] : ['--imageset']),
    ...(options.mapping === undefined ? [] : ['--mapping']),
    ...(options.skipImageset ? ['--skip-imageset'] : []),
  ];
  if (given.length > 1) {
    throw new ToolError('usage', `${given.join(' and ')} exclude each other`, {
      hint: 'each says on its own what to stage',
    });
  }
  const [source] = given;
  const [shaping] = [
    ...(options.duProfile ? ['--du-profile'] : []),
    ...(options.duOperators === undefined ? [] : ['--du-operators']),
    ...(options.catalogRedhatOperators === undefined ? [] : ['--catalog-redhat-operators']),
    ...(options.catalogCertifiedOperators === undefined ? [] : ['--catalog-certified-operators']),
  ];
  // The Go tool takes them beside --skip-imageset, and heeds none of them.
  if (source !== undefined && source !== '--skip-imageset' && shaping !== undefined) {
    throw new ToolError(
      'usage',
      `${shaping} is for an image set that is generated, and ${source} names one`,
      {
        hint: 'leave one of them out; --generate-imageset writes an image set that can be edited',
      },
    );
  }
  if (options.duOperators !== undefined && !options.duProfile) {
    throw new ToolError('usage', '--du-operators lists what --du-profile stages, and that is not given', {
      hint: 'add --du-profile',
    });
  }
}

type FoundContent = Omit<Content, 'hub'>;

async function contentOfMapping(path: string, platform: Platform): Promise<FoundContent> {
  const { releases, images } = readMapping({ name: path, text: await readTextFile(path, largestMapping) });
  for (const { version, architecture } of releases) {
    if (architecture === 'multi' || releaseTag(version, platform) === `${version}-${architecture}`) continue;
    throw otherPlatform(path, architecture, platform);
  }
  return {
    releases: releases.map(({ reference, version, components }) => ({
      kind: 'image',
      reference,
      version,
      components,
    })),
    images,
    catalogs: [],
    blockedImages: [],
    imageSet: undefined,
  };
}

async function contentOfFile(
  path: string,
  { emit }: ContentOptions,
  platform: Platform,
): Promise<FoundContent> {
  const source = { name: path, text: await readTextFile(path, largestImageSet) };
  const { imageSet, notes } = readImageSet(source);
  for (const note of notes) tell(note, source, emit);
  const { architectures } = imageSet.platform;
  if (
    architectures.length > 0 &&
    !['multi', platform.architecture].some((each) => architectures.includes(each))
  ) {
    throw otherPlatform(path, architectures.join(', '), platform);
  }
  return { ...contentOf(imageSet, path), imageSet: source.text };
}

function tell({ severity, message, span, hint }: Diagnostic, { name, text }: Source, emit: Emit): void {
  const { line } = positionAt(text, span?.start ?? 0);
  const said = `${name}:${line}: ${message}`;
  emit(severity === 'info' ? { type: 'step', text: said } : { type: 'warning', text: said, hint });
}

function otherPlatform(path: string, architecture: string, platform: Platform): ToolError {
  return new ToolError(
    'invalid-document',
    `${path} is for ${architecture}, and ${formatPlatform(platform)} is staged`,
    { hint: 'name the architecture with --arch' },
  );
}

function contentOf(
  { platform, catalogs, additionalImages, blockedImages }: ImageSet,
  path: string,
): Omit<FoundContent, 'imageSet'> {
  const { release } = platform;
  const named: WantedRelease[] =
    release === undefined
      ? []
      : [{ kind: 'image', reference: release, version: undefined, components: undefined }];
  return {
    releases: [...named, ...platform.channels.map((channel) => releaseOf(channel, path))],
    images: additionalImages,
    catalogs,
    blockedImages,
  };
}

/** As oc-mirror: the head without versions, `maxVersion` alone is that version, anything else a range. */
function releaseOf(
  { name, minVersion, maxVersion, full, shortestPath }: PlatformChannel,
  path: string,
): WantedRelease {
  if (maxVersion !== undefined && (minVersion === maxVersion || (minVersion === undefined && !full))) {
    return { kind: 'version', version: maxVersion };
  }
  if (minVersion === undefined && !full) return { kind: 'channel', channel: name, range: undefined };
  if (shortestPath) {
    throw new ToolError('invalid-document', `${path}: shortestPath of channel ${name} is not followed`, {
      hint: 'a server is installed with one release: list each as a channel of its own, with minVersion = maxVersion',
    });
  }
  const range = {
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  };
  return { kind: 'channel', channel: name, range };
}

/** Releases and images are in the flags themselves: of what is generated, only the operators are new. */
async function generatedContent(options: ContentOptions, platform: Platform): Promise<FoundContent> {
  const { duOperators: path, releaseImages } = options;
  const list =
    path === undefined
      ? duOperators
      : readDuOperators({ name: path, text: await readTextFile(path, largestImageSet) });
  const [releaseImage, ...more] = releaseImages.map((text) => parseReference(text));
  const images = [...options.aiImages, ...options.images].map((text) => parseReference(text));
  const imageSet = generateImageSet({
    releases: options.releases,
    channel: options.channel,
    releaseImage,
    images,
    platform,
    operators: options,
    duOperators: list,
  });
  return {
    releases: [],
    images: [],
    catalogs: imageSet.catalogs,
    blockedImages: [],
    imageSet: more.length > 0 ? undefined : formatImageSet(imageSet),
  };
}

/** The release of the command line says nothing then; that it is another one is worth a word. */
function warnOfOtherRelease({ releases }: FoundContent, { releases: asked, emit }: ContentOptions): void {
  const versions = releases.flatMap((each) => ('version' in each ? (each.version ?? []) : []));
  const open = releases.length > versions.length;
  const others = asked.filter((version) => !versions.includes(version));
  if (others.length === 0 || open) return;
  const has = versions.length === 0 ? 'no release' : `release ${versions.join(', ')}`;
  emit({
    type: 'warning',
    text: `${imageSetName} has ${has}: --release ${others.join(', ')} is not heeded with --skip-imageset`,
    hint: 'leave --skip-imageset out to have the image set generated anew',
  });
}
