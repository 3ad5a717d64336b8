import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passportText } from '../support/lint-passport.ts';
import { siteText } from '../support/lint-site.ts';
import { type Outcome, runTool } from '../support/process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const seedPath = fileURLToPath(new URL('../fixtures/site/siteconfig-seed.yaml', import.meta.url));
const good = siteText({});
const bad = siteText({ args: ['--save-partlabel', 'other'] });
const warned = siteText({ args: ['--save-partlabel', 'data', '--save-partlabel', 'data'] });

let scratch: TemporaryFolder;
let seed: string;
beforeAll(async () => {
  scratch = await makeTemporaryFolder();
  seed = await readFile(seedPath, 'utf8');
});
afterAll(() => scratch.remove());

/** A new folder with these files. */
async function folderOf(name: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = join(scratch.path, name);
  for (const [file, text] of Object.entries(files)) {
    const path = join(folder, file);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
  }
  return folder;
}

interface Found {
  readonly files: number;
  readonly documents: number;
  readonly errors: number;
  readonly warnings: number;
  readonly fixed: number;
  readonly findings: readonly { readonly file: string; readonly line: number; readonly rule: string }[];
}

const json = ({ stdout }: Outcome): Found => JSON.parse(stdout);

describe('lint', () => {
  it('shows each finding with its line and a caret, and counts them', async () => {
    const { status, stdout, stderr } = await runTool(['lint', seedPath]);
    expect({ status, stderr }).toEqual({ status: 3, stderr: '' });
    expect(stdout).toContain(
      'siteconfig-seed.yaml:54:23: error: a mode is a decimal number: 755 is 1363 [ignition/mode-octal]\n' +
        '  54 |               "mode": 755,\n' +
        '                             ^^^\n' +
        '  hint: 0755 is written 493\n',
    );
    expect(stdout).toMatch(/\n3 errors, 11 warnings in 1 document of 1 file; 3 can be mended with --fix\n$/);
  });

  it.each([
    [good, [], 0],
    [bad, [], 3],
    [warned, [], 0],
    [warned, ['--strict'], 3],
    ['a: [', [], 3],
    ['kind: ConfigMap', [], 0],
  ])('standard input ends with its status', async (input, flags, status) => {
    expect((await runTool(['lint', ...flags, '-'], { input })).status).toBe(status);
  });

  it('reads folders, and passes over documents of other kinds and what is no YAML yet', async () => {
    const folder = await folderOf('tree', {
      'b/bad.yaml': `kind: ConfigMap\n---\n${bad}---\nkind: Other\n`,
      'a/good.yml': good,
      'a/template.yaml': '{{ if x }}: [',
      'a/broken.yaml': 'kind: SiteConfig\na: [',
      'a/latin.yaml': Buffer.from([0xe9]),
      'c.txt': bad,
      '.git/x.yaml': bad,
    });
    const found = json(await runTool(['lint', '-o', 'json', folder]));
    expect(found).toMatchObject({ files: 5, documents: 2, errors: 3 });
    expect(found.findings.map(({ file, rule }) => `${file.slice(folder.length + 1)} ${rule}`)).toEqual([
      'a/broken.yaml site/yaml',
      'a/latin.yaml site/yaml',
      'b/bad.yaml boot/label-mismatch',
    ]);
  });

  it('finds the same in many files, in threads and in order', async () => {
    const names = Array.from({ length: 450 }, (_, index) => `${String(index).padStart(3, '0')}.yaml`);
    const folder = await folderOf('many', Object.fromEntries(names.map((name) => [name, bad])));
    const found = json(await runTool(['lint', '-o', 'json', folder]));
    expect(found.findings.map(({ file }) => file)).toEqual(names.map((name) => join(folder, name)));
    const mended = await folderOf('many-to-mend', Object.fromEntries(names.map((name) => [name, warned])));
    expect(json(await runTool(['lint', '--fix', '-o', 'json', mended]))).toMatchObject({
      fixed: 450,
      warnings: 0,
    });
    expect((await readdir(mended)).toSorted()).toEqual(names);
  });

  it.each([
    [['lint'], 2, 'missing required argument'],
    [['lint', '/nowhere'], 7, '/nowhere: no such file'],
    [['lint', '--fix', '-'], 2, '--fix changes files'],
    [['lint', '--passport', '/nowhere', '-'], 7, '/nowhere: no such file'],
  ])('%j ends with %i', async (args, status, message) => {
    const outcome = await runTool(args, { input: good });
    expect(outcome).toMatchObject({ status, stdout: '', stderr: expect.stringContaining(message) });
  });

  it('writes a SARIF log', async () => {
    const { stdout } = await runTool(['lint', '-o', 'sarif', '-'], { input: seed });
    const log = JSON.parse(stdout);
    expect(log.version).toBe('2.1.0');
    const [run] = log.runs;
    const { name, version, rules } = run.tool.driver;
    expect({ name, version }).toEqual({
      name: 'factory-precaching-cli',
      version: expect.stringMatching(/^\d/),
    });
    for (const rule of rules) {
      expect(rule).toMatchObject({
        id: expect.stringMatching(/^[a-z-]+\/[a-z0-9-]+$/),
        shortDescription: { text: expect.stringMatching(/./) },
        help: { text: expect.stringMatching(/./) },
        defaultConfiguration: { level: expect.stringMatching(/^(?:error|warning|note)$/) },
      });
    }
    expect(run.results).toHaveLength(14);
    for (const { ruleId, ruleIndex, level, message, locations } of run.results) {
      expect(rules[ruleIndex].id).toBe(ruleId);
      expect(level).toMatch(/^(?:error|warning)$/);
      expect(message.text).toMatch(/./);
      const [{ physicalLocation }] = locations;
      const { region, artifactLocation } = physicalLocation;
      expect(run.artifacts[artifactLocation.index].location.uri).toBe(artifactLocation.uri);
      expect(region.endLine).toBeGreaterThanOrEqual(region.startLine);
      expect(region.endLine > region.startLine || region.endColumn > region.startColumn).toBe(true);
    }
    const [fixed] = run.results.filter((result: { fixes?: unknown }) => result.fixes !== undefined);
    expect(fixed.fixes[0].artifactChanges[0].replacements).toEqual([
      {
        deletedRegion: { startLine: 54, startColumn: 23, endLine: 54, endColumn: 26 },
        insertedContent: { text: '493' },
      },
    ]);
  });
});

