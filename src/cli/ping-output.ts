import { formatBytes } from '../core/quantity.ts';
import type { PingReport } from '../workflows/ping-registries.ts';

type Endpoint = PingReport['endpoints'][number];
type Failure = NonNullable<PingReport['error']>;

/** One image's report for people: its places in order, and what it comes to. */
export function formatPing({ reference, endpoints, from, error }: PingReport): string {
  const verdict = from === undefined ? 'cannot be pulled' : `can be pulled from ${from}`;
  const refused = endpoints.length === 0 && error !== undefined ? failureRows(error) : [];
  const lines = [reference, ...refused.map(row), ...endpoints.flatMap(formatEndpoint), `  => ${verdict}`];
  return `${lines.join('\n')}\n`;
}

type Row = readonly [label: string, text: string];
const row = ([label, text]: Row): string => `    ${label.padEnd(12)}${text}`;

function formatEndpoint(endpoint: Endpoint): string[] {
  const { reference, mirror, rule, manifest, blob, roundTripMs, error } = endpoint;
  const where = rule === undefined ? '' : ` (rule "${rule.prefix}"${rule.place ? ` at ${rule.place}` : ''})`;
  const rows: Row[] = [
    ...transportRows(endpoint),
    ...accessRows(endpoint),
    ...(manifest
      ? ([['manifest', `${manifest.digest}, ${manifest.mediaType}, ${formatBytes(manifest.size)}`]] as const)
      : []),
    ...(blob ? ([['blobs', blob]] as const) : []),
    ...(roundTripMs === undefined ? [] : ([['round trip', `${roundTripMs} ms`]] as const)),
    ...(error ? failureRows(error) : []),
  ];
  return [`  ${mirror ? 'mirror' : 'registry'} ${reference}${where}`, ...rows.map(row)];
}

function transportRows({ origin, transport, insecure }: Endpoint): Row[] {
  if (origin === undefined || transport === undefined) return [];
  const { verified, authorities, clientCertificate, proxy } = transport;
  const plain = origin.startsWith('http:');
  const tls = plain ? 'not encrypted' : verified ? 'certificate verified' : 'certificate NOT verified';
  const allowed = insecure ? ' (its rule says insecure)' : '';
  return [
    ['address', `${origin}, ${tls}${allowed}`],
    ...(verified ? ([['trusted CAs', authorities.join(', ')]] as const) : []),
    ...(clientCertificate ? ([['presents', clientCertificate]] as const) : []),
    ['proxy', proxy ?? 'none'],
  ];
}

function accessRows({ access }: Endpoint): Row[] {
  if (access === undefined) return [];
  const { scheme, tokenEndpoint, credentials } = access;
  const how = tokenEndpoint === undefined ? scheme : `${scheme}, tokens from ${tokenEndpoint}`;
  if (credentials === undefined)
    return [['access', scheme === 'anonymous' ? scheme : `${how}, no credentials`]];
  const { user, file, key, helper } = credentials;
  const place = file === undefined ? '' : ` of ${file}`;
  const source = helper === undefined ? `"${key}"${place}` : `${helper}${place}`;
  return [
    ['access', how],
    ['credentials', `${user}, from ${source}`],
  ];
}

function failureRows({ message, hint }: Failure): Row[] {
  return [['error', message], ...(hint === undefined ? [] : ([['hint', hint]] as const))];
}
