import { join } from 'node:path';
import { ToolError } from '../core/errors.ts';
import { compileBlocked } from '../core/imageset/blocked-images.ts';
import { compileFilter } from '../core/imageset/filter.ts';
import type { CatalogRequest, VersionRange } from '../core/imageset/image-set.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { Platform } from '../core/oci/platform.ts';
import { formatReference, parseReference, type Reference } from '../core/oci/reference.ts';
import type { BootImageKind } from '../core/release/boot-images.ts';
import { type Channel, parseChannel } from '../core/release/graph.ts';
import { type Component, officialRelease } from '../core/release/payload.ts';
import type { HubVersions } from '../core/release/place-image.ts';
import {
  type FileRequest,
  parseBootImageKinds,
  parseFileRequest,
  parseHttpUrl,
  platformAsked,
} from '../core/release/request.ts';
import { cacheFolder } from '../system/cache.ts';
import { type Content, type ContentOptions, readContent } from './read-content.ts';
import { readFilter } from './read-filter.ts';

/** What to stage, as it was asked for. */
export interface RequestOptions extends ContentOptions {
  readonly graphUrl: string | undefined;
  /** A pattern, or a file of patterns. */
  readonly filter: string | undefined;
  /** Whether the filter may take away what the installation needs. */
  readonly allowMissing: boolean;
  readonly platform: string;
  /** Instead of the architecture of `platform`. */
  readonly arch: string | undefined;
  /** Files of RHCOS that the releases name. */
  readonly rhcos: readonly string[];
  readonly rootfsUrl: string | undefined;
  readonly rootfsSha256: string | undefined;
}

/** A release image to stage, and what it has to be. */
export interface ReleaseRequest {
  readonly reference: Reference;
  /** The versions that it may be; any when undefined. */
  readonly versions: readonly string[] | undefined;
  /** As an update graph has it; any when undefined. */
  readonly digest?: Digest;
  /** Of its components these alone; all when undefined. */
  readonly components?: readonly Component[];
}

/** Releases that the update graph is asked for. */
export interface GraphRequest {
  /** The service, without channel and architecture. */
  readonly url: URL;
  /** Undefined: any release will do. */
  readonly channel: Channel | undefined;
  /** The newest of the channel when there are none. */
  readonly versions: readonly string[];
  /** In place of versions: every release of the channel in it. */
  readonly range: VersionRange | undefined;
  /** Where its answers are kept; undefined where there is no place for them. */
  readonly cache: string | undefined;
}

/** What to stage, checked as far as it can be without asking anybody. */
export interface Request {
  readonly platform: Platform;
  readonly releases: readonly ReleaseRequest[];
  readonly graphs: readonly GraphRequest[];
  readonly images: readonly Reference[];
  readonly aiImages: readonly Reference[];
  /** The pattern behind `leaveOut`; undefined when it leaves out nothing. */
  readonly filter: string | undefined;
  readonly leaveOut: (text: string) => boolean;
  readonly allowMissing: boolean;
  readonly hub: HubVersions | undefined;
  readonly catalogs: readonly CatalogRequest[];
  /** `blockedImages`; undefined where there are none. */
  readonly isBlocked: ((reference: Reference) => boolean) | undefined;
  /** The text of `imageset.yaml`; undefined where none says what is asked for. */
  readonly imageSet: string | undefined;
  readonly rhcos: readonly BootImageKind[];
  readonly rootfs: FileRequest | undefined;
}

type Environment = { readonly env: Readonly<Record<string, string | undefined>> };

/** Reads a request, and the files it names. Throws `usage` for what can never be staged, and when nothing is asked for. */
export async function readRequest(options: RequestOptions & Environment): Promise<Request> {
  const platform = platformAsked(options.platform, options.arch);
  const content = await readContent(options, platform);
  const filter = await readFilter(options.filter);
  const aiImages = options.aiImages.map((text) => parseReference(text));
  const inDiscovery = new Set(aiImages.map(formatReference));
  const { releases, graphs } = releasesAsked(options, platform, content);
  const request = {
    platform,
    filter,
    leaveOut: compileFilter(filter),
    allowMissing: options.allowMissing,
    hub: content.hub,
    images: [
      ...options.images.map((text) => parseReference(text)),
      // An image set does not say which stage an image is for: --ai-img does.
      ...content.images.filter((image) => !inDiscovery.has(formatReference(image))),
    ],
    aiImages,
    releases,
    graphs,
    catalogs: content.catalogs,
    isBlocked: content.blockedImages.length === 0 ? undefined : compileBlocked(content.blockedImages),
    imageSet: content.imageSet,
    rhcos: parseBootImageKinds(options.rhcos),
    rootfs: parseFileRequest(options.rootfsUrl, options.rootfsSha256),
  };
  const hasRelease = request.releases.length + request.graphs.length > 0;
  const others = request.images.length + request.aiImages.length + request.catalogs.length;
  if (!hasRelease && others === 0) throw nothingToStage();
  if (request.rhcos.length > 0 && !hasRelease) {
    throw new ToolError('usage', '--rhcos takes files that a release names, and no release is asked for', {
      hint: 'name a release (--release, --release-image), or a file by --rootfs-url',
    });
  }
  return request;
}

