import type { Stage } from '../ignition/boot-hooks.ts';
import { groupOfScript, groupOfStage, mountPoint } from './loaders.ts';
import type { LocatedText } from './located-text.ts';
import type { FileView } from './override-view.ts';
import type { Report, Rule } from './rule.ts';
import { codeLines, leakedVariables, type ScriptLine, staleVariables } from './shell.ts';
import type { OverrideView } from './site-view.ts';
import { wordsOf } from './unit-text.ts';

const chapter = 'openshift-docs ztp-precaching-ztp-config.adoc at 1e8ac93';
const goTool = 'telco-ran-tools docs/resources/extract-images.sh';

const wrongList: Rule = {
  id: 'boot/wrong-list',
  severity: 'error',
  summary: "a script that reads the other stage's list of images",
  hint: 'ai-images.txt belongs to discovery, ocp-images.txt to the installation stage',
  source: chapter,
};
const exitZero: Rule = {
  id: 'boot/exit-zero',
  severity: 'warning',
  summary: 'a script that ends with exit 0 whatever failed: the unit is green with nothing loaded',
  hint: 'remember what failed, and end with its status',
  source: chapter,
};
const agentFix: Rule = {
  id: 'boot/agent-fix',
  severity: 'warning',
  summary: "the hub's own agent-fix-bz1964591 is replaced; hubs since 2022 need no other",
  hint: 'remove the file; siteconfig does',
  source: 'assisted-service 7edcb7d5b; telco-ran-tools 3532474',
};
const stale: Rule = {
  id: 'boot/stale-variable',
  severity: 'warning',
  summary: 'a variable is read in a loop before it is set: it still has the value of the round before',
  hint: 'set it first',
  source: chapter,
};
const leaked: Rule = {
  id: 'boot/leaked-variable',
  severity: 'error',
  summary: "a loop uses another loop's variable: it works on the last of the other list, over and over",
  hint: 'use the variable of this loop',
  source: `${goTool} (retry_images)`,
};
const removesOther: Rule = {
  id: 'boot/removes-other-file',
  severity: 'warning',
  summary: 'the archive that is unpacked has another name than the file that is removed: nothing is freed',
  hint: 'remove the file by the name it was unpacked from',
  source: chapter,
};
const unpacks: Rule = {
  id: 'boot/unpacks-on-partition',
  severity: 'warning',
  summary: 'archives are unpacked onto the staged partition: it needs the room, and is written to',
  hint: 'unpack somewhere else (tar -C), or stage with the format pool, which needs no unpacking',
  source: chapter,
};
const firstColon: Rule = {
  id: 'boot/first-colon',
  severity: 'error',
  summary: 'the first colon of a reference is replaced: with a registry at host:port no file is found',
  hint: 'replace it in the last path element only: basename first',
  source: `${goTool} (basename \${uri/:/_})`,
};
const removesMount: Rule = {
  id: 'boot/removes-mounted',
  severity: 'error',
  summary: 'rm -rf of a mount point behind an umount that may fail: the staged images are deleted',
  hint: 'remove it with rmdir',
  source: `${goTool} (cleanup)`,
};

export const scriptRules: readonly Rule[] = [
  wrongList,
  exitZero,
  agentFix,
  stale,
  leaked,
  removesOther,
  unpacks,
  firstColon,
  removesMount,
];

