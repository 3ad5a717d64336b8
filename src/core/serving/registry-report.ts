import * as v from 'valibot';
import { isDigest, type Digest } from '../oci/digest.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const digest = v.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'no digest');

export const registryReportKind = 'registry-report';

/** The schema of the report of `registry serve` (docs/registry-serve.md). What a newer one adds is passed over. */
export const registryReport = v.object({
  kind: v.literal(registryReportKind),
  /** `serving`: it still was, or the server went down. */
  state: v.picklist(['serving', 'stopped']),
  /** What ended it; empty while it runs. */
  reason: v.string(),
  /** RFC 3339. */
  started: v.string(),
  /** Since then. */
  seconds: v.pipe(v.number(), v.minValue(0)),
  listen: v.string(),
  tool: v.string(),
  host: v.string(),
  /** Images in the passport. */
  images: count,
  requests: count,
  /** Of them, answered with an error. */
  refused: count,
  /** Of them, not taken whole by their clients. */
  aborted: count,
  /** Connections closed because there were too many. */
  turnedAway: count,
  /** Handed out. */
  bytes: count,
  /** Blobs that were handed out and not compared with their digests yet. */
  unchecked: v.boolean(),
  /** Manifests handed out, by the name they were asked for. */
  references: v.array(v.object({ reference: v.string(), digest, served: count, bytes: count })),
  blobs: v.array(v.object({ digest, served: count, bytes: count, aborted: count })),
  /** Asked for, and not in the passport: the next mirror has to have it. */
  elsewhere: v.array(v.object({ reference: v.string(), asked: count })),
  /** In the passport, and not on the disk as it should be. What needs it is left to the next mirror. */
  faults: v.array(
    v.object({
      digest,
      state: v.picklist(['missing', 'corrupt', 'unreadable']),
      reason: v.string(),
      neededBy: v.string(),
    }),
  ),
});

/** What the registry on the node says of its run. */
export type RegistryReport = v.InferOutput<typeof registryReport>;
