import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CertificateOptions, type Certificates, makeCertificates } from '../../support/certificates.ts';
import { faults } from '../../support/fake-registry/faults.ts';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import {
  expectOneFailure,
  expectStaged,
  type FaultSite,
  openFaultSite,
  serveImage,
} from '../../support/fault-site.ts';
import { describeWith } from '../../support/needs.ts';
import { type Handshake, startRawServer } from '../../support/raw-server.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

describeWith({ programs: ['openssl'] }, 'TLS', () => {
  let certificatesFolder: TemporaryFolder;
  let site: FaultSite | undefined;
  beforeEach(async () => {
    certificatesFolder = await makeTemporaryFolder();
  });
  afterEach(async () => {
    await site?.close();
    site = undefined;
    await certificatesFolder.remove();
  });

  const certificates = async (name: string, options?: CertificateOptions): Promise<Certificates> => {
    const folder = join(certificatesFolder.path, name);
    await mkdir(folder);
    return makeCertificates(folder, options);
  };

  it('case 28: with a certificate of a CA that is given is spoken', async () => {
    const good = await certificates('good');
    site = await openFaultSite({ tls: good });
    await expectStaged(site, await site.stage(['--cert-dir', good.trustFolder]));
  });

  it.each([
    [
      'case 28: an unknown CA is refused, with subject and issuer',
      {},
      false,
      ['test registry', 'test CA', /not trusted/, '--cert-dir'],
    ],
    [
      'case 28: an expired certificate is refused, with its end',
      { days: -1 },
      true,
      ['test registry', /expired/, /valid .* to .*20\d\d/],
    ],
    [
      'case 28: a certificate for another host is refused, with its names',
      { names: 'DNS:elsewhere.example' },
      true,
      [/another host/, 'elsewhere.example'],
    ],
  ] as const)('%s', async (_title, options, trusted, says) => {
    const bad = await certificates('bad', options);
    site = await openFaultSite({ tls: bad });
    const outcome = await site.stage(trusted ? ['--cert-dir', bad.trustFolder] : []);
    expect(outcome.status, outcome.stderr).toBe(5);
    expect(outcome.stderr).toContain(`Failed: ${site.faulty.reference}`);
    expect(outcome.stderr).toContain(site.registry.host);
    expect(outcome.stderr).toMatch(/\n {2}hint: /);
    for (const said of says) expect(outcome.stderr).toMatch(said);
    expect(outcome.stderr).not.toContain('retrying');
    expect(site.registry.log).toEqual([]);
  });

  it.each([
    ['case 28: an alert in the handshake is told as one', 'alert', /TLS|handshake/],
    ['case 28: another protocol on the port is told', 'garbage', /not HTTP/],
  ] as const)('%s', async (_title, handshake: Handshake, says) => {
    site = await openFaultSite();
    const server = await startRawServer(handshake);
    try {
      const { status, stderr } = await site.stage(['-a', `${server.host}/lab/a:1`]);
      expect(status).toBe(9);
      const failed = /^Failed: .*\n {2}hint: .*$/m.exec(stderr)?.[0] ?? '';
      expect(failed, stderr).toContain(server.host);
      expect(failed).toMatch(says);
      expect(failed).not.toMatch(/ECONNRESET|connection reset/);
    } finally {
      await server.close();
    }
  });

  it('case 30: a redirect from https to http is refused', async () => {
    const good = await certificates('good');
    site = await openFaultSite({ tls: good });
    const plain: FakeRegistry = await startFakeRegistry();
    try {
      serveImage(plain, site.faulty.repository);
      site.registry.fault({ path: site.faulty.own.digest, fault: faults.redirect(plain.url) });
      const outcome = await site.stage(['--cert-dir', good.trustFolder]);
      const says = [site.faulty.own.digest, `plain http (${plain.host})`, 'refused', /hint: /];
      await expectOneFailure(site, outcome, { status: 9, says });
      expect(plain.log).toEqual([]);
    } finally {
      await plain.close();
    }
  });
});
