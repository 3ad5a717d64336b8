import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { findPlaces } from '../site/places.ts';
import { largestDocument, parseYamlStream } from '../site/yaml-stream.ts';
import { plainSites } from './plain-sites.ts';
import type { ClusterFields } from './site-fields.ts';
import { clustersOf } from './yaml-site.ts';

/** The SiteConfigs and ClusterInstances of a stream, each with its clusters, and what is wrong with their form. */
export interface SiteFields {
  readonly sites: readonly (readonly ClusterFields[])[];
  readonly mistakes: readonly Diagnostic[];
}

/** Reads the sites of a YAML stream: plainly where that is enough, else with the parser. */
export function readSites(text: string): SiteFields {
  const plain = text.length > largestDocument ? undefined : plainSites(text);
  return plain === undefined ? parseSites(text) : { sites: plain, mistakes: [] };
}

/** Reads the sites of any YAML stream. */
export function parseSites(text: string): SiteFields {
  const { documents, mistakes: unreadable } = parseYamlStream(text);
  const mistakes: Diagnostic[] = [...unreadable];
  // The places of what is no YAML are none to rely on.
  if (unreadable.length > 0) return { sites: [], mistakes };
  const sites = documents.flatMap((document) => {
    const site = findPlaces(document, mistakes);
    return site === undefined ? [] : [clustersOf(text, site, mistakes)];
  });
  return { sites, mistakes };
}
