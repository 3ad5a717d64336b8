import { expect, it } from 'vitest';
import { parseExecLine, splitWords } from './exec-line.ts';

const variables = new Map([
  ['LABEL', 'data'],
  ['ARGS', '-a "b c"'],
]);
const argvOf = (line: string) => parseExecLine(line, variables).map(({ argv }) => argv);

it.each([
  ['/bin/a b  c', [['/bin/a', 'b', 'c']]],
  [
    `/bin/bash -c 'if mountpoint -q /var/mnt; then umount --lazy /var/mnt; fi'`,
    [['/bin/bash', '-c', 'if mountpoint -q /var/mnt; then umount --lazy /var/mnt; fi']],
  ],
  ['/bin/a "b \\"c\\"" d\\x20e f\\sg', [['/bin/a', 'b "c"', 'd e', 'f g']]],
  ['/bin/a ; /bin/b \\; c', [['/bin/a'], ['/bin/b', ';', 'c']]],
  [
    `/bin/a --label \${LABEL} $ARGS $NONE 100%% $$x`,
    [['/bin/a', '--label', 'data', '-a', 'b c', '100%', '$x']],
  ],
  [`:/bin/a \${LABEL}`, [['/bin/a', `\${LABEL}`]]],
  ['@/bin/a called-b c', [['/bin/a', 'c']]],
  ['', []],
])('reads %j', (line, argv) => {
  expect(argvOf(line)).toEqual(argv);
});

it.each([
  ['-/bin/a', true],
  ['+/bin/a', false],
  ['@-/bin/a a', true],
])('knows of %j whether it may fail', (line, mayFail) => {
  expect(parseExecLine(line, variables)[0]).toMatchObject({ argv: ['/bin/a'], mayFail });
});

it('splits assignments, quoted as a whole or in part', () => {
  expect(splitWords(`A=1 "B=two words" C='x y'z`)).toEqual(['A=1', 'B=two words', 'C=x yz']);
});
