import { expect, it } from 'vitest';
import { formatSignatureMap, parseSignatureMap, signatureKey } from './signature-map.ts';

const hex = 'a'.repeat(64);
const bytes = Buffer.from('signed');
const text = formatSignatureMap(hex, [bytes, Buffer.from('again')]);

it('reads what it writes, among other documents and in lists', () => {
  const read = (document: string) => parseSignatureMap(document, 'map.yaml').get(signatureKey(hex, 1));
  expect(read(text)).toEqual(bytes);
  expect(read(`---\nkind: ConfigMap\n---\n${text}`)).toEqual(bytes);
  const map = { kind: 'ConfigMap', binaryData: { [signatureKey(hex, 1)]: bytes.toString('base64') } };
  expect(read(JSON.stringify(map))).toEqual(bytes);
  expect(read(JSON.stringify({ kind: 'ConfigMapList', items: [map] }))).toEqual(bytes);
  expect(parseSignatureMap(text, 'x').get(signatureKey(hex, 2))).toEqual(Buffer.from('again'));
});

it.each([
  ['nothing', '', 'it holds no signature'],
  ['another kind', 'kind: Secret\n', 'neither a ConfigMap nor a list'],
  ['a text', 'hello', 'neither a ConfigMap nor a list'],
  ['no YAML', 'kind: [', 'it is no YAML'],
  ['no base64', `kind: ConfigMap\nbinaryData: {sha256-${hex}-1: "%"}\n`, 'is no base64'],
  ['other names alone', 'kind: ConfigMap\nbinaryData: {x: YQ==}\n', 'it holds no signature'],
  [
    'two contents of one name',
    `${text}---\n${text.replace(bytes.toString('base64'), 'YQ==')}`,
    'is there twice',
  ],
  ['a bomb of aliases', `a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c, *c, *c]\n`, 'x.yaml: '],
])('refuses %s', (_what, document, reason) => {
  expect(() => parseSignatureMap(document, 'x.yaml')).toThrow(reason);
});
