import { commandsOf } from '../lint/loaders.ts';
import type { UnitView } from '../lint/override-view.ts';
import { type Directive, wordsOf } from '../lint/unit-text.ts';
import { parseTimeSpan } from '../time-span.ts';

/** What a unit says of its place in the boot. Names are those of units. */
export interface UnitFacts {
  readonly name: string;
  readonly after: readonly string[];
  readonly before: readonly string[];
  /** Units that it starts with itself. */
  readonly wants: readonly string[];
  /** Units that its commands start, while they run; of a socket or a path, the service that it starts. */
  readonly runs: readonly string[];
  /** Targets and units that start it because it is enabled. */
  readonly wantedBy: readonly string[];
  /** Paths that have to be mounted. */
  readonly mountsFor: readonly string[];
  /** Of a mount: where. */
  readonly where: string | undefined;
  /** Seconds after which its start has failed; Infinity without a limit. */
  readonly startLimit: number;
  /** Seconds that what it does at its end may take more. */
  readonly stopLimit: number;
}

/** What systemd takes where a unit says nothing (DefaultTimeoutStartSec). */
const defaultLimit = 90;

/** Reads the facts of a unit, drop-ins included (systemd.unit(5), systemd.service(5), systemd.mount(5)). */
export function factsOf({ name, enabled, directives, ...view }: UnitView): UnitFacts {
  const words = (...keys: string[]): string[] => wordsOf(directives, ...keys).map(({ word }) => word);
  const commands = commandsOf({ name, enabled, directives, ...view });
  return {
    name: name.value,
    after: words('After'),
    before: words('Before'),
    wants: words('Wants', 'Requires', 'BindsTo', 'Requisite').filter((word) => word !== name.value),
    runs: [
      ...commands.flatMap(({ key, value }) =>
        key === 'ExecStopPost' || key === 'ExecStop' ? [] : started(value),
      ),
      // Of the same name, unless it says another (systemd.socket(5), systemd.path(5)).
      ...(/\.(?:socket|path)$/.test(name.value) ? [name.value.replace(/\w+$/, 'service')] : []),
    ],
    wantedBy: enabled ? words('WantedBy', 'RequiredBy') : [],
    mountsFor: words('RequiresMountsFor', 'WorkingDirectory').filter((path) => path.startsWith('/')),
    where: name.value.endsWith('.mount') ? words('Where')[0] : undefined,
    startLimit: startLimit(name.value, directives),
    stopLimit: commands.some(({ key }) => key === 'ExecStopPost')
      ? (span(directives, 'TimeoutStopSec') ?? span(directives, 'TimeoutSec') ?? defaultLimit)
      : 0,
  };
}

/** No command of a person is longer, and the time to look through one must not grow with its square. */
const longestCommand = 2000;

/** `systemctl start a b` in a command. */
function started(command: string): string[] {
  const [, words = ''] =
    /\bsystemctl\s+(?:-\S+\s+)*start\s+([^;&|'"]*)/.exec(command.slice(0, longestCommand)) ?? [];
  return words.split(/\s+/).filter((word) => /^[\w@:.\\-]+\.[a-z]+$/.test(word));
}

function startLimit(name: string, directives: readonly Directive[]): number {
  const job = span(directives, 'JobTimeoutSec') ?? Infinity;
  const own = span(directives, 'TimeoutStartSec') ?? span(directives, 'TimeoutSec');
  const oneshot = directives.findLast(({ key }) => key === 'Type')?.value === 'oneshot';
  const bounded = name.endsWith('.mount') || (name.endsWith('.service') && !oneshot);
  return Math.min(job, own ?? (bounded ? defaultLimit : Infinity));
}

function span(directives: readonly Directive[], key: string): number | undefined {
  const value = directives.findLast((directive) => directive.key === key)?.value;
  return value === undefined ? undefined : parseTimeSpan(value);
}
