import { ToolError } from '../errors.ts';

/** `os`, `architecture` and `variant` of an index entry (image-spec, image-index.md). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/** The platform when no other is asked for. */
export const defaultPlatform = 'linux/amd64';

/** Reads `linux/amd64` or `linux/arm64/v8`. */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant, ...rest] = text.split('/');
  if (!os || !architecture || variant === '' || rest.length > 0) {
    throw new ToolError('usage', `"${text}" is no platform`, {
      hint: 'write it as linux/amd64 or linux/arm64',
    });
  }
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** Whether an entry serves the platform asked for; an unnamed variant asks for any. */
export function servesPlatform(entry: Platform | undefined, wanted: Platform): boolean {
  return (
    entry !== undefined &&
    entry.os === wanted.os &&
    entry.architecture === wanted.architecture &&
    (wanted.variant === undefined || entry.variant === wanted.variant)
  );
}
