import { ToolError } from '../errors.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { defaultPlatform, formatPlatform, type Platform, parsePlatform } from '../oci/platform.ts';
import { type BootImageKind, bootImageKinds } from './boot-images.ts';

/** A file to fetch and keep, as it was asked for. Without a digest, whatever is at its URL. */
export interface FileRequest {
  readonly url: URL;
  readonly digest: Digest | undefined;
}

const architectures: ReadonlyMap<string, string> = new Map([
  ['x86_64', 'amd64'],
  ['aarch64', 'arm64'],
  ['amd64', 'amd64'],
  ['arm64', 'arm64'],
  ['ppc64le', 'ppc64le'],
  ['s390x', 's390x'],
]);

/**
 * The platform that `--platform` and `--arch` name together; `--arch` takes the names of images and those of
 * OpenShift. Throws `usage` where they contradict each other.
 */
export function platformAsked(platform: string, arch: string | undefined): Platform {
  const asked = parsePlatform(platform);
  if (arch === undefined) return asked;
  const architecture = architectures.get(arch);
  if (architecture === undefined) {
    throw new ToolError('usage', `"${arch}" is no architecture of OpenShift`, {
      hint: `choose one of ${[...architectures.keys()].join(', ')}`,
    });
  }
  if (architecture === asked.architecture) return asked;
  if (formatPlatform(asked) === defaultPlatform) return { os: asked.os, architecture };
  throw new ToolError('usage', `--arch ${arch} and --platform ${platform} contradict each other`, {
    hint: 'give one of them',
  });
}

/** Reads `--rhcos`: the files of RHCOS to stage, each once. */
export function parseBootImageKinds(names: readonly string[]): readonly BootImageKind[] {
  const kinds = names.map((name) => {
    const kind = bootImageKinds.find((each) => each === name);
    if (kind !== undefined) return kind;
    throw new ToolError('usage', `"${name}" is no file of RHCOS`, {
      hint: `choose from ${bootImageKinds.join(', ')}`,
    });
  });
  return [...new Set(kinds)];
}

/** Reads `--rootfs-url` and `--rootfs-sha256`. */
export function parseFileRequest(
  url: string | undefined,
  sha256: string | undefined,
): FileRequest | undefined {
  if (url === undefined) {
    if (sha256 === undefined) return undefined;
    throw new ToolError('usage', '--rootfs-sha256 is for a file, and there is none', {
      hint: 'name it with --rootfs-url',
    });
  }
  const digest = sha256 === undefined ? undefined : `sha256:${sha256.toLowerCase()}`;
  if (digest !== undefined && !isDigest(digest)) {
    throw new ToolError('usage', `"${sha256}" is no SHA-256`, { hint: 'write it as 64 hexadecimal digits' });
  }
  return { url: parseHttpUrl(url, '--rootfs-url'), digest };
}

/** Reads a URL of a flag. Throws `usage` for one that is not http or https, or that has a password in it. */
export function parseHttpUrl(text: string, flag: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.username || url?.password) {
    throw new ToolError('usage', `${flag} has credentials in it, which would be seen by everybody`, {
      hint: 'name an address that needs none',
    });
  }
  if (url !== undefined && ['http:', 'https:'].includes(url.protocol)) return url;
  throw new ToolError('usage', `"${text}" is no URL for ${flag}`, {
    hint: 'write it with https:// in front',
  });
}
