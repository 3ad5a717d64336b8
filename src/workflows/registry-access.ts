import { proxiesOf } from '../core/containers/proxy.ts';
import type { Emit } from '../core/events.ts';
import type { CredentialSources } from '../registry/auth-files.ts';
import type { ClientOptions } from '../registry/client.ts';
import { findCredentials } from '../registry/credentials.ts';
import { defaultTimeouts } from '../registry/host.ts';
import { readRegistriesConf } from '../registry/registries-conf.ts';
import { defaultRetryPolicy } from '../registry/retry.ts';
import { exec } from '../system/exec.ts';

/** What every command that asks a registry is given. */
export interface AccessOptions extends CredentialSources {
  readonly certDir: string | undefined;
  readonly signal: AbortSignal;
}

/** A credential helper may ask an agent or a cloud; one that takes longer hangs. Milliseconds. */
const helperTimeout = 10_000;

/** Whom this machine trusts, who it is to each registry, and which way it goes there, as its configuration says. */
export function registryAccess(
  { env, certDir, authFile, uid, signal }: AccessOptions,
  emit: Emit,
): Pick<ClientOptions, 'certificates' | 'credentials' | 'proxies' | 'rules'> {
  const { rules, credentialHelpers, warnings } = readRegistriesConf(env);
  for (const text of warnings) emit({ type: 'warning', text });
  return {
    certificates: { env, certDir },
    credentials: findCredentials(
      { env, authFile, uid },
      {
        helpers: credentialHelpers,
        emit,
        runHelper: (program, input) =>
          exec([program, 'get'], {
            input,
            timeout: helperTimeout,
            secret: true,
            accept: [1],
            detached: true,
            signal,
          }),
      },
    ),
    proxies: proxiesOf(env),
    rules,
  };
}

/** What a workflow needs to know to speak with registries. */
export type RegistryAccess = AccessOptions & {
  /** Requests at a time, at most. */
  readonly parallel: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
};

/** The options of a client, but for its pace and the signal that ends it. */
export function clientOptions(options: RegistryAccess, emit: Emit): Omit<ClientOptions, 'pace' | 'signal'> {
  const { parallel, now } = options;
  return {
    ...registryAccess(options, emit),
    timeouts: defaultTimeouts,
    connections: parallel,
    retry: defaultRetryPolicy,
    now,
    emit,
  };
}
