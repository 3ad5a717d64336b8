import { gzipSync } from 'node:zlib';
import type { LocatedText } from './located-text.ts';
import type { Report, Rule } from './rule.ts';
import type { ClusterView, PlaceView } from './site-view.ts';

const apostrophe: Rule = {
  id: 'site/apostrophe',
  severity: 'error',
  summary:
    "an apostrophe in a JSON field of a ClusterInstance: the hub's template puts the value between apostrophes",
  hint: 'write \\u0027, which JSON reads as an apostrophe',
  source: 'stolostron/siteconfig internal/templates/assisted-installer/template.go',
  fixable: 'always',
};
const annotations: Rule = {
  id: 'site/annotation-size',
  severity: 'error',
  summary:
    'installerArgs and ignitionConfigOverride of a node together exceed 256 KiB: they become annotations',
  hint: 'compress scripts ("compression": "gzip"), or move files into MachineConfigs',
  source: 'kubernetes apimachinery pkg/api/validation/objectmeta.go (TotalAnnotationSizeLimitB)',
};
const applied: Rule = {
  id: 'site/annotation-apply',
  severity: 'warning',
  summary:
    'installerArgs and ignitionConfigOverride of a node exceed 128 KiB: kubectl apply keeps them twice',
  hint: 'compress scripts ("compression": "gzip"), or use server-side apply',
  source: 'kubernetes apimachinery pkg/api/validation/objectmeta.go; last-applied-configuration',
};
const archive: Rule = {
  id: 'ignition/archive-size',
  severity: 'error',
  summary: 'the discovery override is larger than 256 KiB when compressed, which the hub refuses',
  hint: 'leave files out that discovery does not need',
  source: 'assisted-service internal/cluster/validations/validations.go (ValidateIgnitionImageSize)',
};

export const hubLimitRules: readonly Rule[] = [apostrophe, annotations, applied, archive];

const annotationLimit = 256 * 1024;
const archiveLimit = 256 * 1024;

/** Checks what the hub can carry. `document` is for places that are in no field. */
export function checkHubLimits(document: LocatedText, cluster: ClusterView, report: Report): void {
  for (const place of [cluster, ...cluster.nodes]) {
    if (cluster.kind === 'ClusterInstance') checkApostrophes(place, report);
    if (place.stage === 'installation') checkAnnotations(document, place, report);
  }
  checkArchive(cluster, report);
}

function checkApostrophes({ override, args }: PlaceView, report: Report): void {
  for (const field of [override, args]) {
    if (field?.root === undefined) continue;
    const found = [...field.text.text.matchAll(/'/g)].map(({ index }) => ({ start: index, end: index + 1 }));
    const [first] = found;
    if (first === undefined) continue;
    const more = found.length === 1 ? '' : `, and ${found.length - 1} more`;
    const message = `an apostrophe${more}: the hub renders the value between apostrophes`;
    const fix = found.map((span) => ({ ...span, text: '\\u0027' }));
    report(apostrophe, field.text, { message, span: first, fix });
  }
}

function checkAnnotations(
  document: LocatedText,
  { name, head, override, args }: PlaceView,
  report: Report,
): void {
  const size = [override, args].reduce((sum, field) => sum + Buffer.byteLength(field?.text.text ?? ''), 0);
  if (size <= annotationLimit / 2) return;
  const rule = size > annotationLimit ? annotations : applied;
  const message = `${name}: ${size} bytes of annotations; all of one object may have ${annotationLimit}`;
  report(rule, document, { message, span: head });
}

/** Compressing makes nothing much larger: what is far below the limit is not tried. */
function checkArchive({ name, override }: PlaceView, report: Report): void {
  if (override === undefined || Buffer.byteLength(override.text.text) < archiveLimit) return;
  const size = gzipSync(override.text.text).length;
  if (size <= archiveLimit) return;
  const message = `${name}: ${size} bytes compressed, of ${archiveLimit} that the whole discovery Ignition may have`;
  report(archive, override.text, { message, span: { start: 0, end: 1 } });
}
