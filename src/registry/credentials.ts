import { type Credentials, entryFor } from '../core/containers/auth-file.ts';
import type { Emit } from '../core/events.ts';
import type { Reference } from '../core/oci/reference.ts';
import { type CredentialSources, type FoundAuthFile, readAuthFiles } from './auth-files.ts';
import { createHelpers, type RunHelper } from './credential-helper.ts';
import type { Registries } from './registries-conf.ts';

/** Credentials and where they come from: a file with its key, or a helper and the file that names it. */
export interface FoundCredentials {
  readonly credentials: Credentials;
  readonly source: {
    readonly file: string | undefined;
    readonly key?: string;
    /** `docker-credential-<name>`. */
    readonly helper?: string;
  };
}

/** The credentials for a repository, or undefined for anonymous access. Throws `host` when a helper fails. */
export type FindCredentials = (reference: Reference) => Promise<FoundCredentials | undefined>;

export interface CredentialAccess {
  readonly helpers: Registries['credentialHelpers'];
  readonly runHelper: RunHelper;
  readonly emit: Emit;
}

/**
 * Looks through the auth files and the helpers that registries.conf names, in its order; the first that knows the
 * repository wins. A file that was named for this run comes before every helper. Within a file the helper of the
 * registry stands for the whole registry; else the most specific key counts, and `credsStore` last.
 */
export function findCredentials(sources: CredentialSources, access: CredentialAccess): FindCredentials {
  const { named, files } = readAuthFiles(sources);
  const { helpers, emit } = access;
  const ask = createHelpers(access.runHelper);
  const warn = warnOnce(emit);

  const inHelper = async (name: string, { registry }: Reference, file: string | undefined) => {
    const found = await ask(name, registry, file);
    return found && { credentials: found.credentials, source: { helper: found.program, file } };
  };
  const inFile = async (
    found: FoundAuthFile,
    reference: Reference,
  ): Promise<FoundCredentials | undefined> => {
    const { path, file } = found;
    const helper = file.credHelpers.get(reference.registry);
    if (helper) return inHelper(helper, reference, path);
    const entry = entryFor(file, reference);
    if (entry !== undefined) {
      if (found.exposed) warn(path);
      return { credentials: entry.credentials, source: { file: path, key: entry.key } };
    }
    return helper === undefined && file.credsStore !== undefined
      ? inHelper(file.credsStore, reference, path)
      : undefined;
  };

  const inFiles = files.map((found) => (reference: Reference) => inFile(found, reference));
  const others = helpers.names.filter((name) => name !== authFiles);
  const inHelpers = (names: readonly string[]): FindCredentials[] =>
    names.map((name) => (reference) => inHelper(name, reference, helpers.file));
  const places = named
    ? [...inFiles, ...inHelpers(others)]
    : helpers.names.flatMap((name) => (name === authFiles ? inFiles : inHelpers([name])));
  return async (reference) => {
    for (const look of places) {
      const found = await look(reference);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** What stands for the auth files among the helpers of registries.conf. */
const authFiles = 'containers-auth.json';

function warnOnce(emit: Emit): (path: string) => void {
  const warned = new Set<string>();
  return (path) => {
    if (warned.has(path)) return;
    warned.add(path);
    emit({
      type: 'warning',
      text: `every user of this machine can read the credentials in ${path}`,
      hint: `chmod 600 ${path}`,
    });
  };
}
