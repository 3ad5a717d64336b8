import type { Stage } from '../ignition/boot-hooks.ts';
import type { LocatedText } from './located-text.ts';
import { checkOrdering } from './ordering.ts';
import { checkOverride } from './override-rules.ts';
import { type Finding, reportTo } from './rule.ts';
import { checkScripts } from './script-rules.ts';
import { type JudgedOverride, type OverrideView, viewOverride } from './site-view.ts';
import { checkUnits } from './unit-rules.ts';

/** Judges the text of an override. */
export type JudgeOverride = (text: string) => JudgedOverride;

/** A repository has a few overrides for all of its sites, or else one for each. */
const mostRemembered = 50;
const longestRemembered = 64 * 1024;

/** Judges overrides, each once: the last of them, up to some megabytes, are remembered. */
export function judgeOverrides(): JudgeOverride {
  const known = new Map<string, JudgedOverride>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const judged = judge(text);
    if (known.size === mostRemembered) known.clear();
    if (text.length <= longestRemembered) known.set(text, judged);
    return judged;
  };
}

function judge(text: string): JudgedOverride {
  const view = viewOverride(text);
  const byStage = new Map<Stage, readonly Finding[]>();
  return {
    view,
    findings: (stage) => {
      const found = byStage.get(stage) ?? findingsOf(stage, view);
      byStage.set(stage, found);
      return found;
    },
  };
}

function findingsOf(stage: Stage, view: OverrideView): readonly Finding[] {
  const findings: Finding[] = [];
  const report = reportTo(findings);
  checkOverride(stage, view, report);
  checkUnits(stage, view, report);
  checkOrdering(stage, view, report);
  checkScripts(stage, view, report);
  return findings;
}

/** A finding in a text, as one of what the text is located in. */
export function inPlace(text: LocatedText, { fix, span, ...finding }: Finding): Finding {
  return {
    ...finding,
    span: text.locate(span),
    ...(fix === undefined ? {} : { fix: fix.map((splice) => text.rewrite(splice)) }),
  };
}
