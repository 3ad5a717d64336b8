import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DocumentError } from '../core/diagnostics/diagnostic.ts';
import { showSite } from '../core/show/show-site.ts';
import { formatShow } from './show-output.ts';

const override = {
  ignition: { version: '3.2.0' },
  systemd: {
    units: [
      { name: 'a.service', enabled: true, contents: '[Service]\nExecStart=/bin/echo \u001b[31m\u202e\n' },
      { name: 'm.service', mask: true },
      { name: 'agent.service', dropins: [{ name: 'x.conf', contents: '[Unit]\nAfter=a.service\n' }] },
    ],
  },
  storage: {
    disks: [],
    files: [
      { path: '/etc/../x', mode: 420, user: { id: 7 }, contents: { source: 'data:;base64,aGkK' } },
      { path: '/bin', contents: { source: 'data:,%00%ff' } },
      { path: '/net', contents: { source: 'https://x.example/f', compression: 'gzip' } },
      { path: '/etc/hosts', append: [{ source: 'data:,more' }] },
    ],
  },
};
const site = (json: unknown, args = '["-n"]') => `kind: ClusterInstance
apiVersion: siteconfig.open-cluster-management.io/v1alpha1
spec:
  clusterName: sno1
  ignitionConfigOverride: ${JSON.stringify(JSON.stringify(json))}
  nodes: [{ hostName: one, installerArgs: '${args}' }]
`;
const show = (text: string) => showSite({ name: 'site.yaml', text }, () => true);

describe('formatShow', () => {
  it('prints what is there, and nothing that a terminal obeys', () => {
    const text = formatShow(show(site(override)), { output: 'text', brief: false, bold: false });
    expect(text).toBe(`cluster sno1 (discovery stage)
  ignitionConfigOverride, Ignition 3.2.0
    unit a.service, enabled
      | [Service]
      | ExecStart=/bin/echo \\x1b[31m\\u202e
    unit m.service, masked
    unit agent.service
    drop-in x.conf of agent.service
      | [Unit]
      | After=a.service
    file /etc/../x, mode 0644, user 7, 3 bytes
      | hi
    file /bin, 2 bytes, no text
    file /net, gzip, from https://x.example/f
    appended to /etc/hosts, 4 bytes
      | more
    also storage.disks
    timeline
      1.  (network-online.target): of the system
          a.service: nothing starts it; at most 1 min 30 s
      2.  (agent.service): looks at the disks, then installs; after network-online.target, a.service; held back at most 1 min 30 s
      ordered with none of these:
      -   m.service: nothing starts it; at most 1 min 30 s

node one of sno1 (installation stage)
  installerArgs
    | -n
  no ignitionConfigOverride
`);
  });

  it('is short, bold, or JSON', () => {
    const places = show(site(override));
    const brief = formatShow(places, { output: 'text', brief: true, bold: true });
    expect(brief).not.toContain('ExecStart');
    expect(brief).toContain('\u001b[1munit a.service, enabled\u001b[0m');
    const parsed = JSON.parse(formatShow(places, { output: 'json', brief: false, bold: true }));
    expect(parsed.places[0].override.files[0]).toEqual({
      path: '/etc/../x',
      appended: false,
      mode: '0644',
      user: 7,
      bytes: 3,
      text: 'hi\n',
    });
    expect(parsed.places[1]).toMatchObject({ kind: 'node', name: 'one', installerArgs: ['-n'] });
  });

  it('tells every mistake at once', () => {
    const wrong = { storage: { files: [{ path: '/x', contents: { source: 'data:,a b' } }] } };
    try {
      show(site(wrong, '[1]'));
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error;
      expect(error.diagnostics.map(({ id }) => id)).toEqual(['unpack/contents', 'installer-args']);
    }
  });

  it('shows the hooks of the documentation without a deadline', () => {
    const seed = readFileSync(
      new URL('../../test/fixtures/site/siteconfig-seed.yaml', import.meta.url),
      'utf8',
    );
    const text = formatShow(show(seed), { output: 'text', brief: true, bold: false });
    expect(text).toContain('after var-mnt.mount; no deadline');
    expect(text).toContain('held back without limit');
    expect(text).toContain('mode 01363');
  });
});
