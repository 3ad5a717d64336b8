import type { ExecCommand } from './exec-line.ts';
import type { MountPlan, ServicePlan, SocketPlan, StageHooks } from './stage-hooks.ts';

/**
 * The calls, in bash, of the functions of `src/system/rehearse-stage.sh` that carry out a stage. A file of the override
 * is the `N`th that lies beside the script.
 */
export function formatStageScript({ services, files }: StageHooks): string {
  return [
    ...files.map(({ path }, index) => call('place', String(index), path)),
    ...services.flatMap(serviceCalls),
    '',
  ].join('\n');
}

/** A mount unit as the stand-in for systemctl reads it: bash, assignments alone. */
export function formatMountFile({ what, where, type, options, seconds }: MountPlan): string {
  const values = { what, where, type, options, seconds: String(seconds) };
  return Object.entries(values)
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join('');
}

/** A socket unit as the stand-in for systemctl reads it: bash, assignments alone. */
export function formatSocketFile({ listen, argv, runtimeFolders }: SocketPlan): string {
  const list = (words: readonly string[]): string => `(${words.map(quoted).join(' ')})`;
  return `listen=${quoted(listen)}\nargv=${list(argv)}\nfolders=${list(runtimeFolders)}\n`;
}

function serviceCalls(service: ServicePlan): string[] {
  const { name, startSeconds, stopSeconds } = service;
  return [
    call('begin', name, String(startSeconds ?? 0), String(stopSeconds)),
    ...service.conditions.map((path) => call('condition', path)),
    ...service.environment.map((entry) => call('environment', entry)),
    ...service.mounts.map((mount) => call('mounts', mount.required ? 'must' : 'may', mount.name)),
    ...service.pre.map((command) => commandCall('start', command)),
    ...service.start.map((command) => commandCall('start', command)),
    ...service.post.map((command) => commandCall('post', command)),
    'end',
  ];
}

function commandCall(phase: 'start' | 'post', { argv, mayFail }: ExecCommand): string {
  return call(phase, mayFail ? 'may' : 'must', ...argv);
}

function call(name: string, ...words: readonly string[]): string {
  return [name, ...words.map(quoted)].join(' ');
}

/** One word of bash, whatever is in it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
