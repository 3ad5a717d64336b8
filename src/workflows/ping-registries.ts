import { concurrently } from '../core/concurrently.ts';
import { endpointsOf } from '../core/containers/endpoints.ts';
import { type ErrorCode, interruptedError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { parsePlatform } from '../core/oci/platform.ts';
import { formatReference, parseReference, type Reference } from '../core/oci/reference.ts';
import { defaultTimeouts } from '../registry/host.ts';
import { type EndpointReport, type Failure, failureOf, probeEndpoint } from '../registry/probe.ts';
import { type AccessOptions, registryAccess } from './registry-access.ts';

export interface PingOptions extends AccessOptions {
  readonly references: readonly string[];
  readonly platform: string;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly emit: Emit;
}

/** What pulling an image would come to. */
export interface PingReport {
  readonly reference: string;
  /** Where it would come from: the first place that has it. Absent where none has. */
  readonly from?: string;
  /** Every place there is for it, in the order in which they are asked. */
  readonly endpoints: readonly EndpointReport[];
  /** Why it cannot be had: what the last place said, which is the registry itself. */
  readonly error?: Failure;
}

/** References and places asked at a time. */
const parallel = 8;

/** Tries whether images could be pulled, and tells how: ways, trust, credentials' sources, answers. Pulls no layer. */
export async function pingRegistries(options: PingOptions): Promise<readonly PingReport[]> {
  const { now, signal, emit } = options;
  const platform = parsePlatform(options.platform);
  const references = options.references.map((text) => parseReference(text));
  const { rules, ...access } = registryAccess(options, emit);
  const host = { ...access, timeouts: defaultTimeouts, connections: 2, now, signal };

  const ping = async (reference: Reference): Promise<PingReport> => {
    const text = formatReference(reference);
    try {
      const places = endpointsOf(reference, rules);
      const endpoints = await concurrently(places, parallel, (place) => probeEndpoint(place, platform, host));
      const from = endpoints.find(({ error }) => error === undefined)?.reference;
      const error = endpoints.at(-1)?.error;
      return { reference: text, endpoints, ...(from === undefined ? error && { error } : { from }) };
    } catch (error) {
      return { reference: text, endpoints: [], error: failureOf(error) };
    }
  };
  const reports = await concurrently(references, parallel, ping);
  if (signal.aborted) throw interruptedError();
  return reports;
}

/** What the reports amount to: the first failure, or undefined where everything could be pulled. */
export function outcomeOf(reports: readonly PingReport[]): ErrorCode | undefined {
  return reports.find(({ error }) => error !== undefined)?.error?.code;
}
