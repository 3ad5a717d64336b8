import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import { readJson } from '../oci/document.ts';
import { layerPath } from '../oci/layer-union.ts';

const configsLabel = 'operators.operatorframework.io.index.configs.v1';
const databaseLabel = 'operators.operatorframework.io.index.database.v1';
const usualFolder = '/configs';

const imageConfig = v.object({
  config: v.optional(v.object({ Labels: v.nullish(v.record(v.string(), v.string())) })),
});

/**
 * The folder of an index image that its catalog lies in, without slashes around it, by the labels of the image's
 * config. Throws `invalid-document` for an index that is a database only.
 */
export function catalogFolder(config: Uint8Array, image: string): string {
  const refuse = (reason: string): never => {
    throw new ToolError('invalid-document', `the config of ${image} ${reason}`);
  };
  const reading = v.safeParse(imageConfig, readJson(config, refuse));
  const labels = reading.success ? (reading.output.config?.Labels ?? {}) : refuse('is no image config');
  const folder = labels[configsLabel];
  if (folder === undefined && labels[databaseLabel] !== undefined) {
    throw new ToolError('invalid-document', `${image} is an SQLite index, not a file-based catalog`, {
      hint: 'name a catalog of OpenShift 4.11 or later, or convert it with "opm migrate"',
    });
  }
  return layerPath(folder ?? usualFolder) || refuse(`names the folder "${folder ?? ''}" for its catalog`);
}
