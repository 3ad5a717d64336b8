import { assembleCatalog } from '../src/core/catalog/assemble.ts';
import { isDigest } from '../src/core/oci/digest.ts';
import { openCatalogLayers } from '../src/pool/catalog-layers.ts';
import { openPreviewPool } from '../src/pool/preview-pool.ts';

// node catalog-worker.mjs FOLDER DIGEST PACKAGE...: reads the catalog of a layer in the pool of a folder.
const [folder = '', digest = '', ...packages] = process.argv.slice(2);
if (!isDigest(digest)) throw new Error(`${digest} is no digest`);
const wanted = packages.length === 0 ? undefined : new Set(packages);
const layers = openCatalogLayers(
  openPreviewPool(folder).pool,
  'configs',
  wanted,
  new AbortController().signal,
);
const begun = performance.now();
await layers.read(digest);
const { catalog, problems } = assembleCatalog(layers.files());
const bundles = [...catalog.packages.values()].reduce((sum, each) => sum + each.bundles.size, 0);
process.stdout.write(
  `${JSON.stringify({
    packages: catalog.packages.size,
    names: catalog.names.length,
    bundles,
    problems: problems.length,
    seconds: (performance.now() - begun) / 1000,
    memory: process.resourceUsage().maxRSS * 1024,
  })}\n`,
);
