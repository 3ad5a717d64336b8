import { authfile, certDir, outputOrYaml, parallel } from '../common-flags.ts';
import type { Command } from '../flags.ts';
import { download } from './download.ts';
import { lockFlags, requestFlags } from './request.ts';
import { signatureFlags } from './signature.ts';

const { format, keepBlobs, signatures, base } = download.flags;

export const plan = {
  name: 'plan',
  summary: 'say what a download would stage, before the first blob',
  description: `Takes the flags of download and works out from manifests alone: images by stage and source, bytes, the size of partition
to ask for, the time over the line, the time to load at the site, and what -f has already. With --site it says what the
site will still pull over its WAN. Exit status 8 when it does not fit into the folder.`,
  flags: {
    folder: { kind: 'string', short: 'f', value: 'folder', description: 'staging folder it would go into' },
    ...requestFlags,
    ...lockFlags,
    ...signatureFlags,
    format,
    keepBlobs,
    signatures,
    base,
    bandwidth: {
      kind: 'rate',
      value: 'rate',
      description: 'of the line in the factory, such as 100Mbit or 12M bytes per second',
    },
    loadRate: {
      kind: 'rate',
      value: 'rate',
      description: 'what a node loads per second: measure it there; 2 cores of 2023 took 75M',
      default: 75_000_000,
    },
    site: { kind: 'list', value: 'file', description: 'SiteConfigs or ClusterInstances the servers are for' },
    hub: {
      kind: 'list',
      value: 'file',
      description: 'manifests of the hub: ClusterImageSets, CatalogSources, policies',
    },
    parallel,
    authfile,
    certDir,
    output: outputOrYaml,
  },
  examples: [
    'factory-precaching-cli plan -r 4.14.7 --bandwidth 100Mbit',
    'factory-precaching-cli plan -f /mnt -r 4.14.7 --site sno1.yaml --hub clusterimageset.yaml',
    'factory-precaching-cli plan --imageset imageset.yaml',
    'factory-precaching-cli plan -r 4.14.7 -o json | jq .size.layouts.pool.partition',
  ],
} as const satisfies Command;
