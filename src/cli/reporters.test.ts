import { describe, expect, it } from 'vitest';
import { DocumentError } from '../core/diagnostics/diagnostic.ts';
import { ToolError } from '../core/errors.ts';
import type { Event } from '../core/events.ts';
import { createReporter, reportError, shellWord } from './reporters.ts';

const mebibyte = 1024 ** 2;

/** Feeds events, each with the milliseconds since the start; gives what stands on standard error. */
function report(columns: number | undefined, ...events: [number, Event][]): string {
  let [time, err] = [0, ''];
  const reporter = createReporter({
    err: (text) => {
      err += text;
    },
    columns,
    now: () => time,
  });
  for (const [at, event] of events) {
    time = at;
    reporter.emit(event);
  }
  reporter.finish();
  return err;
}

const planned: Event = {
  type: 'transfer-planned',
  images: 2,
  blobs: 5,
  bytes: 110 * mebibyte,
  present: 10 * mebibyte,
};
const received = (mebibytes: number): Event => ({ type: 'bytes-received', bytes: mebibytes * mebibyte });
const staged: Event = {
  type: 'image-staged',
  reference: 'q.io/a:1',
  component: 'etcd',
  done: 1,
  total: 2,
  existed: false,
};

describe('createReporter', () => {
  it('writes a line now and then where there is no terminal', () => {
    const text = report(
      undefined,
      [0, planned],
      [1000, received(20)],
      [10_000, received(30)],
      [11_000, received(30)],
      [12_000, staged],
    );
    expect(text.split('\n')).toEqual([
      '2 images in 5 blobs, 110 MiB; 10 MiB of it is here',
      '50 MiB of 100 MiB (50 %), 5 MiB/s, 10 s left, 0 of 2 images',
      'Staged [1/2] etcd q.io/a:1',
      '',
    ]);
  });

  it('keeps one line up to date on a terminal, no wider than it', () => {
    const text = report(
      30,
      [0, planned],
      [1000, received(20)],
      [1010, received(1)],
      [2000, received(29)],
      [2500, staged],
    );
    expect(text.split('\u001b[K')).toEqual([
      '2 images in 5 blobs, 110 MiB; 10 MiB of it is here\n\r',
      '20 MiB of 100 MiB (20 %), 20 \r',
      '50 MiB of 100 MiB (50 %), 25 \r',
      '50 MiB of 100 MiB (50 %), 20 \r',
      'Staged [1/2] etcd q.io/a:1\n',
    ]);
  });

  it('takes back what has to come again, and shows nothing before the plan', () => {
    const discarded: Event = { type: 'bytes-discarded', bytes: 20 * mebibyte };
    const text = report(
      undefined,
      [0, received(9)],
      [11_000, received(9)],
      [12_000, planned],
      [13_000, received(20)],
      [14_000, discarded],
      [32_000, received(40)],
    );
    expect(text).toContain('40 MiB of 100 MiB (40 %), 2 MiB/s, 30 s left');
    expect(text).not.toContain('18 MiB');
  });
});

describe('reportError', () => {
  const print = (error: unknown, env = {}): [number, string] => {
    let err = '';
    const status = reportError(error, {
      err: (text) => {
        err += text;
      },
      env,
    });
    return [status, err];
  };

  it('says what failed and what to do next', () => {
    expect(print(new ToolError('host', 'no space', { hint: 'make room' }))).toEqual([
      8,
      'error: no space\n  hint: make room\n',
    ]);
  });

  it('shows every mistake in a document', () => {
    const source = { name: 'site.yaml', text: 'a\nb\n' };
    const mistakes = [0, 2].map((start) => ({
      id: 'x',
      severity: 'error' as const,
      message: 'wrong',
      span: { start, end: start + 1 },
    }));
    const [status, text] = print(new DocumentError(source, mistakes));
    expect(status).toBe(3);
    expect(text).toContain('site.yaml:1:1: error: wrong');
    expect(text).toContain('site.yaml:2:1: error: wrong');
    expect(text).toContain('error: site.yaml: 2 mistakes, nothing was changed');
  });

  it('ends a list of mistakes that has no end', () => {
    const source = { name: 'f', text: 'x' };
    const mistakes = Array.from({ length: 38 }, () => ({
      id: 'x',
      severity: 'error' as const,
      message: 'wrong',
    }));
    const [, text] = print(new DocumentError(source, mistakes));
    expect(text.match(/wrong/g)).toHaveLength(20);
    expect(text).toContain('... and 18 more');
    expect(text).toContain('38 mistakes');
  });

  it('tells a limit of open files that keeps the program itself from loading', () => {
    const [status, text] = print(Object.assign(new Error('open x.mjs'), { code: 'EMFILE' }));
    expect(status).toBe(8);
    expect(text).toContain('ulimit -n');
    expect(text).not.toContain('defect');
  });

  it('calls anything else a defect, with a stack only on request', () => {
    const [status, text] = print(new TypeError('x is not a function'));
    expect(status).toBe(1);
    expect(text).toContain('defect');
    expect(text).not.toContain(' at ');
    expect(print(new TypeError('x'), { DEBUG: '1' })[1]).toContain(' at ');
  });
});

it.each([
  ['plain-1.0', 'plain-1.0'],
  ['', "''"],
  ["it's", "'it'\\''s'"],
  ['a b;c', "'a b;c'"],
])('shellWord(%j) is %s', (word, expected) => {
  expect(shellWord(word)).toBe(expected);
});
