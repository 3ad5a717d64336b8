import { hubLimitRules } from './hub-limits.ts';
import { installerArgsRules } from './installer-args.ts';
import { labelRules } from './labels.ts';
import { orderingRules } from './ordering.ts';
import { overrideRules } from './override-rules.ts';
import type { Rule } from './rule.ts';
import { scriptRules } from './script-rules.ts';
import { stagedRules } from './staged.ts';
import { structureRules } from './structure.ts';
import { unitRules } from './unit-rules.ts';

/** Every rule, by family and name. */
export const rules: readonly Rule[] = [
  ...structureRules,
  ...hubLimitRules,
  ...overrideRules,
  ...installerArgsRules,
  ...unitRules,
  ...orderingRules,
  ...labelRules,
  ...scriptRules,
  ...stagedRules,
].toSorted((a, b) => (a.id < b.id ? -1 : 1));