/** Checks the shell scripts of an override. */
export function checkScripts(stage: Stage, override: OverrideView, report: Report): void {
  for (const file of override.files) {
    const { path, script } = file;
    if (stage === 'discovery' && path.value === '/usr/local/bin/agent-fix-bz1964591') {
      report(agentFix, override.text, { message: agentFix.summary, span: path.node });
      continue;
    }
    if (script === undefined || !/^#!.*sh\b/.test(script.text)) continue;
    const lines = codeLines(script.text);
    const group = groupOfScript(path.value) ?? groupOfStage(stage);
    checkList(script, lines, group, report);
    checkEnd(script, lines, report);
    checkVariables(script, lines, report);
    checkArchives(override, file, script, lines, report);
    checkNames(script, lines, report);
    checkRemoval(script, lines, report);
  }
}

function checkList(
  script: LocatedText,
  lines: readonly ScriptLine[],
  group: 'ai' | 'ocp',
  report: Report,
): void {
  const other = group === 'ai' ? 'ocp' : 'ai';
  if (lines.some(({ code }) => code.includes(`${group}-images.txt`))) return;
  for (const { code, start } of lines) {
    const at = code.indexOf(`${other}-images.txt`);
    if (at === -1) continue;
    const message = `${other}-images.txt is the list of the other stage`;
    report(wrongList, script, { message, span: { start: start + at, end: start + at + other.length + 11 } });
  }
}

const fallible = /\b(?:skopeo|podman|tar|cp|mv|curl|mount|rsync|wget)\b/;

function checkEnd(script: LocatedText, lines: readonly ScriptLine[], report: Report): void {
  const last = lines.at(-1);
  if (last === undefined || !/^\s*exit\s+0\s*;?\s*$/.test(last.code)) return;
  if (lines.some(({ code }) => /\bset\s+-\w*e|\bset\s+-o\s+errexit/.test(code))) return;
  if (!lines.some(({ code }) => fallible.test(code))) return;
  report(exitZero, script, {
    message: 'the script ends with exit 0 also when images are missing',
    span: last,
  });
}

function checkVariables(script: LocatedText, lines: readonly ScriptLine[], report: Report): void {
  for (const { name, ...span } of staleVariables(lines)) {
    const message = `$${name} is read before it is set: it has the value of the round before`;
    report(stale, script, { message, span });
  }
  for (const { name, own, ...span } of leakedVariables(lines)) {
    const message = `$${name} is the variable of another loop; this one has $${own}`;
    report(leaked, script, { message, span });
  }
}

function checkArchives(
  { loaders }: OverrideView,
  { path }: FileView,
  script: LocatedText,
  lines: readonly ScriptLine[],
  report: Report,
): void {
  const unpacked = lines.flatMap((line) => {
    const match = /\btar\s+(?:-\S+\s+)*-?\w*x\w*\s+("?[^\s;"]+\.tgz"?)/.exec(line.code);
    return match === null ? [] : [{ line, stem: (match[1] ?? '').replaceAll(/"|\.tgz/g, '') }];
  });
  for (const { code, start } of lines) {
    const match = /\brm\s+-\w+\s+"?([^\s;"]+)\.gz\b"?/.exec(code);
    if (match === null || !unpacked.some(({ stem }) => stem === match[1])) continue;
    const message = `${match[1]}.tgz was unpacked, ${match[1]}.gz is removed`;
    report(removesOther, script, { message, span: spanIn(start, match) });
  }
  const runner = loaders.find(({ runs }) => runs.some((run) => run.path === path.value));
  const [where] = runner === undefined ? [] : wordsOf(runner.unit.directives, 'WorkingDirectory');
  const first = unpacked.find(({ line }) => !/\s(?:-C|--directory)\b/.test(line.code));
  const elsewhere = lines.some(({ code }) => /^\s*(?:cd|pushd)\s+"?\/(?!var\/mnt\b)/.test(code));
  if (first === undefined || where?.word !== mountPoint || elsewhere) return;
  const message = `the archive is unpacked in ${mountPoint}, the staged partition`;
  report(unpacks, script, { message, span: first.line });
}

function checkNames(script: LocatedText, lines: readonly ScriptLine[], report: Report): void {
  for (const { code, start } of lines) {
    const match = /\bbasename\s+"?\$\{\w+\/:\/_\}/.exec(code);
    if (match === null) continue;
    const message = 'the first colon is replaced, which is that of a port';
    report(firstColon, script, { message, span: spanIn(start, match) });
  }
}

function checkRemoval(script: LocatedText, lines: readonly ScriptLine[], report: Report): void {
  const unmounted = new Set<string>();
  for (const { code, start } of lines) {
    const target = /^\s*umount\s+(?:-\w+\s+)*("?[^"\s;|&]+"?)\s*;?\s*$/.exec(code)?.[1];
    if (target !== undefined) unmounted.add(target);
    const match = /\brm\s+-\w*r\w*\s+("?[^"\s;|&]+"?)\s*;?\s*$/.exec(code);
    if (match === null || !unmounted.has(match[1] ?? '')) continue;
    const message = 'when the umount before it fails, this deletes what is on the partition';
    report(removesMount, script, { message, span: spanIn(start, match) });
  }
}

function spanIn(start: number, match: RegExpExecArray): { start: number; end: number } {
  return { start: start + match.index, end: start + match.index + match[0].length };
}
