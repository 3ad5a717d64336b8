import type { Severity } from '../diagnostics/diagnostic.ts';

/** A rule of `checkIgnition`. Diagnostics name it as `ignition/<key>`. */
export interface Rule {
  readonly severity: Severity;
  /** Who minds: the hub's validator, which refuses an error, or only the server at its boot. */
  readonly seenBy: 'hub' | 'boot';
  /** What is wrong, for a table of the rules. */
  readonly summary: string;
  /** Where the rule comes from: a file of Ignition (github.com/coreos/ignition) or a specification. */
  readonly source: string;
}

export type IgnitionRule = keyof typeof ignitionRules;

const hub = (severity: Severity, summary: string, source: string) =>
  ({ severity, seenBy: 'hub', summary, source }) as const;
const boot = (severity: Severity, summary: string, source: string) =>
  ({ severity, seenBy: 'boot', summary, source }) as const;

const types = 'config/v3_2/types';

/** Every rule, as data. */
export const ignitionRules = {
  // The document
  json: hub(
    'error',
    'the override is not JSON, or a name stands twice in one object',
    'RFC 8259; RFC 7493, 2.3',
  ),
  'too-large': hub(
    'error',
    'the override is larger than any object a cluster can store',
    'etcd, --max-request-bytes',
  ),
  'value-type': hub('error', 'a value has the wrong type', `${types}/schema.go`),
  'null-object': hub(
    'warning',
    'null stands for an object and counts as not there',
    'config/validate/validate.go',
  ),
  'unknown-key': hub(
    'warning',
    'a name that Ignition does not know and ignores',
    'config/validate/validate.go',
  ),
  'key-case': hub(
    'warning',
    'a name in other letters than the spec writes it',
    'encoding/json of Go, Unmarshal',
  ),
  'later-key': hub('warning', 'a name of a later spec, ignored in this one', 'docs/migrating-configs.md'),
  'version-missing': hub('error', 'no ignition.version', `${types}/ignition.go`),
  'version-invalid': hub('error', 'ignition.version is no version', `${types}/ignition.go`),
  'version-refused': hub(
    'error',
    'a spec that the hub does not take',
    'assisted-service, internal/common/ignition/ignition.go ParseToLatest',
  ),
  'duplicate-entry': hub(
    'error',
    'two entries of one name, path, device or source',
    'config/validate/validate.go',
  ),
  // Contents
  'source-required': hub('error', 'a resource without its source', `${types}/resource.go`),
  'source-url': hub('error', 'a source that is no URL', `${types}/url.go`),
  'source-scheme': hub('error', 'a source of a scheme that this spec does not know', `${types}/url.go`),
  'source-s3-version': hub('error', 'an s3 source with an empty versionId', `${types}/url.go`),
  'data-url': hub('error', 'a data URL that cannot be decoded', `${types}/url.go; RFC 2397`),
  compression: hub('error', 'a compression other than gzip', `${types}/resource.go`),
  'hash-format': hub(
    'error',
    'a verification hash of another form than sha512-… or sha256-…',
    `${types}/verification.go`,
  ),
  'hash-without-source': hub('error', 'a verification hash without a source', `${types}/resource.go`),
  'http-header': hub('error', 'an HTTP header without a name, or with an empty value', `${types}/headers.go`),
  'http-header-scheme': hub(
    'error',
    'HTTP headers for a source that is not http or https',
    `${types}/resource.go`,
  ),
  'gzip-contents': boot(
    'error',
    'contents said to be gzip that are not, or are cut off',
    'internal/util/file.go',
  ),
  'gzip-undeclared': boot(
    'warning',
    'gzip contents without "compression": "gzip"',
    'docs/configuration-v3_2.md',
  ),
  'inflated-size': boot(
    'warning',
    'contents too large after decompression to check',
    'docs/configuration-v3_2.md',
  ),
  'hash-value': boot(
    'error',
    'a verification hash that the contents do not have',
    'internal/util/verification.go',
  ),
  // Files, directories, links
  'path-missing': hub('error', 'no path', `${types}/path.go`),
  'path-relative': hub('error', 'a path that does not begin with /', `${types}/path.go`),
  'path-unclean': hub('error', 'a path with //, /./, /../ or a / at the end', `${types}/path.go`),
  'mode-range': hub('error', 'a mode that is negative or above 07777', `${types}/mode.go`),
  'mode-special': hub('warning', 'setuid, setgid or sticky bits, which these specs drop', `${types}/mode.go`),
  'mode-octal': boot(
    'warning',
    'a mode whose decimal digits were meant as octal ones',
    'docs/configuration-v3_2.md',
  ),
  'id-and-name': hub('error', 'both id and name of a user or group', `${types}/node.go`),
  'overwrite-without-source': hub('error', 'overwrite without contents.source', `${types}/file.go`),
  'path-below-link': hub('error', 'a path below a link of the same config', `${types}/storage.go`),
  'hard-link-to-directory': hub(
    'error',
    'a hard link to a directory of the same config',
    `${types}/storage.go`,
  ),
  'hard-link-owner': hub(
    'warning',
    'a user or group of a hard link, which is ignored',
    `${types}/storage.go`,
  ),
  'link-target-missing': boot('error', 'a link without its target', `${types}/storage.go (3.3)`),
  'path-of-unit': hub(
    'error',
    'a path that a unit or drop-in of the same config has',
    `${types}/config.go (since 2.15)`,
  ),
  // Disks
  'device-missing': hub('error', 'no device', `${types}/disk.go`),
  'partition-number': hub('error', 'two partitions of one number', `${types}/disk.go`),
  'partition-label-twice': hub('error', 'two partitions of one label', `${types}/disk.go`),
  'partition-overlap': hub('error', 'partitions that overlap', `${types}/disk.go`),
  'partition-unnamed': hub('error', 'a partition without number and label', `${types}/partition.go`),
  'partition-label': hub(
    'error',
    'a partition label over 36 bytes, or with a colon',
    `${types}/partition.go`,
  ),
  'partition-guid': hub('error', 'a GUID of another form', `${types}/partition.go`),
  'partition-absent-with-more': hub(
    'error',
    'shouldExist false, and a description all the same',
    `${types}/partition.go`,
  ),
  'partition-absent-with-zero': hub(
    'error',
    'shouldExist false beside a partition without a number',
    `${types}/disk.go`,
  ),
  'filesystem-format': hub('error', 'a format that is unknown or missing', `${types}/filesystem.go`),
  'filesystem-label': hub('error', 'a label too long for its filesystem', `${types}/filesystem.go`),
  'filesystem-over-partitions': hub(
    'warning',
    'a filesystem over a partitioned disk',
    `${types}/storage.go (since 2.15)`,
  ),
  'filesystem-implicit-wipe': hub(
    'warning',
    'a filesystem that wipeTable wipes',
    `${types}/storage.go (since 2.15)`,
  ),
  'raid-level': hub('error', 'a RAID level that is unknown or missing', `${types}/raid.go`),
  'raid-devices': hub('error', 'a RAID without devices', `${types}/raid.go`),
  'raid-spares': hub('error', 'spares for a level that has none', `${types}/raid.go`),
  'luks-name': hub('error', 'a LUKS name with a slash', `${types}/luks.go`),
  'luks-label': hub('error', 'a LUKS label over 47 bytes', `${types}/luks.go`),
  'clevis-custom': hub(
    'error',
    'a custom clevis pin that is unknown, incomplete or not alone',
    `${types}/custom.go`,
  ),
  'tang-url': hub('error', 'a tang URL that is not http or https', `${types}/tang.go`),
  'tang-thumbprint': hub('error', 'a tang server without its thumbprint', `${types}/tang.go`),
  // Network
  'proxy-url': hub('error', 'a proxy that is not http or https', `${types}/proxy.go`),
  'proxy-insecure': hub('warning', 'a plain http proxy for https', `${types}/proxy.go`),
  // Units
  'unit-name': hub('error', 'a unit name without a unit suffix', `${types}/unit.go`),
  'dropin-name': hub('error', 'a drop-in name that does not end in .conf', `${types}/unit.go`),
  'unit-syntax': hub('error', 'a unit or drop-in that cannot be parsed', 'go-systemd, unit/deserialize.go'),
  'unit-without-install': hub(
    'warning',
    'an enabled unit without [Install]',
    'config/shared/validations/unit.go',
  ),
  'template-without-install': hub(
    'warning',
    'an enabled instance of a template without [Install]',
    `${types}/systemd.go (since 2.15)`,
  ),
} as const satisfies Readonly<Record<string, Rule>>;
