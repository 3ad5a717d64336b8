import { ToolError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { BootImage, BootImageKind } from '../release/boot-images.ts';
import type { FileRequest } from '../release/request.ts';

/** A file to stage beside the images. */
export interface WantedFile {
  /** In the folder `artifacts`. */
  readonly name: string;
  readonly url: URL;
  /** Undefined where nobody vouches for what is at the URL. */
  readonly digest: Digest | undefined;
}

/** What a release, by its version, names of RHCOS. */
interface ReleaseFiles {
  readonly version: string;
  readonly bootImages: readonly BootImage[];
}

/**
 * The files of RHCOS that a request comes to, each once. Throws `not-found` where a release names no such file, `usage`
 * where two would have one name or a URL ends in none, `integrity` where the user's hash is not the release's.
 */
export function wantedFiles(
  kinds: readonly BootImageKind[],
  rootfs: FileRequest | undefined,
  releases: readonly ReleaseFiles[],
): readonly WantedFile[] {
  const files = releases.flatMap((release) => kinds.map((kind) => fileOf(release, kind)));
  if (rootfs !== undefined) files.push(requestedFile(rootfs, releases));
  const byName = new Map<string, WantedFile>();
  for (const file of files) {
    const other = byName.get(file.name);
    if (other === undefined) byName.set(file.name, file);
    else if (
      other.url.href !== file.url.href &&
      (file.digest === undefined || other.digest !== file.digest)
    ) {
      throw new ToolError(
        'usage',
        `${sourceOf(other.url)} and ${sourceOf(file.url)} would both be artifacts/${file.name}`,
        {
          hint: 'stage one of them, or each into a folder of its own',
        },
      );
    }
  }
  return [...byName.values()];
}

function fileOf({ version, bootImages }: ReleaseFiles, wanted: BootImageKind): WantedFile {
  const found = bootImages.find(({ kind }) => kind === wanted);
  if (found !== undefined) return { name: nameIn(found.url), url: found.url, digest: found.digest };
  throw new ToolError('not-found', `release ${version} names no ${wanted} of RHCOS for this architecture`, {
    hint: 'leave it out of --rhcos, or name the file yourself with --rootfs-url',
  });
}

function requestedFile({ url, digest }: FileRequest, releases: readonly ReleaseFiles[]): WantedFile {
  const images = releases.flatMap(({ bootImages }) => bootImages);
  const known = images.find((image) => image.url.href === url.href)?.digest;
  if (known !== undefined && digest !== undefined && known !== digest) {
    throw new ToolError(
      'integrity',
      `${sourceOf(url)}: the release says ${known}, and --rootfs-sha256 ${digest}`,
      {
        hint: 'leave --rootfs-sha256 out, or name another file',
      },
    );
  }
  return { name: nameIn(url), url, digest: digest ?? known };
}

/** The last part of a URL's path, as far as it is fit for a file. */
function nameIn(url: URL): string {
  const name = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  if (/^[A-Za-z0-9_][A-Za-z0-9._@-]{0,199}$/.test(name)) return name;
  throw new ToolError('usage', `${sourceOf(url)} does not end in the name of a file`, {
    hint: 'name the file itself, such as https://…/rhcos-live-rootfs.x86_64.img',
  });
}

/** A URL as it is shown and recorded: without its query, which may be a signature that grants access. */
export function sourceOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}
