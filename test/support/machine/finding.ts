/** What a stand-in saw: a line of `test/e2e/machine/root/usr/libexec/e2e/look`. */
export interface Finding {
  readonly name: string;
  /** Since the machine's start. */
  readonly seconds: number;
  /** What its clock shows: seconds since 1970. */
  readonly clock: number;
  /** The names in the container storage; null when podman cannot say. */
  readonly images: readonly string[] | null;
  /** Devices of which something is mounted, in any namespace. */
  readonly mounts: readonly string[];
  /** The device of each partition label, as udev names it. */
  readonly partitions: Readonly<Record<string, string>>;
  readonly interfaces: readonly string[];
  /** Properties of units, as systemd prints them. */
  readonly units: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By group. */
  readonly reports: Readonly<Record<string, { readonly state: string; readonly reason: string }>>;
  /** What only some stand-ins tell. */
  readonly [more: string]: unknown;
}

/** The last finding of each name. */
export function byName(findings: readonly Finding[]): ReadonlyMap<string, Finding> {
  return new Map(findings.map((finding) => [finding.name, finding]));
}

/** Reads the lines that a machine wrote. */
export function readFindings(text: string): readonly Finding[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => JSON.parse(line) as Finding);
}
