import { compareVersions, parseVersion } from '../core/catalog/version.ts';
import { concurrently } from '../core/concurrently.ts';
import { ToolError } from '../core/errors.ts';
import type { VersionRange } from '../core/imageset/image-set.ts';
import {
  type Channel,
  channelsNear,
  findRelease,
  formatChannel,
  type Graph,
  type GraphRelease,
  newestRelease,
  versionsNear,
  widestChannelOf,
} from '../core/release/graph.ts';
import { officialRelease } from '../core/release/payload.ts';
import { askGraph, type GraphAnswer, type GraphAsking } from './ask-graph.ts';
import { type GraphRequest, officialRequest, type ReleaseRequest } from './read-request.ts';

/**
 * Finds release images in the update graph: the versions asked for, or the newest of the channel. A release of the
 * official repository keeps its tag, which a hub asks for, and has to be the digest of the graph. Throws `not-found`
 * that names what is near; without any answer a version is taken by its official tag, with a warning.
 */
export async function resolveReleases(
  request: GraphRequest,
  asking: GraphAsking,
): Promise<readonly ReleaseRequest[]> {
  const { channel, versions, range } = request;
  const answers = new Map<string, Promise<GraphAnswer>>();
  const ask = (about: Channel): Promise<GraphAnswer> => {
    const name = formatChannel(about);
    const answer = answers.get(name) ?? askGraph(about, request, asking);
    answers.set(name, answer);
    return answer;
  };
  if (channel !== undefined && range !== undefined) return inRange(channel, range, ask, asking);
  if (channel !== undefined && versions.length === 0) return [await newestOf(channel, ask, asking)];
  const found: ReleaseRequest[] = [];
  for (const version of versions) {
    const about = channel ?? widestChannelOf(version);
    if (about !== undefined) found.push(await versionOf(version, about, ask, asking));
  }
  return found;
}

type Ask = (channel: Channel) => Promise<GraphAnswer>;

async function newestOf(channel: Channel, ask: Ask, asking: GraphAsking): Promise<ReleaseRequest> {
  const name = formatChannel(channel);
  const answer = await ask(channel);
  if ('unreachable' in answer) {
    const { code, message } = answer.unreachable;
    throw new ToolError(code, `the newest release of ${name} is not known: ${message}`, {
      hint: 'name a version with --release: then its official tag is taken',
      cause: answer.unreachable,
    });
  }
  if (answer.graph.releases.length === 0) throw await noChannel(channel, ask);
  const newest = newestRelease(answer.graph, channel.minor);
  if (newest === undefined) {
    const last = answer.graph.releases.at(-1)?.version.text ?? '';
    throw new ToolError(
      'not-found',
      `${name} has no release of 4.${channel.minor} yet; its newest is ${last}`,
      {
        hint: `take another channel (candidate-4.${channel.minor}), or name a version with --release`,
      },
    );
  }
  asking.emit({ type: 'step', text: `The newest release of ${name} is ${newest.version.text}` });
  return requestFor(newest, asking);
}

/** Every release of a channel in a range, the oldest first. */
async function inRange(
  channel: Channel,
  range: VersionRange,
  ask: Ask,
  asking: GraphAsking,
): Promise<readonly ReleaseRequest[]> {
  const name = formatChannel(channel);
  const answer = await ask(channel);
  if ('unreachable' in answer) {
    const { code, message } = answer.unreachable;
    throw new ToolError(code, `the releases of ${name} are not known: ${message}`, {
      hint: 'name versions with --release: then their official tags are taken',
      cause: answer.unreachable,
    });
  }
  if (answer.graph.releases.length === 0) throw await noChannel(channel, ask);
  const { minVersion, maxVersion } = range;
  const [min, max] = [minVersion, maxVersion].map((text) => parseVersion(text ?? ''));
  const releases = answer.graph.releases.filter(
    ({ version }) =>
      (min === undefined || compareVersions(version, min) >= 0) &&
      (max === undefined || compareVersions(version, max) <= 0),
  );
  if (releases.length > 0) return releases.map((release) => requestFor(release, asking));
  const wanted = `from ${minVersion ?? 'the first'} to ${maxVersion ?? 'the last'}`;
  const near = versionsNear(answer.graph, minVersion ?? maxVersion ?? '').join(', ');
  throw new ToolError('not-found', `${name} has no release ${wanted}; the nearest there are ${near}`);
}

async function versionOf(
  version: string,
  channel: Channel,
  ask: Ask,
  asking: GraphAsking,
): Promise<ReleaseRequest> {
  const answer = await ask(channel);
  const name = formatChannel(channel);
  if ('unreachable' in answer) {
    asking.emit({
      type: 'warning',
      text: `${answer.unreachable.message}; ${version} is taken by its official tag, whether it is in ${name} is not known`,
      hint: 'name an update service that can be reached with --graph-url',
    });
    return officialRequest(version, asking.platform);
  }
  const { graph } = answer;
  if (graph.releases.length === 0) throw await noChannel(channel, ask);
  const release = findRelease(graph, version);
  if (release === undefined) throw notInChannel(version, name, graph);
  return requestFor(release, asking);
}

/** The official tag where the payload is in the official repository, which has one for each; else the payload itself. */
function requestFor({ version, payload }: GraphRelease, { platform }: GraphAsking): ReleaseRequest {
  const { digest } = payload;
  const versions = [version.text];
  const official = officialRelease(version.text, platform);
  const isOfficial = payload.registry === official.registry && payload.repository === official.repository;
  return {
    reference: isOfficial ? official : payload,
    versions,
    ...(digest === undefined ? {} : { digest }),
  };
}

function notInChannel(version: string, channel: string, graph: Graph): ToolError {
  return new ToolError(
    'not-found',
    `${version} is not in ${channel}; the nearest there are ${versionsNear(graph, version).join(', ')}`,
    {
      hint: 'a release comes into candidate first, then into fast and stable: take another channel, or leave --channel out',
    },
  );
}

/** The service answers for a channel that does not exist with an empty graph: others are asked for the hint. */
async function noChannel(channel: Channel, ask: Ask): Promise<ToolError> {
  const near = channelsNear(channel);
  const answers = await concurrently(near, near.length, (each) => ask(each));
  const there = near.filter((_each, index) => {
    const answer = answers[index];
    return answer !== undefined && 'graph' in answer && answer.graph.releases.length > 0;
  });
  return new ToolError('not-found', `there is no channel ${formatChannel(channel)}, or nothing is in it`, {
    hint:
      there.length === 0
        ? 'nor are there others near it: check the version of OpenShift'
        : `near it there are ${there.map(formatChannel).join(', ')}`,
  });
}
