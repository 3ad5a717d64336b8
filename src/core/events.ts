/**
 * What a workflow tells while it works. Workflows emit and never print; a reporter folds the stream into lines, a
 * live display or JSON. Sizes are bytes.
 */
export type Event =
  /** A phase begins: one short sentence for people. */
  | { readonly type: 'step'; readonly text: string }
  /** A program of the host is about to run (or, in a dry run, would). */
  | { readonly type: 'command'; readonly argv: readonly string[] }
  | { readonly type: 'warning'; readonly text: string; readonly hint?: string | undefined }
  /** What there is to do, known before the first blob; `present` bytes need not be fetched. */
  | {
      readonly type: 'transfer-planned';
      readonly images: number;
      readonly blobs: number;
      readonly bytes: number;
      readonly present: number;
    }
  | { readonly type: 'bytes-received'; readonly bytes: number }
  /** Taken from a folder of `--base` instead. */
  | { readonly type: 'bytes-adopted'; readonly bytes: number }
  /** Bytes counted before that have to come again: a failed attempt that could not be resumed. */
  | { readonly type: 'bytes-discarded'; readonly bytes: number }
  /** Work on files of this machine is about to begin; `task` as in "Checking". */
  | {
      readonly type: 'files-planned';
      readonly task: string;
      readonly files: number;
      readonly bytes: number;
    }
  | { readonly type: 'bytes-done'; readonly bytes: number }
  | {
      readonly type: 'image-staged';
      readonly reference: string;
      /** Its name in the release payload. */
      readonly component?: string | undefined;
      readonly done: number;
      readonly total: number;
      readonly existed: boolean;
    }
  | {
      readonly type: 'image-failed';
      readonly reference: string;
      readonly reason: string;
      readonly hint?: string | undefined;
    }
  /** A request is repeated after a pause, milliseconds. */
  | {
      readonly type: 'retry';
      readonly what: string;
      readonly attempt: number;
      readonly pause: number;
      readonly reason: string;
    };

export type Emit = (event: Event) => void;
