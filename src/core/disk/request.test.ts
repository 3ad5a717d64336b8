import { describe, expect, it } from 'vitest';
import { gibibyte, partitionRequest } from '../../../test/support/disk-facts.ts';
import { checkRequest, mebibyte, type PartitionRequest } from './request.ts';

const mistakes = (request: Partial<PartitionRequest>): string => {
  try {
    checkRequest(partitionRequest(request));
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

describe('checkRequest', () => {
  it.each(['data', 'x'.repeat(36)])('takes the label %j', (label) => {
    expect(mistakes({ label })).toBe('');
  });

  it.each(['', 'a*', '-x', 'x'.repeat(37)])('refuses the label %j', (label) => {
    expect(mistakes({ label })).toMatch(/^--label ".*": a label is 1 to 36 of /);
  });

  it.each([
    [0, '--num'],
    [1, ''],
    [128, ''],
    [129, '--num'],
  ])('of the number %i says %j', (number, expected) => {
    expect(mistakes({ number }).slice(0, 5)).toBe(expected);
  });

  it.each([
    [300 * mebibyte, ''],
    [300 * mebibyte - mebibyte, 'XFS needs at least 300 MiB (314.6 MB)'],
    [gibibyte + 512, 'such as 1025MiB'],
  ])('of %i bytes says %j', (bytes, expected) => {
    expect(mistakes({ bytes })).toContain(expected);
    if (expected === '') expect(mistakes({ bytes })).toBe('');
  });

  it('refuses a confirmation of nothing, and says everything at once', () => {
    const all = mistakes({ confirm: 'sda', number: 0, label: '*', bytes: 1 });
    expect(all.split('\n').map((line) => line.trim().split(' ', 1)[0])).toEqual([
      '--label',
      '--num',
      '--size',
      '--confirm:',
    ]);
  });
});
