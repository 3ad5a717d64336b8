import extractImages from '../../../boot/extract-images.sh?raw';
import precacheJob from '../../../boot/precache-job.sh?raw';
import precacheNode from '../../../boot/precache-node.sh?raw';
import precacheRegistry from '../../../boot/precache-registry.sh?raw';
import precacheReport from '../../../boot/precache-report.sh?raw';
import precacheStorage from '../../../boot/precache-storage.sh?raw';

const parts: Readonly<Record<string, string>> = {
  'precache-job.sh': precacheJob,
  'precache-node.sh': precacheNode,
  'precache-report.sh': precacheReport,
};

/** Loads images into the storage of the node. */
export const loadScript = wholeScript(extractImages);

/** Makes the storage of the partition that of the node. */
export const storageScript = wholeScript(precacheStorage);

/** Puts the node's own registry in front of the others. */
export const registryScript = wholeScript(precacheRegistry);

/** A script in one file: on the node no part of it can be missing. */
function wholeScript(script: string): string {
  return script.replaceAll(
    /^# shellcheck source=.*\n\. "\$\{0%\/\*\}\/(.*?)".*\n/gm,
    (line, name: string) => parts[name]?.replace(/^# shellcheck .*\n/, '') ?? line,
  );
}