/** What was asked for, as the passport keeps it. */
export function sourcesOf(
  { images, aiImages }: RequestOptions,
  { filter, imageSet }: Request,
): Pick<RequestOptions, 'images' | 'aiImages'> & Pick<Request, 'filter' | 'imageSet'> {
  return { images, aiImages, filter, imageSet };
}

export function nothingToStage(): ToolError {
  return new ToolError('usage', 'there is nothing to stage', {
    hint: 'name a release (--release, --channel, --release-image) or images (--img, --ai-img), and filter less',
  });
}

/** The service that has the graph of OpenShift (cincinnati, docs/design/openshift.md). */
const officialGraph = 'https://api.openshift.com/api/upgrades_info/v1/graph';

type Releases = Pick<Request, 'releases' | 'graphs'>;

/** Of the flags and of what they name; an image set that is taken as it is says alone which releases there are. */
function releasesAsked(
  options: RequestOptions & Environment,
  platform: Platform,
  content: Content,
): Releases {
  const named = options.skipImageset
    ? { releases: [], graphs: [] }
    : releasesOfFlags(options, platform, content);
  const releases: ReleaseRequest[] = [...named.releases];
  const graphs: GraphRequest[] = [...named.graphs];
  for (const wanted of content.releases) {
    if (wanted.kind === 'version') releases.push(officialRequest(wanted.version, platform));
    else if (wanted.kind === 'channel') {
      const { channel, range } = wanted;
      graphs.push({ ...graphOf(options), channel: parseChannel(channel), versions: [], range });
    } else {
      const { reference, version, components } = wanted;
      const versions = version === undefined ? undefined : [version];
      releases.push({ reference, versions, ...(components === undefined ? {} : { components }) });
    }
  }
  return { releases, graphs };
}

function releasesOfFlags(
  options: RequestOptions & Environment,
  platform: Platform,
  content: Content,
): Releases {
  const { channel, graphUrl, releases, releaseImages } = options;
  if (channel === undefined && graphUrl === undefined)
    return { releases: directly(options, platform), graphs: [] };
  const flag = channel === undefined ? '--graph-url' : '--channel';
  if (releaseImages.length > 0) {
    throw new ToolError('usage', `${flag} finds release images, and --release-image names them`, {
      hint: `leave one of them out`,
    });
  }
  if (channel === undefined && releases.length === 0) {
    if (content.releases.some(({ kind }) => kind === 'channel')) return { releases: [], graphs: [] };
    throw new ToolError('usage', '--graph-url says where to ask, and not what for', {
      hint: 'add --channel, such as stable-4.14, or --release',
    });
  }
  const about = channel === undefined ? undefined : parseChannel(channel);
  // What is no version is told before anybody is asked.
  for (const version of releases) officialRelease(version, platform);
  const graph = { ...graphOf(options), channel: about, versions: releases, range: undefined };
  return { releases: [], graphs: [graph] };
}

function graphOf({ graphUrl, env }: RequestOptions & Environment): Pick<GraphRequest, 'url' | 'cache'> {
  const folder = cacheFolder(env);
  return {
    url: parseHttpUrl(graphUrl ?? officialGraph, '--graph-url'),
    cache: folder === undefined ? undefined : join(folder, 'graph'),
  };
}

function directly({ releases, releaseImages }: RequestOptions, platform: Platform): ReleaseRequest[] {
  if (releaseImages.length === 0) return releases.map((version) => officialRequest(version, platform));
  const versions = releases.length === 0 ? undefined : releases;
  return releaseImages.map((text) => ({ reference: parseReference(text), versions }));
}

/** A release by its official tag. Throws `usage` for what is no version of OpenShift. */
export function officialRequest(version: string, platform: Platform): ReleaseRequest {
  return { reference: officialRelease(version, platform), versions: [version] };
}