describe('lint --fix', () => {
  it('mends in place, keeps mode and links, changes nothing else, and is done once', async () => {
    const folder = await folderOf('mend', { 'real.yaml': seed, 'good.yaml': good });
    const real = join(folder, 'real.yaml');
    await chmod(real, 0o640);
    await symlink('real.yaml', join(folder, 'link.yaml'));
    const dry = json(await runTool(['lint', '--fix', '--dry-run', '-o', 'json', real]));
    expect(dry).toMatchObject({ fixed: 3, errors: 0 });
    expect(await readFile(real, 'utf8')).toBe(seed);
    const first = await runTool(['lint', '--fix', join(folder, 'link.yaml')]);
    expect(first).toMatchObject({ status: 0, stdout: expect.stringContaining('0 errors, 11 warnings') });
    expect(first.stdout).toContain('; 3 mended\n');
    expect(await readFile(real, 'utf8')).toBe(seed.replaceAll('"mode": 755', '"mode": 493'));
    expect((await stat(real)).mode & 0o7777).toBe(0o640);
    expect((await readdir(folder)).toSorted()).toEqual(['good.yaml', 'link.yaml', 'real.yaml']);
    expect(json(await runTool(['lint', '--fix', '-o', 'json', folder]))).toMatchObject({ fixed: 0 });
  });
});

describe('lint --passport', () => {
  it('says what the servers have not, also by the ClusterImageSets beside', async () => {
    const imageSet = `kind: ClusterImageSet\nmetadata: {name: openshift-next}\nspec:\n  releaseImage: quay.io/openshift-release-dev/ocp-release@sha256:${'c'.repeat(64)}\n`;
    const folder = await folderOf('passport', {
      'precache.json': passportText,
      'sites/good.yaml': good,
      'sites/next.yaml': siteText({ imageSet: 'openshift-next' }),
      'sites/plain.yaml': siteText({ cluster: undefined, node: undefined, args: undefined }),
      'hub/image-set.yaml': imageSet,
    });
    const passport = join(folder, 'precache.json');
    const found = json(await runTool(['lint', '--passport', passport, '-o', 'json', folder]));
    expect(found.findings.map(({ file, rule }) => `${file.slice(folder.length + 1)} ${rule}`)).toEqual([
      'sites/next.yaml boot/release-not-staged',
      'sites/plain.yaml boot/missing-hooks',
      'sites/plain.yaml boot/missing-hooks',
    ]);
  });
});
