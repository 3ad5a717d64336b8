import { commands, groups } from './command-table.ts';
import { commandReference } from './command-reference.ts';
import { manPages } from './man-pages.ts';

/** docs/commands.md; scripts/command-pages.mjs writes it. */
export const reference = commandReference(commands);

/** The man pages by file name, which `npm run package` writes. */
export const manuals = manPages(commands, groups, __VERSION__);
