/** A body that is read while it is sent. */
export interface Body {
  readonly length: number;
  /** Fills the beginning of a buffer with the bytes at an offset of the body; gives how many, 0 where it ends early. */
  readonly read: (buffer: Uint8Array, offset: number) => number | Promise<number>;
  readonly close: () => Promise<void>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Left out of the answer to HEAD, which has its length. */
  readonly body: Uint8Array | Body;
}

/** What became of an answer. */
export interface Sent {
  readonly bytes: number;
  /** Whether the client took all of it. */
  readonly whole: boolean;
  readonly seconds: number;
}
