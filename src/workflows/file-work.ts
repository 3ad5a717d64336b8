import { judgeOverrides } from '../core/lint/overrides.ts';
import type { FileReport } from '../core/lint/report.ts';
import type { FoundFile } from '../system/yaml-files.ts';
import {
  createSiteEditor,
  type SiteEditOptions,
  type SiteFile,
  type SiteFileResult,
} from './edit-site-file.ts';
import { type LintOptions, lintFile } from './lint-file.ts';

/** What can be done to thousands of files in threads, by its name. All of it is plain data. */
interface FileTasks {
  readonly edit: {
    readonly file: SiteFile;
    readonly options: SiteEditOptions;
    readonly result: SiteFileResult;
  };
  readonly lint: { readonly file: FoundFile; readonly options: LintOptions; readonly result: FileReport };
}

export type TaskName = keyof FileTasks;
export type FileOf<Name extends TaskName> = FileTasks[Name]['file'];
export type OptionsOf<Name extends TaskName> = FileTasks[Name]['options'];
export type ResultOf<Name extends TaskName> = FileTasks[Name]['result'];

/** Files that one thread reads at a time, so that the next text is there when one is done. */
export const readAhead = 4;

/** What is done to each file. What files have in common is made once for all. */
export const fileWork: {
  readonly [Name in TaskName]: (options: OptionsOf<Name>) => (file: FileOf<Name>) => Promise<ResultOf<Name>>;
} = {
  edit: (options) => createSiteEditor(options).try,
  lint: (options) => {
    const overrides = judgeOverrides();
    return (file) => lintFile(file, options, overrides);
  },
};
