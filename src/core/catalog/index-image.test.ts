import { expect, it } from 'vitest';
import { catalogFolder } from './index-image.ts';

const label = 'operators.operatorframework.io.index.configs.v1';
const database = 'operators.operatorframework.io.index.database.v1';
const folderOf = (config: unknown) =>
  catalogFolder(Buffer.from(JSON.stringify(config)), 'registry.test/index:v1');

it.each([
  [{ config: { Labels: { [label]: '/configs' } } }, 'configs'],
  [{ config: { Labels: { [label]: './opt//catalog/' } } }, 'opt/catalog'],
  [{ config: { Labels: { [label]: '/configs', [database]: '/database/index.db' } } }, 'configs'],
  [{ config: { Labels: null } }, 'configs'],
  [{ config: {} }, 'configs'],
  [{}, 'configs'],
])('%j: the catalog lies in %s', (config, expected) => {
  expect(folderOf(config)).toBe(expected);
});

it.each([
  [{ config: { Labels: { [database]: '/database/index.db' } } }, 'registry.test/index:v1 is an SQLite index'],
  [{ config: { Labels: { [label]: '../configs' } } }, 'names the folder "../configs" for its catalog'],
  [{ config: { Labels: { [label]: '/' } } }, 'names the folder "/" for its catalog'],
  [{ config: { Labels: { [label]: 5 } } }, 'is no image config'],
])('%j is refused', (config, message) => {
  expect(() => folderOf(config)).toThrow(message);
});

it('refuses what is no JSON', () => {
  expect(() => catalogFolder(Buffer.from('{'), 'i')).toThrow('the config of i is not JSON');
});
