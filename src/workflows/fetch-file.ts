import { type ErrorCode, ToolError } from '../core/errors.ts';
import type { BlobSink } from '../core/oci/blob-sink.ts';
import { type Digest, digestOf } from '../core/oci/digest.ts';
import { sourceOf, type WantedFile } from '../core/staging/wanted-files.ts';
import { commitArtifact } from '../pool/artifact-files.ts';
import type { Ingest } from '../pool/ingest.ts';
import type { FileSource } from '../registry/file.ts';
import type { Staging } from './staging.ts';

/** A file of which the size is known, and what its server calls its present state. */
export interface MeasuredFile extends WantedFile {
  readonly size: number;
  readonly validator: string | undefined;
}

/** How a file is asked for: over TLS where nothing else would show that it was changed. */
export function fileSource({ url, name, digest }: WantedFile): FileSource {
  return { url, what: name, plain: digest !== undefined };
}

/**
 * Fetches a file into the folder `artifacts`, going on where an earlier run ended. It gets its name when it is whole,
 * durable, and equal to its digest; where there is none, what it turned out to be is returned.
 */
export async function fetchFile(
  file: MeasuredFile,
  { folder, pool, client }: Pick<Staging, 'folder' | 'pool' | 'client'>,
): Promise<Digest> {
  const { name, url, size, validator } = file;
  // What an earlier run left is only gone on with while the server has the same file.
  const key = file.digest ?? digestOf(Buffer.from([sourceOf(url), size, validator].join('\n')));
  const ingest = await pool.ingest({ digest: key, size, mediaType: 'application/octet-stream' });
  try {
    const sink = file.digest === undefined ? rightBySize(ingest) : ingest;
    await client.fetchFile(fileSource(file), sink).catch((error: unknown) => {
      throw withHint(error);
    });
    const digest = file.digest ?? (await ingest.digest());
    if (digest === undefined) throw new ToolError('failed', `${name} was not hashed`);
    await commitArtifact(folder, pool, ingest, name);
    return digest;
  } finally {
    await ingest.close();
  }
}

/** A sink for bytes that nobody vouches for: they are right when they are as many as the server said. */
function rightBySize(ingest: Ingest): BlobSink {
  return {
    descriptor: ingest.descriptor,
    get start() {
      return ingest.start;
    },
    get offset() {
      return ingest.offset;
    },
    get end() {
      return ingest.end;
    },
    write: (chunk) => ingest.write(chunk),
    restart: () => ingest.restart(),
    digest: () => ingest.digest(),
    matches: async () => ingest.offset === ingest.end,
  };
}

const hints: Partial<Record<ErrorCode, string>> = {
  'not-found': 'check the address; the file may have been moved or removed by its publisher',
  unauthorized: 'it is asked for without credentials: name an address that needs none (--rootfs-url)',
  integrity: 'the server, or a proxy on the way, has another file under this name; nothing of it was kept',
};

/** Errors of the registry client, with hints for a file of a web server. */
export function withHint(error: unknown): unknown {
  if (!(error instanceof ToolError)) return error;
  const hint = hints[error.code];
  return hint === undefined ? error : new ToolError(error.code, error.message, { hint, cause: error });
}
