import type { Command } from '../flags.ts';

export const registryServe = {
  name: 'registry serve',
  summary: 'answer pulls out of a staging folder, as a read-only registry',
  description: `Serves what the passport precache.json names, as a registry that podman, skopeo, CRI-O and download can have as a mirror:
quay.io/ocp/release is at 127.0.0.1:22700/quay.io/ocp/release. Reads only, also from a partition mounted read-only, and
listens on the loopback interface unless --allow-remote is given: there is no TLS and no password. An image that is not
whole on the disk is answered with 404, so that clients turn to the next mirror, and --report says what is wrong.
Ends with SIGTERM, and when idle if systemd started it by a socket unit. Exit status 2 for an address that others
reach, 7 when nothing is staged, 8 when the address is in use; docs/registry-serve.md has mirrors, limits and fields.`,
  flags: {
    root: {
      kind: 'string',
      value: 'folder',
      description: 'staging folder: where the partition is mounted',
      required: true,
    },
    listen: {
      kind: 'string',
      value: 'address',
      description: 'where to listen, unless systemd passes a socket',
      default: '127.0.0.1:22700',
    },
    allowRemote: { kind: 'boolean', description: 'listen on an address that other machines can reach' },
    idleTimeout: {
      kind: 'duration',
      value: 'time',
      description: 'started by a socket unit, end when nobody asked for so long',
      default: '60s',
    },
    maxConnections: {
      kind: 'integer',
      value: 'number',
      description: 'connections at a time; more are closed',
      default: 512,
    },
    accessLog: {
      kind: 'string',
      value: 'file',
      description: 'add a line of JSON for each request; - is standard output',
    },
    report: {
      kind: 'string',
      value: 'file',
      description: 'keep a report there of what was served and what is wrong (boot-report reads it)',
    },
  },
  examples: [
    'factory-precaching-cli registry serve --root /mnt',
    'factory-precaching-cli registry serve --root /mnt --report /run/precache/report-registry.json --access-log -',
    'factory-precaching-cli registry serve --root /mnt --listen 192.168.7.1:22700 --allow-remote',
  ],
} as const satisfies Command;
