import { expect, it } from 'vitest';
import { parseReference } from '../oci/reference.ts';
import { lookasideOf, parseRegistriesD } from './registries-d.ts';

const file = (text: string, name = 'a.yaml') => ({ name, text });
const placeOf = (text: string, reference: string) =>
  lookasideOf(parseRegistriesD([file(text)]), parseReference(reference))?.href;

const both = `
default-docker:
  lookaside: file:///var/lib/sigstore
docker:
  quay.io/a:
    lookaside: https://sig.example/store/
  quay.io/a/none: {}
  quay.io/old:
    sigstore: https://old.example
    use-sigstore-attachments: true
`;

it('names the store of the most specific scope alone', () => {
  expect(placeOf(both, 'quay.io/a/b:1')).toBe('https://sig.example/store/a/b');
  expect(placeOf(both, 'quay.io/a/none:1')).toBeUndefined();
  expect(placeOf(both, 'quay.io/old/x:1')).toBe('https://old.example/old/x');
  expect(placeOf(both, 'registry.example/x:1')).toBe('file:///var/lib/sigstore/x');
  expect(placeOf('', 'registry.example/x:1')).toBeUndefined();
});

it.each([
  ['no YAML', 'docker: [', 'it is no YAML'],
  ['a list', '- a', 'document'],
  ['another type', 'docker:\n  quay.io:\n    lookaside: 1\n', 'lookaside'],
  ['a name twice', 'docker: {}\ndocker: {}\n', 'it is no YAML'],
])('refuses %s', (_what, text, reason) => {
  expect(() => parseRegistriesD([file(text)])).toThrow(reason);
});

it('refuses a scope in two files, and a place that is no URL', () => {
  const one = file('docker:\n  quay.io: {}\n');
  expect(() => parseRegistriesD([one, { ...one, name: 'b.yaml' }])).toThrow(
    'b.yaml: quay.io is in a.yaml, too',
  );
  expect(() => placeOf('docker:\n  quay.io:\n    lookaside: ftp://x\n', 'quay.io/x:1')).toThrow(
    'no place of signatures',
  );
});
