import { type Diagnostic, DocumentError } from '../diagnostics/diagnostic.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import { nearestNames } from './nearest.ts';
import { compareVersions, parseVersion, type Version } from './version.ts';

/** What a selection found, all at once. */
export class Findings {
  readonly #diagnostics: Diagnostic[] = [];
  #invalid = false;

  /** A request or a catalog that contradicts itself. */
  invalid(id: string, message: string, hint?: string): void {
    this.#invalid = true;
    this.#diagnostics.push({ id: `operators/${id}`, severity: 'error', message, hint });
  }

  /** Something that is not there; `hint` names what is. */
  missing(id: string, message: string, hint?: string): void {
    this.#diagnostics.push({ id: `operators/${id}`, severity: 'error', message, hint });
  }

  warn(id: string, message: string, hint?: string): void {
    this.#diagnostics.push({ id: `operators/${id}`, severity: 'warning', message, hint });
  }

  /** The warnings; throws a DocumentError with everything when there are errors: `not-found` if nothing is worse. */
  settle(): readonly Diagnostic[] {
    if (this.#diagnostics.every(({ severity }) => severity === 'warning')) return this.#diagnostics;
    const code = this.#invalid ? 'invalid-document' : 'not-found';
    throw new DocumentError({ name: 'operators', text: '' }, this.#diagnostics, code);
  }
}

/** "did you mean …", for a name that does not exist among those that do. */
export function nearestHint(name: string, existing: Iterable<string>, of: string): string {
  const names = nearestNames(name, existing);
  return names.length === 0 ? `there are no ${of}` : `the nearest ${of}: ${names.join(', ')}`;
}

/** The existing versions next to one that does not exist, in order. */
export function nearestVersionsHint(wanted: string, existing: readonly Version[]): string {
  const sorted = existing.toSorted(compareVersions);
  const unique = [...new Set(sorted.map(({ text }) => text))];
  if (unique.length === 0) return 'there are no versions';
  const target = parseVersion(wanted);
  const above =
    target === undefined ? 0 : sorted.findIndex((version) => compareVersions(version, target) > 0);
  const next = above === -1 ? unique.length : unique.indexOf(sorted[above]?.text ?? '');
  const first = Math.max(0, Math.min(next - 2, unique.length - 4));
  return `the nearest versions: ${unique.slice(first, first + 4).join(', ')}`;
}

/** A package of a catalog as messages name it. */
export function packageOf(name: string, catalog: Reference): string {
  return `package ${name} of ${formatReference(catalog)}`;
}
