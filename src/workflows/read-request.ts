import { join } from 'node:path';
import { ToolError } from '../core/errors.ts';
import { compileFilter } from '../core/imageset/filter.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { Platform } from '../core/oci/platform.ts';
import { parseReference, type Reference } from '../core/oci/reference.ts';
import type { BootImageKind } from '../core/release/boot-images.ts';
import { type Channel, parseChannel } from '../core/release/graph.ts';
import { officialRelease } from '../core/release/payload.ts';
import {
  type FileRequest,
  parseBootImageKinds,
  parseFileRequest,
  parseHttpUrl,
  platformAsked,
} from '../core/release/request.ts';
import { cacheFolder } from '../system/cache.ts';

/** What to stage, as it was asked for. */
export interface RequestOptions {
  /** `X.Y.Z`; with `releaseImages` each of these images must be one of them. */
  readonly releases: readonly string[];
  readonly releaseImages: readonly string[];
  /** Of the update graph. */
  readonly channel: string | undefined;
  readonly graphUrl: string | undefined;
  readonly images: readonly string[];
  readonly aiImages: readonly string[];
  readonly filter: string | undefined;
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
}

/** Releases that the update graph is asked for. */
export interface GraphRequest {
  /** The service, without channel and architecture. */
  readonly url: URL;
  /** Undefined: any release will do. */
  readonly channel: Channel | undefined;
  /** The newest of the channel when there are none. */
  readonly versions: readonly string[];
  /** Where its answers are kept; undefined where there is no place for them. */
  readonly cache: string | undefined;
}

/** What to stage, checked as far as it can be without asking anybody. */
export interface Request {
  readonly platform: Platform;
  readonly releases: readonly ReleaseRequest[];
  /** Undefined where no graph is asked. */
  readonly graph: GraphRequest | undefined;
  readonly images: readonly Reference[];
  readonly aiImages: readonly Reference[];
  readonly leaveOut: (text: string) => boolean;
  readonly rhcos: readonly BootImageKind[];
  readonly rootfs: FileRequest | undefined;
}

type Environment = { readonly env: Readonly<Record<string, string | undefined>> };

/** Reads a request. Throws `usage` for what can never be staged, and when nothing is asked for. */
export function readRequest(options: RequestOptions & Environment): Request {
  const platform = platformAsked(options.platform, options.arch);
  const graph = graphAsked(options);
  const request = {
    platform,
    leaveOut: compileFilter(options.filter),
    images: options.images.map((text) => parseReference(text)),
    aiImages: options.aiImages.map((text) => parseReference(text)),
    releases: releasesAsked(options, platform, graph),
    graph,
    rhcos: parseBootImageKinds(options.rhcos),
    rootfs: parseFileRequest(options.rootfsUrl, options.rootfsSha256),
  };
  const hasRelease = request.releases.length > 0 || graph !== undefined;
  if (!hasRelease && request.images.length + request.aiImages.length === 0) throw nothingToStage();
  if (request.rhcos.length > 0 && !hasRelease) {
    throw new ToolError('usage', '--rhcos takes files that a release names, and no release is asked for', {
      hint: 'name a release (--release, --release-image), or a file by --rootfs-url',
    });
  }
  return request;
}

export function nothingToStage(): ToolError {
  return new ToolError('usage', 'there is nothing to stage', {
    hint: 'name a release (--release, --channel, --release-image) or images (--img, --ai-img), and filter less',
  });
}

/** The service that has the graph of OpenShift (cincinnati, docs/design/openshift.md). */
const officialGraph = 'https://api.openshift.com/api/upgrades_info/v1/graph';

function graphAsked(options: RequestOptions & Environment): GraphRequest | undefined {
  const { channel, graphUrl, releases, releaseImages, env } = options;
  if (channel === undefined && graphUrl === undefined) return undefined;
  const flag = channel === undefined ? '--graph-url' : '--channel';
  if (releaseImages.length > 0) {
    throw new ToolError('usage', `${flag} finds release images, and --release-image names them`, {
      hint: `leave one of them out`,
    });
  }
  if (channel === undefined && releases.length === 0) {
    throw new ToolError('usage', '--graph-url says where to ask, and not what for', {
      hint: 'add --channel, such as stable-4.14, or --release',
    });
  }
  const folder = cacheFolder(env);
  return {
    url: parseHttpUrl(graphUrl ?? officialGraph, '--graph-url'),
    channel: channel === undefined ? undefined : parseChannel(channel),
    versions: releases,
    cache: folder === undefined ? undefined : join(folder, 'graph'),
  };
}

function releasesAsked(
  { releases, releaseImages }: RequestOptions,
  platform: Platform,
  graph: GraphRequest | undefined,
): ReleaseRequest[] {
  if (releaseImages.length === 0) {
    const official = releases.map((version) => officialRequest(version, platform));
    return graph === undefined ? official : [];
  }
  const versions = releases.length === 0 ? undefined : releases;
  return releaseImages.map((text) => ({ reference: parseReference(text), versions }));
}

/** A release by its official tag. Throws `usage` for what is no version of OpenShift. */
export function officialRequest(version: string, platform: Platform): ReleaseRequest {
  return { reference: officialRelease(version, platform), versions: [version] };
}
