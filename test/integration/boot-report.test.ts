import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runTool } from '../support/process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const complete = {
  group: 'ai',
  state: 'complete',
  reason: '',
  references: 2,
  loaded: [{ reference: 'quay.io/a:1', seconds: 1.25, bytes: 2048 }],
  skipped: ['quay.io/b:1'],
  failed: [],
  bytes: 2048,
  seconds: 1.5,
  peakExtraBytes: 1024,
  host: 'edge-1',
};
const incomplete = {
  ...complete,
  group: 'ocp',
  state: 'incomplete',
  reason: 'the deadline of 870 s passed',
  skipped: [],
  failed: [{ reference: 'quay.io/b:1', reason: 'no\u001b[31m such file' }],
  host: 'edge-2',
};

describe('boot-report', () => {
  let folder: TemporaryFolder;
  const at = (name: string) => join(folder.path, name);
  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    await writeFile(at('complete.json'), JSON.stringify(complete));
    await writeFile(at('incomplete.json'), JSON.stringify(incomplete));
    await writeFile(at('broken.json'), '{\n  "group": "ocp",\n  "state": ');
  });
  afterAll(() => folder.remove());

  it('shows one that is complete, also from standard input', async () => {
    const { status, stdout } = await runTool(['boot-report', at('complete.json')]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^edge-1 +discovery +complete +1 +1 +0 +2 KiB +1\.5 +1 KiB$/m);
    expect(stdout).toMatch(/Complete: all 2 images are there\.\n$/);
    const piped = await runTool(['boot-report', '-'], { input: JSON.stringify(complete) });
    expect(piped).toMatchObject({ status: 0, stdout });
  });

  it('sums up several, says what is missing and why, and ends with 9', async () => {
    const { status, stdout } = await runTool(['boot-report', at('complete.json'), at('incomplete.json')]);
    expect(status).toBe(9);
    expect(stdout).toMatch(/^2 runs +2 +1 +1 +4 KiB$/m);
    expect(stdout).toContain('edge-2, installation: the deadline of 870 s passed\n');
    expect(stdout).toContain('edge-2: quay.io/b:1: no [31m such file\n');
    expect(stdout).toContain('1.25 s  quay.io/a:1 (edge-1)\n');
  });

  it('is the same in JSON and in YAML', async () => {
    const files = [at('complete.json'), at('incomplete.json')];
    const json = await runTool(['boot-report', '-o', 'json', ...files]);
    const yaml = await runTool(['boot-report', '-o', 'yaml', ...files]);
    expect([json.status, yaml.status]).toEqual([9, 9]);
    expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
    expect(JSON.parse(json.stdout).totals).toMatchObject({ runs: 2, complete: 1, missing: 1 });
  });

  it('tells of every file that is no report, with its place, shows the others, and ends with 3', async () => {
    const files = [at('broken.json'), at('complete.json'), at('nowhere.json')];
    const { status, stdout, stderr } = await runTool(['boot-report', ...files]);
    expect(status).toBe(3);
    expect(stderr).toContain(`${at('broken.json')}:3:10: error: not JSON`);
    expect(stderr).toContain(`${at('nowhere.json')}: no such file`);
    expect(stdout).toContain('edge-1');
  });
});
